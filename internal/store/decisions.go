package store

import (
	"context"
	"errors"
	"fmt"

	"beian/internal/vault"
	"beian/tasks"
)

const placeNote = "decisions.note"

// Decisions lists a job's decisions, oldest first. Notes of a shredded job are
// gone (L10).
func (t *tx) Decisions(ctx context.Context, jobID string) ([]tasks.Decision, error) {
	var out []tasks.Decision
	var notes [][]byte
	err := t.each(ctx, func(scan func(...any) error) error {
		d := tasks.Decision{JobID: jobID}
		var findings, checks string
		var note []byte
		var at, settled, undone int64
		err := scan(&d.ID, &d.Round, &d.Stage, &d.Staff.Kind, &d.Staff.ID, &d.Verdict, &findings, &checks, &note, &at, &settled, &undone)
		if err != nil {
			return err
		}
		d.At, d.Settled, d.Undone = moment(at), moment(settled), moment(undone)
		if err := readJSON(findings, &d.Findings); err != nil {
			return fmt.Errorf("reading a decision's findings: %w", err)
		}
		if err := readJSON(checks, &d.Checks); err != nil {
			return fmt.Errorf("reading a decision's checks: %w", err)
		}
		out, notes = append(out, d), append(notes, note)
		return nil
	}, `SELECT id, round, stage, staff_kind, staff_id, verdict, findings, checks, note_sealed, at, settled, undone FROM decisions
	  WHERE job_id = $1 ORDER BY at, id`, jobID)
	if err != nil {
		return nil, err
	}
	return out, t.openNotes(ctx, jobID, out, notes)
}

// openNotes opens the notes after the rows are read: a connection runs one
// statement at a time.
func (t *tx) openNotes(ctx context.Context, jobID string, decisions []tasks.Decision, notes [][]byte) error {
	var key *vault.Key
	for i, note := range notes {
		if len(note) == 0 {
			continue
		}
		if key == nil {
			k, err := t.jobKey(ctx, jobID)
			if errors.Is(err, tasks.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			key = &k
		}
		plain, err := key.Open(placeNote+"|"+decisions[i].ID, note)
		if err != nil {
			return err
		}
		decisions[i].Note = string(plain)
	}
	return nil
}

// SaveDecision inserts a decision, or books once that it was settled or undone;
// ErrConflict when another one is pending or this one is no longer.
func (t *tx) SaveDecision(ctx context.Context, d tasks.Decision) error {
	if !d.Settled.IsZero() || !d.Undone.IsZero() {
		return t.exactlyOne(ctx, tasks.ErrConflict, `UPDATE decisions SET settled = $1, undone = $2
		  WHERE id = $3 AND settled = 0 AND undone = 0`, millis(d.Settled), millis(d.Undone), d.ID)
	}
	findings, err := writeJSON(d.Findings)
	if err != nil {
		return fmt.Errorf("encoding a decision's findings: %w", err)
	}
	checks, err := writeJSON(d.Checks)
	if err != nil {
		return fmt.Errorf("encoding a decision's checks: %w", err)
	}
	note, err := t.sealNote(ctx, d)
	if err != nil {
		return err
	}
	_, err = t.q.exec(ctx, `INSERT INTO decisions (id, job_id, round, stage, staff_kind, staff_id, verdict, findings, checks,
	  note_sealed, at, worked_from, settled, undone)
	  VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,coalesce((SELECT worked_from FROM reviews WHERE job_id = $2), 0),0,0)`,
		d.ID, d.JobID, d.Round, d.Stage, string(d.Staff.Kind), d.Staff.ID, string(d.Verdict), findings, checks, note, millis(d.At))
	return err
}

func (t *tx) sealNote(ctx context.Context, d tasks.Decision) ([]byte, error) {
	if d.Note == "" {
		return nil, nil
	}
	key, err := t.jobKey(ctx, d.JobID)
	if err != nil {
		return nil, fmt.Errorf("sealing a note: %w", err)
	}
	return key.Seal(placeNote+"|"+d.ID, []byte(d.Note))
}
