package tasks

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"beian/internal/filing"
)

// Recovery is one way to a new password, open for twenty minutes and for one use
// (F2). It opens by a link to the login email, or by a code to the security
// phone; both are derived from its id and from where they were sent.
type Recovery struct {
	ID        string
	AccountID string // empty when nobody was found: the row only takes its time
	Channel   Channel
	Tries     int // of the code (C1)
	Version   int64
	CreatedAt time.Time
	SentAt    time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
}

// recoveryLife is the twenty minutes of F2.
const recoveryLife = 20 * time.Minute

// paramRecovery is the parameter of a notice that names its recovery.
const paramRecovery = "recovery"

// Limits of people who ask for a new password (trust reference 4.8). Those per
// account leave no trace in the answer, and one way's leave the other way open.
var (
	limitRecoverClient  = Limit{Name: "recover_client", Burst: 10, Period: time.Hour}
	limitRecoverAll     = Limit{Name: "recover_all", Burst: 300, Period: time.Minute}
	limitRecoverAccount = Limit{Name: "recover_account", Burst: 5, Period: time.Hour}
)

func (r Recovery) alive(now time.Time) bool { return r.UsedAt.IsZero() && now.Before(r.ExpiresAt) }

// takesCode: the code's life is C1's, shorter than the recovery's.
func (r Recovery) takesCode(now time.Time) bool {
	return r.Channel == ChannelSMS && r.alive(now) && r.Tries < codeTries && now.Sub(r.CreatedAt) < codeLife
}

// recoveryAsk says whose password, and by which way.
type recoveryAsk struct {
	account filing.Account
	channel Channel
}

// openRecovery begins a recovery inside the caller's transaction and returns the
// message that opens it; the caller posts it with a job's change, or by itself.
// Older ones of the account end, except that a code which still lives is sent
// again (C1). After a login reset only the new mailbox leads to a password (L8).
//
// Errors: ErrNotFound when the account can't be reached that way, *TooMany.
func (d codeDesk) openRecovery(ctx context.Context, tx Tx, ask recoveryAsk) (Recovery, Notice, error) {
	if !ask.reachable(tx.Now()) {
		return Recovery{}, Notice{}, ErrNotFound
	}
	r := Recovery{ID: d.random.ID(), AccountID: ask.account.ID, Channel: ask.channel,
		CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(recoveryLife)}
	if ask.channel == ChannelSMS {
		last, err := d.lastCode(ctx, tx, ask)
		if err != nil {
			return Recovery{}, Notice{}, err
		}
		if last.takesCode(tx.Now()) {
			r = last
		}
	}
	if r.Version == 0 {
		if err := tx.VoidRecoveries(ctx, ask.account.ID); err != nil {
			return Recovery{}, Notice{}, err
		}
	}
	r.SentAt = tx.Now()
	if err := tx.SaveRecovery(ctx, r); err != nil {
		return Recovery{}, Notice{}, err
	}
	return r, ask.notice(r), nil
}

func (a recoveryAsk) reachable(now time.Time) bool {
	switch {
	case a.account.Status == filing.AccountClosed:
		return false
	case a.channel == ChannelMail:
		return !a.account.LoginEmail.IsZero()
	}
	return !a.account.SecurityPhone.IsZero() && !now.Before(a.account.HoldUntil)
}

// lastCode reads the account's newest recovery by code, within the numbers of C1;
// zero when there is none.
func (d codeDesk) lastCode(ctx context.Context, tx Tx, ask recoveryAsk) (Recovery, error) {
	last, err := tx.LastRecovery(ctx, ask.account.ID, ChannelSMS)
	if ignore(err, ErrNotFound) != nil {
		return Recovery{}, err
	}
	if wait := codeResend - tx.Now().Sub(last.SentAt); err == nil && wait > 0 {
		return Recovery{}, &TooMany{Limit: CodeTooFrequent, After: wait}
	}
	perPhone, perAccount, err := tx.CodesSent(ctx, ask.account.ID, PurposePassword, ask.account.SecurityPhone)
	if err == nil && (perAccount >= codesPerJob || perPhone >= codesPerPhone) {
		err = &TooMany{Limit: CodeTooFrequent, After: 24 * time.Hour}
	}
	return last, err
}

func (a recoveryAsk) notice(r Recovery) Notice {
	params := map[string]string{"login": a.account.LoginEmail.Masked()}
	if r.Channel == ChannelSMS {
		return Notice{JobID: a.account.ID, Channel: ChannelSMS, Template: TemplateCode, Purpose: PurposePassword, CodeID: r.ID,
			Phone: a.account.SecurityPhone, Params: params}
	}
	params[paramRecovery] = r.ID
	return Notice{JobID: a.account.ID, Channel: ChannelMail, Template: TemplateRecovery, Email: a.account.LoginEmail, Params: params}
}

// recoveryKey is what a link carries: the recovery's id and a token that depends
// on where it was sent, so that it dies when that login or phone is replaced.
func recoveryKey(s Secrets, id, sentTo string) string {
	return id + "." + s.Token("recovery", id+" "+sentTo)
}

func (r Recovery) key(s Secrets, a filing.Account) string {
	sentTo := a.LoginEmail.Reveal()
	if r.Channel == ChannelSMS {
		sentTo = a.SecurityPhone.Reveal()
	}
	return recoveryKey(s, r.ID, sentTo)
}

// Claimant is who says to own an account: by its login email or by its security
// phone. A phone that several accounts share names none of them.
type Claimant struct {
	Email filing.Email
	Phone filing.Phone
}

// name is what limits of unknown claimants count by, as a keyed digest.
func (c Claimant) name() string { return cmp.Or(c.Email.Reveal(), c.Phone.Reveal()) }

func (c Claimant) party(ctx context.Context, tx Tx) (Party, error) {
	if !c.Email.IsZero() {
		return tx.Party(ctx, AccountRef{Login: c.Email})
	}
	if c.Phone.IsZero() {
		return Party{}, ErrNotFound
	}
	ids, err := tx.AccountsOf(ctx, c.Phone, 2)
	if err != nil || len(ids) != 1 {
		return Party{}, cmp.Or(err, ErrNotFound)
	}
	return tx.Party(ctx, AccountRef{ID: ids[0]})
}

// PasswordRequest asks for a new password by one of the two ways of F2. Asker is
// a keyed digest of the caller's address.
type PasswordRequest struct {
	Claimant
	Channel Channel
	Lang    string
	Asker   string
}

// RequestPassword sends the link or the code, if there is such an account and it
// can be reached. The answer is the same in every other case, and about as much
// is written; errors are limits of the caller and outages only.
func (d *Desk) RequestPassword(ctx context.Context, r PasswordRequest) error {
	err := d.store.Update(ctx, func(tx Tx) error {
		return cmp.Or(tx.Take(ctx, limitRecoverClient, r.Asker), tx.Take(ctx, limitRecoverAll, "all"))
	})
	if err != nil {
		return err
	}
	err = d.store.Update(ctx, func(tx Tx) error { return d.request(ctx, tx, r) })
	var often *TooMany
	if errors.As(err, &often) || errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

func (d *Desk) request(ctx context.Context, tx Tx, r PasswordRequest) error {
	p, err := r.party(ctx, tx)
	if ignore(err, ErrNotFound) != nil {
		return err
	}
	key := string(r.Channel) + " " + cmp.Or(p.Account.ID, r.name())
	if err := tx.Take(ctx, limitRecoverAccount, key); err != nil {
		return err
	}
	if again, err := d.sameMinute(ctx, tx, p.Account.ID, r.Channel); err != nil || again {
		return err
	}
	_, notice, err := d.codes().openRecovery(ctx, tx, recoveryAsk{account: p.Account, channel: r.Channel})
	if errors.Is(err, ErrNotFound) {
		return d.pretend(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	if err := d.mail(ctx, tx, r.Lang, notice); err != nil {
		return err
	}
	return tx.Audit(ctx, Entry{Actor: Actor{Kind: ActorApplicant}, Action: "password.request", Object: p.Account.ID, Reason: "by " + string(r.Channel)})
}

// sameMinute finds a link that has just gone out: pressing twice sends one.
func (d *Desk) sameMinute(ctx context.Context, tx Tx, accountID string, by Channel) (bool, error) {
	if by != ChannelMail || accountID == "" {
		return false, nil
	}
	last, err := tx.LastRecovery(ctx, accountID, by)
	if err != nil {
		return false, ignore(err, ErrNotFound)
	}
	return last.alive(tx.Now()) && tx.Now().Sub(last.SentAt) < codeResend, nil
}

// pretend writes what a request for a known account writes, for nobody.
func (d *Desk) pretend(ctx context.Context, tx Tx, r PasswordRequest) error {
	now := tx.Now()
	if err := tx.VoidRecoveries(ctx, ""); err != nil {
		return err
	}
	err := tx.SaveRecovery(ctx, Recovery{ID: d.random.ID(), Channel: r.Channel, CreatedAt: now, SentAt: now, ExpiresAt: now, UsedAt: now})
	if err != nil {
		return err
	}
	return tx.Audit(ctx, Entry{Actor: Actor{Kind: ActorApplicant}, Action: "password.request", Object: "unknown", Reason: "by " + string(r.Channel)})
}

// mail sends messages that belong to no job.
func (d *Desk) mail(ctx context.Context, tx Tx, lang string, notices ...Notice) error {
	var todo []Task
	for i := range notices {
		n := &notices[i]
		n.ID, n.Lang, n.State = d.random.ID(), lang, NoticeWaiting
		todo = append(todo, noticeTask(n.ID, typeNoticeSend))
	}
	if err := tx.AddNotices(ctx, notices...); err != nil {
		return err
	}
	return tx.Post(ctx, todo...)
}

// RecoverByCode exchanges the code of the SMS, once, for the key of the new
// password's form. Every wrong claimant or code is the same *Invalid; a wrong
// code counts also when nobody is told (C1).
func (d *Desk) RecoverByCode(ctx context.Context, c Claimant, typed string) (string, error) {
	if typed = digits(typed); typed == "" {
		return "", &Invalid{Faults: []Fault{{Field: FieldCode, Code: "REQUIRED"}}}
	}
	var key string
	err := d.store.Update(ctx, func(tx Tx) error {
		key = ""
		p, err := c.party(ctx, tx)
		if err != nil {
			return err
		}
		r, err := tx.LastRecovery(ctx, p.Account.ID, ChannelSMS)
		if err != nil || !r.takesCode(tx.Now()) {
			return cmp.Or(err, ErrNotFound)
		}
		r.Tries++
		if subtle.ConstantTimeCompare([]byte(typed), []byte(d.secrets.Digits(r.ID))) == 1 {
			key, r.Tries = r.key(d.secrets, p.Account), codeTries // one success is all a code has
		}
		return tx.SaveRecovery(ctx, r)
	})
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) || (err == nil && key == "") {
		return "", &Invalid{Faults: []Fault{{Field: FieldCode, Code: CodeExpired}}}
	}
	return key, err
}
