package tasks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

const (
	oldPassword = "a quiet grey heron"
	newPassword = "a loud white goose"
)

func (o *office) mailbox(address string) filing.Email {
	o.tb.Helper()
	m, err := filing.ParseEmail(address)
	if err != nil {
		o.tb.Fatal(err)
	}
	return m
}

// request asks for a new password from an address of its own, and lets the
// messages go out.
func (o *office) request(c tasks.Claimant, by tasks.Channel) {
	o.tb.Helper()
	o.must(o.desk.RequestPassword(o.ctx(), tasks.PasswordRequest{Claimant: c, Channel: by, Lang: "zh-CN", Asker: "asker " + o.key()}))
	o.run()
}

func (o *office) owner(p person) tasks.Claimant { return tasks.Claimant{Email: o.mailbox(p.email)} }

// links are the keys that a mailbox received, oldest first.
func (o *office) links(p person) []string {
	var out []string
	for _, m := range o.wire.to(p.email, tasks.TemplateRecovery) {
		out = append(out, m.Params["key"])
	}
	return out
}

// link asks for a link and reads it.
func (o *office) link(p person) string {
	o.tb.Helper()
	o.request(o.owner(p), tasks.ChannelMail)
	links := o.links(p)
	if len(links) == 0 {
		o.tb.Fatal("no link came")
	}
	return links[len(links)-1]
}

func (o *office) recover(key, password string) error {
	return o.desk.RecoverByLink(o.ctx(), tasks.NewPassword{Key: key, Password: password, Lang: "zh-CN"})
}

func (o *office) signIn(p person, password string) (accounts.Session, string, error) {
	o.keys++
	return o.porter.SignIn(o.ctx(), accounts.SignIn{Login: p.email, Password: password, Client: accounts.Client{Address: fmt.Sprint("client ", o.keys)}})
}

func wantGone(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, tasks.ErrGone) {
		t.Errorf("got %v, want %v", err, tasks.ErrGone)
	}
}

func TestF2_a_link_sets_a_password_ends_every_session_and_the_owner_is_told(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.holder()
		o.must(o.porter.SetPassword(t.Context(), tasks.System(), p.email, oldPassword))
		_, token, err := o.signIn(p, oldPassword)
		o.must(err)
		key := o.link(p)
		login, err := o.desk.LookRecovery(t.Context(), key)
		if err != nil || login != o.mailbox(p.email).Masked() {
			t.Errorf("%q, %v", login, err)
		}
		o.must(o.recover(key, newPassword))
		o.run()
		if _, err := o.porter.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("the old session: %v", err)
		}
		if _, _, err := o.signIn(p, oldPassword); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("the old password: %v", err)
		}
		if _, _, err := o.signIn(p, newPassword); err != nil {
			t.Errorf("the new password: %v", err)
		}
		for _, to := range []string{p.email, p.phone, p.principal} {
			if n := len(o.wire.to(to, tasks.TemplatePassword)); n != 1 {
				t.Errorf("a channel was told %d times", n)
			}
		}
		wantGone(t, o.recover(key, oldPassword))
	})
}

// S1: an account that came from the filing system has no password.
func TestS1_an_account_without_a_password_sets_its_first_one_by_recovery(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	if _, _, err := o.signIn(p, newPassword); !errors.Is(err, accounts.ErrRefused) {
		t.Fatalf("signed in without a password: %v", err)
	}
	o.must(o.recover(o.link(p), newPassword))
	if _, _, err := o.signIn(p, newPassword); err != nil {
		t.Error(err)
	}
}

func TestF2_a_code_to_the_security_phone_is_exchanged_once_for_the_key(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		for _, byPhone := range []bool{false, true} {
			p := o.someone()
			c := o.owner(p)
			if byPhone {
				c = tasks.Claimant{Phone: o.parsedPhone(p.phone)}
			}
			o.request(c, tasks.ChannelSMS)
			code := o.code(p.phone)
			_, err := o.desk.RecoverByCode(t.Context(), c, wrong(code))
			wantCodes(t, err, "CODE_EXPIRED")
			key, err := o.desk.RecoverByCode(t.Context(), c, code[:3]+" "+code[3:])
			o.must(err)
			_, err = o.desk.RecoverByCode(t.Context(), c, code)
			wantCodes(t, err, "CODE_EXPIRED")
			o.must(o.recover(key, newPassword))
			wantGone(t, o.recover(key, oldPassword))
			m := o.wire.to(p.phone, tasks.TemplateCode)
			if m[0].Params["purpose"] != string(tasks.PurposePassword) || m[0].Params["login"] != o.mailbox(p.email).Masked() {
				t.Errorf("the code does not say what it is for: %v", m[0].Params["purpose"])
			}
		}
	})
}

func TestF2_unknown_people_get_the_same_answer_and_no_message(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	closed := o.someone(line{"status": "closed"})
	twins := []person{o.someone(line{"security_phone": "13900001111"}), o.someone(line{"security_phone": "13900001111"})}
	bare := o.someone(line{"security_phone": ""})
	for name, ask := range map[string]struct {
		who tasks.Claimant
		by  tasks.Channel
	}{
		"an unknown login":                   {tasks.Claimant{Email: o.mailbox("nobody@example.com")}, tasks.ChannelMail},
		"an unknown login by SMS":            {tasks.Claimant{Email: o.mailbox("nobody@example.com")}, tasks.ChannelSMS},
		"an unknown phone":                   {tasks.Claimant{Phone: o.parsedPhone("13500000000")}, tasks.ChannelSMS},
		"a closed account":                   {o.owner(closed), tasks.ChannelMail},
		"a phone that two accounts share":    {tasks.Claimant{Phone: o.parsedPhone("13900001111")}, tasks.ChannelMail},
		"an account without a phone":         {o.owner(bare), tasks.ChannelSMS},
		"neither a login nor a phone at all": {tasks.Claimant{}, tasks.ChannelMail},
	} {
		t.Run(name, func(t *testing.T) {
			o.request(ask.who, ask.by)
			_, err := o.desk.RecoverByCode(t.Context(), ask.who, "123456")
			wantCodes(t, err, "CODE_EXPIRED")
		})
	}
	if len(o.wire.handed) != 0 {
		t.Errorf("%d messages went out", len(o.wire.handed))
	}
	o.request(o.owner(twins[0]), tasks.ChannelSMS)
	if len(o.wire.to("13900001111", tasks.TemplateCode)) != 1 {
		t.Error("a shared phone gets no code when the login is given")
	}
}

func TestF2_a_new_request_voids_the_older_ones(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	first := o.link(p)
	if again := o.link(p); again != first || len(o.links(p)) != 1 { // pressed twice
		t.Error("two links within a minute")
	}
	o.pass(time.Minute)
	second := o.link(p)
	wantGone(t, o.recover(first, newPassword))
	o.request(o.owner(p), tasks.ChannelSMS)
	wantGone(t, o.recover(second, newPassword))
	o.pass(time.Minute)
	third := o.link(p)
	_, err := o.desk.RecoverByCode(t.Context(), o.owner(p), o.code(p.phone))
	wantCodes(t, err, "CODE_EXPIRED")
	o.must(o.recover(third, newPassword))
}

func TestF2_a_link_lives_twenty_minutes_and_looking_uses_none_up(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	key := o.link(p)
	o.pass(20*time.Minute - time.Second)
	for range 3 {
		if _, err := o.desk.LookRecovery(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	wantCodes(t, o.recover(key, "short"), accounts.CodePasswordShort) // and may be tried again
	o.pass(time.Second)
	wantGone(t, o.recover(key, newPassword))
}

func TestF2_no_other_key_opens(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p, other := o.someone(), o.someone()
	key, theirs := o.link(p), o.link(other)
	id, token, _ := strings.Cut(key, ".")
	theirID, theirToken, _ := strings.Cut(theirs, ".")
	for _, bad := range []string{"", ".", id, id + ".", id + "." + theirToken, theirID + "." + token, key + "A", key[:len(key)-1], "x." + token} {
		wantGone(t, o.recover(bad, newPassword))
	}
	if len(token) != 22 {
		t.Errorf("a token of %d characters", len(token))
	}
}

func TestF2_a_link_dies_with_the_mailbox_it_was_sent_to(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	key := o.link(p)
	o.take(p.account.with(line{"login_email": "replaced@example.com"}))
	wantGone(t, o.recover(key, newPassword))
	if got := fmt.Sprintf("%v %+v", tasks.NewPassword{Key: key, Password: newPassword}, tasks.NewPassword{Key: key}); strings.Contains(got, key) {
		t.Errorf("printed %s", got)
	}
}

// L8: for the days after a login reset the phone on record may be the thief's.
func TestF2_during_a_hold_only_the_mailbox_leads_to_a_password(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	o.request(o.owner(p), tasks.ChannelSMS)
	before, err := o.desk.RecoverByCode(t.Context(), o.owner(p), o.code(p.phone))
	o.must(err)
	o.take(p.account.with(line{"hold_until": o.now().Add(7 * 24 * time.Hour).Format(time.RFC3339)}))
	wantGone(t, o.recover(before, newPassword))
	o.pass(2 * time.Minute)
	o.request(o.owner(p), tasks.ChannelSMS)
	if n := len(o.wire.to(p.phone, tasks.TemplateCode)); n != 1 {
		t.Errorf("%d codes", n)
	}
	o.must(o.recover(o.link(p), newPassword))
}

func TestF2_codes_of_a_recovery_keep_the_numbers_of_C1(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	codes := func() int { return len(o.wire.to(p.phone, tasks.TemplateCode)) }
	o.request(o.owner(p), tasks.ChannelSMS)
	first := o.code(p.phone)
	o.request(o.owner(p), tasks.ChannelSMS)
	if codes() != 1 {
		t.Error("a second code within a minute")
	}
	for range 2 {
		_, err := o.desk.RecoverByCode(t.Context(), o.owner(p), wrong(first))
		wantCodes(t, err, "CODE_EXPIRED")
	}
	o.pass(time.Minute)
	o.request(o.owner(p), tasks.ChannelSMS)
	if codes() != 2 || o.code(p.phone) != first {
		t.Error("a resend within its life is another code")
	}
	for range 3 { // the two before count on
		_, _ = o.desk.RecoverByCode(t.Context(), o.owner(p), wrong(first))
	}
	_, err := o.desk.RecoverByCode(t.Context(), o.owner(p), first)
	wantCodes(t, err, "CODE_EXPIRED")
	o.pass(time.Minute)
	o.request(o.owner(p), tasks.ChannelSMS)
	if codes() != 3 || o.code(p.phone) == first {
		t.Error("a locked code was sent again")
	}
	o.pass(10 * time.Minute)
	_, err = o.desk.RecoverByCode(t.Context(), o.owner(p), o.code(p.phone))
	wantCodes(t, err, "CODE_EXPIRED")
	o.request(o.owner(p), tasks.ChannelSMS)
	if codes() != 3 {
		t.Error("a fourth code in a day")
	}
	o.link(p) // the other way stays open
}

func TestF2_many_requests_from_one_address_are_refused_alike(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	var refused []int
	for _, who := range []tasks.Claimant{o.owner(p), {Email: o.mailbox("nobody@example.com")}} {
		for n := range 12 {
			err := o.desk.RequestPassword(t.Context(), tasks.PasswordRequest{Claimant: who, Channel: tasks.ChannelMail, Asker: "one " + who.Email.Masked()})
			var many *tasks.TooMany
			if errors.As(err, &many) {
				refused = append(refused, n)
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	if !slices.Equal(refused, []int{10, 11, 10, 11}) {
		t.Errorf("refused at %v", refused)
	}
}

func TestF2_an_account_gets_five_links_an_hour_whoever_asks(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	for range 8 {
		o.request(o.owner(p), tasks.ChannelMail)
		o.pass(time.Minute)
	}
	if n := len(o.links(p)); n != 5 {
		t.Errorf("%d links", n)
	}
}

func TestF2_of_many_at_once_one_password_is_set(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.someone()
		key := o.link(p)
		var set atomic.Int32
		var all sync.WaitGroup
		for n := range 6 {
			all.Go(func() {
				switch err := o.recover(key, fmt.Sprint(newPassword, n)); {
				case err == nil:
					set.Add(1)
				case !errors.Is(err, tasks.ErrGone) && !errors.Is(err, tasks.ErrInFlight):
					t.Errorf("%v", err)
				}
			})
		}
		all.Wait()
		if set.Load() != 1 {
			t.Errorf("%d passwords were set", set.Load())
		}
	})
}

func TestF2_guesses_at_once_count_one_by_one(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.someone()
		o.request(o.owner(p), tasks.ChannelSMS)
		code := o.code(p.phone)
		for range 4 {
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() { _, _ = o.desk.RecoverByCode(t.Context(), o.owner(p), wrong(code)) })
			}
			all.Wait()
		}
		// 16 guesses in four volleys; each volley counts at least one and none is answered uncounted.
		o.view(func(tx tasks.Tx) error {
			r, err := tx.LastRecovery(t.Context(), p.id, tasks.ChannelSMS)
			if r.Tries < 4 || r.Tries > 5 {
				t.Errorf("%d tries", r.Tries)
			}
			return err
		})
	})
}

func TestF2_nothing_that_opens_rests_in_the_record(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	key := o.link(p)
	_, token, _ := strings.Cut(key, ".")
	o.view(func(tx tasks.Tx) error {
		notices, err := tx.Notices(t.Context(), p.id)
		if len(notices) != 1 || notices[0].State != tasks.NoticeDelivered {
			t.Errorf("%d notices", len(notices))
		}
		for _, n := range notices {
			for _, v := range n.Params {
				if strings.Contains(v, token) || strings.Contains(v, p.email) {
					t.Error("the ledger holds a secret")
				}
			}
		}
		return err
	})
}

func TestF2_a_link_that_is_over_is_not_sent_any_more(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	o.wire.plays(p.email, refusal(tasks.SendRetry), refusal(tasks.SendRetry))
	o.must(o.desk.RequestPassword(t.Context(), tasks.PasswordRequest{Claimant: o.owner(p), Channel: tasks.ChannelMail, Asker: "a"}))
	o.run()
	o.jump(21 * time.Minute)
	o.run()
	if n := len(o.wire.to(p.email, tasks.TemplateRecovery)); n != 1 {
		t.Errorf("handed over %d times", n)
	}
	o.view(func(tx tasks.Tx) error {
		notices, err := tx.Notices(t.Context(), p.id)
		if len(notices) != 1 || notices[0].State != tasks.NoticeFailed {
			t.Errorf("%+v", notices[0].State)
		}
		return err
	})
}
