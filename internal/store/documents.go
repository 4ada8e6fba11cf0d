package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math/bits"
	"time"

	"beian/tasks"
)

// Documents lists a job's documents, oldest first.
func (t *tx) Documents(ctx context.Context, jobID string) ([]tasks.Document, error) {
	var out []tasks.Document
	err := t.each(ctx, func(scan func(...any) error) error {
		d := tasks.Document{JobID: jobID}
		var pages, flags string
		var insisted, likeness, replaced, created, shredded int64
		err := scan(&d.ID, &d.Slot, &d.Round, &d.Media, &d.Width, &d.Height, &pages, &d.Thumb, &flags, &insisted, &d.Digest,
			&likeness, &replaced, &created, &shredded)
		if err != nil {
			return err
		}
		d.Insisted, d.Likeness, d.Replaced = insisted == 1, uint64(likeness), replaced == 1
		d.CreatedAt, d.ShreddedAt = moment(created), moment(shredded)
		if err := readJSON(pages, &d.Pages); err != nil {
			return fmt.Errorf("reading a document's pages: %w", err)
		}
		if err := readJSON(flags, &d.Flags); err != nil {
			return fmt.Errorf("reading a document's flags: %w", err)
		}
		out = append(out, d)
		return nil
	}, `SELECT id, slot, round, media, width, height, pages, thumb, flags, insisted, digest, likeness, replaced, created_at,
	  shredded_at FROM documents WHERE job_id = $1 ORDER BY created_at, id`, jobID)
	return out, err
}

// readJSON reads a stored list; an empty one is nil.
func readJSON[T any](text string, to *[]T) error {
	if text == "[]" {
		return nil
	}
	return json.Unmarshal([]byte(text), to)
}

// writeJSON is a list as it is stored.
func writeJSON[T any](list []T) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// AddDocument inserts a document in place of what stood in its slot. Two at once:
// the second fails on documents_current and runs again.
func (t *tx) AddDocument(ctx context.Context, d tasks.Document) error {
	pages, err := writeJSON(d.Pages)
	if err != nil {
		return fmt.Errorf("encoding a document's pages: %w", err)
	}
	flags, err := writeJSON(d.Flags)
	if err != nil {
		return fmt.Errorf("encoding a document's flags: %w", err)
	}
	if err := t.RemoveDocument(ctx, d.JobID, d.Slot); err != nil {
		return err
	}
	_, err = t.q.exec(ctx, `INSERT INTO documents (id, job_id, slot, round, media, width, height, pages, thumb, flags, insisted,
	  digest, likeness, replaced, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)`,
		d.ID, d.JobID, string(d.Slot), d.Round, d.Media, d.Width, d.Height, pages, d.Thumb, flags, flag(d.Insisted), d.Digest,
		int64(d.Likeness), flag(d.Replaced), millis(d.CreatedAt))
	if err != nil || d.Likeness == 0 {
		return err
	}
	var args []any
	for _, band := range bandsOf(d.Likeness) {
		args = append(args, band, millis(d.CreatedAt), d.ID)
	}
	_, err = t.q.exec(ctx, `INSERT INTO document_bands (band, created_at, document_id) VALUES `+values(bands, 3), args...)
	return err
}

// RemoveDocument empties a slot.
func (t *tx) RemoveDocument(ctx context.Context, jobID string, slot tasks.Slot) error {
	_, err := t.q.exec(ctx, `UPDATE documents SET replaced = 1 WHERE job_id = $1 AND slot = $2 AND replaced = 0`, jobID, string(slot))
	return err
}

// InsistOn notes that the applicant keeps a document; ErrNotFound without one.
func (t *tx) InsistOn(ctx context.Context, documentID string) error {
	return t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE documents SET insisted = 1 WHERE id = $1`, documentID)
}

// Viewed lists what a member of staff has opened of a job, in the order of ids.
func (t *tx) Viewed(ctx context.Context, jobID, staffID string) ([]string, error) {
	var out []string
	err := t.each(ctx, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		out = append(out, id)
		return err
	}, `SELECT d.id FROM documents d JOIN document_views v ON v.document_id = d.id AND v.staff_id = $2
	  WHERE d.job_id = $1 ORDER BY d.id`, jobID, staffID)
	return out, err
}

// MarkViewed notes the first look; later ones are in the journal.
func (t *tx) MarkViewed(ctx context.Context, documentID, staffID string) error {
	_, err := t.q.exec(ctx, `INSERT INTO document_views (document_id, staff_id, at) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`,
		documentID, staffID, millis(t.Now()))
	return err
}

const (
	bands       = 5
	likeBits    = 4 // pictures that differ in at most so many bits look alike
	likeWithin  = 90 * 24 * time.Hour
	maxLikeness = 2000 // candidates looked at, the newest
)

// bandsOf cuts a likeness into bands of 13, 13, 13, 13 and 12 bits, each with its
// number. Four differing bits can touch four bands at most, so one stays equal and
// finds the picture through an index.
func bandsOf(likeness uint64) []int64 {
	out := make([]int64, bands)
	for i := range out {
		out[i] = int64(i)<<13 | int64(likeness>>(13*i)&(1<<13-1))
	}
	return out
}

// Lookalikes counts the pictures of other jobs that equal this one or look like
// it. A likeness of 0 says nothing: only its digest counts.
func (t *tx) Lookalikes(ctx context.Context, d tasks.Document) (int, error) {
	text := `SELECT d.likeness, d.digest FROM documents d JOIN jobs j ON j.id = d.job_id
	  WHERE d.job_id <> $1 AND d.created_at > $2 AND d.id IN (SELECT x.id FROM documents x WHERE x.digest = $3 AND x.created_at > $2`
	args := []any{d.JobID, millis(t.Now().Add(-likeWithin)), d.Digest}
	if d.Likeness != 0 {
		text += ` UNION SELECT * FROM (SELECT b.document_id FROM document_bands b WHERE b.band IN (` + list(3, bands) + `)
		  AND b.created_at > $2 ORDER BY b.created_at DESC LIMIT ` + fmt.Sprint(maxLikeness) + `) AS near`
		for _, band := range bandsOf(d.Likeness) {
			args = append(args, band)
		}
	}
	n := 0
	err := t.each(ctx, func(scan func(...any) error) error {
		var likeness int64
		var digest string
		err := scan(&likeness, &digest)
		near := d.Likeness != 0 && likeness != 0 && bits.OnesCount64(d.Likeness^uint64(likeness)) <= likeBits
		if digest == d.Digest || near {
			n++
		}
		return err
	}, text+`) AND `+strange, args...)
	return n, err
}
