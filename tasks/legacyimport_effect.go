package tasks

import (
	"context"
	"errors"

	"beian/internal/filing"
)

// legacyExternal is the external id of what came from the legacy platform; the
// database lets it be there once (I5).
func legacyExternal(account, id string) string { return "legacy." + account + "." + id }

// importNext brings over the next item, the subject first, in a transaction of its
// own, and posts itself for the one after: who is killed in between has lost and
// doubled nothing (I5).
func (l *LegacyImport) importNext(ctx context.Context, tx Tx, job *Job) (Change, error) {
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	switch {
	case job.State == StateHold && !tx.Now().Before(f.HoldUntil):
		return Change{To: StateImporting, Tasks: []Task{l.task(job, stepImport, tx.Now())}, Events: []Event{{Actor: System(), What: WhatHoldOver}}}, nil
	case job.State != StateImporting:
		return Change{}, nil
	}
	item, err := tx.NextLegacyItem(ctx, job.ID, LegacySubject, LegacySite)
	if errors.Is(err, ErrNotFound) {
		return Change{Tasks: []Task{l.task(job, stepFetch, tx.Now())}}, nil
	}
	if err != nil {
		return Change{}, err
	}
	if err := tx.LockAccounts(ctx, job.SourceAccountID); err != nil {
		return Change{}, err
	}
	held, err := holdingsOf(ctx, tx, job.ID)
	if err != nil {
		return Change{}, err
	}
	if item.Kind == LegacySubject {
		return l.importSubject(ctx, tx, job, bringing{held, item})
	}
	if item, err = l.importSite(ctx, tx, job, bringing{held, item}); err != nil {
		return Change{}, err
	}
	if item.State == LegacyFailed {
		if err := l.leavePictures(ctx, tx, job, item); err != nil {
			return Change{}, err
		}
	}
	return l.settle(ctx, tx, job, stepImport, item)
}

// bringing is an item and where it comes from.
type bringing struct {
	held LegacyHoldings
	item LegacyItem
}

// settle books what became of items and posts the step for the next.
func (l *LegacyImport) settle(ctx context.Context, tx Tx, job *Job, step string, items ...LegacyItem) (Change, error) {
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	for i := range items {
		items[i].At = tx.Now()
		f.Counts.settle(items[i].State)
	}
	f.reached()
	return Change{Tasks: []Task{l.task(job, step, tx.Now())}},
		errors.Join(tx.SaveLegacyItems(ctx, job.ID, items...), keepLegacy(job, f))
}

// settle moves one item from pending to its state.
func (c *LegacyCounts) settle(to LegacyItemState) {
	c.Pending--
	switch to {
	case LegacyImported:
		c.Imported++
	case LegacyKept:
		c.Kept++
	case LegacySkipped:
		c.Skipped++
	case LegacyFailed:
		c.Failed++
	}
}

// leavePictures skips what hangs on a website that did not come.
func (l *LegacyImport) leavePictures(ctx context.Context, tx Tx, job *Job, of LegacyItem) error {
	all, err := tx.LegacyItems(ctx, job.ID)
	if err != nil {
		return err
	}
	var left []LegacyItem
	for _, item := range all {
		if item.Parent == of.No && item.State == LegacyPending {
			item.State, item.Code = LegacySkipped, of.Code
			left = append(left, item)
		}
	}
	if len(left) == 0 {
		return nil
	}
	_, err = l.settle(ctx, tx, job, stepImport, left...)
	return err
}

// importSubject runs the rules again on the locked account (A5), ties the two
// accounts (I4), and creates or revises the subject. What stopped holding ends the
// job, nothing written. When another subject is in its place than the differences
// showed, they are shown again: nothing is merged unseen.
func (l *LegacyImport) importSubject(ctx context.Context, tx Tx, job *Job, b bringing) (Change, error) {
	now, err := l.compare(ctx, tx, job, b.held)
	switch {
	case err != nil:
		return Change{}, err
	case len(now.blockers) > 0:
		return l.overtaken(ctx, tx, job, now.blockers)
	case now.here.ID != b.item.HereID:
		return l.showAgain(ctx, tx, job, now)
	}
	item := b.item
	if item, err = l.putSubject(ctx, tx, job, b, now.here); err != nil {
		return Change{}, err
	}
	if err := tx.Tie(ctx, b.held.ID, job.SourceAccountID, job.ID); err != nil {
		return Change{}, err
	}
	job.SubjectID = item.HereID
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.TiedAt = tx.Now()
	if err := keepLegacy(job, f); err != nil {
		return Change{}, err
	}
	c, err := l.settle(ctx, tx, job, stepImport, item)
	c.Events = []Event{{Actor: System(), What: WhatTied}}
	return c, err
}

func (l *LegacyImport) putSubject(ctx context.Context, tx Tx, job *Job, b bringing, here filing.Subject) (LegacyItem, error) {
	item, legacy := b.item, b.held.Subject
	if here.ID == "" {
		s := legacy
		s.AccountID, s.ExternalID, s.ICPNumber = job.SourceAccountID, legacyExternal(b.held.ID, "subject"), legacy.ICPNumber.Subject()
		id, err := tx.AddSubject(ctx, s)
		item.HereID, item.State = id, LegacyImported
		return item, err
	}
	want := here
	item.take("name", here.Name == "", func() { want.Name = legacy.Name })
	item.take("icp_number", here.ICPNumber.IsZero(), func() { want.ICPNumber = legacy.ICPNumber.Subject() })
	item.take("principal_name", here.Principal.Name == "", func() { want.Principal.Name = legacy.Principal.Name })
	item.take("principal_phone", here.Principal.Phone.IsZero(), func() { want.Principal.Phone = legacy.Principal.Phone })
	item.HereID, item.State = here.ID, LegacyKept
	if want == here {
		return item, nil
	}
	item.State = LegacyImported
	return item, tx.ReviseSubject(ctx, want)
}

// take writes a field that the applicant chose to take, or that is empty here.
func (i LegacyItem) take(field string, empty bool, write func()) {
	for _, r := range i.Rows {
		if r.Field == field && (r.Choice == ChoiceTake || (r.State == LegacyNew && empty)) {
			write()
		}
	}
}

// importSite brings one website. Its domain is looked up again: what was imported
// already stays as it is, what came here by another way meanwhile stays too.
func (l *LegacyImport) importSite(ctx context.Context, tx Tx, job *Job, b bringing) (LegacyItem, error) {
	item := b.item
	legacy, known := b.held.website(item.ID)
	party, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID, Subject: job.SubjectID})
	switch {
	case err != nil:
		return item, err
	case !known || !party.HasSubject():
		item.State, item.Code = LegacyFailed, "SUBJECT_HELD_ELSEWHERE"
		return item, nil
	}
	external := legacyExternal(b.held.ID, item.ID)
	here, account, err := tx.WebsiteOf(ctx, legacy.Domain)
	switch {
	case errors.Is(err, ErrNotFound):
		legacy.SubjectID, legacy.ExternalID = job.SubjectID, external
		item.HereID, err = tx.AddWebsite(ctx, legacy)
		item.State = LegacyImported
		return item, err
	case err != nil:
		return item, err
	case account != job.SourceAccountID || here.SubjectID != job.SubjectID:
		item.State, item.Code, item.Field = LegacyFailed, "DOMAIN_HELD_ELSEWHERE", "domain"
		return item, nil
	case here.ID != item.HereID:
		item.HereID, item.State = here.ID, LegacyKept
		return item, nil
	}
	return reviseSite(ctx, tx, item, legacy, here)
}

func reviseSite(ctx context.Context, tx Tx, item LegacyItem, legacy, here filing.Website) (LegacyItem, error) {
	want := here
	item.take("name", here.Name == "", func() { want.Name = legacy.Name })
	item.take("suffix", here.Suffix == 0, func() { want.Suffix = legacy.Suffix })
	item.take("principal_name", here.Principal.Name == "", func() { want.Principal.Name = legacy.Principal.Name })
	item.take("principal_phone", here.Principal.Phone.IsZero(), func() { want.Principal.Phone = legacy.Principal.Phone })
	item.State = LegacyKept
	if want == here {
		return item, nil
	}
	item.State = LegacyImported
	return item, tx.ReviseWebsite(ctx, want)
}

// website finds one of the holdings by its legacy id.
func (h LegacyHoldings) website(id string) (filing.Website, bool) {
	for _, w := range h.Websites {
		if w.ID == id {
			return w.Website, true
		}
	}
	return filing.Website{}, false
}

// overtaken ends a confirmed import whose conditions stopped holding (T12's rule):
// nothing was written, everybody who was told of it hears.
func (l *LegacyImport) overtaken(ctx context.Context, tx Tx, job *Job, why []Blocker) (Change, error) {
	c, err := l.refused(ctx, tx, job, why...)
	if err != nil {
		return Change{}, err
	}
	c.Notices, err = l.toEverybody(ctx, tx, job, TemplateImportFailed, map[string]string{"receipt": job.Receipt})
	return c, err
}

// showAgain goes back to the differences, as they are now.
func (l *LegacyImport) showAgain(ctx context.Context, tx Tx, job *Job, now comparison) (Change, error) {
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	now.note(&f, tx.Now())
	if err := tx.AddLegacyItems(ctx, job.ID, now.items); err != nil {
		return Change{}, err
	}
	return l.showDiff(ctx, tx, job, f)
}
