package tasks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"beian/tasks"
)

func TestI3_the_password_is_gone_once_it_was_used_and_the_ticket_at_the_end(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(1)
		acc, err := o.desk.Submit(t.Context(), o.form(p, from))
		if err != nil {
			t.Fatal(err)
		}
		if got := o.secrets(p, acc.Receipt); !slices.Equal(got, []string{"credentials"}) {
			t.Errorf("before the check: %v", got)
		}
		o.run()
		if got := o.secrets(p, acc.Receipt); !slices.Equal(got, []string{"ticket", "holdings"}) {
			t.Errorf("after the check: %v", got)
		}
		o.must(o.confirm(p, acc.Receipt))
		o.stands(p, acc.Receipt, tasks.StateDone)
		if got := o.secrets(p, acc.Receipt); len(got) > 0 {
			t.Errorf("at the end: %v", got)
		}
	})
}

func TestI3_no_end_of_a_job_leaves_a_secret(t *testing.T) {
	t.Parallel()
	supervisor := tasks.ActorSupervisor
	for name, end := range map[string]func(o *legacyOffice, p person, receipt string) error{
		"withdrawn while checking": func(o *legacyOffice, p person, receipt string) error {
			return o.act(p, receipt, tasks.VerbCancel)
		},
		"withdrawn at the differences": func(o *legacyOffice, p person, receipt string) error {
			o.run()
			return o.act(p, receipt, tasks.VerbCancel)
		},
		"expired": func(o *legacyOffice, _ person, _ string) error {
			o.run()
			o.pass(8 * 24 * time.Hour)
			return nil
		},
		"refused after a dispute": func(o *legacyOffice, p person, receipt string) error {
			if err := o.act(p, receipt, tasks.VerbDispute); err != nil {
				return err
			}
			return o.staff(supervisor, receipt, tasks.VerbReject)
		},
		"blocked": func(o *legacyOffice, _ person, _ string) error {
			for _, a := range o.platform.accounts {
				a.held.FiledAt = o.now()
			}
			o.run()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openLegacy(t)
			p := o.someone()
			acc, err := o.desk.Submit(t.Context(), o.form(p, o.old(1)))
			if err != nil {
				t.Fatal(err)
			}
			o.must(end(o, p, acc.Receipt))
			if v := o.as(p)(acc.Receipt); !v.Job.State.Ended() || len(o.secrets(p, acc.Receipt)) > 0 {
				t.Errorf("%s with %v", v.Job.State, o.secrets(p, acc.Receipt))
			}
		})
	}
}

func TestI3_the_sixth_wrong_try_of_a_day_is_not_even_asked(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	from := o.old(1)
	guess := from
	for i := range 5 {
		guess.password = fmt.Sprint("guess ", i)
		guess.login = []string{from.login, " " + from.login, strings.ToUpper(from.login[:1]) + from.login[1:]}[i%3]
		p := o.someone()
		o.stands(p, o.ask(p, guess), tasks.StateFailed, "LEGACY_CREDENTIALS_WRONG")
		o.pass(time.Hour)
	}
	asked := o.platform.calls()
	p := o.someone()
	_, err := o.desk.Submit(t.Context(), o.form(p, from))
	wantCodes(t, err, "platform LEGACY_LOCKED")
	if o.platform.calls() != asked {
		t.Error("the platform was asked once more")
	}
	o.jump(19*time.Hour + time.Minute) // the first one is a day ago
	o.stands(p, o.ask(p, from), tasks.StateDiff)
}

func TestI3_tries_at_the_same_time_do_not_pass_the_limit(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		from := o.old(1)
		from.password = "wrong"
		var receipts []string
		people := make([]person, 12)
		for i := range people {
			people[i] = o.someone()
			acc, err := o.desk.Submit(t.Context(), o.form(people[i], from))
			if err != nil {
				t.Fatal(err)
			}
			receipts = append(receipts, acc.Receipt)
		}
		o.relay(0)
		todo := o.parked
		o.parked = nil
		done := make(chan error, len(todo))
		for _, d := range todo {
			go func() { done <- o.desk.Work(o.ctx(), d.ref) }()
		}
		for range todo {
			<-done
		}
		if o.platform.opened > 5 {
			t.Errorf("the platform was asked %d times", o.platform.opened)
		}
		o.parked = todo
		o.run()
		wrong, locked := 0, 0
		for i, receipt := range receipts {
			switch v := o.as(people[i])(receipt); {
			case len(v.Job.Blockers) == 1 && v.Job.Blockers[0].Code == "LEGACY_CREDENTIALS_WRONG":
				wrong++
			case len(v.Job.Blockers) == 1 && v.Job.Blockers[0].Code == "LEGACY_LOCKED":
				locked++
			}
		}
		if wrong > 5 || o.platform.opened > 5 || wrong+locked+waitingOf(o, people, receipts) != len(receipts) {
			t.Errorf("%d wrong and %d locked of %d after %d questions", wrong, locked, len(receipts), o.platform.opened)
		}
	})
}

// waitingOf counts imports that still wait for other tries.
func waitingOf(o *legacyOffice, people []person, receipts []string) (n int) {
	for i, receipt := range receipts {
		if o.as(people[i])(receipt).Job.State == tasks.StateChecking {
			n++
		}
	}
	return n
}

func TestI3_a_login_that_does_not_exist_is_answered_like_a_wrong_password(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	from := o.old(1)
	var views []tasks.View
	for _, guess := range []old{{login: from.login, password: "x"}, {login: "nobody@old.example", password: "x"}} {
		p := o.someone()
		views = append(views, o.stands(p, o.ask(p, guess), tasks.StateFailed, "LEGACY_CREDENTIALS_WRONG"))
	}
	for i, e := range views[0].Timeline {
		if other := views[1].Timeline[i]; e.What != other.What || e.Note != other.Note {
			t.Errorf("the timelines differ: %v, %v", e, other)
		}
	}
	if a, b := views[0].Job.Blockers[0], views[1].Job.Blockers[0]; a.Field != b.Field || len(a.Params) != len(b.Params) {
		t.Errorf("%+v against %+v", a, b)
	}
}

func TestI3_an_outage_costs_no_try(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	from := o.old(1)
	o.platform.answers(errDown, errDown, errDown, errDown, errDown, errDown)
	p := o.someone()
	receipt := o.ask(p, from)
	o.pass(10 * time.Minute)
	o.stands(p, receipt, tasks.StateDiff)
}

func TestI3_a_job_that_was_frozen_during_the_question_keeps_nothing_of_the_answer(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(1)
		acc, err := o.desk.Submit(t.Context(), o.form(p, from))
		if err != nil {
			t.Fatal(err)
		}
		o.platform.during(func() {
			if err := o.act(p, acc.Receipt, tasks.VerbDispute); err != nil {
				t.Error(err)
			}
		})
		o.run()
		o.stands(p, acc.Receipt, tasks.StateDisputed)
		if got := o.secrets(p, acc.Receipt); !slices.Equal(got, []string{"credentials"}) {
			t.Errorf("sealed: %v", got)
		}
		o.must(o.staff(tasks.ActorSupervisor, acc.Receipt, tasks.VerbRelease))
		o.stands(p, acc.Receipt, tasks.StateDiff)
	})
}

func TestI3_what_is_shown_is_masked(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(2)
	receipt := o.ask(p, from)
	v := o.as(p)(receipt)
	text := fmt.Sprintf("%+v %+v %s", v, *v.Legacy, v.Job.Facts)
	held := from.account.held
	for _, secret := range []string{from.login, from.password, "ticket-", held.Subject.Certificate.Reveal(), held.Subject.Name,
		held.Subject.Principal.Phone.Reveal(), held.Websites[0].Website.Principal.Phone.Reveal(), "司马旧识"} {
		if strings.Contains(text, secret) {
			t.Errorf("the view holds %q", secret)
		}
	}
	if !strings.Contains(text, held.Websites[0].Website.Domain.String()) {
		t.Error("the scan would not find anything")
	}
	for _, value := range []any{tasks.LegacyCredentials{Login: "a", Password: "b"}, tasks.LegacyTicket{Token: "b"}} {
		if s := fmt.Sprintf("%v %+v %#v", value, value, value); strings.Contains(s, "b\"") || strings.Contains(s, " b") {
			t.Errorf("printed: %s", s)
		}
	}
}
