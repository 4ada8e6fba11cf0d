package api

import (
	"fmt"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// accountData is everything an applicant sees of the own account (S1).
type accountData struct {
	Rows     []page.Row
	Frozen   bool
	Holds    []page.Row // empty: no subject
	Jobs     []page.Task
	Sessions []sessionRow
}

type sessionRow struct {
	ID, Client    string
	Current       bool
	Created, Seen time.Time
}

func (p *pages) account(v *visit) error {
	data := accountData{Frozen: v.who.Frozen}
	if err := p.holdings(v, &data); err != nil {
		return err
	}
	jobs, err := p.s.parts.Desk.Jobs(v.ctx(), tasks.JobFilter{AccountID: v.who.AccountID, Limit: 50})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		data.Jobs = append(data.Jobs, page.Task{Title: v.words(p, "kind."+string(j.Kind)), Href: "/jobs/" + j.Receipt,
			Hint:  v.words(p, "account.job.when", text.Params{"receipt": page.Grouped(j.Receipt), "date": p.s.parts.Catalog.Date(j.CreatedAt)}),
			Badge: page.Badge{Text: v.words(p, "state."+string(j.State)), Tone: page.StateTone(string(j.State))}})
	}
	sessions, err := p.s.parts.Accounts.Sessions(v.ctx(), v.who.AccountID)
	if err != nil {
		return err
	}
	for _, one := range sessions {
		data.Sessions = append(data.Sessions, sessionRow{ID: one.ID, Client: one.Client, Current: one.ID == v.who.ID,
			Created: one.CreatedAt, Seen: one.SeenAt})
	}
	view := p.view(v)
	view.Data = data
	return p.show(v, "account", view)
}

// holdings reads what the account holds, masked.
func (p *pages) holdings(v *visit, data *accountData) error {
	var party tasks.Party
	var held tasks.Holdings
	err := p.parts.Record.View(v.ctx(), func(tx tasks.Tx) (err error) {
		party, err = tx.Party(v.ctx(), tasks.AccountRef{ID: v.who.AccountID})
		if err == nil && party.HasSubject() {
			held, err = tx.Holdings(v.ctx(), party.Subject.ID)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading what an account holds: %w", err)
	}
	phone := v.words(p, "account.phone.none")
	if !party.Account.SecurityPhone.IsZero() {
		phone = party.Account.SecurityPhone.Masked()
	}
	data.Rows = []page.Row{{Key: v.words(p, "account.login"), Value: v.who.Name}, {Key: v.words(p, "account.phone"), Value: phone}}
	if !party.HasSubject() {
		return nil
	}
	data.Holds = []page.Row{{Key: v.words(p, "account.subject"), Value: party.Subject.MaskedName()},
		{Key: v.words(p, "account.icp"), Value: party.Subject.ICPNumber.String()}}
	for i, w := range held.Websites {
		name := w.Domain.Unicode()
		if foreignTo(w.DomainAccount, party.Account.ExternalID) || foreignTo(w.ServerAccount, party.Account.ExternalID) {
			name = v.words(p, "account.foreign", text.Params{"domain": name})
		}
		data.Holds = append(data.Holds, page.Row{Key: fmt.Sprintf("%s %d", v.words(p, "account.websites"), i+1), Value: name})
	}
	return nil
}

// foreignTo tells whether another account bought it, which is fine (A3).
func foreignTo(buyer, account string) bool { return buyer != "" && buyer != account }

func (p *pages) endSession(v *visit) error {
	if err := p.s.parts.Accounts.End(v.ctx(), v.who.AccountID, v.form.Get("session")); err != nil {
		return err
	}
	if v.form.Get("session") == v.who.ID {
		p.s.clearCookie(v.Response())
		return v.to("/sign-in")
	}
	return v.to("/account")
}

func (p *pages) endSessions(v *visit) error {
	if err := p.s.parts.Accounts.SignOutEverywhere(v.ctx(), v.who.AccountID); err != nil {
		return err
	}
	p.s.clearCookie(v.Response())
	return v.to("/sign-in")
}
