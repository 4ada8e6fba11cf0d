package tasks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Check reads the form; whether the facts name a subject is not said before the
// contact phone is confirmed, so that nobody can probe for filings (trust.md).
func (pc *paperCase) Check(_ context.Context, _ Tx, s Submission) (Preview, []Blocker, error) {
	d, faults := pc.own.read(s.Fields)
	if s.Once.Key != "" && s.Fields[FieldConsent] != "yes" {
		faults = append(faults, Fault{Field: FieldConsent, Code: "CONSENT_REQUIRED"})
	}
	if len(faults) > 0 {
		return Preview{}, nil, &Invalid{Faults: faults}
	}
	return Preview{dossier: d}, nil, nil
}

// Open starts a draft. How many one address begins is bounded (trust reference 4.8).
func (pc *paperCase) Open(ctx context.Context, tx Tx, job *Job, s Submission, p Preview) (Change, error) {
	if err := tx.Take(ctx, Limit{Name: pc.name, Burst: 5, Period: time.Hour}, s.Asker); err != nil {
		return Change{}, err
	}
	return pc.draft(ctx, tx, job, p.dossier)
}

// draft begins a case: the dossier is sealed and the contact phone gets its code
// (L6). Nobody else hears of a draft.
func (pc *paperCase) draft(ctx context.Context, tx Tx, job *Job, d Dossier) (Change, error) {
	facts := pc.own.masked(d)
	facts.Consent = tx.Now()
	job.ExpiresAt = tx.Now().Add(pc.policy.DraftLife)
	if err := tx.SaveDossier(ctx, job.ID, d); err != nil {
		return Change{}, fmt.Errorf("sealing a dossier: %w", err)
	}
	code, err := pc.sendCode(ctx, tx, job, pc.contact(job, d))
	if err != nil {
		return Change{}, err
	}
	more, err := pc.own.drafted(ctx, tx, job, edit{facts: &facts, now: d})
	if err != nil {
		return Change{}, err
	}
	return Change{
		To:      StateDraft,
		Events:  []Event{{Actor: applicant(), What: WhatDrafted}},
		Notices: append([]Notice{code}, more...),
		Tasks:   []Task{pc.task(job, stepExpireDraft, job.ExpiresAt)},
	}, keepCase(job, facts)
}

func (pc *paperCase) drafted(context.Context, Tx, *Job, edit) ([]Notice, error) { return nil, nil }

func (pc *paperCase) contact(job *Job, d Dossier) codeAsk {
	return codeAsk{purpose: pc.purpose, phone: d.Phone, owner: OwnerSource, params: map[string]string{"receipt": job.Receipt}}
}

// verify takes the code from the contact phone (L6).
func (pc *paperCase) verify(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := pc.mine(job, a, StateDraft); err != nil {
		return Change{}, err
	}
	f, err := caseFacts(job)
	if err != nil || !f.PhoneAt.IsZero() {
		return Change{}, err
	}
	refuse, err := pc.checkCode(ctx, tx, job, pc.purpose, a.Fields[FieldCode])
	if err != nil || refuse != nil {
		return Change{Refuse: refuse, Events: wrongCode(applicant(), refuse)}, err
	}
	f.PhoneAt = tx.Now()
	return Change{Events: []Event{{Actor: applicant(), What: WhatPhoneProved}}}, keepCase(job, f)
}

// resend sends the code to the contact phone again: the same one within its life.
func (pc *paperCase) resend(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := pc.mine(job, a, StateDraft); err != nil {
		return Change{}, err
	}
	d, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return Change{}, err
	}
	code, err := pc.sendCode(ctx, tx, job, pc.contact(job, d))
	if err != nil {
		return Change{}, err
	}
	return Change{Events: []Event{{Actor: applicant(), What: WhatCodeSent}}, Notices: []Notice{code}}, nil
}

// revise replaces facts of a draft. A new phone must be confirmed again.
func (pc *paperCase) revise(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := pc.mine(job, a, StateDraft); err != nil {
		return Change{}, err
	}
	old, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return Change{}, err
	}
	fields := pc.own.Fields(old)
	maps.Copy(fields, a.Fields)
	d, faults := pc.own.read(fields)
	if len(faults) > 0 {
		return Change{}, &Invalid{Faults: faults}
	}
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	c := Change{Events: []Event{{Actor: applicant(), What: WhatRevised}}}
	fresh := pc.own.masked(d)
	fresh.keepMoments(f)
	if err := tx.SaveDossier(ctx, job.ID, d); err != nil {
		return Change{}, err
	}
	if d.Phone != old.Phone {
		fresh.PhoneAt = time.Time{}
		code, err := pc.sendCode(ctx, tx, job, pc.contact(job, d))
		if err != nil {
			return Change{}, err
		}
		c.Notices = append(c.Notices, code)
	}
	more, err := pc.own.drafted(ctx, tx, job, edit{facts: &fresh, was: old, now: d})
	if err != nil {
		return Change{}, err
	}
	c.Notices = append(c.Notices, more...)
	return c, keepCase(job, fresh)
}

// keepMoments takes over what a draft has come to so far.
func (f *CaseFacts) keepMoments(was CaseFacts) {
	f.Consent, f.PhoneAt = was.Consent, was.PhoneAt
	f.MailboxAt, f.MailboxNo, f.MailboxSentAt = was.MailboxAt, was.MailboxNo, was.MailboxSentAt
	if f.Own == nil {
		f.Own = was.Own
	}
}

// keep insists on a document although it has flags (L4); the reviewer sees both.
func (pc *paperCase) keep(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := pc.mine(job, a, StateDraft, StateNeedMore); err != nil {
		return Change{}, err
	}
	documents, err := tx.Documents(ctx, job.ID)
	if err != nil {
		return Change{}, err
	}
	doc, ok := currentDocuments(documents)[Slot(a.Fields[FieldSlot])]
	if !ok {
		return Change{}, &Invalid{Faults: []Fault{{Field: FieldSlot, Code: "DOC_MISSING"}}}
	}
	if doc.Insisted {
		return Change{}, nil
	}
	return Change{Events: []Event{{Actor: applicant(), What: WhatKept, Note: string(doc.Slot)}}}, tx.InsistOn(ctx, doc.ID)
}

// remove takes a document out of its slot again.
func (pc *paperCase) remove(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := pc.mine(job, a, StateDraft); err != nil {
		return Change{}, err
	}
	slot := Slot(a.Fields[FieldSlot])
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	if !slices.Contains(pc.own.Slots(f), slot) {
		return Change{}, &Invalid{Faults: []Fault{{Field: FieldSlot, Code: "CHOICE_REQUIRED"}}}
	}
	return Change{Events: []Event{{Actor: applicant(), What: WhatRemoved, Note: string(slot)}}}, tx.RemoveDocument(ctx, job.ID, slot)
}
