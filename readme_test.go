package main_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"beian/internal/testenv"
)

// TestTheReadmesCommandsWork runs the README's shell block against `beian dev`
// on an empty data directory, as a new user would.
func TestTheReadmesCommandsWork(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("BEIAN_TEST_SERVICES") == "required" {
				t.Fatalf("the README's commands need %s", tool)
			}
			t.Skipf("the README's commands need %s", tool)
		}
	}
	base := startDev(t)
	script := readmeBlock(t)
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "BASE="+base, "no_proxy=127.0.0.1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the README's commands: %v\n%s", err, out)
	}
	for _, want := range []string{`"code":"TARGET_FROZEN"`, `"code":"SITE_UNSUPPORTED"`, `"state":"done"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the README's commands did not print %s:\n%s", want, out)
		}
	}
}

// startDev starts the whole office on an empty data directory and waits until it
// is ready; at the end it must stop by itself within ten seconds of SIGTERM (R17).
func startDev(t *testing.T, flags ...string) string {
	t.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", testenv.FreePort(t))
	var log bytes.Buffer
	cmd := exec.Command(buildProgram(t), append([]string{"dev", "--data-dir", t.TempDir(), "--http-addr", addr}, flags...)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("beian dev: %v\n%s", err, log.String())
			}
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-done
			t.Errorf("beian dev did not stop within 10 s (R17)\n%s", log.String())
		}
	})
	awaitReady(t, "http://"+addr, done)
	return "http://" + addr
}

func awaitReady(t *testing.T, base string, done chan error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(60 * time.Second); ; {
		select {
		case err := <-done:
			done <- err
			t.Fatalf("beian dev ended: %v", err)
		case <-deadline:
			t.Fatal("beian dev was not ready within 60 s")
		case <-tick.C:
		}
		res, err := http.Get(base + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
}

func readmeBlock(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "<!-- run by readme_test.go -->\n```sh\n")
	script, _, closed := strings.Cut(after, "```")
	if !ok || !closed {
		t.Fatal("the README has no marked shell block")
	}
	return script
}

// TestLinksInTheDocsAreAlive checks that every relative link of every Markdown
// file leads to a file.
func TestLinksInTheDocsAreAlive(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"docs/*.md", "docs/adr/*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(f), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", f, m[1])
			}
		}
	}
}

// TestEveryMetricInTheDocsIsServed keeps docs/operations.md true.
func TestEveryMetricInTheDocsIsServed(t *testing.T) {
	t.Parallel()
	base := startDev(t)
	res, err := http.Get(base + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	res, err = http.Get(base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile("beian_[a-z_]+").FindAllString(string(text), -1) {
		if !strings.Contains(body.String(), name) {
			t.Errorf("docs/operations.md names %s, /metrics does not serve it", name)
		}
	}
}
