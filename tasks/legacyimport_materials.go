package tasks

import (
	"context"
	"errors"
	"strconv"

	"beian/internal/filing"
)

// fetch brings the next picture: through the examination and into the cabinet like
// an upload (L4), then its row, in the transaction that acknowledges. One that was
// fetched and not booked is fetched again; its blobs are swept.
func (l *LegacyImport) fetch(ctx context.Context, tx Tx, job *Job) (AskFunc, error) {
	if job.State != StateImporting {
		return nothing, nil
	}
	item, err := tx.NextLegacyItem(ctx, job.ID, LegacyPicture)
	if errors.Is(err, ErrNotFound) {
		return settled(wiping(l.finish)), nil
	}
	if err != nil {
		return nil, err
	}
	var ticket LegacyTicket
	err = unseal(ctx, tx, job.ID, secretTicket, &ticket)
	if ignore(err, ErrNotFound) != nil {
		return nil, err
	}
	if err != nil || !tx.Now().Before(job.ExpiresAt) {
		return settled(wiping(l.leaveRest)), nil
	}
	held, err := holdingsOf(ctx, tx, job.ID)
	if err != nil {
		return nil, err
	}
	m, id := held.material(item.ID), job.ID
	return func(ctx context.Context, out Outside) (StepFunc, error) {
		data, err := out.Legacy.Material(ctx, ticket, m)
		if err != nil {
			return l.answered(err, func(ctx context.Context, tx Tx, job *Job, no *LegacyError) (Change, error) {
				return l.unfetched(ctx, tx, job, item, no)
			})
		}
		doc, err := out.File(ctx, id, Upload{Slot: legacySlot(item), Data: data})
		var bad *Invalid
		if err != nil && !errors.As(err, &bad) {
			return nil, err
		}
		return wiping(func(ctx context.Context, tx Tx, job *Job) (Change, error) {
			return l.filed(ctx, tx, job, fetched{item, doc, bad})
		}), nil
	}, nil
}

// legacySlot is a slot of its own for each picture of an import.
func legacySlot(i LegacyItem) Slot { return Slot("legacy." + strconv.Itoa(i.No)) }

// material finds one of the holdings by its legacy id.
func (h LegacyHoldings) material(id string) LegacyMaterial {
	all := h.Materials
	for _, w := range h.Websites {
		all = append(all[:len(all):len(all)], w.Materials...)
	}
	for _, m := range all {
		if m.ID == id {
			return m
		}
	}
	return LegacyMaterial{ID: id}
}

// unfetched: a picture that is gone or spoilt there fails alone; a platform that
// does not answer is asked again.
func (l *LegacyImport) unfetched(ctx context.Context, tx Tx, job *Job, item LegacyItem, no *LegacyError) (Change, error) {
	switch {
	case job.State != StateImporting:
		return Change{}, nil
	case no.Class == LegacyUnknown || no.Class == LegacyBroken:
		item.State, item.Code = LegacyFailed, "LEGACY_RECORD_BROKEN"
		return l.settle(ctx, tx, job, stepFetch, item)
	}
	return l.wait(tx, job, no)
}

// fetched is a picture and what the examination made of it.
type fetched struct {
	item LegacyItem
	doc  Document
	bad  *Invalid
}

// filed books a picture: its document, and a record of the subject, which moves
// with it (T9).
func (l *LegacyImport) filed(ctx context.Context, tx Tx, job *Job, f fetched) (Change, error) {
	if job.State != StateImporting {
		return Change{}, nil
	}
	item, doc := f.item, f.doc
	if f.bad != nil {
		item.State, item.Code = LegacyFailed, f.bad.Faults[0].Code
		return l.settle(ctx, tx, job, stepFetch, item)
	}
	party, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID, Subject: job.SubjectID})
	if err != nil {
		return Change{}, err
	}
	if !party.HasSubject() {
		item.State, item.Code = LegacyFailed, "SUBJECT_HELD_ELSEWHERE"
		return l.settle(ctx, tx, job, stepFetch, item)
	}
	held, err := holdingsOf(ctx, tx, job.ID)
	if err != nil {
		return Change{}, err
	}
	doc.Round, doc.CreatedAt = 1, tx.Now()
	record := filing.Record{ExternalID: legacyExternal(held.ID, item.ID), SubjectID: job.SubjectID, AccountID: job.SourceAccountID,
		Kind: filing.RecordDocument, Title: item.Title}
	if err := errors.Join(tx.AddDocument(ctx, doc), tx.AddRecord(ctx, record)); err != nil {
		return Change{}, err
	}
	item.State, item.HereID = LegacyImported, doc.ID
	return l.settle(ctx, tx, job, stepFetch, item)
}

// leaveRest gives the remaining pictures up: the legacy platform did not answer in
// time. What is imported stays, and the report says what is missing (I8).
func (l *LegacyImport) leaveRest(ctx context.Context, tx Tx, job *Job) (Change, error) {
	if job.State != StateImporting {
		return Change{}, nil
	}
	all, err := tx.LegacyItems(ctx, job.ID)
	if err != nil {
		return Change{}, err
	}
	var left []LegacyItem
	for _, item := range all {
		if item.State == LegacyPending {
			item.State, item.Code = LegacyFailed, "LEGACY_UNAVAILABLE"
			left = append(left, item)
		}
	}
	if _, err := l.settle(ctx, tx, job, stepFetch, left...); err != nil {
		return Change{}, err
	}
	return l.finish(ctx, tx, job)
}

// finish ends an import; the items are its report, and a message tells the result
// (I8).
func (l *LegacyImport) finish(ctx context.Context, tx Tx, job *Job) (Change, error) {
	if job.State != StateImporting {
		return Change{}, nil
	}
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.reached()
	told, err := l.toEverybody(ctx, tx, job, TemplateImportDone, map[string]string{"receipt": job.Receipt, "account": f.Target, "icp": f.ICP,
		"imported": strconv.Itoa(f.Counts.Imported + f.Counts.Kept), "left": strconv.Itoa(f.Counts.Skipped + f.Counts.Failed)})
	if err != nil {
		return Change{}, err
	}
	job.ExpiresAt = tx.Now()
	return Change{To: StateDone, Events: []Event{{Actor: System(), What: WhatApplied}}, Notices: told}, keepLegacy(job, f)
}
