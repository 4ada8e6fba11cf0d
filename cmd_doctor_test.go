package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"

	"beian/config"
	"beian/internal/queue"
	"beian/internal/testenv"
)

// patient is an installation that the doctor looks at.
type patient struct {
	t       *testing.T
	dir     string
	environ []string
}

func newPatient(t *testing.T, environ ...string) *patient {
	t.Helper()
	dir := t.TempDir()
	return &patient{t: t, dir: dir, environ: append([]string{"BEIAN_ENV=development", "BEIAN_DATA_DIR=" + dir}, environ...)}
}

func (p *patient) runs(args ...string) (code int, out string) {
	p.t.Helper()
	return p.tells("", args...)
}

// tells runs a command that reads something.
func (p *patient) tells(in string, args ...string) (code int, out string) {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	code = program{args: args, environ: p.environ, in: strings.NewReader(in), out: &stdout, err: &stderr}.run(p.t.Context())
	if stderr.Len() > 0 {
		p.t.Log(stderr.String())
	}
	return code, stdout.String()
}

// sees runs the doctor and gives its findings by code.
func (p *patient) sees(args ...string) map[string]finding {
	p.t.Helper()
	_, out := p.runs(append([]string{"doctor", "--json"}, args...)...)
	found := map[string]finding{}
	for line := range strings.Lines(out) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		found[f.Code] = f
	}
	return found
}

// opened is the installation inside this process.
func (p *patient) opened() *office {
	p.t.Helper()
	cfg, err := config.FromEnv(p.environ)
	if err != nil {
		p.t.Fatal(err)
	}
	o, err := openOffice(p.t.Context(), session{program: program{err: os.Stderr}, cfg: cfg, clock: wallClock()})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(o.close)
	return o
}

func (p *patient) has(found map[string]finding, code string, level queue.Level, what string) {
	p.t.Helper()
	f := found[code]
	if f.Level != level || f.Case != what {
		p.t.Errorf("%s is %s %q, want %s %q", code, f.Level, f.Case, level, what)
	}
	if (f.Remedy == "") != (level == queue.LevelOK) || strings.Contains(f.Detail+f.Remedy, "!") {
		p.t.Errorf("%s says %q and %q", code, f.Detail, f.Remedy)
	}
}

func TestDoctorRepairsWhatNeedsNoChoice(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	if code, _ := p.runs("keys", "create"); code != exitOK {
		t.Fatal("no keys")
	}
	if err := os.Chmod(filepath.Join(p.dir, "keys.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	found := p.sees("--lang", "zh-CN")
	p.has(found, "KEYS", queue.LevelFault, "open")
	if !strings.Contains(found["KEYS"].Detail, "密钥文件") {
		t.Errorf("it says %q", found["KEYS"].Detail)
	}
	if found = p.sees("--fix"); !found["SCHEMA"].Fixed || !found["KEYS"].Fixed {
		t.Errorf("--fix left %+v", found)
	}
	if code, _ := p.runs("migrate", "down", "--yes"); code != exitOK {
		t.Fatal("the newest migration was not taken back")
	}
	found = p.sees("--lang", "zh-CN")
	p.has(found, "SCHEMA", queue.LevelFault, "behind")
	p.has(found, "DISK", found["DISK"].Level, found["DISK"].Case)
	p.has(found, "DATABASE", queue.LevelOK, "ok")
	p.has(found, "BLOBS", queue.LevelOK, "ok")
	if !strings.Contains(found["SCHEMA"].Remedy, "beian migrate up") {
		t.Errorf("the remedy is %q", found["SCHEMA"].Remedy)
	}
	if code, _ := p.runs("doctor"); code != exitDown {
		t.Errorf("a fault exits with %d", code)
	}
	if found = p.sees("--fix"); !found["SCHEMA"].Fixed {
		t.Errorf("--fix left %+v", found)
	}
	found = p.sees()
	p.has(found, "SCHEMA", queue.LevelOK, "ok")
	p.has(found, "KEYS", queue.LevelOK, "ok")
	if code, out := p.runs("doctor", "--lang", "en"); code != exitOK || !strings.Contains(out, "up to date") {
		t.Errorf("a healthy installation exits with %d:\n%s", code, out)
	}
}

func TestDoctorNamesWhatCantBeOpened(t *testing.T) {
	t.Parallel()
	away := newPatient(t, "BEIAN_DATABASE_URL=postgres://x@127.0.0.1:1/x")
	away.has(away.sees(), "DATABASE", queue.LevelFault, "away")

	keys := newPatient(t)
	if err := os.WriteFile(filepath.Join(keys.dir, "keys.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys.has(keys.sees(), "KEYS", queue.LevelFault, "broken")

	blobs := newPatient(t)
	blobs.sees("--fix")
	folder := filepath.Join(blobs.dir, "documents")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blobs.has(blobs.sees(), "START", queue.LevelFault, "refused")
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	o := blobs.opened()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := o.examineBlobs(t.Context()); got.Case != "away" {
		t.Errorf("a folder that is a file is %q", got.Case)
	}
}

func TestDoctorJudgesDiskAndClock(t *testing.T) {
	t.Parallel()
	for free, want := range map[int64]string{0: "full", diskFull: "tight", diskTight: "ok"} {
		if got := judgeDisk("/d", free).Case; got != want {
			t.Errorf("%d bytes free: %s, want %s", free, got, want)
		}
	}
	if got := examineDisk(filepath.Join(t.TempDir(), "absent")).Case; got != "unknown" {
		t.Errorf("a folder that is not there: %s", got)
	}
	for off, want := range map[time.Duration]string{0: "ok", 900 * time.Millisecond: "ok", -2 * time.Second: "off", 3 * time.Second: "off",
		90 * time.Second: "wrong", -time.Hour: "wrong"} {
		if got := skewed(off, 10*time.Millisecond).Case; got != want {
			t.Errorf("%s off: %s, want %s", off, got, want)
		}
	}
}

// The clock of a real PostgreSQL server, against a machine that is an hour behind.
func TestDoctorSeesADatabaseWithAnotherTime(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	p := newPatient(t, "BEIAN_DATABASE_URL="+url)
	p.has(p.sees("--fix"), "CLOCK", queue.LevelOK, "ok")
	o := p.opened()
	o.clock = func() time.Time { return time.Now().Add(-time.Hour) }
	if got := o.examineClock(t.Context()); got.Case != "wrong" {
		t.Errorf("an hour off is %q", got.Case)
	}
	o.clock = func() time.Time { return time.Date(2041, 1, 5, 0, 0, 0, 0, time.UTC) }
	if got := o.examineCalendar(); got.Case != "missing" {
		t.Errorf("the calendar of 2041 is %q", got.Case)
	}
	o.cfg.Environment = "production"
	if got := o.examineMessages(); got.Case != "inbox" {
		t.Errorf("an inbox in production is %q", got.Case)
	}
}

func TestDoctorSeesAProxyThatBuffers(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.GET("/livez/stream", func(c echo.Context) error {
		for i := range 2 {
			if i > 0 {
				<-time.After(bufferedGap + 200*time.Millisecond)
			}
			_, _ = io.WriteString(c.Response(), "data: x\n\n")
			c.Response().Flush()
		}
		return nil
	})
	direct := httptest.NewServer(e)
	t.Cleanup(direct.Close)
	buffering := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := http.Get(direct.URL + r.URL.Path)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		all, _ := io.ReadAll(res.Body)
		_, _ = w.Write(all)
	}))
	t.Cleanup(buffering.Close)
	p := newPatient(t)
	p.sees("--fix")
	o := p.opened()
	for url, want := range map[string]string{direct.URL: "ok", buffering.URL: "buffers", "http://127.0.0.1:1": "unreached"} {
		o.cfg.PublicURL = url
		if got := o.examineProxy(t.Context()); got.Case != want {
			t.Errorf("%s is %q, want %q", url, got.Case, want)
		}
	}
}

func TestDoctorLooksIntoRedis(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	p := newPatient(t, "BEIAN_REDIS_URL="+server.URL)
	p.sees("--fix")
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	t.Cleanup(func() { client.Close() })
	if err := client.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"appendonly", "save"} {
		value := map[string]string{"appendonly": "no", "save": ""}[name]
		if err := client.ConfigSet(t.Context(), name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	found := p.sees("--lang", "zh-CN")
	p.has(found, queue.CodeEviction, queue.LevelFault, "evicts")
	p.has(found, queue.CodePersistence, queue.LevelWarn, "none")
	p.has(found, queue.CodeVersion, queue.LevelOK, "ok")
	p.has(found, queue.CodeScripts, queue.LevelOK, "ok")
	server.Kill()
	p.has(p.sees(), queue.CodeUnreachable, queue.LevelFault, "away")
}
