package worker_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"beian/internal/filing"
	"beian/internal/intake"
	"beian/internal/legacy"
	"beian/internal/legacy/legacytest"
	"beian/internal/testenv"
	"beian/tasks"
)

// connectLegacy connects to a simulator; nil without an address.
func connectLegacy(url string) tasks.Legacy {
	if url == "" {
		return nil
	}
	c, err := legacy.New(legacy.Options{URL: url, Key: legacytest.DemoKey(), Log: zerolog.Nop()})
	if err != nil {
		panic(err)
	}
	return c
}

// mortal kills its own process, without a word to anybody, at everything of a kind
// that is written for the first time: once before the commit and once after it.
type mortal struct {
	paper *ledger
	at    string // "website", "record", "subject"; several are parted by blanks
}

func (m mortal) die(moment, what string) {
	kind, _, _ := strings.Cut(what, " ")
	if what == "" || !slices.Contains(strings.Fields(m.at), kind) {
		return
	}
	death := "dies " + moment + " " + what
	raw, err := os.ReadFile(m.paper.path)
	if err != nil && !os.IsNotExist(err) || strings.Contains(string(raw), death+"\n") {
		return
	}
	if m.paper.note(death) == nil {
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
		select {} // a signal to oneself takes a moment
	}
}

func (m mortal) committed(what string) { m.die("after", what) }

func (x *watchedTx) AddSubject(ctx context.Context, s filing.Subject) (string, error) {
	id, err := x.Tx.AddSubject(ctx, s)
	x.writes("subject " + s.ExternalID)
	return id, err
}

func (x *watchedTx) AddWebsite(ctx context.Context, w filing.Website) (string, error) {
	id, err := x.Tx.AddWebsite(ctx, w)
	x.writes("website " + w.ExternalID)
	return id, err
}

func (x *watchedTx) AddRecord(ctx context.Context, r filing.Record) error {
	err := x.Tx.AddRecord(ctx, r)
	x.writes("record " + r.ExternalID)
	return err
}

func (x *watchedTx) writes(what string) {
	x.wrote = what
	x.store.mortal.die("before", what)
}

// simulate starts a legacy platform.
func simulate(t testing.TB) (url string, sim *legacytest.Simulator) {
	t.Helper()
	sim = legacytest.New(legacytest.Options{Sketch: true})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return server.URL, sim
}

// newcomer makes an account that holds nothing.
func (h *house) newcomer(name string) string {
	h.t.Helper()
	line := fmt.Sprintf(`{"type":"account","external_id":"%s","site":"china","status":"active","login_email":"%s@secret.example.com","security_phone":"13700000001"}`, name, strings.ToLower(name))
	report, err := intake.Run(h.t.Context(), h.store, strings.NewReader(line), intake.Options{})
	if err != nil || report.Refused > 0 {
		h.t.Fatalf("making an account: %+v, %v", report, err)
	}
	id, err := h.accountID(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func (h *house) importFrom(account, login string) string {
	h.t.Helper()
	acc, err := h.desk.Submit(h.t.Context(), tasks.Submission{Kind: tasks.KindLegacy, AccountID: account, Lang: "zh-CN", Once: key("import-" + login),
		Fields: map[string]string{tasks.FieldLegacyLogin: login, tasks.FieldLegacyPassword: legacytest.Password, tasks.FieldConsent: "yes"}})
	if err != nil {
		h.t.Fatal(err)
	}
	return acc.Receipt
}

func (h *house) inState(receipt string, want tasks.State) func() bool {
	return func() bool {
		job, err := h.job(h.t.Context(), receipt)
		return err == nil && job.State == want
	}
}

// TestI5_KilledAtEveryWebsite kills the worker twice at the subject and at every
// website of an import: in the middle of the transaction and right behind its
// commit. Nothing is missing, nothing is double.
func TestI5_KilledAtEveryWebsiteNoneIsMissingAndNoneDouble(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		const sites = 12
		deaths, _ := h.dieOver("hengda-2011", "subject website", sites)
		if want := 2 * (sites + 1); deaths != want {
			t.Errorf("%d deaths, want %d", deaths, want)
		}
		t.Logf("%s: %d deaths over %d websites", h.store.Engine(), deaths, sites)
	})
}

// TestI5_KilledAtEveryPicture is the same for pictures, which come one by one from
// outside.
func TestI5_KilledAtEveryPictureNoneIsMissingAndNoneDouble(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		deaths, sim := h.dieOver("wang-2009", "record", 3)
		pictures := h.number(`SELECT count(*) FROM legacy_items WHERE kind = 'material'`)
		if deaths != 2*pictures || pictures == 0 {
			t.Errorf("%d deaths at %d pictures", deaths, pictures)
		}
		t.Logf("%s: %d deaths, %d pictures fetched %d times", h.store.Engine(), deaths, pictures, sim.Calls(legacytest.RouteMaterials))
	})
}

// dieOver imports what a legacy login holds with workers that kill themselves, and
// counts their deaths.
func (h *house) dieOver(login, at string, sites int) (deaths int, sim *legacytest.Simulator) {
	h.t.Helper()
	url, sim := simulate(h.t)
	server := testenv.StartRedis(h.t)
	h.desk = newDesk(h.store, deskWith{keys: h.vault, sender: h.paper, lease: leaseOfTests, legacy: connectLegacy(url)})
	account := h.newcomer("NEW")
	receipt := h.importFrom(account, login)
	mortal := part{Mode: modeWorker, Redis: server.URL, Lease: time.Second, Legacy: url, DiesAt: at}
	child := h.spawn(mortal)
	eventually(h.t, "the differences are known", 30*time.Second, h.inState(receipt, tasks.StateDiff))
	h.confirm(account, receipt)
	eventually(h.t, "the import is done", 3*time.Minute, func() bool {
		if !child.running() {
			deaths++
			child = h.spawn(mortal)
		}
		return h.inState(receipt, tasks.StateDone)()
	})
	h.quiet(1, 30*time.Second)
	h.wholeImport(receipt, sites)
	return deaths, sim
}

func (h *house) confirm(account, receipt string) {
	h.t.Helper()
	_, err := h.desk.Act(h.t.Context(), tasks.Action{Receipt: receipt, Verb: tasks.VerbConfirm, By: tasks.Viewer{AccountID: account},
		Fields: map[string]string{tasks.FieldConsent: "yes"}, Once: key("confirm-" + receipt)})
	if err != nil {
		h.t.Fatal(err)
	}
}

// wholeImport checks what must hold after any run of one import that came to its end.
func (h *house) wholeImport(receipt string, sites int) {
	h.t.Helper()
	for what, got := range map[string]int{
		"websites":                       h.number(`SELECT count(*) FROM websites`) - sites,
		"subjects":                       h.number(`SELECT count(*) FROM subjects`) - 1,
		"ties":                           h.number(`SELECT count(*) FROM legacy_ties`) - 1,
		"items that did not come":        h.number(`SELECT count(*) FROM legacy_items WHERE state <> 'imported'`),
		"records without a picture":      h.number(`SELECT count(*) FROM records`) - h.number(`SELECT count(*) FROM legacy_items WHERE kind = 'material'`),
		"documents twice":                h.number(`SELECT count(*) FROM documents`) - h.number(`SELECT count(*) FROM records`),
		"effects":                        h.number(`SELECT count(*) FROM timeline WHERE what = 'applied'`) - 1,
		"secrets":                        h.number(`SELECT count(*) FROM job_secrets`),
		"dead letters":                   h.number(`SELECT count(*) FROM outbox WHERE state = 'dead'`),
		"messages without an end":        h.number(`SELECT count(*) FROM notices WHERE state IN ('waiting', 'sending', 'unknown')`),
		"tries at the legacy login left": h.number(`SELECT count(*) FROM legacy_tries WHERE job_id <> ''`),
	} {
		if got != 0 {
			h.t.Errorf("%s: off by %d", what, got)
		}
	}
	h.once()
	h.chained()
	v, err := h.desk.Look(h.t.Context(), receipt, tasks.Viewer{System: true})
	if err != nil {
		h.t.Fatal(err)
	}
	if c := v.Legacy.Facts.Counts; c.Imported != len(v.Legacy.Items) || c.Settled() != c.Total() {
		h.t.Errorf("counted %+v of %d items", c, len(v.Legacy.Items))
	}
}
