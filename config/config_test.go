package config_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"beian/config"

	"github.com/google/go-cmp/cmp"
)

const planted = "planted-secret-0123456789-abcdefghij"

func inDevelopment(c *config.Config) { c.Environment = config.Development }

func TestDevelopmentNeedsNothing(t *testing.T) {
	t.Parallel()
	got, err := config.FromEnv([]string{"BEIAN_ENV=development", "PATH=/bin", "BEIAN_TEST_ANYTHING=1"})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Environment: config.Development,
		HTTPAddr:    "127.0.0.1:8080",
		DataDir:     "./data",
		StaffTOTP:   "auto",
		SMSProvider: "inbox",
		LogLevel:    "info",
		LogFormat:   "auto",
		OIDC:        config.OIDC{StaffClaim: "preferred_username"},
		Policy: config.Policy{RealName: "off", TargetAcceptance: "required", TargetWindow: 72 * time.Hour, SubjectsPerAccount: 1,
			ReviewDays: 2, FourEyes: "organisations", Hold: 24 * time.Hour, LongHold: 72 * time.Hour, TransferHold: 7 * 24 * time.Hour, ContactHold: 72 * time.Hour,
			KeepRefused: 30 * 24 * time.Hour, KeepDone: 180 * 24 * time.Hour, LegacyPatience: 24 * time.Hour, LegacyDiffLife: 7 * 24 * time.Hour, Undo: 10 * time.Second, ClaimLease: 30 * time.Minute},
		Blobs: config.Blobs{Region: "us-east-1", Style: "host"},
		Messages: config.Messages{Region: "ap-guangzhou", Timeout: 5 * time.Second, CodesPerHour: 5000, CodesPerDay: 20000, NoticesPerHour: 10000,
			NoticesPerDay: 50000, Mail: "inbox", MailTLS: "starttls"},
		Worker: config.Worker{Concurrency: 8, QueuePoll: 20 * time.Millisecond, Lease: 6 * time.Second, ShutdownTimeout: 10 * time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryVariableReachesItsField(t *testing.T) {
	t.Parallel()
	keys := filepath.Join(t.TempDir(), "k.json")
	write(t, keys, "{}")
	got, err := config.FromEnv([]string{
		"BEIAN_ENV=production", "BEIAN_HTTP_ADDR=:80", "BEIAN_METRICS_ADDR=127.0.0.1:9090",
		"BEIAN_PUBLIC_URL=https://beian.example.cn/", "BEIAN_TRUSTED_PROXIES= 10.1.2.3/8, 192.168.1.4 ,::1,",
		"BEIAN_CORS_ORIGINS=https://WWW.example.cn/,http://localhost:3000", "BEIAN_API_KEY=" + planted,
		"BEIAN_DATA_DIR=/d", "BEIAN_DATABASE_URL=postgres://u:p@db/beian", "BEIAN_REDIS_URL=redis://r:6379/0",
		"BEIAN_KEYS_FILE=" + keys, "BEIAN_STAFF_TOTP=optional", "BEIAN_SMS_PROVIDER=tencent", "BEIAN_CONTACT_LINE=a, b", "BEIAN_CONTACT_HOURS=c",
		"BEIAN_OIDC_STAFF_ISSUER=https://a.cn", "BEIAN_OIDC_STAFF_CLIENT_ID=b", "BEIAN_OIDC_STAFF_CLIENT_SECRET=" + planted, "BEIAN_OIDC_STAFF_CLAIM=email",
		"BEIAN_OIDC_ACCOUNT_ISSUER=http://127.0.0.1/x", "BEIAN_OIDC_ACCOUNT_CLIENT_ID=c", "BEIAN_OIDC_ACCOUNT_CLIENT_SECRET=" + planted, "BEIAN_OIDC_ACCOUNT_CLAIM=d",
		"BEIAN_LOG_LEVEL=debug", "BEIAN_LOG_FORMAT=json", "BEIAN_POLICY_REALNAME=must_match",
		"BEIAN_POLICY_TARGET_ACCEPTANCE=off", "BEIAN_POLICY_TARGET_WINDOW=24h", "BEIAN_POLICY_SUBJECTS_PER_ACCOUNT=100",
		"BEIAN_WORKER_METRICS_ADDR=127.0.0.1:9092", "BEIAN_WORKER_CONCURRENCY=2", "BEIAN_QUEUE_POLL=1ms", "BEIAN_LEASE=5m", "BEIAN_SHUTDOWN_TIMEOUT=30s",
		"BEIAN_POLICY_REVIEW_DAYS=3", "BEIAN_POLICY_FOUR_EYES=risk", "BEIAN_POLICY_HOLD=1h", "BEIAN_POLICY_LONG_HOLD=2h",
		"BEIAN_POLICY_TRANSFER_HOLD=0s", "BEIAN_POLICY_CONTACT_HOLD=4h", "BEIAN_POLICY_KEEP_REFUSED=48h", "BEIAN_POLICY_KEEP_DONE=200h", "BEIAN_POLICY_UNDO=5s",
		"BEIAN_POLICY_LEGACY_PATIENCE=12h", "BEIAN_POLICY_LEGACY_DIFF_LIFE=48h",
		"BEIAN_POLICY_CLAIM_LEASE=10m", "BEIAN_BLOBS_URL=https://oss.example.cn/papers", "BEIAN_BLOBS_REGION=cn-beijing",
		"BEIAN_BLOBS_STYLE=path", "BEIAN_BLOBS_ACCESS_KEY=id", "BEIAN_BLOBS_SECRET_KEY=" + planted,
		"BEIAN_LEGACY_URL=https://old.example.cn/x", "BEIAN_LEGACY_KEY_ID=id", "BEIAN_LEGACY_SECRET=" + planted,
		"BEIAN_SMS_ACCESS_KEY=id", "BEIAN_SMS_SECRET_KEY=" + planted, "BEIAN_SMS_TEMPLATES=" + keys, "BEIAN_SMS_APP_ID=1400006666",
		"BEIAN_SMS_REGION=ap-beijing", "BEIAN_SMS_ENDPOINT=http://127.0.0.1:1", "BEIAN_SMS_TIMEOUT=2s", "BEIAN_SMS_HOOK_SECRET=" + planted,
		"BEIAN_SMS_CODES_PER_HOUR=1", "BEIAN_SMS_CODES_PER_DAY=2", "BEIAN_SMS_NOTICES_PER_HOUR=3", "BEIAN_SMS_NOTICES_PER_DAY=4",
		"BEIAN_MAIL=smtp", "BEIAN_MAIL_SERVER=smtp.example.cn:465", "BEIAN_MAIL_TLS=tls", "BEIAN_MAIL_USER=u", "BEIAN_MAIL_PASSWORD=" + planted,
		"BEIAN_MAIL_FROM=a@example.cn",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Environment: config.Production, HTTPAddr: ":80", MetricsAddr: "127.0.0.1:9090", PublicURL: "https://beian.example.cn/",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.1.4/32"), netip.MustParsePrefix("::1/128")},
		CORSOrigins:    []config.Origin{"https://www.example.cn", "http://localhost:3000"}, APIKey: config.NewSecret(planted),
		DataDir: "/d", DatabaseURL: config.NewURL("postgres://u:p@db/beian"), RedisURL: config.NewURL("redis://r:6379/0"), KeysFile: keys,
		StaffTOTP: "optional", SMSProvider: "tencent", ContactLine: "a, b", ContactHours: "c", LogLevel: "debug", LogFormat: "json",
		OIDC: config.OIDC{StaffIssuer: "https://a.cn", StaffClientID: "b", StaffClientSecret: config.NewSecret(planted), StaffClaim: "email",
			AccountIssuer: "http://127.0.0.1/x", AccountClientID: "c", AccountClientSecret: config.NewSecret(planted), AccountClaim: "d"},
		Policy: config.Policy{RealName: "must_match", TargetAcceptance: "off", TargetWindow: 24 * time.Hour, SubjectsPerAccount: 100,
			ReviewDays: 3, FourEyes: "risk", Hold: time.Hour, LongHold: 2 * time.Hour, ContactHold: 4 * time.Hour, KeepRefused: 48 * time.Hour,
			KeepDone: 200 * time.Hour, LegacyPatience: 12 * time.Hour, LegacyDiffLife: 48 * time.Hour, Undo: 5 * time.Second, ClaimLease: 10 * time.Minute},
		Blobs: config.Blobs{URL: config.NewURL("https://oss.example.cn/papers"), Region: "cn-beijing", Style: "path",
			AccessKey: config.NewSecret("id"), SecretKey: config.NewSecret(planted)},
		Legacy: config.Legacy{URL: "https://old.example.cn/x", KeyID: "id", Secret: config.NewSecret(planted)},
		Messages: config.Messages{AccessKey: config.NewSecret("id"), SecretKey: config.NewSecret(planted), Templates: keys, AppID: "1400006666",
			Region: "ap-beijing", Endpoint: "http://127.0.0.1:1", Timeout: 2 * time.Second, HookSecret: config.NewSecret(planted),
			CodesPerHour: 1, CodesPerDay: 2, NoticesPerHour: 3, NoticesPerDay: 4, Mail: "smtp", MailServer: "smtp.example.cn:465", MailTLS: "tls",
			MailUser: "u", MailPassword: config.NewSecret(planted), MailFrom: "a@example.cn"},
		Worker: config.Worker{MetricsAddr: "127.0.0.1:9092", Concurrency: 2, QueuePoll: time.Millisecond, Lease: 5 * time.Minute, ShutdownTimeout: 30 * time.Second},
	}
	prefixes := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(want, got, prefixes); diff != "" {
		t.Error(diff)
	}
}

func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.FromEnv([]string{
		"BEIAN_HTTP_ADDR=nowhere", "BEIAN_LEASE=soon", "BEIAN_QUEUE_POLL=6s", "BEIAN_WORKER_CONCURRENCY=many",
		"BEIAN_LOG_LEVEL=loud", "BEIAN_SMS_PROVIDER=pigeon", "BEIAN_TRUSTED_PROXIES=10.0.0.0/8,home",
		"BEIAN_CORS_ORIGINS=*", "BEIAN_API_KEY=short", "BEIAN_DATABASE_URL=mysql://root:hunter2@db/x",
		"BEIAN_REDIS_URL=http://:hunter2@cache", "BEIAN_POLICY_SUBJECTS_PER_ACCOUNT=0", "BEIAN_LEASSE=6s",
		"BEIAN_KEYS_FILE=" + filepath.Join(t.TempDir(), "absent.json"), "BEIAN_PUBLIC_URL=http://beian.example.cn",
	})
	var faults config.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("want Faults, got %v", err)
	}
	wantLines := []string{
		"BEIAN_API_KEY: is shorter than 32 characters; for example BEIAN_API_KEY=(32 or more random characters)",
		`BEIAN_CORS_ORIGINS: "*" holds "*", which is not an origin of the form scheme://host[:port]; for example BEIAN_CORS_ORIGINS=https://www.example.cn`,
		"BEIAN_DATABASE_URL: starts with neither sqlite:// nor postgres://; for example BEIAN_DATABASE_URL=sqlite:///var/lib/beian/beian.db",
		`BEIAN_HTTP_ADDR: "nowhere" is not host:port; for example BEIAN_HTTP_ADDR=0.0.0.0:8080`,
		"BEIAN_KEYS_FILE: must exist in production",
		`BEIAN_LEASE: "soon" is not a duration; for example BEIAN_LEASE=6s`,
		"BEIAN_LEASSE: is not a setting; did you mean BEIAN_LEASE?",
		`BEIAN_LOG_LEVEL: "loud" is not one of debug, info, warn, error; for example BEIAN_LOG_LEVEL=info`,
		"BEIAN_POLICY_SUBJECTS_PER_ACCOUNT: 0 is not between 1 and 100; for example BEIAN_POLICY_SUBJECTS_PER_ACCOUNT=1",
		"BEIAN_PUBLIC_URL: must be https in production; for example BEIAN_PUBLIC_URL=https://beian.example.cn",
		"BEIAN_QUEUE_POLL: 6s is not between 1ms and 5s; for example BEIAN_QUEUE_POLL=20ms",
		"BEIAN_REDIS_URL: is not a redis://, rediss://, redis-socket://, redis-sentinel:// or redis-cluster:// address; for example BEIAN_REDIS_URL=redis://redis.internal:6379/0",
		`BEIAN_SMS_PROVIDER: "pigeon" is not one of inbox, aliyun, tencent; for example BEIAN_SMS_PROVIDER=inbox`,
		`BEIAN_TRUSTED_PROXIES: "10.0.0.0/8,home" holds "home", which is not an address or a CIDR range; for example BEIAN_TRUSTED_PROXIES=10.0.0.0/8,192.168.1.4`,
		`BEIAN_WORKER_CONCURRENCY: "many" is not a whole number; for example BEIAN_WORKER_CONCURRENCY=8`,
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(wantLines) {
		t.Fatalf("want %d lines, got:\n%s", len(wantLines), err)
	}
	for i, want := range wantLines {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d\n got %s\nwant %s", i, lines[i], want)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("a password is in the faults")
	}
}

func TestRulesBetweenSettings(t *testing.T) {
	t.Parallel()
	keys := filepath.Join(t.TempDir(), "keys.json")
	write(t, keys, "{}")
	production := []string{"BEIAN_PUBLIC_URL=https://beian.example.cn", "BEIAN_KEYS_FILE=" + keys}
	cases := map[string]struct {
		environ []string
		want    string // variable of the one fault, or none
	}{
		"production on SQLite embeds the queue":       {nil, ""},
		"production on PostgreSQL needs Redis":        {[]string{"BEIAN_DATABASE_URL=postgres://db/beian"}, "BEIAN_REDIS_URL"},
		"production with both outside":                {[]string{"BEIAN_DATABASE_URL=postgresql://db/beian", "BEIAN_REDIS_URL=redis-sentinel://a:1,b:2?master=m"}, ""},
		"a relative SQLite path is refused":           {[]string{"BEIAN_DATABASE_URL=sqlite://data/x.db"}, "BEIAN_DATABASE_URL"},
		"an absolute SQLite path is fine":             {[]string{"BEIAN_DATABASE_URL=sqlite:///data/x.db"}, ""},
		"PostgreSQL without a database is refused":    {[]string{"BEIAN_DATABASE_URL=postgres://db/", "BEIAN_REDIS_URL=redis://r"}, "BEIAN_DATABASE_URL"},
		"metrics on the main address are refused":     {[]string{"BEIAN_METRICS_ADDR=127.0.0.1:8080"}, "BEIAN_METRICS_ADDR"},
		"a public URL with a path is refused":         {[]string{"BEIAN_PUBLIC_URL=https://example.cn/beian"}, "BEIAN_PUBLIC_URL"},
		"a loopback public URL may be plain http":     {[]string{"BEIAN_PUBLIC_URL=http://127.0.0.1:8080"}, ""},
		"an unknown environment is refused":           {[]string{"BEIAN_ENV=staging"}, "BEIAN_ENV"},
		"an empty variable counts as unset":           {[]string{"BEIAN_LEASE=", "BEIAN_DATABASE_URL="}, ""},
		"the key folder is no key file":               {[]string{"BEIAN_KEYS_FILE=" + filepath.Dir(keys)}, "BEIAN_KEYS_FILE"},
		"a provider by plain http is refused":         {[]string{"BEIAN_OIDC_STAFF_ISSUER=http://login.example.cn", "BEIAN_OIDC_STAFF_CLIENT_ID=a", "BEIAN_OIDC_STAFF_CLIENT_SECRET=b"}, "BEIAN_OIDC_STAFF_ISSUER"},
		"a provider needs a client id":                {[]string{"BEIAN_OIDC_ACCOUNT_ISSUER=https://a.cn", "BEIAN_OIDC_ACCOUNT_CLIENT_SECRET=b"}, "BEIAN_OIDC_ACCOUNT_CLIENT_ID"},
		"a provider needs a secret":                   {[]string{"BEIAN_OIDC_ACCOUNT_ISSUER=https://a.cn", "BEIAN_OIDC_ACCOUNT_CLIENT_ID=a"}, "BEIAN_OIDC_ACCOUNT_CLIENT_SECRET"},
		"a secret needs a provider":                   {[]string{"BEIAN_OIDC_STAFF_CLIENT_SECRET=b"}, "BEIAN_OIDC_STAFF_ISSUER"},
		"a legacy platform by plain http is refused":  {[]string{"BEIAN_LEGACY_URL=http://old.example.cn", "BEIAN_LEGACY_KEY_ID=a", "BEIAN_LEGACY_SECRET=" + planted}, "BEIAN_LEGACY_URL"},
		"a legacy platform's address has no query":    {[]string{"BEIAN_LEGACY_URL=https://old.example.cn?a=b", "BEIAN_LEGACY_KEY_ID=a", "BEIAN_LEGACY_SECRET=" + planted}, "BEIAN_LEGACY_URL"},
		"a legacy platform here may be plain http":    {[]string{"BEIAN_LEGACY_URL=http://127.0.0.1:9", "BEIAN_LEGACY_KEY_ID=a", "BEIAN_LEGACY_SECRET=" + planted}, ""},
		"a legacy platform needs the name of a key":   {[]string{"BEIAN_LEGACY_URL=https://old.example.cn", "BEIAN_LEGACY_SECRET=" + planted}, "BEIAN_LEGACY_KEY_ID"},
		"the name of a key has no quotes":             {[]string{"BEIAN_LEGACY_URL=https://old.example.cn", `BEIAN_LEGACY_KEY_ID=a"b`, "BEIAN_LEGACY_SECRET=" + planted}, "BEIAN_LEGACY_KEY_ID"},
		"a legacy platform needs a long secret":       {[]string{"BEIAN_LEGACY_URL=https://old.example.cn", "BEIAN_LEGACY_KEY_ID=a", "BEIAN_LEGACY_SECRET=b"}, "BEIAN_LEGACY_SECRET"},
		"a key needs a legacy platform":               {[]string{"BEIAN_LEGACY_KEY_ID=a"}, "BEIAN_LEGACY_URL"},
		"a name like nothing we know gets no advice":  {[]string{"BEIAN_XYZZY_PLUGH=1"}, "BEIAN_XYZZY_PLUGH"},
		"the file form of an ordinary setting is odd": {[]string{"BEIAN_LOG_LEVEL_FILE=x"}, "BEIAN_LOG_LEVEL_FILE"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.FromEnv(append(production[:2:2], c.environ...))
			if got := onlyVariable(t, err); got != c.want {
				t.Errorf("want a fault about %q, got %v", c.want, err)
			}
		})
	}
}

func TestProductionNeedsAPublicURLAndAKeyFile(t *testing.T) {
	t.Parallel()
	_, err := config.FromEnv([]string{"BEIAN_DATA_DIR=" + t.TempDir()})
	var faults config.Faults
	if !errors.As(err, &faults) || len(faults) != 2 || faults[0].Variable != "BEIAN_KEYS_FILE" || faults[1].Variable != "BEIAN_PUBLIC_URL" {
		t.Errorf("got %v", err)
	}
	if _, err := config.FromEnv(nil, inDevelopment); err != nil {
		t.Errorf("the override came too late: %v", err)
	}
}

func TestDerivedSettings(t *testing.T) {
	t.Parallel()
	c := config.Config{DataDir: "/d", HTTPAddr: "127.0.0.1:8080"}
	if path, ok := c.SQLitePath(); !ok || path != "/d/beian.db" {
		t.Errorf("default database: %q %v", path, ok)
	}
	if c.KeysPath() != "/d/keys.json" || c.BaseURL() != "http://127.0.0.1:8080" {
		t.Errorf("defaults: %q %q", c.KeysPath(), c.BaseURL())
	}
	c.DatabaseURL, c.KeysFile, c.PublicURL = config.NewURL("sqlite:///x/y.db"), "/k", "https://a.cn/"
	if path, ok := c.SQLitePath(); !ok || path != "/x/y.db" {
		t.Errorf("given database: %q %v", path, ok)
	}
	if c.KeysPath() != "/k" || c.BaseURL() != "https://a.cn" {
		t.Errorf("given: %q %q", c.KeysPath(), c.BaseURL())
	}
	for given, want := range map[string][2]string{"auto": {"required", "off"}, "off": {"off", "off"}, "optional": {"optional", "optional"}} {
		in, dev := config.Config{StaffTOTP: given, Environment: config.Production}, config.Config{StaffTOTP: given, Environment: config.Development}
		if in.StaffFactor() != want[0] || dev.StaffFactor() != want[1] {
			t.Errorf("second factor %s: %q, %q", given, in.StaffFactor(), dev.StaffFactor())
		}
	}
	c.DatabaseURL = config.NewURL("postgres://db/beian")
	if _, ok := c.SQLitePath(); ok {
		t.Error("PostgreSQL was taken for SQLite")
	}
}

func onlyVariable(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var faults config.Faults
	if !errors.As(err, &faults) || len(faults) != 1 {
		t.Fatalf("want one fault, got %v", err)
	}
	return faults[0].Variable
}

func write(t *testing.T, path, contents string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestABucketNeedsOneNameAndBothKeys(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]string{
		{"BEIAN_BLOBS_URL=https://oss.example.cn/papers"},
		{"BEIAN_BLOBS_URL=https://oss.example.cn/papers", "BEIAN_BLOBS_ACCESS_KEY=id"},
		{"BEIAN_BLOBS_URL=https://oss.example.cn", "BEIAN_BLOBS_ACCESS_KEY=id", "BEIAN_BLOBS_SECRET_KEY=k"},
		{"BEIAN_BLOBS_URL=https://oss.example.cn/a/b", "BEIAN_BLOBS_ACCESS_KEY=id", "BEIAN_BLOBS_SECRET_KEY=k"},
		{"BEIAN_BLOBS_URL=ftp://oss.example.cn/a", "BEIAN_BLOBS_ACCESS_KEY=id", "BEIAN_BLOBS_SECRET_KEY=k"},
		{"BEIAN_POLICY_HOLD=5h", "BEIAN_POLICY_LONG_HOLD=4h"},
	} {
		if _, err := config.FromEnv(append(bad, "BEIAN_ENV=development")); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	cfg, err := config.FromEnv([]string{"BEIAN_ENV=development", "BEIAN_BLOBS_URL=https://oss.example.cn:9000/papers/", "BEIAN_BLOBS_ACCESS_KEY=id", "BEIAN_BLOBS_SECRET_KEY=k"})
	if err != nil {
		t.Fatal(err)
	}
	if endpoint, bucket := cfg.Blobs.Bucket(); endpoint != "https://oss.example.cn:9000" || bucket != "papers" {
		t.Errorf("%q and %q", endpoint, bucket)
	}
}
