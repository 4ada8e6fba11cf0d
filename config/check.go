package config

import (
	"net"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const shortestKey = 32

// Check judges a whole Config, however it was made; the error is Faults. In production it also looks for the key file.
func (c Config) Check() error { return c.check().asError() }

func (c Config) check() Faults {
	var faults Faults
	for _, f := range fields(&c) {
		if problem := f.problem(); problem != "" {
			faults = append(faults, Fault{f.variable, problem, f.example()})
		}
	}
	for _, rule := range []func(Config) Fault{
		httpAddr, metricsAddr, workerMetricsAddr, publicURL, apiKey, dataDir, databaseURL, redisURL, redisInProduction, keysFile,
		staffProvider, accountProvider, blobsURL, blobsKeys, holds, legacyPlatform, tracesCollector,
		smsKeys, smsTemplates, smsAppID, smsEndpoint, smsHook, mailServer, mailFrom, mailSignIn,
	} {
		if fault := rule(c); fault.Problem != "" {
			faults = append(faults, fault)
		}
	}
	return faults
}

// problem judges a field by its own tags: choices, min and max.
func (f field) problem() string {
	if choices := f.tag.Get("choices"); choices != "" {
		if !slices.Contains(strings.Split(choices, ","), f.text()) {
			return quoted(f.text()) + " is not one of " + strings.ReplaceAll(choices, ",", ", ")
		}
	}
	low, high := f.tag.Get("min"), f.tag.Get("max")
	if low == "" || f.within(low, high) {
		return ""
	}
	return f.text() + " is not between " + low + " and " + high
}

func (f field) within(low, high string) bool {
	least, most := reflect.New(f.value.Type()).Elem(), reflect.New(f.value.Type()).Elem()
	if decode(low, least) != nil || decode(high, most) != nil {
		return false
	}
	return least.Int() <= f.value.Int() && f.value.Int() <= most.Int()
}

func httpAddr(c Config) Fault {
	return Fault{"BEIAN_HTTP_ADDR", addrProblem(c.HTTPAddr), "0.0.0.0:8080"}
}

func metricsAddr(c Config) Fault {
	fault := Fault{Variable: "BEIAN_METRICS_ADDR", Example: "127.0.0.1:9090"}
	switch {
	case c.MetricsAddr == "":
	case c.MetricsAddr == c.HTTPAddr && !strings.HasSuffix(c.HTTPAddr, ":0"):
		fault.Problem = "is the same as BEIAN_HTTP_ADDR; leave it empty to serve both there"
	default:
		fault.Problem = addrProblem(c.MetricsAddr)
	}
	return fault
}

func workerMetricsAddr(c Config) Fault {
	fault := Fault{Variable: "BEIAN_WORKER_METRICS_ADDR", Example: "127.0.0.1:9092"}
	if c.Worker.MetricsAddr != "" {
		fault.Problem = addrProblem(c.Worker.MetricsAddr)
	}
	return fault
}

func addrProblem(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return quoted(addr) + " is not host:port"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return quoted(addr) + " has no port from 0 to 65535"
	}
	return ""
}

func publicURL(c Config) Fault {
	fault := Fault{Variable: "BEIAN_PUBLIC_URL", Example: "https://beian.example.cn"}
	if c.PublicURL == "" {
		if !c.IsDevelopment() {
			fault.Problem = "is needed in production: messages, letters and QR codes lead there"
		}
		return fault
	}
	parsed, err := url.Parse(c.PublicURL)
	switch {
	case err != nil || !isWebAddress(parsed) || strings.Trim(parsed.Path, "/") != "":
		fault.Problem = "is not a plain web address without a path"
	case !c.IsDevelopment() && parsed.Scheme != "https" && !isLoopback(parsed.Hostname()):
		fault.Problem = "must be https in production"
	}
	return fault
}

func apiKey(c Config) Fault {
	fault := Fault{Variable: "BEIAN_API_KEY", Example: "(32 or more random characters)"}
	if key := c.APIKey.Reveal(); key != "" && len(key) < shortestKey {
		fault.Problem = "is shorter than " + strconv.Itoa(shortestKey) + " characters"
	}
	return fault
}

func dataDir(c Config) Fault {
	fault := Fault{Variable: "BEIAN_DATA_DIR", Example: "/var/lib/beian"}
	if strings.TrimSpace(c.DataDir) == "" {
		fault.Problem = "is empty"
	}
	return fault
}

func databaseURL(c Config) Fault {
	fault := Fault{Variable: "BEIAN_DATABASE_URL", Example: "sqlite:///var/lib/beian/beian.db"}
	if c.DatabaseURL.IsZero() {
		return fault
	}
	parsed, err := url.Parse(c.DatabaseURL.Reveal())
	switch {
	case err != nil:
		fault.Problem = "is not a URL"
	case parsed.Scheme == "postgres" || parsed.Scheme == "postgresql":
		if strings.Trim(parsed.Path, "/") == "" {
			fault.Problem = "names no database"
		}
	case parsed.Scheme != "sqlite":
		fault.Problem = "starts with neither sqlite:// nor postgres://"
	case parsed.Host != "" || parsed.User != nil || len(parsed.Path) < 2 || parsed.RawQuery != "":
		fault.Problem = "is not sqlite:// and an absolute path"
	}
	return fault
}

func redisURL(c Config) Fault {
	fault := Fault{Variable: "BEIAN_REDIS_URL", Example: "redis://redis.internal:6379/0"}
	if c.RedisURL.IsZero() {
		return fault
	}
	scheme, rest, ok := strings.Cut(c.RedisURL.Reveal(), "://")
	known := slices.Contains([]string{"redis", "rediss", "unix", "redis-socket", "redis-sentinel", "rediss-sentinel", "redis-cluster", "rediss-cluster"}, scheme)
	if !ok || !known || rest == "" {
		fault.Problem = "is not a redis://, rediss://, redis-socket://, redis-sentinel:// or redis-cluster:// address"
	}
	return fault
}

func redisInProduction(c Config) Fault {
	fault := Fault{Variable: "BEIAN_REDIS_URL", Example: "redis://redis.internal:6379/0"}
	if _, sqlite := c.SQLitePath(); !sqlite && !c.IsDevelopment() && c.RedisURL.IsZero() {
		fault.Problem = "is needed in production when the database is PostgreSQL: an embedded queue serves one process"
	}
	return fault
}

func blobsURL(c Config) Fault {
	fault := Fault{Variable: "BEIAN_BLOBS_URL", Example: "https://oss-cn-beijing.aliyuncs.com/beian-documents"}
	if c.Blobs.URL.IsZero() {
		return fault
	}
	parsed, err := url.Parse(c.Blobs.URL.Reveal())
	_, bucket := c.Blobs.Bucket()
	if err != nil || !isWebAddress(parsed) || bucket == "" || strings.Contains(bucket, "/") {
		fault.Problem = "is not an endpoint and one bucket, without keys"
	}
	return fault
}

func blobsKeys(c Config) Fault {
	fault := Fault{Variable: "BEIAN_BLOBS_SECRET_KEY", Example: "(secret key of the store)"}
	if !c.Blobs.URL.IsZero() && (c.Blobs.AccessKey.IsZero() || c.Blobs.SecretKey.IsZero()) {
		fault.Problem = "and BEIAN_BLOBS_ACCESS_KEY are needed with BEIAN_BLOBS_URL"
	}
	return fault
}

// holds: a risky reset must not wait less than an ordinary one (L8).
func holds(c Config) Fault {
	fault := Fault{Variable: "BEIAN_POLICY_LONG_HOLD", Example: "72h"}
	if c.Policy.LongHold < c.Policy.Hold {
		fault.Problem = "is shorter than BEIAN_POLICY_HOLD"
	}
	return fault
}

func keysFile(c Config) Fault {
	fault := Fault{Variable: "BEIAN_KEYS_FILE", Example: "/etc/beian/keys.json"}
	if c.IsDevelopment() {
		return fault
	}
	info, err := os.Stat(c.KeysPath())
	switch {
	case err != nil:
		fault.Problem = "must exist in production: " + err.Error()
	case !info.Mode().IsRegular():
		fault.Problem = "is not a file: " + c.KeysPath()
	}
	return fault
}

// quoted shows a value in a fault, cut so that a pasted file does not drown the others.
func quoted(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}

// tracesCollector wants a web address.
func tracesCollector(c Config) Fault {
	fault := Fault{Variable: "BEIAN_TRACES_URL", Example: "http://127.0.0.1:4318"}
	if parsed, err := url.Parse(c.TracesURL); c.TracesURL != "" && (err != nil || !isWebAddress(parsed)) {
		fault.Problem = "is not a web address"
	}
	return fault
}
