package tasks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"beian/internal/filing"
)

// Transfer moves a whole subject to another account (product.md T1–T12).
//
//	submit → source_verify → target_confirm → applying → done
//	             │ code by SMS    │ accept, code or 72 h    │ one transaction
//	             └ cancel, expire └ decline, cancel, expire └ failed with blockers
//	a dispute freezes any open state until a supervisor releases or rejects.
//
// The reviewed variant (T13, transfer_reviewed.go) replaces the source's code by
// papers and a review, and a reversal (T14, reversal.go) starts from the snapshot
// kept in transferFacts.
type Transfer struct {
	codeDesk
	policy Policy
}

// Fields of a transfer submission.
const (
	FieldTarget  = "target"        // login email or account id of the receiver (T1)
	FieldPhone4  = "target_phone4" // last four digits of its security phone
	FieldSubject = "subject"       // which of its subjects the source gives, by our id or ICP number
	FieldConsent = "consent"       // "yes": the source knows what it gives away
	FieldCode    = "code"
	FieldReason  = "reason"
)

// Steps of a transfer.
const (
	stepApply         = "apply"
	stepExpireVerify  = "expire_verify"
	stepExpireConfirm = "expire_confirm"
)

// SnapshotLife is how long the snapshot of what moved is kept for a reversal (T14).
const SnapshotLife = 7 * 24 * time.Hour

// NewTransfer builds the flow with the operator's policy.
func NewTransfer(p Policy, s Secrets, r Random) *Transfer {
	return &Transfer{codeDesk: codeDesk{secrets: s, random: r}, policy: p}
}

// Kind is "transfer".
func (t *Transfer) Kind() Kind { return KindTransfer }

// Letters are TR.
func (t *Transfer) Letters() string { return "TR" }

// Verbs of a transfer; the comments of each method say who may.
func (t *Transfer) Verbs() map[Verb]VerbFunc {
	return map[Verb]VerbFunc{
		VerbVerify: t.verify, VerbResend: t.resend, VerbInvite: t.invite, VerbAccept: t.accept, VerbDecline: t.decline,
		VerbCancel: t.cancel, VerbDispute: dispute, VerbRelease: t.release, VerbReject: reject,
	}
}

// Steps of a transfer, carried out by workers.
func (t *Transfer) Steps() map[string]StepFunc {
	return map[string]StepFunc{
		stepApply:         t.apply,
		stepExpireVerify:  expireIn(StateSourceVerify),
		stepExpireConfirm: expireIn(StateTargetConfirm),
	}
}

// transferFacts is what a transfer remembers in its job: masked values, ids and,
// once done, the snapshot of what moved. Nothing personal in clear.
type transferFacts struct {
	Preview
	AcceptedBy string    `json:"accepted_by,omitempty"` // code | sign_in | policy
	Snapshot   *snapshot `json:"snapshot,omitempty"`
}

type snapshot struct {
	From      string    `json:"from"`
	To        string    `json:"to"`
	Websites  []string  `json:"websites"`
	Records   []string  `json:"records"`
	KeepUntil time.Time `json:"keep_until"`
}

// Check resolves both sides and applies T1–T7, A1 and A6 at once (A5).
func (t *Transfer) Check(ctx context.Context, tx Tx, s Submission) (Preview, []Blocker, error) {
	faults := t.checkFields(s)
	source, target, err := t.sides(ctx, tx, s)
	if err != nil {
		return Preview{}, nil, err
	}
	if faults = append(faults, checkSubject(s, source)...); len(faults) > 0 {
		return Preview{}, nil, &Invalid{Faults: faults}
	}
	if err := hideForeign(ctx, tx, &source); err != nil {
		return Preview{}, nil, err
	}
	blockers := append(t.sourceBlockers(tx.Now(), source), codeBlockers(source)...)
	switch {
	case target.Account.ID == "":
		blockers = append(blockers, Blocker{Code: "TARGET_NOT_FOUND", Owner: OwnerSource, Field: FieldTarget})
	default:
		blockers = append(blockers, t.targetBlockers(tx.Now(), source, target)...)
	}
	p, err := previewOf(ctx, tx, source, target)
	return p, blockers, err
}

// hidden stands for the receipt of an open job that the asker is no party of.
const hidden = "-"

// hideForeign keeps a stranger's job from the asker (A6): the subject may have
// come to it by another way while the former holder's job is open.
func hideForeign(ctx context.Context, tx Tx, p *Party) error {
	if p.Open == "" {
		return nil
	}
	_, err := tx.Job(ctx, p.Open, Viewer{AccountID: p.Account.ID})
	if errors.Is(err, ErrNotFound) {
		p.Open, err = hidden, nil
	}
	return err
}

func (t *Transfer) checkFields(s Submission) []Fault {
	faults := targetFaults(s.Fields)
	if s.Once.Key != "" && s.Fields[FieldConsent] != "yes" {
		faults = append(faults, Fault{Field: FieldConsent, Code: "CONSENT_REQUIRED"})
	}
	return faults
}

// targetFaults: a target is named by what it is called and the end of its phone (T1).
func targetFaults(fields map[string]string) []Fault {
	var faults []Fault
	if strings.TrimSpace(fields[FieldTarget]) == "" {
		faults = append(faults, Fault{Field: FieldTarget, Code: "REQUIRED"})
	}
	if p := digits(fields[FieldPhone4]); !fourDigits(p) {
		code := "PHONE4_FORMAT"
		if p == "" {
			code = "REQUIRED"
		}
		faults = append(faults, Fault{Field: FieldPhone4, Code: code})
	}
	return faults
}

func fourDigits(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil && len(s) == 4
}

// sides reads the two accounts. The target is zero when nobody is called so; a
// wrong last-four is the same, so that nobody can probe for accounts (T1).
func (t *Transfer) sides(ctx context.Context, tx Tx, s Submission) (source, target Party, err error) {
	parties, err := tx.Parties(ctx, append([]AccountRef{{ID: s.AccountID, Subject: chosenSubject(s)}}, targetRef(s.Fields)...)...)
	if err == nil && parties[0].Account.ID == "" {
		err = ErrNotFound
	}
	if err != nil {
		return Party{}, Party{}, fmt.Errorf("reading the accounts of a transfer: %w", err)
	}
	if len(parties) > 1 && endsIn(parties[1].Account.SecurityPhone, digits(s.Fields[FieldPhone4])) {
		target = parties[1]
	}
	return parties[0], target, nil
}

func endsIn(phone filing.Phone, last string) bool {
	number := phone.Reveal()
	return len(number) >= 4 && number[len(number)-4:] == last
}

// targetRef is the target by login email or account id (T1); empty when no account
// can be called so, and PostgreSQL would refuse to look.
func targetRef(fields map[string]string) []AccountRef {
	typed := strings.TrimSpace(fields[FieldTarget])
	if !askable(typed) {
		return nil
	}
	if mail, err := filing.ParseEmail(typed); err == nil {
		return []AccountRef{{Login: mail}}
	}
	return []AccountRef{{ExternalID: typed}}
}

// sourceBlockers: T3, T4, T6 and A6 for the account that gives.
func (t *Transfer) sourceBlockers(now time.Time, p Party) []Blocker {
	var out blockers
	out.when(!p.HasSubject(), "SOURCE_HAS_NO_SUBJECT", OwnerSource, "")
	out.when(p.Orders > 0, "SOURCE_ORDER_IN_PROGRESS", OwnerSource, "")
	out.when(p.Account.Status != filing.AccountActive, "SOURCE_FROZEN", OwnerSource, "")
	out.when(p.Account.Site != filing.SiteChina, "SITE_UNSUPPORTED", OwnerSource, "")
	out.when(now.Before(p.Account.HoldUntil), "HOLD_ACTIVE", OwnerSource, "")
	switch p.Open {
	case "":
	case hidden:
		out.when(true, "JOB_ALREADY_OPEN", OwnerPlatform, "")
	default:
		out = append(out, Blocker{Code: "JOB_ALREADY_OPEN", Owner: OwnerSource, Params: map[string]string{"receipt": p.Open}})
	}
	return out
}

// codeBlockers: the code that proves the source needs a phone (T8).
func codeBlockers(p Party) []Blocker {
	var out blockers
	out.when(p.HasSubject() && p.Subject.Principal.Phone.IsZero(), "PHONE_INVALID", OwnerSource, "")
	return out
}

// targetBlockers: T2, T3, T5, T6, T7 and A1 for the account that receives.
func (t *Transfer) targetBlockers(now time.Time, source, target Party) []Blocker {
	if source.Account.ID == target.Account.ID {
		return []Blocker{{Code: "TARGET_IS_SOURCE", Owner: OwnerSource, Field: FieldTarget}}
	}
	var out blockers
	out.when(!target.Free, "TARGET_HAS_SUBJECT", OwnerTarget, FieldTarget)
	out.when(target.Orders > 0, "TARGET_ORDER_IN_PROGRESS", OwnerTarget, FieldTarget)
	out.when(target.Account.Status != filing.AccountActive, "TARGET_FROZEN", OwnerTarget, FieldTarget)
	out.when(target.Account.Site != filing.SiteChina, "SITE_UNSUPPORTED", OwnerTarget, FieldTarget)
	out.when(now.Before(target.Account.HoldUntil), "HOLD_ACTIVE", OwnerTarget, FieldTarget)
	if t.policy.RealName != "off" && t.policy.RealName != "" {
		out.when(!target.Account.RealNameVerified, "TARGET_NOT_REALNAME", OwnerTarget, FieldTarget)
	}
	if t.policy.RealName == "must_match" {
		out.when(target.Account.RealNameVerified && target.Account.RealNameCertificate != source.Subject.Certificate,
			"REALNAME_MISMATCH", OwnerTarget, FieldTarget)
	}
	return out
}

// blockers collects what stands in the way.
type blockers []Blocker

func (b *blockers) when(blocked bool, code string, owner Owner, field string) {
	if blocked {
		*b = append(*b, Blocker{Code: code, Owner: owner, Field: field})
	}
}

func previewOf(ctx context.Context, tx Tx, source, target Party) (Preview, error) {
	p := Preview{Source: shownAs(source.Account), Target: shownAs(target.Account), source: source, target: target}
	if !source.HasSubject() {
		return p, nil
	}
	held, err := tx.Holdings(ctx, source.Subject.ID)
	if err != nil {
		return Preview{}, fmt.Errorf("reading what the subject holds: %w", err)
	}
	p.Subject, p.ICP = source.Subject.MaskedName(), source.Subject.ICPNumber.String()
	p.CodeTo = source.Subject.Principal.Phone.Masked()
	p.Websites, p.Records = len(held.Websites), len(held.Records)
	for _, w := range held.Websites {
		p.Domains = append(p.Domains, w.Domain.String())
		if foreign(w, source.Account.ExternalID) {
			p.Foreign++
		}
	}
	return p, nil
}

// shownAs is an account's masked login, or its phone when it has none.
func shownAs(a filing.Account) string {
	return cmp.Or(a.LoginEmail.Masked(), a.SecurityPhone.Masked())
}

// foreign reports whether another account bought the domain or the server; it is
// accepted and only shown (A3).
func foreign(w filing.Website, account string) bool {
	return foreignTo(w.DomainAccount, account) || foreignTo(w.ServerAccount, account)
}

// Open starts in source_verify: the code goes to the subject principal's phone
// (T8), the old channels are told (A8), silence expires.
func (t *Transfer) Open(ctx context.Context, tx Tx, job *Job, _ Submission, p Preview) (Change, error) {
	source, target := p.source, p.target
	job.SubjectID, job.SourceAccountID, job.TargetAccountID = source.Subject.ID, source.Account.ID, target.Account.ID
	job.ExpiresAt = tx.Now().Add(t.policy.VerifyWindow)
	if err := keepFacts(job, transferFacts{Preview: p}); err != nil {
		return Change{}, err
	}
	code, err := t.sendCode(ctx, tx, job, t.give(job, p, source.Subject.Principal.Phone))
	if err != nil {
		return Change{}, err
	}
	return Change{
		To:      StateSourceVerify,
		Events:  []Event{{Actor: sourceActor(job), What: WhatSubmitted}},
		Notices: append([]Notice{code}, t.warn(job, p)...),
		Tasks:   []Task{t.task(job, stepExpireVerify, job.ExpiresAt)},
	}, nil
}

func (t *Transfer) give(job *Job, p Preview, to filing.Phone) codeAsk {
	return codeAsk{purpose: PurposeGive, phone: to, owner: OwnerSource, params: map[string]string{"receipt": job.Receipt, "target": p.Target, "icp": p.ICP}}
}

// warn tells every old channel of the source, with the way to say "this was not
// me" (A8): its security phone, its mailbox and the subject's principal.
func (t *Transfer) warn(job *Job, p Preview) []Notice {
	return givers(p.source, TemplateWarned, map[string]string{"receipt": job.Receipt, "target": p.Target, "icp": p.ICP})
}

// givers addresses one message to everybody whose say it is that the subject
// goes: the account's channels and the subject's principal.
func givers(source Party, tpl Template, params map[string]string) []Notice {
	out := channels(source.Account, tpl, params)
	if p := source.Subject.Principal.Phone; !p.IsZero() && p != source.Account.SecurityPhone {
		out = append(out, Notice{Channel: ChannelSMS, Template: tpl, Phone: p, Params: params})
	}
	return out
}

// channels addresses one message to every phone and mailbox of an account.
func channels(a filing.Account, tpl Template, params map[string]string) []Notice {
	var out []Notice
	if !a.SecurityPhone.IsZero() {
		out = append(out, Notice{Channel: ChannelSMS, Template: tpl, Phone: a.SecurityPhone, Params: params})
	}
	if !a.LoginEmail.IsZero() {
		out = append(out, Notice{Channel: ChannelMail, Template: tpl, Email: a.LoginEmail, Params: params})
	}
	return out
}

func (t *Transfer) task(job *Job, step string, at time.Time) Task {
	return Task{ID: TaskID(KindTransfer, job.Receipt, step), Queue: QueueAccount,
		Type: string(KindTransfer) + ":" + step, Ref: job.Receipt, NotBefore: at}
}

func keepFacts(job *Job, f transferFacts) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encoding the transfer's facts: %w", err)
	}
	job.Facts = raw
	return nil
}

func factsOf(job *Job) (transferFacts, error) {
	var f transferFacts
	if err := json.Unmarshal(job.Facts, &f); err != nil {
		return f, fmt.Errorf("decoding the transfer's facts: %w", err)
	}
	return f, nil
}

func sourceActor(job *Job) Actor { return Actor{Kind: ActorSource, ID: job.SourceAccountID} }
func targetActor(job *Job) Actor { return Actor{Kind: ActorTarget, ID: job.TargetAccountID} }
