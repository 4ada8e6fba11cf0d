package store

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

const days = 24 * time.Hour

func shredPolicy() ShredPolicy { return ShredPolicy{Refused: 30 * days, Done: 180 * days} }

// endedAgo ends a job as it would have been so long ago.
func endedAgo(t testing.TB, s *Store, job *tasks.Job, state tasks.State, ago time.Duration) {
	t.Helper()
	goes(t, s, job, state, tasks.WhatExpired)
	mustRun(t, s, `UPDATE jobs SET ended_at = ended_at - $1 WHERE id = $2`, ago.Milliseconds(), job.ID)
}

func mustShred(t testing.TB, s *Store) ShredReport {
	t.Helper()
	r, err := s.Shred(t.Context(), shredPolicy())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestL10ResetsAreShreddedWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		for i, c := range []struct {
			id    string
			state tasks.State
			ago   time.Duration
		}{
			{"rejected", tasks.StateRejected, 31 * days}, {"withdrawn", tasks.StateWithdrawn, 31 * days}, {"expired", tasks.StateExpired, 31 * days},
			{"failed", tasks.StateFailed, 31 * days}, {"done", tasks.StateDone, 181 * days},
			{"rejected-late", tasks.StateRejected, 29 * days}, {"done-late", tasks.StateDone, 179 * days}, {"disputed", tasks.StateDone, 181 * days},
			{"queued", tasks.StateQueued, 400 * days}, {"draft", tasks.StateDraft, 400 * days},
		} {
			endedAgo(t, s, drafted(t, s, c.id, told(t, i)), c.state, c.ago)
		}
		mustRun(t, s, `UPDATE jobs SET disputed_at = 1 WHERE id = 'disputed'`)
		deskJob(t, s, "TR00000001")
		mustRun(t, s, `UPDATE jobs SET ended = 1, ended_at = 1, state = 'done' WHERE kind = 'transfer'`)
		if r := mustShred(t, s); r.Jobs != 5 || r.More || len(r.Blobs) > 0 {
			t.Errorf("first: %+v", r)
		}
		if r := mustShred(t, s); r.Jobs != 0 {
			t.Errorf("again: %+v", r)
		}
		var left, journal []string
		inTx(t, s, func(x *tx) error {
			read := func(to *[]string, text string) error {
				*to = nil
				return x.each(t.Context(), func(scan func(...any) error) error {
					var v string
					err := scan(&v)
					*to = append(*to, v)
					return err
				}, text)
			}
			return errors.Join(read(&left, `SELECT job_id FROM job_keys ORDER BY 1`),
				read(&journal, `SELECT object || ' ' || reason FROM audit WHERE action = 'job.shred' ORDER BY 1`))
		})
		if diff := cmp.Diff([]string{"disputed", "done-late", "draft", "queued", "rejected-late"}, left); diff != "" {
			t.Error(diff)
		}
		want := []string{"LR-done retention done", "LR-expired retention expired", "LR-failed retention failed", "LR-rejected retention rejected",
			"LR-withdrawn retention withdrawn"}
		if slices.Sort(journal); !slices.Equal(want, journal) {
			t.Errorf("the journal says %q", journal)
		}
		seal(t, s)
		if v := verified(t, s); len(v.Broken) > 0 {
			t.Errorf("the chains are broken: %+v", v.Broken)
		}
	})
}

func TestL10WhatWasShreddedOpensForNobodyWithTheVaultAndTheOldCiphertext(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		opened(t, s, "j1", time.Hour)
		addDocument(t, s, document("d1", "j1"))
		if err := saveDecision(t, s, decided("e1", "j1", "ann", tasks.VerdictReject, time.Now())); err != nil {
			t.Fatal(err)
		}
		blob, err := s.SealFor(t.Context(), "j1", "blobs|d1.1", []byte("picture"))
		if err != nil {
			t.Fatal(err)
		}
		var dossier, wrapped []byte
		inTx(t, s, func(x *tx) error {
			return errors.Join(x.q.row(t.Context(), `SELECT fields_sealed FROM dossiers`).Scan(&dossier),
				x.q.row(t.Context(), `SELECT wrapped FROM job_keys`).Scan(&wrapped))
		})
		mustRun(t, s, `UPDATE jobs SET state = 'rejected', ended = 1, ended_at = 1`)
		r := mustShred(t, s)
		if diff := cmp.Diff(ShredReport{Jobs: 1, Blobs: []string{"d1.1", "d1.2", "d1.thumb"}}, r); diff != "" {
			t.Error(diff)
		}
		// A thief has yesterday's ciphertext and today's vault and database.
		mustRun(t, s, `INSERT INTO dossiers (job_id, fields_sealed, updated_at) VALUES ('j1', $1, 1)`, dossier)
		err = s.View(t.Context(), func(x tasks.Tx) error {
			d, err := x.Dossier(t.Context(), "j1")
			if err == nil {
				t.Errorf("the dossier opened as %v", d)
			}
			return err
		})
		if !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("the dossier: %v", err)
		}
		if plain, err := s.OpenFor(t.Context(), "j1", "blobs|d1.1", blob); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("the blob opened as %q, %v", plain, err)
		}
		for _, context := range []string{"blobs|d1.1", "dossiers.fields|j1"} {
			for _, sealed := range [][]byte{blob, dossier} {
				if plain, err := s.vault.Open(context, sealed); err == nil {
					t.Errorf("the vault itself opened %q", plain)
				}
			}
		}
		err = s.Update(t.Context(), func(x tasks.Tx) error { return x.SaveDossier(t.Context(), "j1", told(t, 1)) })
		if !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("a shredded job got a new key: %v", err)
		}
		if all := documentsOf(t, s, "j1"); len(all) != 1 || all[0].ShreddedAt.IsZero() {
			t.Errorf("the document's row: %+v", all)
		}
		if all := decisionsOf(t, s, "j1"); len(all) != 1 || all[0].Note != "" || len(all[0].Findings) != 1 {
			t.Errorf("the decision: %+v", all)
		}
		if len(wrapped) == 0 || len(wrapped) > wrappedSize {
			t.Errorf("a wrapped key has %d bytes", len(wrapped))
		}
	})
}

func TestL10TheFileOfSQLiteHoldsNoByteOfAShreddedKey(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s := migrated(t, openTest(t, url))
	for i, id := range []string{"j1", "j2", "j3"} {
		drafted(t, s, id, told(t, i))
	}
	var wrapped []byte
	inTx(t, s, func(x *tx) error {
		return x.q.row(t.Context(), `SELECT wrapped FROM job_keys WHERE job_id = 'j2'`).Scan(&wrapped)
	})
	holds := func() bool {
		mustCheckpoint(t, s)
		file, err := os.ReadFile(strings.TrimPrefix(url, "sqlite://"))
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(file, wrapped[len(wrapped)/2:])
	}
	if !holds() {
		t.Fatal("the key is not in the file to begin with")
	}
	mustRun(t, s, `UPDATE jobs SET state = 'rejected', ended = 1, ended_at = 1 WHERE id = 'j2'`)
	if r := mustShred(t, s); r.Jobs != 1 {
		t.Fatalf("%+v", r)
	}
	if holds() {
		t.Error("the key is still in the file")
	}
}

// mustCheckpoint copies the write-ahead log into the file.
func mustCheckpoint(t testing.TB, s *Store) {
	t.Helper()
	var busy, log, moved int
	err := s.db.migrations().pool.QueryRowContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved)
	if err != nil || busy != 0 {
		t.Fatalf("checkpoint: busy %d, %v", busy, err)
	}
}

func TestL10ShreddingGoesInBatchesUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	s := migrated(t, openTest(t, sqliteURL(t)))
	const n = shredBatch + 3
	for i := range n {
		drafted(t, s, "j"+string(rune('A'+i)), told(t, i))
	}
	mustRun(t, s, `UPDATE jobs SET state = 'expired', ended = 1, ended_at = 1`)
	if r := mustShred(t, s); r.Jobs != shredBatch || !r.More {
		t.Errorf("first: %d, more: %t", r.Jobs, r.More)
	}
	if r := mustShred(t, s); r.Jobs != 3 || r.More {
		t.Errorf("second: %d, more: %t", r.Jobs, r.More)
	}
	if count(t, s, `SELECT count(*) FROM job_keys`)+count(t, s, `SELECT count(*) FROM dossiers`) != 0 {
		t.Error("something is left")
	}
}

func TestBlobsWithoutALivingDocumentAreOrphans(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		addDocument(t, s, document("d1", "j1"))
		addDocument(t, s, document("d2", "j1")) // d1 is replaced and still evidence
		addDocument(t, s, document("d3", "j2"))
		mustRun(t, s, `UPDATE documents SET shredded_at = 1 WHERE id = 'd3'`)
		names := []string{"d1.1", "d1.2", "d1.3", "d2.thumb", "d3.1", "d3.thumb", "d4.1", "strange", ""}
		for i := range orphanChunk {
			names = append(names, "d1."+strings.Repeat("x", i+1))
		}
		names = append(names, "d2.2")
		got, err := s.OrphanBlobs(t.Context(), names)
		if err != nil || len(got) != 6+orphanChunk {
			t.Fatalf("%d orphans, %v", len(got), err)
		}
		if diff := cmp.Diff([]string{"d1.3", "d3.1", "d3.thumb", "d4.1", "strange", ""}, got[:6]); diff != "" {
			t.Error(diff)
		}
		if got, err := s.OrphanBlobs(t.Context(), nil); err != nil || len(got) != 0 {
			t.Errorf("of nothing: %v, %v", got, err)
		}
	})
}
