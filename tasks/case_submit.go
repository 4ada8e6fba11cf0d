package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"beian/internal/filing"
)

// limitFacts bounds the guesses at facts by one contact phone (trust reference 4.8).
var limitFacts = Limit{Name: "reset_facts", Burst: 10, Period: 24 * time.Hour}

// limitSubject bounds the cases of one filing: three in 30 days (trust reference
// 4.8, L7).
func (pc *paperCase) limitSubject() Limit {
	return Limit{Name: pc.name + "_subject", Burst: 3, Period: 30 * 24 * time.Hour}
}

// submit hands the draft in: documents complete, contact phone confirmed, facts
// agreeing with one filing. All blockers come at once (A5). The old channels are
// told (A8); the clock starts when nobody's yes is missing (L6).
func (pc *paperCase) submit(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := pc.mine(job, a, StateDraft); err != nil {
		return Change{}, err
	}
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	d, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return Change{}, err
	}
	found, err := pc.documentBlockers(ctx, tx, job, pc.own.Slots(f))
	if err != nil {
		return Change{}, err
	}
	if f.PhoneAt.IsZero() {
		found = append(found, Blocker{Code: "PHONE_UNCONFIRMED", Owner: OwnerSource, Field: FieldPhone})
		return Change{Refuse: &Blocked{Blockers: found}}, nil
	}
	if err := tx.Take(ctx, limitFacts, pc.secrets.Word("limit", d.Phone.Reveal())); err != nil {
		return Change{}, err
	}
	holder, more, err := pc.own.match(ctx, tx, job, d)
	if err != nil {
		return Change{}, err
	}
	if found = append(found, more...); len(found) > 0 {
		return Change{Refuse: &Blocked{Blockers: found}}, nil
	}
	return pc.handIn(ctx, tx, job, holder)
}

// holder finds the account that holds the subject of a dossier. Which fact does not
// agree is not said (trust.md).
func (pc *paperCase) holder(ctx context.Context, tx Tx, d Dossier) (Party, []Blocker, error) {
	holder, err := tx.SubjectBy(ctx, d.filingFacts())
	// The nature decides who must look and at what (L2, L9), so it has to agree, too.
	if errors.Is(err, ErrNotFound) || (err == nil && holder.Subject.Nature != d.Nature) {
		return Party{}, []Blocker{{Code: "FACTS_DO_NOT_MATCH", Owner: OwnerSource, Field: FieldSubjectName}}, nil
	}
	if err != nil {
		return Party{}, nil, fmt.Errorf("finding the subject: %w", err)
	}
	return holder, nil, nil
}

// openAlready: one open case per subject and kind (A6). Whose request it is remains
// untold: it may be a stranger's.
func (pc *paperCase) openAlready(ctx context.Context, tx Tx, job *Job, subjectID string) ([]Blocker, error) {
	open, err := tx.OpenJob(ctx, subjectID, job.Kind)
	if err != nil || open == job.Receipt {
		return nil, ignore(err, ErrNotFound)
	}
	return []Blocker{{Code: "JOB_ALREADY_OPEN", Owner: OwnerPlatform}}, nil
}

// handIn binds the job to the account it is about and tells the old channels. The
// hold counts from here (L8). match may have left its own facts in the job.
func (pc *paperCase) handIn(ctx context.Context, tx Tx, job *Job, holder Party) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	if err := tx.Take(ctx, pc.limitSubject(), cmp.Or(holder.Subject.ID, holder.Account.ID)); err != nil {
		return Change{}, err
	}
	job.SubjectID, job.SourceAccountID = holder.Subject.ID, holder.Account.ID
	f.SubmittedAt, f.OldLogin = tx.Now(), holder.Account.LoginEmail.Masked()
	if err := keepCase(job, f); err != nil {
		return Change{}, err
	}
	params := pc.message(job, f)
	params["icp"] = holder.Subject.ICPNumber.String()
	warned, err := pc.toOldChannels(ctx, tx, job, pc.own.messages().Warned, params)
	if err != nil {
		return Change{}, err
	}
	c := Change{Events: []Event{{Actor: applicant(), What: WhatSubmitted}}, Notices: warned}
	w := pc.own.waits(f)
	if w.state == "" {
		return pc.startReview(ctx, tx, job, c)
	}
	return pc.await(ctx, tx, job, w, c)
}

// await asks for the yes that is missing.
func (pc *paperCase) await(ctx context.Context, tx Tx, job *Job, w wait, c Change) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	c.To, job.ExpiresAt = w.state, tx.Now().Add(w.life)
	asked, err := pc.own.ask(ctx, tx, job, &f)
	if err != nil {
		return Change{}, err
	}
	c.Notices = append(c.Notices, asked...)
	c.Tasks = append(c.Tasks, pc.task(job, w.step, job.ExpiresAt))
	return c, keepCase(job, f)
}

func (pc *paperCase) waits(CaseFacts) wait { return wait{} }

func (pc *paperCase) ask(context.Context, Tx, *Job, *CaseFacts) ([]Notice, error) { return nil, nil }

// message is what a message to an old channel says: the receipt, and what the flow
// adds.
func (pc *paperCase) message(job *Job, f CaseFacts) map[string]string {
	params := pc.own.params(f)
	params["receipt"] = job.Receipt
	return params
}

// documentBlockers names every slot that is empty, and every doubt about a
// picture that the applicant neither mended nor insisted on (L4).
func (pc *paperCase) documentBlockers(ctx context.Context, tx Tx, job *Job, slots []Slot) ([]Blocker, error) {
	documents, err := tx.Documents(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	current := currentDocuments(documents)
	var out []Blocker
	for _, slot := range slots {
		doc, ok := current[slot]
		if !ok {
			out = append(out, Blocker{Code: "DOC_MISSING", Owner: OwnerSource, Field: string(slot), Params: map[string]string{"slot": string(slot)}})
			continue
		}
		for _, flag := range doc.Flags {
			if !doc.Insisted {
				out = append(out, Blocker{Code: flag.Code, Owner: OwnerSource, Field: string(slot), Params: map[string]string{"slot": string(slot)}})
			}
		}
	}
	return out, nil
}

// currentDocuments are the ones that count, by slot.
func currentDocuments(all []Document) map[Slot]Document {
	out := map[Slot]Document{}
	for _, doc := range all {
		if !doc.Replaced {
			out[doc.Slot] = doc
		}
	}
	return out
}

// withdraw is the applicant's change of mind, possible until the effect begins.
func (pc *paperCase) withdraw(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	err = pc.mine(job, a, StateDraft, StateQueued, StateSecondReview, StateNeedMore, StateHold, pc.own.waits(f).state)
	if err != nil {
		return Change{}, err
	}
	return pc.end(ctx, tx, job, StateWithdrawn, Event{Actor: applicant(), What: WhatCancelled})
}

// Slots is the document matrix of L2.
func (pc *paperCase) Slots(f CaseFacts) []Slot { return SlotsOf(f.Nature, f.Principal) }

// Returnable are the facts that a reviewer can send back to be corrected.
func (pc *paperCase) Returnable() []string {
	return []string{FieldSubjectName, FieldCertNumber, FieldFiling, FieldApplicant, FieldApplicantID}
}

// Fields are the fields that read would read the same dossier from.
func (pc *paperCase) Fields(d Dossier) map[string]string { return fieldsOf(d) }

func (pc *paperCase) masked(d Dossier) CaseFacts {
	f := CaseFacts{
		Nature: d.Nature, Principal: d.Principal, Certificate: d.Certificate.Masked(), ICP: d.ICPNumber.String(), Domain: d.Domain.String(),
		Applicant: filing.MaskPersonName(d.Applicant), Phone: d.Phone.Masked(), NewEmail: d.NewEmail.Masked(), Reason: d.Reason, Remembered: maskLogin(d.OldLogin),
	}
	f.Subject = filing.Subject{Nature: d.Nature, Name: d.SubjectName}.MaskedName()
	return f
}

// HoldsPhone: the contact phone only. The old channels can object, and are no
// applicants.
func (pc *paperCase) HoldsPhone(ctx context.Context, tx Tx, job Job, phone filing.Phone) (bool, error) {
	d, err := tx.Dossier(ctx, job.ID)
	return err == nil && d.Phone == phone, ignore(err, ErrNotFound)
}
