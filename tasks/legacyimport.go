package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"beian/internal/filing"
)

// LegacyImport brings what an account of the legacy platform holds into the
// account that asks (product.md I1–I8).
//
//	submit → checking → diff → importing → done
//	            │ login, then holdings  │ confirm, 7 days   │ subject, websites, pictures: one
//	            └ failed, cancel        └ cancel, expire    └ transaction each, so killing loses nothing
//	            after papers (legacypapers.go): diff → hold → importing
//	"this was not me" freezes any open state until a supervisor decides.
//
// Read on in legacyimport_check.go (until the differences are known),
// legacyimport_diff.go (what they are), legacyimport_confirm.go and
// legacyimport_effect.go (item by item).
type LegacyImport struct {
	policy Policy
}

// Fields of a legacy import.
const (
	FieldLegacyLogin    = "legacy_login"
	FieldLegacyPassword = "legacy_password"
)

// Steps of a legacy import. The first, second and last are errands: they ask the
// legacy platform.
const (
	stepCheck       = "check"
	stepRead        = "read"
	stepImport      = "import"
	stepFetch       = "fetch"
	stepExpireCheck = "expire_check"
	stepExpireDiff  = "expire_diff"
)

// Names of what an import seals (I3).
const (
	secretCredentials = "credentials"
	secretCertificate = "certificate" // in their place, of approved papers
	secretTicket      = "ticket"
	secretHoldings    = "holdings"
)

// legacyCutoff is the day from which filings are not on the legacy platform (I1),
// at midnight in China.
func legacyCutoff() time.Time { return time.Date(2016, 12, 31, 16, 0, 0, 0, time.UTC) }

// maxLegacyField bounds login and password, in characters.
const maxLegacyField = 200

// NewLegacyImport builds the flow with the operator's policy.
func NewLegacyImport(p Policy) *LegacyImport {
	p.LegacyPatience, p.LegacyDiffLife = p.LegacyWaits()
	return &LegacyImport{policy: p}
}

// Kind is "legacy_import".
func (l *LegacyImport) Kind() Kind { return KindLegacy }

// Letters are LI.
func (l *LegacyImport) Letters() string { return "LI" }

// Verbs of a legacy import; the comments of each method say who may.
func (l *LegacyImport) Verbs() map[Verb]VerbFunc {
	out := map[Verb]VerbFunc{
		VerbConfirm: l.confirm, VerbRetry: l.retry, VerbCancel: l.cancel,
		VerbDispute: l.dispute, VerbRelease: l.release, VerbReject: l.refuse,
	}
	for verb, fn := range out {
		out[verb] = func(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
			c, err := fn(ctx, tx, job, a)
			return wiped(ctx, tx, job, c, err)
		}
	}
	return out
}

// Steps of a legacy import that ask nobody outside.
func (l *LegacyImport) Steps() map[string]StepFunc {
	return map[string]StepFunc{
		stepImport:      wiping(l.importNext),
		stepExpireCheck: wiping(l.giveUp),
		stepExpireDiff:  wiping(l.expire),
	}
}

// Errands of a legacy import (I2).
func (l *LegacyImport) Errands() map[string]ErrandFunc {
	return map[string]ErrandFunc{stepCheck: l.check, stepRead: l.read, stepFetch: l.fetch}
}

// wiping lets no secret outlive the job, whichever step ends it (I3).
func wiping(fn StepFunc) StepFunc {
	return func(ctx context.Context, tx Tx, job *Job) (Change, error) {
		c, err := fn(ctx, tx, job)
		return wiped(ctx, tx, job, c, err)
	}
}

func wiped(ctx context.Context, tx Tx, job *Job, c Change, err error) (Change, error) {
	if err == nil && c.To.Ended() {
		err = tx.Wipe(ctx, job.ID)
	}
	return c, err
}

// Check is the precheck of the account that receives: everything that can be said
// before the legacy platform is asked. What it answers to a login is the same
// whether or not there is one (I3).
func (l *LegacyImport) Check(ctx context.Context, tx Tx, s Submission) (Preview, []Blocker, error) {
	if faults := checkLegacyForm(s); len(faults) > 0 {
		return Preview{}, nil, &Invalid{Faults: faults}
	}
	party, err := tx.Party(ctx, AccountRef{ID: s.AccountID})
	if err != nil {
		return Preview{}, nil, fmt.Errorf("reading the account of a legacy import: %w", err)
	}
	found, err := l.receiverBlockers(ctx, tx, party, "")
	if err != nil {
		return Preview{}, nil, err
	}
	locked, err := l.locked(ctx, tx, s.Fields[FieldLegacyLogin])
	if err != nil {
		return Preview{}, nil, err
	}
	p := Preview{Target: shownAs(party.Account), target: party}
	if party.HasSubject() {
		p.Subject, p.ICP = party.Subject.MaskedName(), party.Subject.ICPNumber.String()
	}
	return p, append(found, locked...), nil
}

func checkLegacyForm(s Submission) []Fault {
	var faults []Fault
	for _, field := range []string{FieldLegacyLogin, FieldLegacyPassword} {
		switch typed := s.Fields[field]; {
		case typed == "" && s.Once.Key == "": // a precheck knows neither yet
		case strings.TrimSpace(typed) == "":
			faults = append(faults, Fault{Field: field, Code: "REQUIRED"})
		case len([]rune(typed)) > maxLegacyField || !askable(typed):
			faults = append(faults, Fault{Field: field, Code: "LEGACY_FORMAT"})
		}
	}
	if s.Once.Key != "" && s.Fields[FieldConsent] != "yes" {
		faults = append(faults, Fault{Field: FieldConsent, Code: "CONSENT_REQUIRED"})
	}
	return faults
}

// receiverBlockers are the rules about the account that receives, at submission
// and again before anything is written (A5). self is the job itself.
func (l *LegacyImport) receiverBlockers(ctx context.Context, tx Tx, p Party, self string) ([]Blocker, error) {
	var out blockers
	out.when(p.Account.Status != filing.AccountActive, "TARGET_FROZEN", OwnerTarget, "")
	out.when(p.Account.Site != filing.SiteChina, "SITE_UNSUPPORTED", OwnerTarget, "")
	out.when(p.Orders > 0, "TARGET_ORDER_IN_PROGRESS", OwnerTarget, "")
	if p.Open != "" { // the subject is about to leave
		if err := hideForeign(ctx, tx, &p); err != nil {
			return nil, err
		}
		out = append(out, alreadyOpen(p.Open))
	}
	receipt, err := tx.OpenImport(ctx, p.Account.ID, KindLegacy)
	if ignore(err, ErrNotFound) != nil {
		return nil, err
	}
	if receipt != "" && receipt != self {
		out = append(out, alreadyOpen(receipt))
	}
	if self != "" {
		return out, nil
	}
	done, err := tx.Imported(ctx, p.Account.ID)
	if done {
		out = append(out, Blocker{Code: "LEGACY_ALREADY_IMPORTED", Owner: OwnerTarget, Params: map[string]string{"account": shownAs(p.Account)}})
	}
	return out, err
}

func alreadyOpen(receipt string) Blocker {
	if receipt == hidden {
		return Blocker{Code: "JOB_ALREADY_OPEN", Owner: OwnerPlatform}
	}
	return Blocker{Code: "JOB_ALREADY_OPEN", Owner: OwnerTarget, Params: map[string]string{"receipt": receipt}}
}

// The figures of I3.
const (
	legacyTries  = 5
	legacyWindow = 24 * time.Hour
)

// locked blocks a login that had its wrong passwords of a day (I3).
func (l *LegacyImport) locked(ctx context.Context, tx Tx, login string) ([]Blocker, error) {
	tried, err := tx.Tried(ctx, loginKey(login), tx.Now().Add(-legacyWindow))
	if err != nil || tried.Wrong < legacyTries {
		return nil, err
	}
	return []Blocker{lockedUntil(tried.Oldest.Add(legacyWindow))}, nil
}

func lockedUntil(at time.Time) Blocker {
	return Blocker{Code: "LEGACY_LOCKED", Owner: OwnerPlatform, Field: FieldLegacyLogin, Params: map[string]string{"time": stamp(at)}}
}

// loginKey is a legacy login as tries at it are counted: its case and the blanks
// around it make no other login.
func loginKey(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// Open seals the credentials and posts the question to the legacy platform; the
// account hears of it when there is something to decide.
func (l *LegacyImport) Open(ctx context.Context, tx Tx, job *Job, s Submission, p Preview) (Change, error) {
	job.SourceAccountID = p.target.Account.ID
	job.ExpiresAt = tx.Now().Add(l.policy.LegacyPatience)
	credentials := LegacyCredentials{Login: strings.TrimSpace(s.Fields[FieldLegacyLogin]), Password: s.Fields[FieldLegacyPassword]}
	if err := errors.Join(tx.MakeKey(ctx, job.ID), seal(ctx, tx, job.ID, secretCredentials, credentials)); err != nil {
		return Change{}, fmt.Errorf("sealing legacy credentials: %w", err)
	}
	if err := keepLegacy(job, LegacyFacts{Login: maskLogin(credentials.Login), Target: p.Target}); err != nil {
		return Change{}, err
	}
	return l.opened(tx, job, sourceActor(job)), nil
}

func (l *LegacyImport) opened(tx Tx, job *Job, by Actor) Change {
	return Change{
		To:     StateChecking,
		Events: []Event{{Actor: by, What: WhatSubmitted}},
		Tasks:  []Task{l.task(job, stepCheck, tx.Now()), l.task(job, stepExpireCheck, job.ExpiresAt)},
	}
}

// approvedPapers are what stands in the place of credentials (I6, I7).
type approvedPapers struct {
	receipt string
	party   Party
	dossier Dossier
}

// openApproved opens an import for which papers were approved.
func (l *LegacyImport) openApproved(ctx context.Context, tx Tx, job *Job, a approvedPapers) (Change, error) {
	job.ExpiresAt = tx.Now().Add(l.policy.LegacyPatience)
	certificate := certificateRow{Type: string(a.dossier.Certificate.Type), Number: a.dossier.Certificate.Reveal()}
	if err := errors.Join(tx.MakeKey(ctx, job.ID), seal(ctx, tx, job.ID, secretCertificate, certificate)); err != nil {
		return Change{}, fmt.Errorf("sealing a certificate: %w", err)
	}
	return l.opened(tx, job, System()), keepLegacy(job, LegacyFacts{Target: shownAs(a.party.Account), Papers: a.receipt})
}

// maskLogin hides a login of the legacy platform, which may be a mailbox, a phone
// or a name.
func maskLogin(login string) string {
	if mail, err := filing.ParseEmail(login); err == nil {
		return mail.Masked()
	}
	if phone, err := filing.ParsePhone(login); err == nil {
		return phone.Masked()
	}
	return filing.MaskPersonName(login)
}

func (l *LegacyImport) task(job *Job, step string, at time.Time) Task {
	return Task{ID: TaskID(KindLegacy, job.Receipt, step), Queue: QueueAccount,
		Type: string(KindLegacy) + ":" + step, Ref: job.Receipt, NotBefore: at}
}

func keepLegacy(job *Job, f LegacyFacts) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encoding a legacy import's facts: %w", err)
	}
	job.Facts = raw
	return nil
}

func legacyFacts(job *Job) (LegacyFacts, error) {
	var f LegacyFacts
	if err := json.Unmarshal(job.Facts, &f); err != nil {
		return f, fmt.Errorf("decoding a legacy import's facts: %w", err)
	}
	return f, nil
}

// Offers lists what a viewer can do to a legacy import now.
func (l *LegacyImport) Offers(job Job, by Viewer, now time.Time) []Verb {
	var out []Verb
	owner := by.AccountID != "" && by.AccountID == job.SourceAccountID
	f, err := legacyFacts(&job)
	if err != nil {
		return nil
	}
	if owner && job.State == StateDiff {
		out = append(out, VerbConfirm)
	}
	if owner && !f.DownSince.IsZero() && (job.State == StateChecking || job.State == StateImporting) {
		out = append(out, VerbRetry)
	}
	if owner && (job.State == StateChecking || job.State == StateDiff || job.State == StateHold) {
		out = append(out, VerbCancel)
	}
	if by.Staff == ActorSupervisor && !job.DisputedAt.IsZero() {
		out = append(out, VerbRelease)
		if !job.State.Ended() {
			out = append(out, VerbReject)
		}
	}
	if disputable(job, now) && job.DisputedAt.IsZero() && (owner || by.Veto != "" || by.Staff == ActorSupervisor) {
		out = append(out, VerbDispute)
	}
	return out
}

// HoldsPhone: the account's security phone, which alone can carry on with it.
func (l *LegacyImport) HoldsPhone(ctx context.Context, tx Tx, job Job, phone filing.Phone) (bool, error) {
	p, err := partyOf(ctx, tx, job, job.SourceAccountID)
	return err == nil && p.Account.SecurityPhone == phone, ignore(err, ErrNotFound)
}
