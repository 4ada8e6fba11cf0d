package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"beian/tasks"
)

// ShredPolicy says how long after its end a job keeps its key, and with it
// its dossier, the notes of its reviewers and its pictures (L10; trust reference
// 4.6: 30 and 180 days).
type ShredPolicy struct {
	Refused time.Duration // of jobs without an effect: refused, withdrawn, expired, failed
	Done    time.Duration // of jobs with one; longer while a dispute of it waits
}

// ShredReport is what one batch did.
type ShredReport struct {
	Jobs  int
	Blobs []string // to delete; nobody can open them any more
	More  bool     // another batch may find more
}

// shredBatch is how many jobs one transaction shreds.
const shredBatch = 50

// Shred deletes the keys of one batch of jobs whose time is over, and what lay
// sealed with them, each with a row in the journal; the timeline and the masked
// facts stay. Running it again is harmless. Whoever calls it deletes the blobs; one
// that is left over is an orphan (OrphanBlobs).
func (s *Store) Shred(ctx context.Context, p ShredPolicy) (ShredReport, error) {
	ctx, cancel := bounded(ctx, slowTimeout)
	defer cancel()
	var report ShredReport
	err := s.update(ctx, func(t *tx) error {
		report = ShredReport{}
		due, err := t.shreddable(ctx, p)
		if err != nil {
			return err
		}
		report.More = len(due) == shredBatch
		for _, job := range due {
			blobs, err := t.shred(ctx, job)
			if err != nil {
				return fmt.Errorf("shredding %s: %w", job.Receipt, err)
			}
			report.Jobs++
			report.Blobs = append(report.Blobs, blobs...)
		}
		return nil
	})
	if err != nil {
		return ShredReport{}, err
	}
	return report, nil
}

// shreddable reads and locks the jobs whose time is over, the longest ended first.
// What an import brought stays: its pictures are the filing's (ADR 17).
func (t *tx) shreddable(ctx context.Context, p ShredPolicy) ([]tasks.Job, error) {
	var out []tasks.Job
	err := t.each(ctx, func(scan func(...any) error) error {
		var j tasks.Job
		err := scan(&j.ID, &j.Receipt, &j.State)
		out = append(out, j)
		return err
	}, `SELECT id, receipt, state FROM jobs WHERE kind <> 'transfer' AND ended = 1 AND shredded_at = 0
	  AND EXISTS (SELECT 1 FROM job_keys k WHERE k.job_id = jobs.id)
	  AND NOT EXISTS (SELECT 1 FROM legacy_ties l WHERE l.job_id = jobs.id)
	  AND ((state IN ('rejected', 'withdrawn', 'expired', 'failed') AND ended_at <= $1)
	    OR (state = 'done' AND disputed_at = 0 AND ended_at <= $2))
	  ORDER BY ended_at, id LIMIT $3`+t.s.db.skipLocked(), millis(t.Now().Add(-p.Refused)), millis(t.Now().Add(-p.Done)), shredBatch)
	return out, err
}

// shred takes one job's secrets away and names the blobs that are left.
func (t *tx) shred(ctx context.Context, job tasks.Job) ([]string, error) {
	blobs, err := t.blobsOf(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	now := millis(t.Now())
	for _, step := range []struct {
		text string
		args []any
	}{
		// Overwritten first: SQLite may leave a deleted row's bytes in a free page.
		{`UPDATE job_keys SET wrapped = $1 WHERE job_id = $2`, []any{make([]byte, wrappedSize), job.ID}},
		{`DELETE FROM job_keys WHERE job_id = $1`, []any{job.ID}},
		{`DELETE FROM dossiers WHERE job_id = $1`, []any{job.ID}},
		{`UPDATE decisions SET note_sealed = NULL WHERE job_id = $1`, []any{job.ID}},
		{`UPDATE documents SET shredded_at = $1 WHERE job_id = $2 AND shredded_at = 0`, []any{now, job.ID}},
		{`UPDATE jobs SET shredded_at = $1, version = version + 1 WHERE id = $2`, []any{now, job.ID}},
	} {
		if _, err := t.q.exec(ctx, step.text, step.args...); err != nil {
			return nil, err
		}
	}
	return blobs, t.audit(ctx, AuditEntry{Actor: tasks.System(), Action: "job.shred", Object: job.Receipt,
		Reason: "retention " + string(job.State), Outcome: "done"})
}

// wrappedSize is about the size of a wrapped key.
const wrappedSize = 256

func (t *tx) blobsOf(ctx context.Context, jobID string) ([]string, error) {
	documents, err := t.Documents(ctx, jobID)
	var out []string
	for _, d := range documents {
		out = append(append(out, d.Pages...), d.Thumb)
	}
	return out, err
}

// orphanChunk is how many names one statement looks up.
const orphanChunk = 200

// OrphanBlobs picks those of names that no document names any more: its upload was
// cut short, or its job was shredded. Pictures are written before the row that
// names them, so the caller leaves out what is younger than a day.
func (s *Store) OrphanBlobs(ctx context.Context, names []string) ([]string, error) {
	var out []string
	for len(names) > 0 {
		n := min(orphanChunk, len(names))
		known, err := s.knownBlobs(ctx, names[:n])
		if err != nil {
			return nil, err
		}
		for _, name := range names[:n] {
			if !known[name] {
				out = append(out, name)
			}
		}
		names = names[n:]
	}
	return out, nil
}

// knownBlobs reads the blobs of the documents whose ids the names begin with.
func (s *Store) knownBlobs(ctx context.Context, names []string) (map[string]bool, error) {
	var ids []any
	for _, name := range names {
		ids = append(ids, name[:max(strings.LastIndexByte(name, '.'), 0)])
	}
	known := map[string]bool{}
	err := s.view(ctx, func(t *tx) error {
		return t.each(ctx, func(scan func(...any) error) error {
			var text, thumb string
			var pages []string
			if err := scan(&text, &thumb); err != nil {
				return err
			}
			if err := readJSON(text, &pages); err != nil {
				return fmt.Errorf("reading a document's pages: %w", err)
			}
			for _, name := range append(pages, thumb) {
				known[name] = true
			}
			return nil
		}, `SELECT pages, thumb FROM documents WHERE shredded_at = 0 AND id IN (`+list(0, len(ids))+`)`, ids...)
	})
	return known, err
}
