package tasks

import (
	"context"
	"fmt"
	"slices"
	"time"

	"beian/internal/filing"
)

// startReview starts the clock (L6): the promise is the end of a working day
// (L7), the card of the round is parked until the first threshold (V3).
func (pc *paperCase) startReview(ctx context.Context, tx Tx, job *Job, c Change) (Change, error) {
	now := tx.Now()
	d, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return Change{}, err
	}
	if err := pc.dropUnasked(ctx, tx, job, d); err != nil {
		return Change{}, err
	}
	risk, err := pc.risk(ctx, tx, job, d)
	if err != nil {
		return Change{}, err
	}
	days := pc.policy.ReviewDays
	due := pc.policy.Calendar.Due(now, days)
	r := Review{JobID: job.ID, Receipt: job.Receipt, Kind: job.Kind, Nature: d.Nature, State: ReviewOpen, Round: 1, Stage: 1,
		Risk: risk, StartedAt: now, Days: days, DueAt: due, Promised: due}
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	r.NeedsTwo = pc.needsTwo(r) || f.Contested
	if err := tx.SaveReview(ctx, &r); err != nil {
		return Change{}, fmt.Errorf("opening a review: %w", err)
	}
	told, err := pc.toApplicant(ctx, tx, job, pc.own.messages().Queued, map[string]string{"receipt": job.Receipt, "date": stamp(due)})
	if err != nil {
		return Change{}, err
	}
	job.ExpiresAt = time.Time{}
	c.To = StateQueued
	c.Events = append(c.Events, Event{Actor: System(), What: WhatQueued, Note: stamp(due)})
	c.Notices = append(c.Notices, told...)
	c.Tasks = append(c.Tasks, cardTask(r, now))
	return c, nil
}

// dropUnasked takes the documents out that only an earlier answer of the form asked
// for (L2): no reviewer has to open them. Until now the applicant could still go
// back to that answer and find them.
func (pc *paperCase) dropUnasked(ctx context.Context, tx Tx, job *Job, d Dossier) error {
	documents, err := tx.Documents(ctx, job.ID)
	if err != nil {
		return err
	}
	for slot := range currentDocuments(documents) {
		if slices.Contains(SlotsOf(d.Nature, d.Principal), slot) {
			continue
		}
		if err := tx.RemoveDocument(ctx, job.ID, slot); err != nil {
			return err
		}
	}
	return nil
}

// needsTwo: organisations, disputed jobs and high risk need four eyes (L9). Two
// flags are a high risk.
func (pc *paperCase) needsTwo(r Review) bool {
	return (pc.policy.FourEyes && r.Nature == filing.NatureOrganisation) || len(r.Risk) >= highRisk
}

const (
	highRisk      = 2
	seenWithin    = 90 * 24 * time.Hour
	changedWithin = 30 * 24 * time.Hour
	manySites     = 10
)

// risk lists the flags of the trust reference 1.4 that the record can tell.
func (pc *paperCase) risk(ctx context.Context, tx Tx, job *Job, d Dossier) ([]string, error) {
	held, err := tx.Contacts(ctx, job.SourceAccountID, job.SubjectID)
	if err != nil {
		return nil, err
	}
	holdings, err := tx.Holdings(ctx, job.SubjectID)
	if err != nil {
		return nil, err
	}
	seen, err := pc.seenElsewhere(ctx, tx, job)
	if err != nil {
		return nil, err
	}
	var out []string
	flag := func(yes bool, name string) {
		if yes {
			out = append(out, name)
		}
	}
	flag(len(held.Phones)+len(held.Mailboxes) == 0, "no_contacts")
	flag(!held.ChangedAt.IsZero() && tx.Now().Sub(held.ChangedAt) < changedWithin, "contact_changed")
	flag(seen["picture"], "picture_seen")
	flag(seen["phone"], "phone_seen")
	flag(seen["email"], "mailbox_seen")
	flag(seen["subject"], "repeated")
	flag(d.Nature == filing.NatureOrganisation && !d.Principal, "not_principal")
	flag(len(holdings.Websites) >= manySites, "many_sites")
	return out, nil
}

func (pc *paperCase) seenElsewhere(ctx context.Context, tx Tx, job *Job) (map[string]bool, error) {
	related, err := tx.Related(ctx, *job)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, r := range related {
		if tx.Now().Sub(r.At) < seenWithin {
			seen[r.By] = true
		}
	}
	documents, err := tx.Documents(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	for _, doc := range currentDocuments(documents) {
		n, err := tx.Lookalikes(ctx, doc)
		if err != nil {
			return nil, err
		}
		seen["picture"] = seen["picture"] || n > 0
	}
	return seen, nil
}

// Compare puts what was claimed beside what is on record (V5).
func (pc *paperCase) Compare(ctx context.Context, tx Tx, job Job, d Dossier) ([]Compared, error) {
	f, err := caseFacts(&job)
	if err != nil {
		return nil, err
	}
	holder, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID, Subject: job.SubjectID})
	if err != nil {
		return nil, ignore(err, ErrNotFound)
	}
	s, c := holder.Subject, compared{}
	c.add(FieldSubjectName, f.Subject, s.MaskedName(), filing.SameName(d.SubjectName, s.Name))
	c.add(FieldCertNumber, f.Certificate, s.Certificate.Masked(), d.Certificate == s.Certificate)
	if !d.ICPNumber.IsZero() {
		c.add(FieldFiling, f.ICP, s.ICPNumber.String(), d.ICPNumber == s.ICPNumber.Subject())
	}
	c.add(FieldApplicant, f.Applicant, s.Principal.MaskedName(), filing.SameName(d.Applicant, s.Principal.Name))
	c[len(c)-1].Info = !d.Principal // a representative is somebody else
	c.inform(FieldPhone, f.Phone, holder.Account.SecurityPhone.Masked(), d.Phone == holder.Account.SecurityPhone)
	return c, nil
}

// inform adds what need not agree: that it does not is why somebody asks.
func (c *compared) inform(field, claimed, record string, same bool) {
	c.add(field, claimed, record, same)
	(*c)[len(*c)-1].Info = true
}

// compared collects what is compared.
type compared []Compared

func (c *compared) add(field, claimed, record string, same bool) {
	*c = append(*c, Compared{Field: field, Claimed: claimed, OnRecord: record, Same: same})
}
