package tasks

import (
	"context"
	"crypto/subtle"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"

	"beian/internal/filing"
)

// The numbers of C1.
const (
	codeLife      = 10 * time.Minute
	codeTries     = 5
	codeResend    = time.Minute
	codesPerJob   = 3
	codesPerPhone = 10
)

// Fault codes of C1, also blocker codes of product.md.
const (
	CodeWrong       = "CODE_WRONG"
	CodeExpired     = "CODE_EXPIRED"
	CodeLocked      = "CODE_LOCKED"
	CodeTooFrequent = "CODE_TOO_FREQUENT"
)

// sendCode prepares a code message for a job: the code that still lives, or a
// new one (C1). *TooMany when the phone or the job had enough.
func (d codeDesk) sendCode(ctx context.Context, tx Tx, job *Job, ask codeAsk) (Notice, error) {
	code, err := newestCode(ctx, tx, job, ask.purpose)
	if err != nil {
		return Notice{}, err
	}
	if ask.phone.IsZero() { // the filing system took it away meanwhile
		return Notice{}, &Blocked{Blockers: []Blocker{{Code: "PHONE_INVALID", Owner: ask.owner}}}
	}
	now := tx.Now()
	if code.ID != "" && now.Sub(code.SentAt) < codeResend && code.UsedAt.IsZero() {
		return Notice{}, &TooMany{Limit: CodeTooFrequent, After: codeResend - now.Sub(code.SentAt)}
	}
	perPhone, perJob, err := tx.CodesSent(ctx, job.ID, ask.purpose, ask.phone)
	if err != nil {
		return Notice{}, err
	}
	if perJob >= codesPerJob || perPhone >= codesPerPhone {
		return Notice{}, &TooMany{Limit: CodeTooFrequent, After: 24 * time.Hour}
	}
	if !code.alive(now) || code.Phone != ask.phone {
		code = Code{ID: d.random.ID(), JobID: job.ID, Purpose: ask.purpose, Phone: ask.phone,
			CreatedAt: now, ExpiresAt: now.Add(codeLife)}
	}
	code.SentAt = now
	if err := tx.SaveCode(ctx, code); err != nil {
		return Notice{}, err
	}
	return Notice{Channel: ChannelSMS, Template: TemplateCode, Purpose: ask.purpose, CodeID: code.ID,
		Phone: ask.phone, Params: ask.params}, nil
}

// newestCode is zero when there is none, as for a job that is not written yet.
func newestCode(ctx context.Context, tx Tx, job *Job, p Purpose) (Code, error) {
	if job.Version == 0 {
		return Code{}, nil
	}
	code, err := tx.Code(ctx, job.ID, p)
	if err != nil {
		return Code{}, ignore(err, ErrNotFound)
	}
	return code, nil
}

// codeAsk says what a code is for; params show in the message what is signed.
type codeAsk struct {
	purpose Purpose
	phone   filing.Phone
	owner   Owner // who can do something about a missing phone
	params  map[string]string
}

// codeDesk issues and checks codes for flows.
type codeDesk struct {
	secrets Secrets
	random  Random
}

func (c Code) alive(now time.Time) bool {
	return c.ID != "" && c.UsedAt.IsZero() && now.Before(c.ExpiresAt) && c.Tries < codeTries
}

// checkCode compares what was typed with the job's newest code and counts the
// try. The returned refusal, when not nil, must be committed with the count: a
// resend never resets it (C1).
func (d codeDesk) checkCode(ctx context.Context, tx Tx, job *Job, p Purpose, typed string) (refuse, err error) {
	if typed = digits(typed); typed == "" { // a slip of the hand costs no try
		return nil, &Invalid{Faults: []Fault{{Field: FieldCode, Code: "REQUIRED"}}}
	}
	code, err := tx.Code(ctx, job.ID, p)
	if errors.Is(err, ErrNotFound) || (err == nil && !code.UsedAt.IsZero()) {
		return codeFault(CodeExpired, 0), nil
	}
	if err != nil {
		return nil, err
	}
	switch {
	case code.Tries >= codeTries:
		return codeFault(CodeLocked, 0), nil
	case !tx.Now().Before(code.ExpiresAt):
		return codeFault(CodeExpired, 0), nil
	}
	if subtle.ConstantTimeCompare([]byte(typed), []byte(d.secrets.Digits(code.ID))) == 1 {
		code.UsedAt = tx.Now()
		return nil, tx.SaveCode(ctx, code)
	}
	code.Tries++
	refuse = codeFault(CodeWrong, codeTries-code.Tries)
	if code.Tries >= codeTries {
		refuse = codeFault(CodeLocked, 0)
	}
	return refuse, tx.SaveCode(ctx, code)
}

// digits reads a number as people type it: full-width forms of Chinese keyboards
// become ASCII, blanks and hyphens go.
func digits(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '０' <= r && r <= '９':
			return r - '０' + '0'
		case unicode.IsSpace(r), r == '-':
			return -1
		}
		return r
	}, typed)
}

func codeFault(code string, left int) error {
	return &Invalid{Faults: []Fault{{Field: FieldCode, Code: code, Params: map[string]string{"n": strconv.Itoa(left)}}}}
}
