package testenv

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// RedisGroup is a Redis of several servers that goes on when one of them is lost.
type RedisGroup struct {
	URL     string // as the program takes it
	Watch   []string
	Servers []*RedisServer
}

// MasterName is what sentinels of tests call their master.
const MasterName = "main"

// RedisSentinel is a master with two replicas and three sentinels, which take it for lost after a second.
func RedisSentinel(t testing.TB) *RedisGroup {
	t.Helper()
	program := need(t, "redis-server", "redis-server")
	master := StartRedis(t)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	g := &RedisGroup{Servers: []*RedisServer{master}}
	for range 2 {
		g.Servers = append(g.Servers, StartRedis(t, "--replicaof", host, port))
	}
	for range 3 {
		watch := strconv.Itoa(FreePort(t))
		conf := filepath.Join(tempDir(t, "sentinel"), "sentinel.conf")
		text := fmt.Sprintf("port %[1]s\nbind %[2]s\ndir %[3]s\nsentinel monitor %[4]s %[2]s %[5]s 2\nsentinel down-after-milliseconds %[4]s 1000\nsentinel failover-timeout %[4]s 5000\n",
			watch, host, filepath.Dir(conf), MasterName, port)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		StartProgram(t, Program{Path: program, Args: []string{conf, "--sentinel"}, Env: os.Environ()})
		g.Watch = append(g.Watch, net.JoinHostPort(host, watch))
	}
	g.URL = "redis-sentinel://" + strings.Join(g.Watch, ",") + "/0?master=" + MasterName
	return g
}

// RedisCluster is one of three masters with a replica each, which take a node for lost after two seconds.
func RedisCluster(t testing.TB) *RedisGroup {
	t.Helper()
	admin := need(t, "redis-tools", "redis-cli")
	g := &RedisGroup{}
	for range 6 {
		g.Servers = append(g.Servers, StartRedis(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(FreePort(t)),
			"--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"))
		g.Watch = append(g.Watch, g.Servers[len(g.Servers)-1].Addr)
	}
	args := append([]string{"--cluster", "create"}, g.Watch...)
	if out, err := exec.Command(admin, append(args, "--cluster-replicas", "1", "--cluster-yes")...).CombinedOutput(); err != nil {
		t.Fatalf("making a cluster: %v: %s", err, out)
	}
	g.URL = "redis-cluster://" + strings.Join(g.Watch, ",")
	return g
}
