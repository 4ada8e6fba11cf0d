package main

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
	"time"

	"beian/config"
	"beian/internal/documents"
	"beian/internal/testenv"
	"beian/tasks"
)

func TestMain(m *testing.M) {
	if ran, code := documents.Child(os.Args, os.Stdin, os.Stdout); ran {
		os.Exit(code) // the cabinet started this binary to decode one upload
	}
	os.Exit(testenv.Main(m))
}

// openTestOffice is the wired office of a development process without its queue,
// with a clock that the test moves.
func openTestOffice(t *testing.T) (o *office, pass func(time.Duration)) {
	t.Helper()
	cfg, err := config.FromEnv([]string{"BEIAN_ENV=development", "BEIAN_DATA_DIR=" + t.TempDir(), "BEIAN_POLICY_UNDO=0s",
		"BEIAN_POLICY_HOLD=0s", "BEIAN_POLICY_LONG_HOLD=0s", "BEIAN_LOG_LEVEL=error"})
	if err != nil {
		t.Fatal(err)
	}
	wall := time.Now()
	c := clock{began: wall, start: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), speed: 1, wall: func() time.Time { return wall }}
	o, err = openOffice(t.Context(), session{program: program{err: os.Stderr}, cfg: cfg, clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.close)
	if _, err := o.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := o.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := o.seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	return o, func(d time.Duration) { wall = wall.Add(d) }
}

// step carries a task of a job out, as a worker would.
func (o *office) step(ctx context.Context, id string) error {
	err := o.desk.Work(ctx, tasks.TaskRef{ID: id, Generation: 1})
	var again *tasks.Again
	if errors.As(err, &again) {
		return nil
	}
	return err
}

// A whole login reset through the real cabinet: examined in a child process,
// sealed, approved, carried out, and shredded when its time is over (L4, L8, L10).
func TestAWiredOfficeCarriesALoginResetFromItsPicturesToTheirEnd(t *testing.T) {
	t.Parallel()
	o, pass := openTestOffice(t)
	ctx := t.Context()
	zhou := demoCases()[0]
	if err := o.seedReview(ctx, zhou); err != nil {
		t.Fatal(err)
	}
	if err := o.seedReview(ctx, zhou); err != nil { // a second start
		t.Fatal(err)
	}
	rows, _, err := o.desk.Reviews(ctx, tasks.ReviewFilter{})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d reviews, %v", len(rows), err)
	}
	receipt, jobID := rows[0].Receipt, rows[0].JobID
	staff := tasks.Actor{Kind: tasks.ActorReviewer, ID: "reviewer-1"}
	if _, err := o.desk.Claim(ctx, receipt, staff); err != nil {
		t.Fatal(err)
	}
	w, err := o.desk.Workbench(ctx, receipt, staff)
	if err != nil || len(w.Documents) != 3 {
		t.Fatalf("%d documents, %v", len(w.Documents), err)
	}
	for _, doc := range w.Documents {
		picture, err := o.desk.OpenPicture(ctx, tasks.Picture{Receipt: receipt, DocumentID: doc.ID, Page: 1}, staff)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(picture)); err != nil {
			t.Errorf("%s is no picture: %v", doc.Slot, err)
		}
		if len(doc.Flags) > 0 {
			t.Errorf("the specimen of %s is doubted: %v", doc.Slot, doc.Flags)
		}
	}
	_, err = o.desk.Decide(ctx, tasks.Decide{Receipt: receipt, Staff: staff, Verdict: tasks.VerdictApprove, Checks: w.Checklist,
		Typed: map[string]string{tasks.FieldCertNumber: zhou.fields[tasks.FieldCertNumber]}})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"settle", "apply"} {
		if err := o.step(ctx, tasks.TaskID(tasks.KindReset, receipt, step)); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	v, err := o.desk.Look(ctx, receipt, tasks.Viewer{Staff: tasks.ActorSupervisor})
	if err != nil || v.Job.State != tasks.StateDone {
		t.Fatalf("the reset is %s, %v", v.Job.State, err)
	}
	if result := o.cardResult(ctx, tasks.TaskRef{ID: tasks.CardID(receipt, 1)}); string(result) != `{"receipt":"`+receipt+`","outcome":"approved"}` {
		t.Errorf("the card's result is %s", result)
	}
	o.expectShredded(t, shredding{jobID: jobID, blob: w.Documents[0].Pages[0], pass: pass})
}

type shredding struct {
	jobID, blob string
	pass        func(time.Duration)
}

// expectShredded lets the retention pass: the key goes, then the blobs, then what
// was left behind by others.
func (o *office) expectShredded(t *testing.T, s shredding) {
	t.Helper()
	ctx := t.Context()
	if err := o.chores()["chore:shred"](ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := o.cabinet.Picture(ctx, s.jobID, s.blob); err != nil {
		t.Fatalf("a picture went before its time: %v", err)
	}
	const orphan, young = "01900000-0000-7000-8000-000000000001-1", "ffffffff-ffff-7000-8000-000000000001-1"
	for _, name := range []string{orphan, young} {
		if err := o.cabinet.blobs.Put(ctx, name, []byte("left")); err != nil {
			t.Fatal(err)
		}
	}
	s.pass(181 * 24 * time.Hour)
	if err := o.chores()["chore:shred"](ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := o.cabinet.Picture(ctx, s.jobID, s.blob); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("a shredded picture: %v", err)
	}
	left, err := o.cabinet.blobs.List(ctx, "", "")
	if err != nil || len(left) != 1 || left[0] != young {
		t.Errorf("left are %v, %v", left, err)
	}
	if files, err := filepath.Glob(filepath.Join(o.cfg.DocumentsPath(), "*", "*")); err != nil || len(files) != 1 {
		t.Errorf("files are left: %v, %v", files, err)
	}
}
