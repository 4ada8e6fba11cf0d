package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"beian/config"
	"beian/internal/legacy/legacytest"
	"beian/internal/queue"
	"beian/tasks"
)

// What `dev` wires, over a real socket and with drawn papers: from a login to a
// picture (I1, I2).
func TestDevelopmentHasALegacyPlatformOfItsOwn(t *testing.T) {
	t.Parallel()
	wall := time.Now()
	s := session{clock: clock{began: wall, start: wall, speed: 1, wall: time.Now}}
	sim, err := standIn(&s)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { served <- sim.run(ctx) }()
	o := &office{cfg: s.cfg, clock: s.clock.now, log: zerolog.Nop()}
	if o.legacy, err = o.openLegacy(); err != nil {
		t.Fatal(err)
	}
	if f := o.examineLegacy(t.Context()); f.Case != "ok" {
		t.Errorf("the doctor says %+v", f)
	}
	ticket, err := o.legacy.Open(t.Context(), tasks.LegacyCredentials{Login: "wang-2009", Password: legacytest.Password})
	if err != nil {
		t.Fatal(err)
	}
	h, err := o.legacy.Holdings(t.Context(), ticket)
	if err != nil || len(h.Websites) != 3 {
		t.Fatalf("%d websites, %v", len(h.Websites), err)
	}
	picture, err := o.legacy.Material(t.Context(), ticket, h.Materials[0])
	if sum := sha256.Sum256(picture); err != nil || !bytes.Equal(sum[:], h.Materials[0].SHA256) {
		t.Errorf("%d bytes, %v", len(picture), err)
	}
	s.cfg.DataDir = t.TempDir()
	papers, err := openCabinet(s.cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := papers.Examine(t.Context(), tasks.Upload{Slot: "legacy.1", Data: picture}); err != nil {
		t.Errorf("the cabinet refuses it: %v", err)
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("its end: %v", err)
	}
	if f := o.examineLegacy(t.Context()); f.Level != queue.LevelWarn || f.Case != "away" {
		t.Errorf("without it the doctor says %+v", f)
	}
}

func TestAConfiguredLegacyPlatformIsNotReplacedAndNoneIsNone(t *testing.T) {
	t.Parallel()
	s := session{cfg: config.Config{Legacy: config.Legacy{URL: "https://legacy.example.cn", KeyID: "k", Secret: config.NewSecret("s")}}}
	if sim, err := standIn(&s); sim != nil || err != nil || s.cfg.Legacy.URL != "https://legacy.example.cn" {
		t.Errorf("%v, %v, %s", sim, err, s.cfg.Legacy.URL)
	}
	o := &office{}
	if c, err := o.openLegacy(); c != nil || err != nil {
		t.Errorf("%v, %v", c, err)
	}
	if f := o.examineLegacy(t.Context()); f.Level != queue.LevelOK || f.Case != "none" {
		t.Errorf("the doctor says %+v", f)
	}
}

func TestLegacySimPrintsSettingsThatWork(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	var talk bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- program{args: []string{"legacy-sim"}, out: in, err: &talk}.run(ctx)
		_ = in.Close()
	}()
	var environ []string
	for lines := bufio.NewScanner(out); len(environ) < 3 && lines.Scan(); {
		environ = append(environ, lines.Text())
	}
	cfg, err := config.FromEnv(append(environ, "BEIAN_ENV=development"))
	if err != nil {
		t.Fatal(err)
	}
	o := &office{cfg: cfg, clock: time.Now, log: zerolog.Nop()}
	if o.legacy, err = o.openLegacy(); err != nil {
		t.Fatal(err)
	}
	if f := o.examineLegacy(t.Context()); f.Case != "ok" {
		t.Errorf("the doctor says %+v", f)
	}
	o.cfg.Legacy.KeyID = "somebody"
	if o.legacy, err = o.openLegacy(); err != nil {
		t.Fatal(err)
	}
	if f := o.examineLegacy(t.Context()); f.Level != queue.LevelWarn || f.Case != "refused" {
		t.Errorf("with another key the doctor says %+v", f)
	}
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("ended with %d", code)
	}
	for _, l := range legacytest.Logins() {
		if !strings.Contains(talk.String(), "  "+l.Name+" ") {
			t.Errorf("%s is not listed", l.Name)
		}
	}
}
