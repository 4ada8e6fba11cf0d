package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/internal/intake"
	"beian/internal/testenv"
	"beian/tasks"
)

// manyLines are n accounts with a subject and a website each.
func manyLines(n int) string {
	var b strings.Builder
	for i := range n {
		id := fmt.Sprint(i)
		b.WriteString(accountLine("A"+id) + "\n" + subjectLine("S"+id, "A"+id, "") + "\n" + websiteLine("W"+id, "S"+id, "d"+id+".example.com") + "\n")
	}
	return b.String()
}

var errCut = errors.New("connection cut")

// cutAfter gives the first n bytes and then an error.
type cutAfter struct {
	text string
	n    int
}

func (c *cutAfter) Read(p []byte) (int, error) {
	if c.n == 0 {
		return 0, errCut
	}
	n := copy(p[:min(len(p), c.n)], c.text)
	c.text, c.n = c.text[n:], c.n-n
	return n, nil
}

func TestAnInterruptedImportGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		text := manyLines(400)
		o := intake.Options{Name: "export"}
		first, err := intake.Run(t.Context(), s, &cutAfter{text: text, n: len(text) * 2 / 3}, o)
		if !errors.Is(err, errCut) || first.Lines != 500 {
			t.Fatalf("cut at two thirds: %v, %+v", err, first)
		}
		second, err := intake.Run(t.Context(), s, strings.NewReader(text), o)
		if err != nil || second.Resumed != 500 || second.Created != 700 || second.Lines != 700 {
			t.Fatalf("the rest: %v, %+v", err, second)
		}
		third, err := intake.Run(t.Context(), s, strings.NewReader(text), o)
		if err != nil || third.Resumed != 0 || third.Unchanged != 1200 {
			t.Errorf("after the end it begins anew: %v, %+v", err, third)
		}
	})
}

func TestAnInterruptedImportDoesNotSkipLinesOfAnotherSource(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		text := manyLines(400)
		o := intake.Options{Name: "export"}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stopping := o
		stopping.OnProgress = func(intake.Report) { cancel() }
		if r, err := intake.Run(ctx, s, strings.NewReader(text), stopping); !errors.Is(err, context.Canceled) || r.Created != 500 {
			t.Fatalf("cancelled after a batch: %v, %+v", err, r)
		}
		other := strings.Replace(text, `"status":"active"`, `"status":"frozen"`, 1)
		onlyReads := struct{ *bytes.Buffer }{bytes.NewBufferString(other)}
		if _, err := intake.Run(t.Context(), s, onlyReads, o); !errors.Is(err, intake.ErrChanged) {
			t.Errorf("another source that can't be read again: %v", err)
		}
		short := struct{ *bytes.Buffer }{bytes.NewBufferString(accountLine("A0"))}
		if _, err := intake.Run(t.Context(), s, short, o); !errors.Is(err, intake.ErrChanged) {
			t.Errorf("a shorter source: %v", err)
		}
		restart := o
		restart.Restart, restart.OnFault = true, func(intake.LineFault) error { return errCut }
		broken := struct{ *bytes.Buffer }{bytes.NewBufferString("broken\n" + text)}
		if r, err := intake.Run(t.Context(), s, broken, restart); !errors.Is(err, errCut) || r.Resumed != 0 || r.Unchanged != 499 {
			t.Errorf("a restart that its caller ends: %v, %+v", err, r)
		}
		r, err := intake.Run(t.Context(), s, strings.NewReader(other), o)
		if err != nil || r.Resumed != 0 || r.Updated != 1 || r.Unchanged != 499 || r.Created != 700 {
			t.Errorf("another source that can be read again: %v, %+v", err, r)
		}
	})
}

func TestARehearsalSeesEverythingAndChangesNothing(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mustTakeIn(t, s, accountLine("A0"), subjectLine("S0", "A0", ""), accountLine("B"), subjectLine("SB", "B", ""))
		mustTakeIn(t, s, accountLine("C"))
		moveTo(t, s, "B", "C")
		text := manyLines(300) + subjectLine("Sx", "A1", "") + "\n" + websiteLine("Wx", "S2", "d5.example.com") + "\n" + "broken"
		snapshot := func() string {
			var out string
			for _, table := range []string{"accounts", "subjects", "websites", "records", "filing_orders", "imports"} {
				out += fmt.Sprintln(table, count(t, s, `SELECT count(*) FROM `+table))
			}
			return out + fmt.Sprintln(count(t, s, `SELECT sum(version) FROM accounts`))
		}
		before := snapshot()
		trial, err := intake.Run(t.Context(), s, strings.NewReader(text), intake.Options{Name: "export", DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, snapshot()); diff != "" {
			t.Errorf("the rehearsal changed the record (-before +after):\n%s", diff)
		}
		done, err := intake.Run(t.Context(), s, strings.NewReader(text), intake.Options{Name: "export"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(done, trial); diff != "" {
			t.Errorf("the rehearsal foretold something else (-real +foretold):\n%s", diff)
		}
		want := []string{"901 account TARGET_HAS_SUBJECT", "902 domain DOMAIN_HELD_ELSEWHERE", "903  JSON_INVALID"}
		if diff := cmp.Diff(want, faultLines(done)); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
	})
}

func TestARehearsalLeavesNoCopyBehind(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s := migrated(t, openTest(t, url))
	if _, err := intake.Run(t.Context(), s, &cutAfter{text: manyLines(10), n: 1000}, intake.Options{DryRun: true}); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(strings.TrimPrefix(url, "sqlite://")), "*rehearsal*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestTwoImportsAtOnceMakeOneRecord(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		text := manyLines(300)
		results := make(chan error, 3)
		for range cap(results) {
			go func() {
				r, err := intake.Run(t.Context(), s, strings.NewReader(text), intake.Options{})
				if err == nil && r.Created+r.Unchanged != 900 {
					err = fmt.Errorf("one of them: %+v", r)
				}
				results <- err
			}()
		}
		for range cap(results) {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if n := count(t, s, `SELECT count(*) FROM accounts`) + count(t, s, `SELECT count(*) FROM websites`); n != 600 {
			t.Errorf("%d accounts and websites, want 600", n)
		}
	})
}

func TestAnImportWaitsForARunningTransfer(t *testing.T) {
	t.Parallel()
	s := migrated(t, openTest(t, testenv.Postgres(t)))
	mustTakeIn(t, s, accountLine("A1"), accountLine("A2"), subjectLine("S1", "A1", ""))
	source, target := partyOf(t, s, "A1"), partyOf(t, s, "A2")
	imported := make(chan error, 1)
	err := s.Update(t.Context(), func(x tasks.Tx) error {
		if err := x.LockAccounts(t.Context(), source.Account.ID, target.Account.ID); err != nil {
			return err
		}
		go func() {
			line := `{"type":"order","external_id":"O1","account":"A2","kind":"first","in_progress":true}`
			r, err := intake.Run(t.Context(), s, strings.NewReader(line), intake.Options{})
			if err == nil && r.Created != 1 {
				err = fmt.Errorf("the order: %+v", r)
			}
			imported <- err
		}()
		for count(t, s, `SELECT count(*) FROM pg_stat_activity
		  WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0 {
			if len(imported) > 0 {
				return errors.New("the import did not wait")
			}
		}
		if p, err := x.Party(t.Context(), tasks.AccountRef{ExternalID: "A2"}); err != nil || p.Orders != 0 {
			return fmt.Errorf("the order came in between: %w", errors.Join(err, tasks.ErrForbidden))
		}
		return x.MoveSubject(t.Context(), source.Subject.ID, source.Account.ID, target.Account.ID)
	})
	if err := errors.Join(err, <-imported); err != nil {
		t.Error(err)
	}
	if p := partyOf(t, s, "A2"); p.Orders != 1 || !p.HasSubject() {
		t.Errorf("afterwards: %d orders, subject %v", p.Orders, p.HasSubject())
	}
}

func TestNothingPersonalLiesClearInTheFile(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s := migrated(t, openTest(t, url))
	mustTakeIn(t, s, fullLines()...)
	path := strings.TrimPrefix(url, "sqlite://")
	var raw []byte
	for _, name := range []string{path, path + "-wal"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, text...)
	}
	if !bytes.Contains(raw, []byte("xn--fsqu00a.xn--fiqs8s")) {
		t.Fatal("the dump does not even hold what is public")
	}
	for _, secret := range []string{"wang@example.com", "Wang@", "13800138000", "138-0013-8000", "王小明", personID, personID[:17],
		companyID, "北京星河科技有限公司", "李四光", "13900139000", "赵六顺", "13700137000"} {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("a planted value of %d bytes lies clear in the file", len(secret))
		}
	}
}

func TestOddLinesAreCountedAndDoNotStopTheOthers(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		text := "\uFEFF" + accountLine("A1") + "\r\n\r\n" + `{"type":"account","x":"` + strings.Repeat("y", 200_000) + `"}` + "\n   \n" +
			"[1]\n" + accountLine("A2")
		var told []intake.LineFault
		var figures []int64
		r, err := intake.Run(t.Context(), s, strings.NewReader(text), intake.Options{
			OnFault:    func(f intake.LineFault) error { told = append(told, f); return nil },
			OnProgress: func(r intake.Report) { figures = append(figures, r.Lines) },
		})
		if err != nil || r.Created != 2 || r.Lines != 6 || r.Refused != 2 {
			t.Errorf("%v, %+v", err, r)
		}
		if diff := cmp.Diff([]string{"3  LINE_TOO_LONG", "5  JSON_INVALID"}, faultLines(r)); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(r.Faults, told); diff != "" || !cmp.Equal(figures, []int64{6}) {
			t.Errorf("told: %v, progress %v", told, figures)
		}
	})
}
