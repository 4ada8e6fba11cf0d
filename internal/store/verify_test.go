package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"beian/tasks"
)

// chained fills a record with jobs and a journal, and seals them.
func chained(t *testing.T, s *Store) {
	t.Helper()
	for i := range 12 {
		job := tasks.Job{ID: fmt.Sprintf("job-%02d", i), Receipt: fmt.Sprintf("TR%08d", i), Kind: tasks.KindTransfer,
			State: tasks.StateSourceVerify, SubjectID: fmt.Sprintf("subject-%d", i), SourceAccountID: "a", TargetAccountID: "b",
			Lang: "en", Facts: []byte("{}")}
		whats := []tasks.What{tasks.WhatSubmitted, tasks.WhatCodeSent, tasks.WhatCodeWrong, tasks.WhatVerified, tasks.WhatAccepted}
		for n := range 3 + i%3 {
			err := s.Update(t.Context(), func(x tasks.Tx) error {
				j := job
				event := tasks.Event{Actor: tasks.Actor{Kind: tasks.ActorSource, ID: "a"}, What: whats[n], From: job.State,
					To: job.State, Note: "note"}
				if err := x.Record(t.Context(), &j, tasks.Change{Events: []tasks.Event{event}}, nil); err != nil {
					return err
				}
				job = j
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if i%4 == 0 {
			entry := AuditEntry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: "op"}, Action: "task.redrive", Object: "x",
				Reason: "why", Outcome: "done", RequestID: "r"}
			if err := s.Audit(t.Context(), entry); err != nil {
				t.Fatal(err)
			}
		}
		if i%5 == 4 {
			seal(t, s)
		}
	}
	seal(t, s)
}

func seal(t *testing.T, s *Store) {
	t.Helper()
	if _, err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func verified(t *testing.T, s *Store) Verification {
	t.Helper()
	v, err := s.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// forge lets a test do what the database refuses, as somebody who owns it could.
func forge(t *testing.T, s *Store) {
	t.Helper()
	texts := []string{"ALTER TABLE timeline DISABLE TRIGGER ALL", "ALTER TABLE audit DISABLE TRIGGER ALL"}
	if s.Engine() == "sqlite" {
		texts = []string{"DROP TRIGGER timeline_keeps_rows", "DROP TRIGGER timeline_loses_nothing", "DROP TRIGGER audit_keeps_rows",
			"DROP TRIGGER audit_loses_nothing"}
	}
	for _, table := range []string{"jobs", "timeline", "audit"} {
		texts = append(texts, "CREATE TABLE kept_"+table+" AS SELECT * FROM "+table)
	}
	for _, text := range texts {
		mustRun(t, s, text)
	}
}

// forger damages the record at random places; x is the transaction that does.
type forger struct {
	t *testing.T
	x *tx
	r *rand.Rand
}

// forged mends what was damaged before and does the next damage.
func forged(t *testing.T, s *Store, r *rand.Rand, damage func(f forger)) {
	t.Helper()
	err := s.update(t.Context(), func(x *tx) error {
		f := forger{t: t, x: x, r: r}
		for _, text := range []string{"DELETE FROM timeline", "DELETE FROM jobs", "DELETE FROM audit",
			"INSERT INTO jobs SELECT * FROM kept_jobs", "INSERT INTO timeline SELECT * FROM kept_timeline",
			"INSERT INTO audit SELECT * FROM kept_audit"} {
			f.run(text)
		}
		damage(f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f forger) run(text string, args ...any) {
	f.t.Helper()
	if _, err := f.x.q.exec(f.t.Context(), text, args...); err != nil {
		f.t.Error(err)
	}
}

func (f forger) read(dest any, text string, args ...any) {
	f.t.Helper()
	if err := f.x.q.row(f.t.Context(), text, args...).Scan(dest); err != nil {
		f.t.Error(err)
	}
}

// event picks a row of a timeline.
func (f forger) event() (job string, seq, length int) {
	job = fmt.Sprintf("job-%02d", f.r.IntN(12))
	f.read(&length, `SELECT count(*) FROM timeline WHERE job_id = $1`, job)
	return job, 1 + f.r.IntN(length), length
}

func (f forger) entry() (seq, length int) {
	f.read(&length, `SELECT count(*) FROM audit`)
	return 1 + f.r.IntN(length), length
}

// flip changes one bit of a value somewhere.
func (f forger) flip(table, column, where string, args ...any) {
	f.t.Helper()
	var value []byte
	f.read(&value, "SELECT "+column+" FROM "+table+" WHERE "+where, args...)
	if value = bytes.Clone(value); len(value) == 0 {
		value = []byte{0}
	}
	value[f.r.IntN(len(value))] ^= 1 << f.r.IntN(8)
	f.run(fmt.Sprintf("UPDATE %s SET %s = $%d WHERE %s", table, column, len(args)+1, where), append(args, value)...)
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// damages are the ways to tamper with a record.
func damages() map[string]func(f forger) {
	return map[string]func(f forger){
		"a word of an event": func(f forger) {
			job, seq, _ := f.event()
			f.run(`UPDATE timeline SET `+pick(f.r, "actor_kind", "actor_id", "what", "from_state", "to_state", "note")+` = $1
			  WHERE job_id = $2 AND seq = $3`, fmt.Sprint("forged", f.r.IntN(9)), job, seq)
		},
		"the time of an event": func(f forger) {
			job, seq, _ := f.event()
			f.run(`UPDATE timeline SET at = at + 1 WHERE job_id = $1 AND seq = $2`, job, seq)
		},
		"a bit of an event's hashes": func(f forger) {
			job, seq, _ := f.event()
			column := pick(f.r, "prev", "hash")
			if seq == 1 {
				column = "hash"
			}
			f.flip("timeline", column, "job_id = $1 AND seq = $2", job, seq)
		},
		"an event removed": func(f forger) {
			job, seq, _ := f.event()
			f.run(`DELETE FROM timeline WHERE job_id = $1 AND seq = $2`, job, seq)
		},
		"two events exchanged": func(f forger) {
			job, _, length := f.event()
			a := 1 + f.r.IntN(length-1)
			f.run(`UPDATE timeline SET seq = -1 WHERE job_id = $1 AND seq = $2`, job, a)
			f.run(`UPDATE timeline SET seq = $1 WHERE job_id = $2 AND seq = $3`, a, job, a+1)
			f.run(`UPDATE timeline SET seq = $1 WHERE job_id = $2 AND seq = -1`, a+1, job)
		},
		"a tail cut off and the job made to fit": func(f forger) {
			job, _, length := f.event()
			last := f.r.IntN(length)
			f.run(`DELETE FROM timeline WHERE job_id = $1 AND seq > $2`, job, last)
			f.run(`UPDATE jobs SET events = $1, head = coalesce((SELECT hash FROM timeline WHERE job_id = $2 AND seq = $1), $3)
			  WHERE id = $2`, last, job, []byte{})
		},
		"a job removed": func(f forger) {
			job, _, _ := f.event()
			f.run(`DELETE FROM timeline WHERE job_id = $1`, job)
			f.run(`DELETE FROM jobs WHERE id = $1`, job)
		},
		"a job's own head": func(f forger) {
			job, _, _ := f.event()
			f.flip("jobs", "head", "id = $1", job)
		},
		"an event put under another job": func(f forger) {
			job, _, length := f.event()
			f.run(`UPDATE timeline SET job_id = $1, seq = 99 WHERE job_id = $2 AND seq = $3`,
				fmt.Sprintf("job-%02d", f.r.IntN(12)), job, length)
		},
		"a word of the journal": func(f forger) {
			seq, _ := f.entry()
			f.run(`UPDATE audit SET `+pick(f.r, "actor_kind", "actor_id", "action", "object", "reason", "outcome", "request_id")+` = $1
			  WHERE seq = $2`, fmt.Sprint("forged", f.r.IntN(9)), seq)
		},
		"the time of the journal": func(f forger) {
			seq, _ := f.entry()
			f.run(`UPDATE audit SET at = at - 1 WHERE seq = $1`, seq)
		},
		"a bit of the journal's hashes": func(f forger) {
			seq, _ := f.entry()
			f.flip("audit", "hash", "seq = $1", seq)
		},
		"an entry removed": func(f forger) {
			seq, _ := f.entry()
			f.run(`DELETE FROM audit WHERE seq = $1`, seq)
		},
		"two entries exchanged": func(f forger) {
			_, length := f.entry()
			a := 1 + f.r.IntN(length-1)
			f.run(`UPDATE audit SET seq = -1 WHERE seq = $1`, a)
			f.run(`UPDATE audit SET seq = $1 WHERE seq = $2`, a, a+1)
			f.run(`UPDATE audit SET seq = $1 WHERE seq = -1`, a+1)
		},
	}
}

func TestA7_EveryDamageToTimelineAndJournalIsFound(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		chained(t, s)
		whole := verified(t, s)
		if len(whole.Broken) > 0 || whole.Jobs != 12 || whole.Events == 0 || whole.Audit == 0 {
			t.Fatalf("an untouched record: %+v", whole)
		}
		forge(t, s)
		r, done := rand.New(rand.NewPCG(2026, 3)), 0
		for done < 500 {
			for name, damage := range damages() {
				forged(t, s, r, damage)
				if v := verified(t, s); len(v.Broken) == 0 && v.LastHash == whole.LastHash {
					t.Errorf("not found: %s", name)
				}
				done++
			}
		}
		forged(t, s, r, func(forger) {})
		if again := verified(t, s); len(again.Broken) > 0 || again.LastHash != whole.LastHash {
			t.Errorf("after mending: %+v", again)
		}
		t.Logf("%d damages, all found", done)
	})
}

func TestVerifyHoldsWhileJobsGoOn(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		chained(t, s)
		quit, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-quit:
					return
				default:
				}
				err := s.Update(t.Context(), func(x tasks.Tx) error {
					job, err := x.Job(t.Context(), "TR00000003", tasks.Viewer{System: true})
					if err != nil {
						return err
					}
					event := tasks.Event{Actor: tasks.System(), What: tasks.WhatCodeSent}
					return x.Record(t.Context(), &job, tasks.Change{Events: []tasks.Event{event}}, nil)
				})
				if err != nil {
					t.Error(err)
				}
			}
		}()
		for range 20 {
			seal(t, s)
			if v := verified(t, s); len(v.Broken) > 0 {
				t.Errorf("while a job goes on: %+v", v.Broken)
			}
		}
		close(quit)
		<-done
	})
}
