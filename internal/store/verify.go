package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"beian/tasks"
)

// jobHead is the end of one timeline: how long it is and its newest hash.
type jobHead struct {
	id, receipt string
	version     int64
	events      int
	hash        []byte
}

// sealText writes heads as "receipt:events:hash", one line each.
func sealText(heads []jobHead) string {
	lines := make([]string, len(heads))
	for i, h := range heads {
		lines[i] = h.receipt + ":" + strconv.Itoa(h.events) + ":" + hex.EncodeToString(h.hash)
	}
	return strings.Join(lines, "\n")
}

// Broken is one place where the record was tampered with or damaged.
type Broken struct {
	Where string // "audit 17", "TR8F4KQX7M event 3"
	What  string
}

// Verification is the result of Verify.
type Verification struct {
	Audit    int64 // rows read
	Jobs     int64
	Events   int64
	Broken   []Broken
	LastHash string // of the journal; keep it elsewhere to notice a cut end
}

// maxBroken ends a verification that finds nothing whole any more.
const maxBroken = 100

// Verify reads the journal and every timeline and recomputes their chains (A7).
// progress, when not nil, is told how many events were read.
func (s *Store) Verify(ctx context.Context, progress func(events int64)) (Verification, error) {
	ctx, cancel := bounded(ctx, slowTimeout)
	defer cancel()
	var v Verification
	seals := map[string]string{}
	err := s.view(ctx, func(t *tx) error {
		v, seals = Verification{}, map[string]string{}
		return s.verifyAudit(ctx, t, &v, seals)
	})
	if err != nil {
		return v, err
	}
	err = s.view(ctx, func(t *tx) error { return s.verifyTimelines(ctx, t, &v, seals, progress) })
	return v, err
}

func (s *Store) verifyAudit(ctx context.Context, t *tx, v *Verification, seals map[string]string) error {
	prev := []byte{}
	return t.each(ctx, func(scan func(...any) error) error {
		var e AuditEntry
		if err := scanAudit(scan, &e); err != nil {
			return err
		}
		v.Audit++
		where := "audit " + strconv.FormatInt(e.Seq, 10)
		if e.Seq != v.Audit {
			v.broken(where, "rows are missing before it")
			v.Audit = e.Seq
		}
		if !bytes.Equal(e.Prev, prev) || !bytes.Equal(e.Hash, s.auditHash(e)) {
			v.broken(where, "was changed")
		}
		prev = e.Hash
		v.LastHash = hex.EncodeToString(e.Hash)
		if e.Action == "timeline.seal" {
			keepSeals(e.Object, seals)
		}
		return nil
	}, auditColumns+"ORDER BY seq")
}

func keepSeals(text string, seals map[string]string) {
	for line := range strings.Lines(text) {
		receipt, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		seals[receipt] = rest
	}
}

func (v *Verification) broken(where, what string) {
	if len(v.Broken) < maxBroken {
		v.Broken = append(v.Broken, Broken{Where: where, What: what})
	}
}

// verifyTimelines walks jobs and their events together, in the order of jobs.
func (s *Store) verifyTimelines(ctx context.Context, t *tx, v *Verification, seals map[string]string, progress func(int64)) error {
	var w walk
	err := t.each(ctx, func(scan func(...any) error) error {
		var r walkRow
		if err := r.read(scan); err != nil {
			return err
		}
		if r.jobID != w.id {
			w.end(v)
			w = walk{id: r.jobID, receipt: r.receipt, events: r.events, head: r.head, seal: seals[r.receipt], prev: []byte{}}
			delete(seals, r.receipt)
			v.Jobs++
		}
		if r.seq == 0 {
			return nil // a job without a timeline; end says so
		}
		v.Events++
		if progress != nil && v.Events%1000 == 0 {
			progress(v.Events)
		}
		w.step(s, v, r)
		return nil
	}, `SELECT j.id, j.receipt, j.events, j.head, coalesce(e.seq, 0), coalesce(e.at, 0), coalesce(e.actor_kind, ''),
	  coalesce(e.actor_id, ''), coalesce(e.what, ''), coalesce(e.from_state, ''), coalesce(e.to_state, ''), coalesce(e.note, ''),
	  e.prev, e.hash FROM jobs j LEFT JOIN timeline e ON e.job_id = j.id ORDER BY j.id, e.seq`)
	w.end(v)
	for receipt := range seals {
		v.broken(receipt, "the journal knows this job, the record does not")
	}
	return err
}

type walkRow struct {
	jobID, receipt string
	events         int
	head           []byte
	seq            int
	event          tasks.Event
}

func (r *walkRow) read(scan func(...any) error) error {
	var at int64
	e := &r.event
	err := scan(&r.jobID, &r.receipt, &r.events, &r.head, &r.seq, &at, &e.Actor.Kind, &e.Actor.ID, &e.What, &e.From, &e.To,
		&e.Note, &e.Prev, &e.Hash)
	e.JobID, e.Seq, e.At = r.jobID, r.seq, moment(at)
	return err
}

// walk follows one timeline.
type walk struct {
	id, receipt, seal string
	events, seen      int
	head, prev        []byte
	sealed            bool
}

func (w *walk) step(s *Store, v *Verification, r walkRow) {
	where := fmt.Sprintf("%s event %d", r.receipt, r.seq)
	w.seen++
	if r.seq != w.seen {
		v.broken(where, "rows are missing before it")
		w.seen = r.seq
	}
	if !bytes.Equal(r.event.Prev, w.prev) || !bytes.Equal(r.event.Hash, s.eventHash(r.event)) {
		v.broken(where, "was changed")
	}
	w.prev = r.event.Hash
	w.sealed = w.sealed || w.seal == strconv.Itoa(r.seq)+":"+hex.EncodeToString(r.event.Hash)
}

func (w *walk) end(v *Verification) {
	if w.id == "" {
		return
	}
	if w.seen != w.events || !bytes.Equal(w.prev, w.head) {
		v.broken(w.receipt, "the end of its timeline is missing")
	}
	if w.seal != "" && !w.sealed {
		v.broken(w.receipt, "its timeline differs from what the journal sealed")
	}
}
