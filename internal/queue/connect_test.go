package queue

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// place is what a test compares of an address.
type place struct {
	Mode               Mode
	Text               string
	Addrs              []string
	DB, Pool           int
	User, Password     string
	Master             string
	SentUser, SentPass string
	TLS                bool
}

func placeOf(a address) place {
	o := a.options
	return place{a.mode, a.text, o.Addrs, o.DB, o.PoolSize, o.Username, o.Password,
		o.MasterName, o.SentinelUsername, o.SentinelPassword, o.TLSConfig != nil}
}

func TestARedisURLNamesItsPlace(t *testing.T) {
	t.Parallel()
	cases := map[string]place{
		"redis://localhost": {Mode: ModeStandalone, Text: "redis at localhost:6379, database 0", Addrs: []string{"localhost:6379"}},
		"redis://:6380/2":   {Mode: ModeStandalone, Text: "redis at localhost:6380, database 2", Addrs: []string{"localhost:6380"}, DB: 2},
		"redis://app:s%2Fcret@10.0.0.1:7000/3?pool_size=40": {Mode: ModeStandalone, Text: "redis at 10.0.0.1:7000, database 3",
			Addrs: []string{"10.0.0.1:7000"}, DB: 3, Pool: 40, User: "app", Password: "s/cret"},
		"rediss://:pw@[::1]:6379/": {Mode: ModeStandalone, Text: "redis at [::1]:6379, database 0", Addrs: []string{"[::1]:6379"}, Password: "pw", TLS: true},
		"redis://[::1]":            {Mode: ModeStandalone, Text: "redis at [::1]:6379, database 0", Addrs: []string{"[::1]:6379"}},
		"unix:///run/redis.sock":   {Mode: ModeStandalone, Text: "redis at /run/redis.sock, database 0", Addrs: []string{"/run/redis.sock"}},
		"unix://u:pw@/run/redis.sock?db=4": {Mode: ModeStandalone, Text: "redis at /run/redis.sock, database 4",
			Addrs: []string{"/run/redis.sock"}, DB: 4, User: "u", Password: "pw"},
		"redis-socket:/run/redis.sock":   {Mode: ModeStandalone, Text: "redis at /run/redis.sock, database 0", Addrs: []string{"/run/redis.sock"}},
		"redis-socket:///run/redis.sock": {Mode: ModeStandalone, Text: "redis at /run/redis.sock, database 0", Addrs: []string{"/run/redis.sock"}},
		"redis-sentinel://:pass@h1:5000,h2,[::1]:5001/1?master=main&sentinel_username=su&sentinel_password=sp": {Mode: ModeSentinel,
			Text:  `redis master "main" through sentinels h1:5000, h2:26379, [::1]:5001, database 1`,
			Addrs: []string{"h1:5000", "h2:26379", "[::1]:5001"}, DB: 1, Password: "pass", Master: "main", SentUser: "su", SentPass: "sp"},
		"rediss-sentinel://h1?master=m": {Mode: ModeSentinel, Text: `redis master "m" through sentinels h1:26379, database 0`,
			Addrs: []string{"h1:26379"}, Master: "m", TLS: true},
		"redis-cluster://:pass@h1:7000,h2:7001, h3/0": {Mode: ModeCluster, Text: "redis cluster at h1:7000, h2:7001, h3:6379",
			Addrs: []string{"h1:7000", "h2:7001", "h3:6379"}, Password: "pass"},
		"rediss-cluster://h1": {Mode: ModeCluster, Text: "redis cluster at h1:6379", Addrs: []string{"h1:6379"}, TLS: true},
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			a, err := parseAddress(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, placeOf(a)); diff != "" {
				t.Errorf("place (-want +got):\n%s", diff)
			}
		})
	}
}

func TestABadRedisURLIsRefusedWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"hunter2":                                   "no scheme",
		"http://:hunter2@h":                         "scheme is not",
		"redis://":                                  "one host",
		"redis://:hunter2@h1,h2":                    "one host",
		"redis://:hunter2@h/x":                      "database",
		"redis://:hunter2@h/-1":                     "database",
		"redis://:hunter2@h/1/2":                    "database",
		"redis://:hunter2@h:0":                      "a host is not",
		"redis://:hunter2@h:99999":                  "a host is not",
		"redis://:hunter2@h:x":                      "a host is not",
		"redis://:hunter2@::1":                      "a host is not",
		"redis://user:hunter2/rest@h":               "a host is not",
		"redis://:a?hunter2@h":                      "a host is not",
		"redis://:hunter2%zz@h":                     "not a URL",
		"redis://h#hunter2":                         "not a URL",
		"redis://h?hunter2=1":                       "unknown setting",
		"redis://h?pool_size=0":                     "pool_size",
		"redis://h?a;hunter2":                       "not a query",
		"unix:hunter2":                              "not a URL",
		"unix://hunter2/run/redis.sock":             "a host is not",
		"unix:///run/redis.sock?db=x":               "database",
		"unix://:hunter2@":                          "absolute path",
		"redis-sentinel://:hunter2@h1,h2/0":         "master",
		"redis-sentinel:///0?master=m":              "hosts",
		"redis-sentinel://:hunter2@h1,,h2?master=m": "a host is not",
		"redis-cluster://:hunter2@h1,h2/1":          "database 0 only",
		"redis-cluster://":                          "hosts",
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			r, err := Connect(t.Context(), Options{URL: text})
			if err == nil {
				t.Fatalf("accepted as %s", r.Describe())
			}
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q: want %q in it and no part of the URL", err, want)
			}
		})
	}
}

func FuzzParseAddressNeverRepeatsThePassword(f *testing.F) {
	const password = "zq7-secret-word"
	f.Add("redis://u:", "@h:1/2?pool_size=3")
	f.Add("redis-sentinel://:", "@h1:1,[::1]:2/0?master=m")
	f.Add("unix://:", "@/run/x.sock?db=1")
	f.Add("redis-cluster://", "/@h")
	f.Fuzz(func(t *testing.T, before, after string) {
		a, err := parseAddress(before + password + after)
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("error repeats the input: %v", err)
		}
		if err == nil && a.options.Password == password && strings.Contains(a.text, password) {
			t.Errorf("description holds the password: %s", a.text)
		}
	})
}

// patience is what a test compares of a client.
type patience struct {
	Retries, Redirects   int
	Shortest, Longest    time.Duration
	Dial, Read, Write    time.Duration
	HeedsContextDeadline bool
}

func patienceOf(t *testing.T, client redis.UniversalClient) patience {
	t.Helper()
	switch c := client.(type) {
	case *redis.Client:
		o := c.Options()
		return patience{o.MaxRetries, 0, o.MinRetryBackoff, o.MaxRetryBackoff, o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.ContextTimeoutEnabled}
	case *redis.ClusterClient:
		o := c.Options()
		return patience{o.MaxRetries, o.MaxRedirects, o.MinRetryBackoff, o.MaxRetryBackoff, o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.ContextTimeoutEnabled}
	}
	t.Fatalf("client of type %T", client)
	return patience{}
}

func TestTheWorkerIsPatientAndTheFrontIsNot(t *testing.T) {
	t.Parallel()
	const half = 500 * time.Millisecond
	for text, retries := range map[string][4]int{"redis://h": {12, 0, 1, 0}, "redis-sentinel://h?master=m": {12, 0, 1, 0}, "redis-cluster://h": {-1, 12, -1, 3}} {
		r := connect(t, Options{URL: text})
		worker := patience{retries[0], retries[1], 100 * time.Millisecond, 2 * time.Second, 5 * time.Second, 5 * time.Second, 5 * time.Second, false}
		front := patience{retries[2], retries[3], 10 * time.Millisecond, time.Second, half, half, half, true}
		if diff := cmp.Diff([]patience{worker, front}, []patience{patienceOf(t, r.Worker()), patienceOf(t, r.Front())}); diff != "" {
			t.Errorf("%s: patience of worker and front (-want +got):\n%s", text, diff)
		}
	}
}

func TestTheFrontFailsFast(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for name, text := range map[string]string{
		"nobody listens":       "unix://" + filepath.Join(t.TempDir(), "none.sock"),
		"the server is silent": "redis://" + silent.Addr().String(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := connect(t, Options{URL: text})
			began := time.Now()
			if err := r.Front().Ping(t.Context()).Err(); err == nil {
				t.Error("a ping was answered")
			}
			if took := time.Since(began); took > 2500*time.Millisecond {
				t.Errorf("the front took %s to fail", took)
			}
		})
	}
}
