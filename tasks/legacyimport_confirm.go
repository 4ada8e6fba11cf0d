package tasks

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"beian/internal/filing"
)

// choiceField names the form field of a choice: choice.3 for the item, choice.3.name
// for one field of it.
func choiceField(no int, field string) string {
	name := "choice." + strconv.Itoa(no)
	if field != "" {
		name += "." + field
	}
	return name
}

// confirm is the applicant's yes to the differences (I5): a choice for every
// conflict, perhaps websites left out. Every channel we hold is told, the legacy
// principal's included (A8), and the import begins; after papers it waits until
// their owners had their say (L8).
func (l *LegacyImport) confirm(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := l.owner(job, a, StateDiff); err != nil {
		return Change{}, err
	}
	items, err := tx.LegacyItems(ctx, job.ID)
	if err != nil {
		return Change{}, err
	}
	faults := choose(items, a.Fields)
	if a.Fields[FieldConsent] != "yes" {
		faults = append(faults, Fault{Field: FieldConsent, Code: "CONSENT_REQUIRED"})
	}
	if len(faults) > 0 {
		return Change{}, &Invalid{Faults: faults}
	}
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.ConfirmedAt, f.Counts = tx.Now(), countItems(items)
	c := Change{To: StateImporting, Events: []Event{{Actor: sourceActor(job), What: WhatConfirmed}}}
	start := tx.Now()
	if f.Papers != "" && l.policy.Hold > 0 {
		start = start.Add(l.policy.Hold)
		c.To, f.HoldUntil = StateHold, start
		c.Events = append(c.Events, Event{Actor: System(), What: WhatHeld, Note: stamp(start)})
	}
	c.Tasks = []Task{l.task(job, stepImport, start)}
	job.ExpiresAt = start.Add(l.policy.LegacyPatience)
	c.Notices, err = l.toEverybody(ctx, tx, job, TemplateImportStarted, map[string]string{"receipt": job.Receipt, "account": f.Target, "icp": f.ICP})
	if err != nil {
		return Change{}, err
	}
	if c.To == StateHold {
		told, err := l.toAccount(ctx, tx, job, TemplateImportHeld, map[string]string{"receipt": job.Receipt, "date": stamp(start)})
		if err != nil {
			return Change{}, err
		}
		c.Notices = append(c.Notices, told...)
	}
	return c, errors.Join(tx.SaveLegacyItems(ctx, job.ID, items...), keepLegacy(job, f))
}

// choose reads the choices into the items; a conflict without one is a fault.
func choose(items []LegacyItem, fields map[string]string) []Fault {
	var faults []Fault
	skipped := map[int]bool{}
	for i := range items {
		item := &items[i]
		field := item.ChoiceField("")
		switch chosen := fields[field]; {
		case skipped[item.Parent] && item.State == LegacyPending:
			item.State = LegacySkipped
			continue
		case chosen == ChoiceSkip && item.Choosable():
			item.Choice, item.State, skipped[item.No] = ChoiceSkip, LegacySkipped, true
			continue
		case chosen != "" && !(chosen == ChoiceImport && item.Choosable()):
			faults = append(faults, Fault{Field: field, Code: "CHOICE_UNKNOWN"})
		}
		faults = append(faults, chooseRows(item, fields)...)
	}
	return faults
}

func chooseRows(item *LegacyItem, fields map[string]string) []Fault {
	var faults []Fault
	for i := range item.Rows {
		row := &item.Rows[i]
		if row.State != LegacyConflict {
			continue
		}
		field := item.ChoiceField(row.Field)
		switch chosen := fields[field]; chosen {
		case ChoiceKeep, ChoiceTake:
			row.Choice = chosen
		case "":
			faults = append(faults, Fault{Field: field, Code: "CHOICE_REQUIRED"})
		default:
			faults = append(faults, Fault{Field: field, Code: "CHOICE_UNKNOWN"})
		}
	}
	return faults
}

// owner admits the account that imports, in the states given.
func (l *LegacyImport) owner(job *Job, a Action, states ...State) error {
	if a.By.AccountID == "" || a.By.AccountID != job.SourceAccountID {
		return ErrForbidden
	}
	return in(job, a.Verb, states...)
}

// toEverybody addresses the account's channels and every phone that stands on the
// legacy filing (A8); who is both gets the account's message.
func (l *LegacyImport) toEverybody(ctx context.Context, tx Tx, job *Job, tpl Template, params map[string]string) ([]Notice, error) {
	out, err := l.toAccount(ctx, tx, job, tpl, params)
	if err != nil {
		return nil, err
	}
	held, err := holdingsOf(ctx, tx, job.ID)
	if err != nil {
		return out, ignore(err, ErrNotFound)
	}
	phones := []filing.Phone{{}}
	for _, n := range out {
		phones = append(phones, n.Phone)
	}
	if tpl == TemplateImportDone {
		tpl = TemplateImportTaken
	}
	for _, phone := range held.phones() {
		if !slices.Contains(phones, phone) {
			phones = append(phones, phone)
			out = append(out, Notice{Channel: ChannelSMS, Template: tpl, Phone: phone, Params: params})
		}
	}
	return out, nil
}

// phones are those of the principals.
func (h LegacyHoldings) phones() []filing.Phone {
	out := []filing.Phone{h.Subject.Principal.Phone}
	for _, w := range h.Websites {
		out = append(out, w.Website.Principal.Phone)
	}
	return out
}

// cancel is the applicant's change of mind, possible until the import begins.
func (l *LegacyImport) cancel(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := l.owner(job, a, StateChecking, StateDiff, StateHold); err != nil {
		return Change{}, err
	}
	return l.stopped(ctx, tx, job, StateWithdrawn, Event{Actor: sourceActor(job), What: WhatCancelled})
}

// stopped ends an import without its effect and tells whoever was told of it.
func (l *LegacyImport) stopped(ctx context.Context, tx Tx, job *Job, to State, e Event) (Change, error) {
	params := map[string]string{"receipt": job.Receipt, "state": string(to)}
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	c := Change{To: to, Events: []Event{e}}
	if f.ConfirmedAt.IsZero() {
		c.Notices, err = l.ifAway(ctx, tx, job, TemplateImportStopped, params)
	} else {
		c.Notices, err = l.toEverybody(ctx, tx, job, TemplateImportStopped, params)
	}
	job.ExpiresAt = tx.Now()
	return c, err
}

// retry asks the legacy platform again before its time (I2).
func (l *LegacyImport) retry(_ context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := l.owner(job, a, StateChecking, StateImporting); err != nil {
		return Change{}, err
	}
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	if f.DownSince.IsZero() {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	f.NextTry = tx.Now()
	return Change{Events: []Event{{Actor: sourceActor(job), What: WhatRetried}}, Tasks: l.next(job, f, tx.Now())}, keepLegacy(job, f)
}

// next is the step that a job stands before.
func (l *LegacyImport) next(job *Job, f LegacyFacts, now time.Time) []Task {
	switch {
	case job.State == StateChecking && f.CheckedAt.IsZero():
		return []Task{l.task(job, stepCheck, now)}
	case job.State == StateChecking:
		return []Task{l.task(job, stepRead, now)}
	case job.State == StateImporting, job.State == StateHold:
		return []Task{l.task(job, stepImport, later(f.HoldUntil, now))}
	}
	return nil
}

// dispute freezes an open import, or marks one that ended, for a supervisor (A8).
func (l *LegacyImport) dispute(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	c, err := dispute(ctx, tx, job, a)
	for i := range c.Notices {
		c.Notices[i].Template = TemplateImportFrozen
	}
	return c, err
}

// release lets a disputed import go on where it stood; supervisors only (A8).
func (l *LegacyImport) release(_ context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := supervise(job, a); err != nil {
		return Change{}, err
	}
	c := Change{Events: []Event{{Actor: staffActor(a), What: WhatReleased}}}
	if job.State != StateDisputed { // a dispute after the end: only the mark goes
		job.DisputedAt = time.Time{}
		return c, nil
	}
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	c.To, job.Before, job.DisputedAt = job.Before, "", time.Time{}
	after := *job
	after.State = c.To
	c.Tasks = l.next(&after, f, tx.Now())
	job.ExpiresAt = tx.Now().Add(l.policy.LegacyPatience)
	switch c.To {
	case StateChecking:
		c.Tasks = append(c.Tasks, l.task(job, stepExpireCheck, job.ExpiresAt))
	case StateDiff:
		job.ExpiresAt = tx.Now().Add(l.policy.LegacyDiffLife)
		c.Tasks = append(c.Tasks, l.task(job, stepExpireDiff, job.ExpiresAt))
	}
	return c, nil
}

// refuse ends a disputed import for good; supervisors only (A8). What was written
// already stays with its account, and the report tells what it was.
func (l *LegacyImport) refuse(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := supervise(job, a); err != nil {
		return Change{}, err
	}
	if job.State.Ended() {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	job.DisputedAt = time.Time{}
	return l.stopped(ctx, tx, job, StateRejected, Event{Actor: staffActor(a), What: WhatRejected})
}
