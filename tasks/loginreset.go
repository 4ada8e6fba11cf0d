package tasks

import (
	"context"
	"fmt"
	"time"

	"beian/internal/filing"
)

// LoginReset gives an account whose login is lost a new login email (product.md
// L1–L10). Nobody signs in: who holds the tracking code is the applicant. All that
// papers and reviews need is in case.go; here is what is the reset's own: the form,
// the new mailbox (loginreset_mailbox.go), and the effect (loginreset_effect.go).
//
//	draft → (email_confirm) → queued → (approved_1) → hold → done
type LoginReset struct {
	paperCase
}

// The fields of a login reset, and of every form about a filing.
const (
	FieldNature      = "nature"
	FieldPrincipal   = "principal" // "yes" or "no"; organisations only
	FieldSubjectName = "subject_name"
	FieldCertType    = "certificate_type"
	FieldCertNumber  = "certificate_number"
	FieldFiling      = "icp_or_domain"
	FieldApplicant   = "applicant"
	FieldApplicantID = "applicant_id"
	FieldPhone       = "phone"
	FieldNewEmail    = "new_email"
	FieldOldLogin    = "old_login"
	FieldRemark      = "remark"
	FieldSlot        = "slot"
)

// stepExpireMailbox ends a reset whose new mailbox nobody confirms.
const stepExpireMailbox = "expire_mailbox"

// NewLoginReset builds the flow with the operator's policy.
func NewLoginReset(p Policy, s Secrets, r Random) *LoginReset {
	l := &LoginReset{}
	l.paperCase = paperCase{codeDesk: codeDesk{secrets: s, random: r}, policy: p, own: l, name: "reset", purpose: PurposeReset}
	return l
}

// Kind is "login_reset".
func (l *LoginReset) Kind() Kind { return KindReset }

// Letters are LR.
func (l *LoginReset) Letters() string { return "LR" }

// Verbs of a login reset: those of a case, and the confirmation mail once more.
func (l *LoginReset) Verbs() map[Verb]VerbFunc {
	verbs := l.paperCase.Verbs()
	verbs[VerbMailbox] = l.mailbox
	return verbs
}

// Steps of a login reset, carried out by workers.
func (l *LoginReset) Steps() map[string]StepFunc {
	steps := l.paperCase.Steps()
	steps[stepExpireMailbox] = l.expireIn(StateEmailConfirm)
	return steps
}

// Offers adds the confirmation mail.
func (l *LoginReset) Offers(job Job, by Viewer, now time.Time) []Verb {
	out := l.paperCase.Offers(job, by, now)
	f, err := caseFacts(&job)
	open := job.State == StateDraft || job.State == StateEmailConfirm
	if err == nil && open && f.MailboxAt.IsZero() && l.applies(job, by) {
		out = append(out, VerbMailbox)
	}
	return out
}

// read reads the form of a login reset (L1).
func (l *LoginReset) read(fields map[string]string) (Dossier, []Fault) {
	r := reader{fields: fields}
	d := r.readFacts()
	d.NewEmail = parsed(&r, FieldNewEmail, filing.ParseEmail)
	d.OldLogin = r.optional(FieldOldLogin, maxName)
	r.readWhy(&d)
	return d, r.faults
}

// match finds the account that holds the subject; it must be possible to sign in to
// it, by an address that is free.
func (l *LoginReset) match(ctx context.Context, tx Tx, job *Job, d Dossier) (Party, []Blocker, error) {
	holder, missed, err := l.holder(ctx, tx, d)
	if err != nil || len(missed) > 0 {
		return Party{}, missed, err
	}
	f, err := caseFacts(job)
	if err != nil {
		return Party{}, nil, err
	}
	var out blockers
	out.when(holder.Account.Status == filing.AccountClosed, "SOURCE_FROZEN", OwnerPlatform, "")
	if !f.MailboxAt.IsZero() { // its owner may learn that it is taken
		free, err := tx.LoginFree(ctx, d.NewEmail)
		if err != nil {
			return Party{}, nil, err
		}
		out.when(!free, "EMAIL_TAKEN", OwnerSource, FieldNewEmail)
	}
	open, err := l.openAlready(ctx, tx, job, holder.Subject.ID)
	return holder, append(out, open...), err
}

func (l *LoginReset) params(f CaseFacts) map[string]string {
	return map[string]string{"new_email": f.NewEmail}
}

func (l *LoginReset) messages() caseMessages {
	return caseMessages{
		Warned: TemplateResetWarned, Queued: TemplateResetQueued, Asked: TemplateResetAsked, Delayed: TemplateResetDelayed,
		Moved: TemplateResetMoved, Approved: TemplateResetApproved, Held: TemplateResetHeld, Rejected: TemplateResetRejected,
		Stopped: TemplateResetStopped, Failed: TemplateResetFailed, Frozen: TemplateResetFrozen,
	}
}

// drafted sends the new mailbox its link (L6), again when the address is another.
func (l *LoginReset) drafted(ctx context.Context, tx Tx, job *Job, e edit) ([]Notice, error) {
	if e.was.NewEmail == e.now.NewEmail {
		return nil, nil
	}
	if e.facts.MailboxNo > 0 {
		if err := tx.Take(ctx, limitMailbox, job.ID); err != nil {
			return nil, err
		}
	}
	e.facts.MailboxAt, e.facts.MailboxSentAt = time.Time{}, tx.Now()
	e.facts.MailboxNo++
	return []Notice{l.mailboxLink(job, *e.facts, e.now)}, nil
}

// waits: the mailbox's owner confirms within 24 hours (L6).
func (l *LoginReset) waits(f CaseFacts) wait {
	if !f.MailboxAt.IsZero() {
		return wait{}
	}
	return wait{state: StateEmailConfirm, life: mailboxLife, step: stepExpireMailbox}
}

func (l *LoginReset) ask(ctx context.Context, tx Tx, job *Job, f *CaseFacts) ([]Notice, error) {
	d, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	f.MailboxSentAt = tx.Now()
	return []Notice{l.mailboxLink(job, *f, d)}, nil
}

// mailboxLink is the mail whose link confirms the new mailbox. The number of the
// address is part of the link, so a link to an earlier address is void.
func (l *LoginReset) mailboxLink(job *Job, f CaseFacts, d Dossier) Notice {
	return Notice{Channel: ChannelMail, Template: TemplateMailbox, Email: d.NewEmail,
		Params: map[string]string{"receipt": job.Receipt, "mailbox": MailboxID(job.ID, f.MailboxNo)}}
}

// MailboxID is what the link of a job's new mailbox is derived from; no counts the
// addresses.
func MailboxID(jobID string, no int) string { return fmt.Sprintf("%s.%d", jobID, no) }

// Compare adds the login: the new one beside the one on record.
func (l *LoginReset) Compare(ctx context.Context, tx Tx, job Job, d Dossier) ([]Compared, error) {
	out, err := l.paperCase.Compare(ctx, tx, job, d)
	if err != nil || len(out) == 0 {
		return out, err
	}
	holder, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return nil, err
	}
	c := compared(out)
	c.inform("login", d.NewEmail.Masked(), holder.Account.LoginEmail.Masked(), d.NewEmail == holder.Account.LoginEmail)
	return c, nil
}
