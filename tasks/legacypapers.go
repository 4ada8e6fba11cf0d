package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// LegacyPapers is the documents route of the legacy import (I7): for whoever has no
// credentials of the legacy platform any more, and for a certificate that is not the
// account's (I6). The account that receives is signed in; papers and a review take
// the place of login and password. All that papers and reviews need is in case.go.
// What approval begins is an import of its own, which finds the legacy account by
// the certificate, shows the differences, and after the yes waits out the hold, since
// the phones of the legacy filing hear of it only then (A8).
//
//	draft → queued → (approved_1) → hold, none → done, and a legacy_import in checking
type LegacyPapers struct {
	paperCase
	rules *LegacyImport
}

// NewLegacyPapers builds the flow with the operator's policy.
func NewLegacyPapers(p Policy, s Secrets, r Random) *LegacyPapers {
	l := &LegacyPapers{rules: NewLegacyImport(p)}
	l.paperCase = paperCase{codeDesk: codeDesk{secrets: s, random: r}, policy: p, own: l, name: "legacy_papers", purpose: PurposeLegacy}
	return l
}

// LegacyReasons are why nobody signs in to the legacy platform, or why signing in was
// not enough (I6, I7); permanent strings.
func LegacyReasons() []string {
	return []string{"login_lost", "password_lost", "both_lost", "before_2010", "certificate_differs"}
}

// Kind is "legacy_papers".
func (l *LegacyPapers) Kind() Kind { return KindLegacyPapers }

// Letters are LP.
func (l *LegacyPapers) Letters() string { return "LP" }

// applies: the account that receives, and who has the tracking code, to go on with a
// phone.
func (l *LegacyPapers) applies(job Job, by Viewer) bool {
	return by.Tracking != "" || (by.AccountID != "" && by.AccountID == job.SourceAccountID)
}

// Tracks: the account submitted it.
func (l *LegacyPapers) Tracks(r Role) bool { return r == RoleSource || r == RoleTracker }

// read reads the form: a filing, and what is remembered of the legacy login.
func (l *LegacyPapers) read(fields map[string]string) (Dossier, []Fault) {
	r := reader{fields: fields}
	d := r.readFacts()
	d.OldLogin = r.optional(FieldOldLogin, maxName)
	d.Reason = r.oneOf(FieldReason, LegacyReasons()...)
	d.Remark = r.optional(FieldRemark, maxRemark)
	return d, r.faults
}

// Returnable are those of every case, and what helps to find the legacy account.
func (l *LegacyPapers) Returnable() []string {
	return append(l.paperCase.Returnable(), FieldOldLogin, FieldRemark)
}

// agrees: what a correction is about can only be looked up after the approval.
func (l *LegacyPapers) agrees(context.Context, Tx, *Job, Dossier) ([]Blocker, error) { return nil, nil }

// Check reads the form and prechecks the account that receives, like an import.
func (l *LegacyPapers) Check(ctx context.Context, tx Tx, s Submission) (Preview, []Blocker, error) {
	p, _, err := l.paperCase.Check(ctx, tx, s)
	if err != nil {
		return Preview{}, nil, err
	}
	if p.target, err = tx.Party(ctx, AccountRef{ID: s.AccountID}); err != nil {
		return Preview{}, nil, fmt.Errorf("reading the account of a legacy import: %w", err)
	}
	p.Target = shownAs(p.target.Account)
	found, err := l.blockers(ctx, tx, p.target, "")
	return p, found, err
}

// blockers are an import's, and that the account has one case at a time (A6).
func (l *LegacyPapers) blockers(ctx context.Context, tx Tx, p Party, self string) ([]Blocker, error) {
	found, err := l.rules.receiverBlockers(ctx, tx, p, "")
	if err != nil {
		return nil, err
	}
	open, err := tx.OpenImport(ctx, p.Account.ID, KindLegacyPapers)
	if err == nil && open != self {
		found = append(found, alreadyOpen(open))
	}
	return found, ignore(err, ErrNotFound)
}

// Open starts a draft of the account.
func (l *LegacyPapers) Open(ctx context.Context, tx Tx, job *Job, s Submission, p Preview) (Change, error) {
	if err := tx.Take(ctx, Limit{Name: l.name, Burst: 5, Period: time.Hour}, s.AccountID); err != nil {
		return Change{}, err
	}
	job.SourceAccountID = p.target.Account.ID
	return l.draft(ctx, tx, job, p.dossier)
}

// match is the account that asks; what the legacy platform has is looked up only
// after the approval.
func (l *LegacyPapers) match(ctx context.Context, tx Tx, job *Job, _ Dossier) (Party, []Blocker, error) {
	p, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return Party{}, nil, err
	}
	found, err := l.blockers(ctx, tx, p, job.Receipt)
	return p, found, err
}

// Show adds the account that receives, masked, which the letter names, and how the
// import stands that the approval began.
func (l *LegacyPapers) Show(ctx context.Context, tx Tx, v *View) error {
	if err := l.paperCase.Show(ctx, tx, v); err != nil {
		return err
	}
	p, err := tx.Party(ctx, AccountRef{ID: v.Job.SourceAccountID})
	if ignore(err, ErrNotFound) != nil {
		return err
	}
	v.Preview.Target = shownAs(p.Account)
	var own LegacyPapersFacts
	if v.Job.State != StateDone || json.Unmarshal(v.Case.Facts.Own, &own) != nil {
		return nil
	}
	begun, err := tx.Job(ctx, own.Import, Viewer{System: true})
	if err != nil {
		return ignore(err, ErrNotFound)
	}
	f, err := legacyFacts(&begun)
	v.Case.Import = Begun{Receipt: begun.Receipt, State: begun.State, HoldUntil: f.HoldUntil}
	return err
}

func (l *LegacyPapers) params(f CaseFacts) map[string]string {
	return map[string]string{"certificate": f.Certificate}
}

func (l *LegacyPapers) messages() caseMessages {
	return caseMessages{
		Warned: TemplateImportAsked, Stopped: TemplateImportStopped, Failed: TemplateImportFailed, Frozen: TemplateImportFrozen,
		Rejected: TemplateImportRefused, Approved: TemplateImportGranted, Held: TemplateImportGoes,
		// These speak of a receipt and a date, and of nothing else.
		Queued: TemplateResetQueued, Asked: TemplateResetAsked, Delayed: TemplateResetDelayed, Moved: TemplateResetMoved,
	}
}

// granted lets the import begin at once: its own yes and its own hold follow. The
// account hears of it with the way to object (A8), the contact phone how it goes on.
func (l *LegacyPapers) granted(ctx context.Context, tx Tx, job *Job, g grant) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.ApprovedAt, f.HoldUntil, f.HoldWhy = tx.Now(), tx.Now(), "none"
	if err := keepCase(job, f); err != nil {
		return Change{}, err
	}
	params := l.message(job, f)
	told, err := l.toOldChannels(ctx, tx, job, l.messages().Approved, params)
	if err != nil {
		return Change{}, err
	}
	own, err := l.toApplicant(ctx, tx, job, l.messages().Held, params)
	for _, n := range own {
		if !slices.ContainsFunc(told, func(o Notice) bool { return o.Phone == n.Phone && o.Email == n.Email }) {
			told = append(told, n)
		}
	}
	return Change{To: StateHold, Events: []Event{g.event}, Notices: told, Tasks: []Task{l.task(job, stepApply, tx.Now())}}, err
}

// effect opens the import (I7), which is told of its own accord.
func (l *LegacyPapers) effect(ctx context.Context, tx Tx, job *Job, d Dossier) (Change, error) {
	receipt, err := l.random.Receipt(l.rules.Letters())
	if err != nil {
		return Change{}, fmt.Errorf("drawing a receipt: %w", err)
	}
	begun := &Job{ID: l.random.ID(), Receipt: receipt, Kind: KindLegacy, Lang: job.Lang, CreatedAt: tx.Now(), SourceAccountID: job.SourceAccountID}
	p, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return Change{}, err
	}
	opened, err := l.rules.openApproved(ctx, tx, begun, approvedPapers{receipt: job.Receipt, party: p, dossier: d})
	if err != nil {
		return Change{}, err
	}
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.keepOwn(LegacyPapersFacts{Import: receipt})
	f.AppliedAt, job.ExpiresAt = tx.Now(), time.Time{}
	return Change{To: StateDone, Events: []Event{{Actor: System(), What: WhatApplied, Note: receipt}},
		Opens: []Opening{{Job: begun, Change: opened}}}, keepCase(job, f)
}

// LegacyPapersFacts is what the documents route remembers besides CaseFacts: the
// receipt of the import that its approval began.
type LegacyPapersFacts struct {
	Import string `json:"import"`
}

// Begun is the import that approved papers began, as its status page is told of it.
// HoldUntil is zero before its applicant's yes.
type Begun struct {
	Receipt   string
	State     State
	HoldUntil time.Time
}
