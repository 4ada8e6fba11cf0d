package queue

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	wire "github.com/alicebob/miniredis/v2/server"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// runServer starts a redis-server with settings of its own that ends with the
// test, and returns the folder it works in.
func runServer(t *testing.T, args ...string) string {
	t.Helper()
	binary := needServer(t)
	dir, err := os.MkdirTemp("", "q") //nolint:usetesting // the name of t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, append(args, "--dir", dir, "--unixsocket", filepath.Join(dir, "s"))...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	})
	probe := redis.NewClient(&redis.Options{Addr: filepath.Join(dir, "s")})
	defer func() { _ = probe.Close() }()
	eventually(t, "redis-server answers", func() bool {
		err := probe.Ping(t.Context()).Err()
		return err == nil || strings.HasPrefix(err.Error(), "NOAUTH")
	})
	return dir
}

// runWith starts a server, changes the rights of its default user and connects.
func runWith(t *testing.T, rights string, args ...string) *Redis {
	t.Helper()
	dir := runServer(t, append([]string{"--port", "0"}, args...)...)
	admin := redis.NewClient(&redis.Options{Addr: filepath.Join(dir, "s")})
	defer func() { _ = admin.Close() }()
	if rights != "" {
		if err := admin.ACLSetUser(t.Context(), "default", strings.Fields(rights)...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	return connect(t, Options{URL: "unix://" + filepath.Join(dir, "s")})
}

// freePort returns a TCP port that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func levels(findings []Finding) map[string]Level {
	found := make(map[string]Level)
	for _, f := range findings {
		found[f.Code] = f.Level
	}
	return found
}

func checkLevels(t *testing.T, r *Redis, want map[string]Level) {
	t.Helper()
	findings := r.SelfTest(t.Context())
	if diff := cmp.Diff(want, levels(findings)); diff != "" {
		t.Errorf("levels (-want +got):\n%s\n%v", diff, findings)
	}
}

func allWell() map[string]Level {
	return map[string]Level{CodeVersion: LevelOK, CodeEviction: LevelOK, CodePersistence: LevelOK, CodeScripts: LevelOK}
}

func with(code string, level Level) map[string]Level {
	want := allWell()
	want[code] = level
	return want
}

func TestTheSelfTestFindsWhatIsWrongWithAServer(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		args []string
		acl  string
		want map[string]Level
	}{
		"append-only file":       {[]string{"--appendonly", "yes"}, "", allWell()},
		"snapshots":              {[]string{"--save", "60 1"}, "", allWell()},
		"nothing on disk":        {[]string{"--save", ""}, "", with(CodePersistence, LevelWarn)},
		"evicting":               {[]string{"--maxmemory-policy", "allkeys-lru"}, "", with(CodeEviction, LevelFault)},
		"evicting, no CONFIG":    {[]string{"--appendonly", "yes", "--maxmemory-policy", "volatile-lru"}, "-config", with(CodeEviction, LevelFault)},
		"no CONFIG":              {[]string{"--appendonly", "yes"}, "-config", allWell()},
		"no CONFIG, perhaps RDB": {nil, "-config", with(CodePersistence, LevelWarn)},
		"no CONFIG and no INFO": {nil, "-config -info", map[string]Level{
			CodeVersion: LevelWarn, CodeEviction: LevelWarn, CodePersistence: LevelWarn, CodeScripts: LevelOK}},
		"no scripts":        {nil, "-@scripting", with(CodeScripts, LevelFault)},
		"read-only replica": {[]string{"--replicaof", "127.0.0.1 1"}, "", with(CodeScripts, LevelFault)},
		"password missing":  {nil, "resetpass >secret", map[string]Level{CodeUnreachable: LevelFault}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkLevels(t, runWith(t, c.acl, c.args...), c.want)
		})
	}
}

func TestTheSelfTestReportsAnAbsentRedisOnce(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"redis", "redis-cluster"} {
		r := connect(t, Options{URL: scheme + "://:hunter2@127.0.0.1:" + freePort(t)})
		checkLevels(t, r, map[string]Level{CodeUnreachable: LevelFault})
		if detail := r.SelfTest(t.Context())[0].Detail; strings.Contains(detail, "hunter2") {
			t.Errorf("%s: the password is in %q", scheme, detail)
		}
	}
}

func TestTheSelfTestPassesOnTheEmbeddedServer(t *testing.T) {
	t.Parallel()
	needServer(t)
	checkLevels(t, connect(t, Options{DataDir: t.TempDir()}), allWell())
}

func TestTheSelfTestWarnsOfAQueueInMemory(t *testing.T) {
	t.Parallel()
	r := connect(t, Options{DataDir: t.TempDir(), ServerBinary: "none", AllowMemory: true})
	checkLevels(t, r, map[string]Level{CodePersistence: LevelWarn, CodeScripts: LevelOK})
	checkEmpty(t, r)
}

func TestAForeignMiniredisIsOnlyWarnedOf(t *testing.T) {
	t.Parallel()
	mini := miniredis.RunT(t)
	r := connect(t, Options{URL: "redis://" + mini.Addr()})
	checkLevels(t, r, map[string]Level{
		CodeVersion: LevelWarn, CodeEviction: LevelWarn, CodePersistence: LevelWarn, CodeScripts: LevelOK})
}

func TestProbesOfSeveralProcessesLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	r := runWith(t, "")
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if f := checkScripts(t.Context(), r.Worker()); f.Level != LevelOK {
				t.Error(f.Detail)
			}
		})
	}
	group.Wait()
	checkEmpty(t, r)
}

func checkEmpty(t *testing.T, r *Redis) {
	t.Helper()
	if keys, err := r.Worker().Keys(t.Context(), "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("keys left: %v (%v)", keys, err)
	}
}

func TestAVersionIsComparedByNumber(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]Level{"5.0.14": LevelFault, "6.0.20": LevelFault, "6.2.0": LevelOK,
		"6.10.1": LevelOK, "7.0.15": LevelOK, "10.0": LevelOK, "": LevelWarn, "x": LevelWarn} {
		old, err := wire.NewServer("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(old.Close)
		if err := old.Register("INFO", func(c *wire.Peer, _ string, _ []string) {
			c.WriteBulk("# Server\r\nredis_version:" + version + "\r\n")
		}); err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(&redis.Options{Addr: old.Addr().String(), DisableIdentity: true})
		t.Cleanup(func() { _ = client.Close() })
		if got := checkVersion(t.Context(), client); got.Level != want {
			t.Errorf("%q: %v, want %s", version, got, want)
		}
	}
}

func TestAClusterCarriesTheQueue(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	dir := runServer(t, "--port", port, "--cluster-enabled", "yes", "--cluster-port", freePort(t), "--appendonly", "yes")
	admin := redis.NewClient(&redis.Options{Addr: filepath.Join(dir, "s")})
	t.Cleanup(func() { _ = admin.Close() })
	if err := admin.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster is up", func() bool {
		return strings.Contains(admin.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	})
	r := connect(t, Options{URL: "redis-cluster://127.0.0.1:" + port})
	if r.Mode() != ModeCluster {
		t.Errorf("mode %s", r.Mode())
	}
	checkLevels(t, r, allWell())
}

func TestASentinelLeadsToTheMaster(t *testing.T) {
	t.Parallel()
	port, watch := freePort(t), freePort(t)
	runServer(t, "--port", port, "--appendonly", "yes", "--requirepass", "secret")
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor main 127.0.0.1 %s 1\nsentinel auth-pass main secret\n", port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	runServer(t, conf, "--sentinel", "--port", watch)
	r := connect(t, Options{URL: "redis-sentinel://:secret@127.0.0.1:" + watch + "/2?master=main"})
	if r.Mode() != ModeSentinel || strings.Contains(r.Describe(), "secret") {
		t.Errorf("mode %s, %s", r.Mode(), r.Describe())
	}
	checkLevels(t, r, allWell())
}
