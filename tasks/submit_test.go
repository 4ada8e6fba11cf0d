package tasks_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"beian/internal/testenv"
	"beian/tasks"
)

// watchedStore tells when its write transaction is open, and lets something happen
// after the first read of a submission.
type watchedStore struct {
	tasks.Store
	writing atomic.Bool
	between func()
}

func (w *watchedStore) View(ctx context.Context, fn func(tasks.Tx) error) error {
	err := w.Store.View(ctx, fn)
	if between := w.between; between != nil {
		w.between = nil
		between()
	}
	return err
}

func (w *watchedStore) Update(ctx context.Context, fn func(tasks.Tx) error) error {
	return w.Store.Update(ctx, func(tx tasks.Tx) error {
		w.writing.Store(true)
		defer w.writing.Store(false)
		return fn(tx)
	})
}

// watchedFlow counts its checks by the transaction they run in.
type watchedFlow struct {
	tasks.Flow
	store            *watchedStore
	reading, writing int
}

func (f *watchedFlow) Check(ctx context.Context, tx tasks.Tx, s tasks.Submission) (tasks.Preview, []tasks.Blocker, error) {
	if f.store.writing.Load() {
		f.writing++
	} else {
		f.reading++
	}
	return f.Flow.Check(ctx, tx, s)
}

// watched is a second desk on the office's record.
func (o *office) watched() (*tasks.Desk, *watchedFlow) {
	store := &watchedStore{Store: o.store}
	flow := &watchedFlow{Flow: o.parts.Flows[0], store: store}
	parts := o.parts
	parts.Store, parts.Flows = store, []tasks.Flow{flow}
	return tasks.NewDesk(parts), flow
}

func TestA5_the_writer_waits_for_no_check(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		desk, flow := o.watched()
		source, target := o.holder(), o.someone()
		s := form(source, target)
		s.Once = o.once(source)
		if _, err := desk.Submit(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if flow.reading != 1 || flow.writing != 0 {
			t.Errorf("%d checks beside the writer, %d in its transaction", flow.reading, flow.writing)
		}
	})
}

func TestA5_whoever_asked_too_often_is_not_checked(t *testing.T) {
	t.Parallel()
	o := openOffice(t) // on a clock that stands still: no token comes back meanwhile
	desk, flow := o.watched()
	source, target := o.holder(), o.someone()
	s := form(source, target)
	s.Fields[tasks.FieldPhone4] = "0000"
	var err error
	for range 31 {
		s.Once = o.once(source)
		_, err = desk.Submit(t.Context(), s)
	}
	var often *tasks.TooMany
	if !errors.As(err, &often) || often.Limit != "precheck" || flow.reading != 30 || flow.writing != 0 {
		t.Errorf("%v after %d checks beside the writer and %d in its transaction", err, flow.reading, flow.writing)
	}
}

func TestA6_a_job_opened_between_check_and_commit_is_found(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		desk, flow := o.watched()
		source, target := o.holder(), o.someone()
		flow.store.between = func() { o.submit(source, target) }
		s := form(source, target)
		s.Once = o.once(source)
		_, err := desk.Submit(t.Context(), s)
		wantCodes(t, err, "source JOB_ALREADY_OPEN")
		if flow.writing != 1 {
			t.Errorf("%d checks in the transaction that wrote", flow.writing)
		}
	})
}

func TestA6_a_twin_committed_between_check_and_commit_is_repeated(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		desk, flow := o.watched()
		source, target := o.holder(), o.someone()
		s := form(source, target)
		s.Once = o.once(source)
		var first tasks.Accepted
		flow.store.between = func() {
			var err error
			first, err = o.desk.Submit(t.Context(), s)
			o.must(err)
		}
		second, err := desk.Submit(t.Context(), s)
		if err != nil || !second.Replayed || second.Receipt != first.Receipt || second.Tracking != first.Tracking {
			t.Errorf("%+v, %v; first %+v", second, err, first)
		}
	})
}

func TestA5_what_changes_between_check_and_commit_stops_the_effect(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	desk, flow := o.watched()
	source, target := o.holder(), o.someone()
	flow.store.between = func() {
		o.take(target.account.with(line{"status": "frozen", "as_of": o.now().Add(time.Second).Format(time.RFC3339)}))
	}
	s := form(source, target)
	s.Once = o.once(source)
	acc, err := desk.Submit(t.Context(), s)
	o.must(err)
	o.run()
	o.must(o.act(source, acc.Receipt, tasks.VerbVerify, o.code(source.principal)))
	o.must(o.act(target, acc.Receipt, tasks.VerbAccept))
	o.run()
	job := o.look(acc.Receipt).Job
	if job.State != tasks.StateFailed || len(job.Blockers) != 1 || job.Blockers[0].Code != "TARGET_FROZEN" {
		t.Errorf("%s with %+v", job.State, job.Blockers)
	}
}

func TestR19_a_replay_comes_before_whatever_is_wrong_by_now(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		s := form(source, target)
		s.Once = o.once(source)
		first, err := o.desk.Submit(t.Context(), s)
		o.must(err)
		s.Fields = map[string]string{}
		if again, err := o.desk.Submit(t.Context(), s); err != nil || again.Receipt != first.Receipt {
			t.Errorf("%+v, %v", again, err)
		}
		s.Once.Fingerprint = "other"
		_, err = o.desk.Submit(t.Context(), s)
		wantIs(t, err, tasks.ErrKeyReused)
	})
}

func TestASubmissionCrossesTheNetworkSevenTimes(t *testing.T) {
	t.Parallel()
	trips := testenv.CountTrips(t, testenv.Postgres(t))
	o := openOn(t, trips.URL)
	submit := func() int64 {
		source, target := o.holder(), o.someone()
		s := form(source, target)
		s.Once = o.once(source)
		before := trips.Number()
		if _, err := o.desk.Submit(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		return trips.Number() - before
	}
	submit() // every statement is prepared once a connection
	// The check looks at the limit, reads both sides, then what the subject holds; the
	// write begins with the key, takes the limits, counts the codes, and commits with
	// all its rows.
	if n := submit(); n > 7 {
		t.Errorf("%d round trips; bare SQL needs 9", n)
	}
}
