package api

import (
	"cmp"
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
	Holds    [][]page.Row // one list a subject
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
	held, err := p.s.parts.Desk.Holder(v.ctx(), v.who.AccountID)
	if err != nil {
		return err
	}
	say := func(key, value string) page.Row { return page.Row{Key: v.words(p, key), Value: value} }
	data.Rows = []page.Row{say("account.login", v.who.Name), say("account.phone", cmp.Or(held.Phone, v.words(p, "account.phone.none")))}
	if held.OpenOrders > 0 {
		data.Rows = append(data.Rows, say("account.orders", v.words(p, "account.orders.open", text.Params{"n": held.OpenOrders})))
	}
	if !held.HoldUntil.IsZero() {
		data.Rows = append(data.Rows, say("account.hold", v.words(p, "account.hold.until", text.Params{"date": p.s.parts.Catalog.Date(held.HoldUntil)})))
	}
	for _, one := range held.Subjects {
		rows := []page.Row{say("account.subject", one.Name), say("account.icp", one.ICP.String())}
		for i, w := range one.Websites {
			name := w.Domain.Unicode()
			if w.Foreign() {
				name = v.words(p, "account.foreign", text.Params{"domain": name})
			}
			rows = append(rows, page.Row{Key: fmt.Sprintf("%s %d", v.words(p, "account.websites"), i+1), Value: name})
		}
		data.Holds = append(data.Holds, rows)
	}
	return nil
}

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
