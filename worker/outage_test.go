package worker_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/testenv"
)

// outage is a way in which Redis can be away, and how it comes back.
type outage struct {
	begin, end func(ctx context.Context, r *strickenRedis) error
}

// strickenRedis is a Redis that a test takes away: by its process, by the network
// in between, or by its settings, which are changed past that network.
type strickenRedis struct {
	*testenv.RedisServer
	net    *testenv.Proxy
	direct *redis.Client
}

func outages() map[string]outage {
	set := func(pairs ...string) func(context.Context, *strickenRedis) error {
		return func(ctx context.Context, r *strickenRedis) (err error) {
			for i := 0; i < len(pairs); i += 2 {
				err = errors.Join(err, r.direct.ConfigSet(ctx, pairs[i], pairs[i+1]).Err())
			}
			return err
		}
	}
	return map[string]outage{
		"stopped": {
			begin: func(_ context.Context, r *strickenRedis) error { r.Kill(); return nil },
			end:   func(_ context.Context, r *strickenRedis) error { return r.Start() },
		},
		"frozen": {
			begin: func(_ context.Context, r *strickenRedis) error { return r.Freeze() },
			end:   func(_ context.Context, r *strickenRedis) error { return r.Thaw() },
		},
		"blackholed": {
			begin: func(_ context.Context, r *strickenRedis) error {
				r.net.Spoil(testenv.NetFault{Blackhole: true})
				return nil
			},
			end: func(_ context.Context, r *strickenRedis) error { r.net.Heal(); return nil },
		},
		"read-only": { // the replica of a server that is not there
			begin: func(ctx context.Context, r *strickenRedis) error {
				return r.direct.SlaveOf(ctx, "127.0.0.1", "1").Err()
			},
			end: func(ctx context.Context, r *strickenRedis) error { return r.direct.SlaveOf(ctx, "NO", "ONE").Err() },
		},
		"out of memory": {begin: set("maxmemory-policy", "noeviction", "maxmemory", "1"), end: set("maxmemory", "0")},
	}
}

// refusals is what writing must be answered while Redis is up and can't take it,
// so that the test knows that the outage is one.
func refusals() map[string]string {
	return map[string]string{"read-only": "READONLY", "out of memory": "OOM"}
}

// awayVariable says how long R6 keeps Redis away, five seconds by default.
const awayVariable = "BEIAN_TEST_REDIS_AWAY"

// awayPace is how far apart submissions are meanwhile.
const awayPace = 80 * time.Millisecond

// awaySubmissions is how many come while Redis is away.
func awaySubmissions(t testing.TB) int {
	t.Helper()
	away := 5 * time.Second
	if text := os.Getenv(awayVariable); text != "" {
		var err error
		if away, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s is no duration", awayVariable)
		}
	}
	return int(away / awayPace)
}

func TestR6_SubmissionsGoOnWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	const before = 30
	during := awaySubmissions(t)
	for name, o := range outages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachEngine(t, func(t *testing.T, h *house) {
				r := h.stricken()
				h.settle(0, before+during)
				h.open("redis://"+r.net.Addr()+"/0", zerolog.Nop())
				healthy := h.stream(0, before, 20*time.Millisecond)
				if err := o.begin(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				if want := refusals()[name]; want != "" {
					if err := r.direct.Set(t.Context(), "probe", "x", 0).Err(); err == nil || !strings.HasPrefix(err.Error(), want) {
						t.Fatalf("a write is answered %v", err)
					}
				}
				away := h.stream(before, before+during, awayPace)
				if err := o.end(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				back := time.Now()
				h.quiet(before+during, 90*time.Second)
				t.Logf("R6 %s %s: submit and verify p50 %s p99 %s with Redis, p50 %s p99 %s max %s without; all done %s after it came back",
					h.store.Engine(), name, at(healthy, 50), at(healthy, 99), at(away, 50), at(away, 99), at(away, 100),
					time.Since(back).Round(time.Second/10))
				if worst := away[len(away)-1]; worst > 5*time.Second {
					t.Errorf("a submission took %s while Redis was away", worst)
				}
				h.whole(before + during)
			})
		})
	}
}

func (h *house) stricken() *strickenRedis {
	h.t.Helper()
	server := testenv.StartRedis(h.t)
	r := &strickenRedis{RedisServer: server, net: testenv.StartProxy(h.t, server.Addr), direct: redis.NewClient(&redis.Options{Addr: server.Addr})}
	h.t.Cleanup(func() { r.direct.Close() })
	return r
}
