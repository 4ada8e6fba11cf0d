// Package queue knows where Redis is and moves work between SQL, which
// decides, and Asynq, which only delivers.
package queue

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/rs/zerolog"
)

// Mode says what kind of Redis holds the queue. The values are stable.
type Mode string

// The modes that Connect can end in.
const (
	ModeEmbeddedServer Mode = "embedded-server"
	ModeEmbeddedMemory Mode = "embedded-memory"
	ModeStandalone     Mode = "standalone"
	ModeSentinel       Mode = "sentinel"
	ModeCluster        Mode = "cluster"
)

// Options say where Redis is.
type Options struct {
	// URL is one of
	//
	//	redis://[user:password@]host[:6379][/db]            (rediss:// with TLS)
	//	unix://[user:password@]/path.sock[?db=n]            (or redis-socket:)
	//	redis-sentinel://[user:password@]h1[:26379],h2[/db]?master=name
	//	redis-cluster://[user:password@]h1[:6379],h2
	//
	// or empty for the embedded queue. The user and password are those of the
	// Redis servers; sentinels take theirs from sentinel_username and
	// sentinel_password. rediss-sentinel and rediss-cluster speak TLS.
	// pool_size sets the connections per client.
	URL string
	// DataDir holds the embedded queue: one process at a time.
	DataDir string
	Log     zerolog.Logger
	// AllowMemory accepts an embedded queue without a redis-server binary: the
	// queue is then lost at exit, and no other process can share it.
	AllowMemory bool
	// ServerBinary is the redis-server to start for the embedded queue: empty
	// looks in PATH, "none" behaves as if there were none.
	ServerBinary string
}

// Redis is the place where the queue lives, with one client for each way of
// meeting its absence. Close it after everything that uses its clients.
type Redis struct {
	mode          Mode
	text          string
	worker, front redis.UniversalClient
	stop          func(context.Context) error
	closing       sync.Once
	closed        error
}

// Connect prepares the clients for the Redis that the options name. An outside
// Redis need not be up yet (see SelfTest); an embedded one answers when Connect
// returns. The context limits only the start. No error repeats the URL.
func Connect(ctx context.Context, o Options) (*Redis, error) {
	if o.URL == "" {
		return connectEmbedded(ctx, o)
	}
	a, err := parseAddress(o.URL)
	if err != nil {
		return nil, fmt.Errorf("read the redis URL: %w", err)
	}
	return a.connect(func(context.Context) error { return nil }), nil
}

// Worker returns the client for asynq servers. It outlasts short cuts of the
// connection, 12 retries from 100 ms to 2 s: without them a task whose result
// is lost in the cut runs a second time.
func (r *Redis) Worker() redis.UniversalClient { return r.worker }

// Front returns the client for requests and the relay. It fails within about a
// second when Redis is away, since the outbox holds the work.
func (r *Redis) Front() redis.UniversalClient { return r.front }

// Mode returns the kind of Redis behind the clients.
func (r *Redis) Mode() Mode { return r.mode }

// Describe returns one line for people about where the queue is. It holds no
// user name or password.
func (r *Redis) Describe() string { return r.text }

// Close ends both clients and then an embedded server, which gets 3 s or until
// ctx ends to write its file. It may be called again.
func (r *Redis) Close(ctx context.Context) error {
	r.closing.Do(func() {
		r.closed = errors.Join(r.worker.Close(), r.front.Close(), r.stop(ctx))
	})
	return r.closed
}

// findServer returns the path of the server binary, or nothing when the queue
// is to live in memory.
func findServer(o Options) (string, error) {
	names := []string{"redis-server", "valkey-server"}
	switch o.ServerBinary {
	case "":
	case "none":
		names = nil
	default:
		names = []string{o.ServerBinary}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	if !o.AllowMemory {
		return "", errors.New("start the embedded queue: there is no redis-server binary: " +
			"install Redis 6.2 or newer, set a redis URL, or allow a queue in memory")
	}
	return "", nil
}

// address is a checked place with the options that all clients of it share.
type address struct {
	mode    Mode
	text    string
	options redis.UniversalOptions
}

func (a address) connect(stop func(context.Context) error) *Redis {
	return &Redis{mode: a.mode, text: a.text, worker: a.workerClient(), front: a.frontClient(), stop: stop}
}

func (a address) workerClient() redis.UniversalClient {
	o := a.options
	o.ClientName = "beian-worker"
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 12, 100*time.Millisecond, 2*time.Second
	c := a.client(o)
	c.AddHook(greeting{})
	return c
}

func (a address) frontClient() redis.UniversalClient {
	const limit = 500 * time.Millisecond
	o := a.options
	o.ClientName = "beian-front"
	o.MaxRetries, o.DialerRetries = 1, 1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = limit, limit, limit, limit
	o.ContextTimeoutEnabled = true
	return a.client(o)
}

func (a address) client(o redis.UniversalOptions) redis.UniversalClient {
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch a.mode {
	case ModeSentinel:
		return redis.NewFailoverClient(o.Failover())
	case ModeCluster:
		return redis.NewClusterClient(clusterOptions(o))
	default:
		return redis.NewClient(o.Simple())
	}
}

// topologyAge is how old a client's map of a Cluster may be. A master that died
// redirects nobody, so only the next map tells of the one that took over (R7).
const topologyAge = time.Second

// clusterOptions moves the retries to the redirect loop: retries inside a node's
// own client would all go to the node that is down. One MOVED and one ASK must
// fit beside a retry.
func clusterOptions(o redis.UniversalOptions) *redis.ClusterOptions {
	c := o.Cluster()
	c.MaxRedirects = max(o.MaxRetries, 3)
	c.MaxRetries = -1
	c.ClusterStateReloadInterval = topologyAge
	return c
}

func parseAddress(text string) (address, error) {
	scheme, rest, found := strings.Cut(text, ":")
	if !found {
		return address{}, errors.New("it has no scheme, such as redis://")
	}
	switch scheme {
	case "redis", "rediss":
		return parseStandalone(scheme, rest)
	case "unix", "redis-socket":
		return parseSocket(rest)
	case "redis-sentinel", "rediss-sentinel":
		return parseSentinel(scheme, rest)
	case "redis-cluster", "rediss-cluster":
		return parseCluster(scheme, rest)
	}
	return address{}, errors.New("its scheme is not redis, rediss, unix, redis-socket, redis-sentinel or redis-cluster")
}

func parseStandalone(scheme, rest string) (address, error) {
	p, err := parseParts(rest, "6379", "pool_size")
	if err != nil {
		return address{}, err
	}
	if len(p.hosts) != 1 {
		return address{}, errors.New("it must name one host: lists belong to redis-sentinel:// and redis-cluster://")
	}
	db, err := database(strings.Trim(p.path, "/"))
	if err != nil {
		return address{}, err
	}
	o := p.options(scheme)
	o.DB = db
	return address{ModeStandalone, fmt.Sprintf("redis at %s, database %d", p.hosts[0], db), o}, nil
}

func parseSocket(rest string) (address, error) {
	p, err := parseParts(rest, "", "pool_size", "db")
	if err != nil {
		return address{}, err
	}
	if len(p.hosts) > 0 || !strings.HasPrefix(p.path, "/") || len(p.path) < 2 {
		return address{}, errors.New("a socket needs an absolute path, as in unix:///run/redis.sock")
	}
	db, err := database(p.query.Get("db"))
	if err != nil {
		return address{}, err
	}
	o := p.options("unix")
	o.Addrs, o.DB = []string{p.path}, db
	return address{ModeStandalone, fmt.Sprintf("redis at %s, database %d", p.path, db), o}, nil
}

func parseSentinel(scheme, rest string) (address, error) {
	p, err := parseParts(rest, "26379", "pool_size", "master", "sentinel_username", "sentinel_password")
	if err != nil {
		return address{}, err
	}
	master := p.query.Get("master")
	if master == "" || len(p.hosts) == 0 {
		return address{}, errors.New("sentinel needs hosts and a master name, as in redis-sentinel://h1,h2/0?master=name")
	}
	db, err := database(strings.Trim(p.path, "/"))
	if err != nil {
		return address{}, err
	}
	o := p.options(scheme)
	o.DB, o.MasterName = db, master
	o.SentinelUsername, o.SentinelPassword = p.query.Get("sentinel_username"), p.query.Get("sentinel_password")
	text := fmt.Sprintf("redis master %q through sentinels %s, database %d", master, strings.Join(p.hosts, ", "), db)
	return address{ModeSentinel, text, o}, nil
}

func parseCluster(scheme, rest string) (address, error) {
	p, err := parseParts(rest, "6379", "pool_size")
	if err != nil {
		return address{}, err
	}
	if db := strings.Trim(p.path, "/"); len(p.hosts) == 0 || db != "" && db != "0" {
		return address{}, errors.New("a cluster needs hosts and has database 0 only, as in redis-cluster://h1,h2")
	}
	return address{ModeCluster, "redis cluster at " + strings.Join(p.hosts, ", "), p.options(scheme)}, nil
}

// parts are the pieces of a redis URL. The hosts are split off by hand, since
// net/url takes a list for one host.
type parts struct {
	user  *url.Userinfo
	hosts []string
	path  string
	query url.Values
	pool  int
}

// parseParts never repeats its input in an error: a misplaced character can turn
// a password into a host, a path or a key.
func parseParts(rest, port string, keys ...string) (parts, error) {
	authority, tail := splitAuthority(rest)
	at := strings.LastIndex(authority, "@")
	u, err := url.Parse("redis://" + authority[:at+1] + "host" + tail)
	if err != nil || u.Fragment != "" || tail != "" && !strings.ContainsAny(tail[:1], "/?") {
		return parts{}, errors.New("it is not a URL: percent-encode the special characters of the password")
	}
	p := parts{user: u.User, path: u.Path}
	if p.query, err = url.ParseQuery(u.RawQuery); err != nil {
		return parts{}, errors.New("its part after the question mark is not a query")
	}
	if p.hosts, err = hostList(authority[at+1:], port); err != nil {
		return parts{}, err
	}
	if p.pool, err = poolSize(p.query, keys); err != nil {
		return parts{}, err
	}
	return p, nil
}

func (p parts) options(scheme string) redis.UniversalOptions {
	o := redis.UniversalOptions{Addrs: p.hosts, Username: p.user.Username(), PoolSize: p.pool}
	o.Password, _ = p.user.Password()
	if strings.HasPrefix(scheme, "rediss") {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return o
}

func splitAuthority(rest string) (authority, tail string) {
	rest, found := strings.CutPrefix(rest, "//")
	if !found {
		return "", rest
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		return rest[:end], rest[end:]
	}
	return rest, ""
}

func hostList(list, port string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	var hosts []string
	for entry := range strings.SplitSeq(list, ",") {
		host, err := hostPort(strings.TrimSpace(entry), port)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

func hostPort(entry, port string) (string, error) {
	bad := errors.New("a host is not of the form name, name:port or [IPv6]:port")
	host, given, err := net.SplitHostPort(entry)
	if err != nil {
		host, given, err = net.SplitHostPort(entry + ":" + port)
	}
	if err != nil || entry == "" || strings.ContainsAny(host, " []%\\") {
		return "", bad
	}
	if n, err := strconv.ParseUint(given, 10, 16); err != nil || n == 0 {
		return "", bad
	}
	if host == "" {
		host = "localhost"
	}
	return net.JoinHostPort(host, given), nil
}

func poolSize(query url.Values, allowed []string) (int, error) {
	for key := range query {
		if !slices.Contains(allowed, key) {
			return 0, fmt.Errorf("it has an unknown setting after the question mark: known are %s", strings.Join(allowed, ", "))
		}
	}
	text := query.Get("pool_size")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("its pool_size is not a number from 1 to 65535")
	}
	return int(n), nil
}

func database(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, errors.New("its database is not a number from 0 to 65535")
	}
	return int(n), nil
}
