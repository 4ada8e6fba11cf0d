package chaos

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"beian/internal/testenv"
)

// lag is how long a master goes on alone before it dies: what it took meanwhile is lost.
const lag = 500 * time.Millisecond

// The master of the queue dies, and no replica has its newest writes (R7): tasks are gone from Redis, and others are there
// again that were done.
func TestR7_AFailoverLosesTheNewestWrites(t *testing.T) {
	skipsWithoutChaos(t)
	for name, group := range map[string]func(testing.TB) *testenv.RedisGroup{"sentinel": testenv.RedisSentinel, "cluster": testenv.RedisCluster} {
		t.Run(name, func(t *testing.T) {
			const people, span = 120, 10 * time.Second
			g := group(t)
			given := " BEIAN_REDIS_URL=" + g.URL
			l := newLab(t, "postgres", people, "api"+given, "api"+given, "worker"+given, "worker"+given)
			c := l.crowd()
			c.come(t.Context(), span)
			checks := c.watch()
			<-time.After(span / 3)
			lost, took := l.failOver(g)
			c.all.Wait()
			quiet := l.await("everything is done", quietLimit, c.isQuiet)
			times := checks()
			c.whole()
			c.wereAnswered()
			if lost <= 0 {
				t.Error("nothing was lost from Redis, so nothing was shown")
			}
			t.Logf("R7 %s: %d bytes of the newest writes lost, another master after %s; %d jobs, answers %v, promises checked %d times, all done %s after the last client: lost 0, twice 0",
				name, lost, took.Round(time.Second/10), people, c.answers, times, quiet.Round(time.Second/10))
		})
	}
}

// failOver kills the master of the accounts' queue, whose replicas stopped following it before, and starts it again once
// another has its place. It gives the bytes of the replication stream that no replica had, and how long there was no master.
func (l *lab) failOver(g *testenv.RedisGroup) (lost int64, took time.Duration) {
	l.t.Helper()
	ctx := l.t.Context()
	old := l.leader(g)
	var followers []*testenv.RedisServer
	for _, s := range g.Servers {
		if replicates(ctx, s, old) {
			followers = append(followers, s)
			l.must(s.Freeze())
		}
	}
	if len(followers) == 0 {
		l.t.Fatal("the master has no replica")
	}
	master := redis.NewClient(&redis.Options{Addr: old.Addr})
	defer master.Close()
	l.must(master.ClientKillByFilter(ctx, "TYPE", "replica").Err()) // a frozen replica does not come back
	<-time.After(lag)
	wrote := offset(ctx, old, "master_repl_offset")
	old.Kill()
	died := time.Now()
	var had int64
	for _, s := range followers {
		l.must(s.Thaw())
		had = max(had, offset(ctx, s, "slave_repl_offset"))
	}
	l.await("another server is master", time.Minute, func() bool {
		now := l.leader(g)
		return now != nil && now != old
	})
	took = time.Since(died)
	l.must(old.Start())
	return wrote - had, took
}

// leader is the server that has the accounts' queue; nil while there is none.
func (l *lab) leader(g *testenv.RedisGroup) *testenv.RedisServer {
	ctx, cancel := context.WithTimeout(l.t.Context(), 2*time.Second)
	defer cancel()
	for _, s := range g.Servers {
		if s.Pid() != 0 && leads(ctx, s) {
			return s
		}
	}
	return nil
}

// leads: a master that has the keys. Before a sentinel has turned it into a replica, one that was started again is a
// master, too, but nobody's.
func leads(ctx context.Context, s *testenv.RedisServer) bool {
	client := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1})
	defer client.Close()
	return strings.Contains(client.Info(ctx, "replication").Val(), "role:master") && client.Exists(ctx, "asynq:{account}:processed:"+day()).Err() == nil
}

func day() string { return time.Now().UTC().Format(time.DateOnly) }

func replicates(ctx context.Context, s, master *testenv.RedisServer) bool {
	client := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer client.Close()
	_, port, _ := net.SplitHostPort(master.Addr)
	return strings.Contains(client.Info(ctx, "replication").Val(), "master_port:"+port+"\r")
}

// offset is how far a server is in the replication stream.
func offset(ctx context.Context, s *testenv.RedisServer, name string) int64 {
	client := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer client.Close()
	_, after, _ := strings.Cut(client.Info(ctx, "replication").Val(), name+":")
	n, _ := strconv.ParseInt(strings.TrimSpace(strings.SplitN(after, "\r", 2)[0]), 10, 64)
	return n
}
