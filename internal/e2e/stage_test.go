// Package e2e drives the whole program in a real browser, as applicants and staff do.
package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"beian/internal/testenv"
	"beian/internal/text"
)

const (
	apiKey       = "key-of-the-filing-system-for-these-tests-only"
	demoPassword = "beian-demo-2026"
	patience     = 45 * time.Second // for one condition, on a machine that is busy with other packages
)

func TestMain(m *testing.M) {
	code := m.Run()
	theStage.close()
	os.Exit(code)
}

// theStage is what all tests share: one program, one browser, two foreign sites. The first test that needs it builds it.
var theStage = &stage{close: func() {}}

type stage struct {
	once  sync.Once
	err   error
	close func()

	base    string
	addr    string // where it listens
	binary  string
	data    string // where the program keeps everything
	words   *text.Catalog
	browser context.Context
	foreign *httptest.Server // a provider's own site, on the list of origins
	unknown *httptest.Server // a site that is not
}

// onStage is the stage, or the end of the test when there is no browser or the program does not start.
func onStage(t *testing.T) *stage {
	t.Helper()
	program := testenv.Chromium(t)
	theStage.once.Do(func() { theStage.err = theStage.build(program) })
	if theStage.err != nil {
		t.Fatal(theStage.err)
	}
	return theStage
}

func (s *stage) build(chromium string) error {
	dir, err := os.MkdirTemp("", "beian-e2e-*")
	if err != nil {
		return err
	}
	s.undo(func() { os.RemoveAll(dir) })
	if s.words, err = text.Load(); err != nil {
		return err
	}
	s.foreign, s.unknown = foreignSite(s), foreignSite(s)
	s.undo(s.foreign.Close)
	s.undo(s.unknown.Close)
	if err := s.start(dir); err != nil {
		return err
	}
	return s.browse(chromium, dir)
}

// undo adds to what close does, last first.
func (s *stage) undo(step func()) {
	before := s.close
	s.close = func() { step(); before() }
}

// start builds the program and runs it as a newcomer does, until it says that it is ready.
func (s *stage) start(dir string) error {
	binary := filepath.Join(dir, "beian")
	if out, err := exec.Command("go", "build", "-o", binary, "beian").CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := listener.Addr().String()
	listener.Close()
	s.addr, s.binary, s.data = addr, binary, filepath.Join(dir, "data")
	stop, err := s.run()
	s.undo(stop)
	return err
}

// run starts the program, with more flags than the usual, until it is ready. What it
// returns ends the program and waits for that.
func (s *stage) run(flags ...string) (stop func(), err error) {
	s.base = "http://" + s.addr
	var log bytes.Buffer
	program := exec.Command(s.binary, append([]string{"dev", "--data-dir", s.data, "--http-addr", s.addr}, flags...)...)
	program.Env = append(os.Environ(), "BEIAN_API_KEY="+apiKey, "BEIAN_STAFF_TOTP=optional", "BEIAN_TRUSTED_PROXIES=127.0.0.1/32",
		"BEIAN_POLICY_UNDO=1s", "BEIAN_CORS_ORIGINS="+s.foreign.URL, "BEIAN_LOG_LEVEL=warn", "BEIAN_LOG_FORMAT=json")
	program.Stderr, program.SysProcAttr = &log, bound()
	if err := program.Start(); err != nil {
		return func() {}, fmt.Errorf("starting the program: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	stop = func() {
		program.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			ended <- err
		case <-time.After(20 * time.Second):
			program.Process.Kill()
			ended <- <-ended
		}
	}
	return stop, s.ready(ended, &log)
}

func (s *stage) ready(ended chan error, log *bytes.Buffer) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		if answer, err := http.Get(s.base + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("the program ended: %w: %s", err, log)
		case <-late:
			return errors.New("the program is not ready")
		case <-tick.C:
		}
	}
}

func (s *stage) browse(chromium, dir string) error {
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.UserDataDir(filepath.Join(dir, "profile")), chromedp.WindowSize(1280, 900))
	ctx, endProcess := chromedp.NewExecAllocator(context.Background(), flags...)
	s.undo(endProcess)
	ctx, endBrowser := chromedp.NewContext(ctx)
	s.undo(endBrowser)
	s.browser = ctx
	if err := chromedp.Do(ctx); err != nil {
		return fmt.Errorf("starting the browser: %w", err)
	}
	return nil
}
