package main

import (
	"context"
	"net/http"
	"time"

	"github.com/hibiken/asynq"

	"beian/api"
	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/oidc"
	"beian/internal/store"
	"beian/internal/text"
	"beian/tasks"
)

// pages wires everything that people see: the applicants' pages, the staff's
// console and, in development, the inbox.
func (o *office) pages(renderer *page.Renderer) ([]api.PageGroup, error) {
	var ops *api.Ops // the dashboard asks it who of the staff is there
	guard, err := o.dashboard(func(r *http.Request) (tasks.Actor, bool) { return ops.Staff(r) })
	if err != nil {
		return nil, err
	}
	reviews, err := o.reviewers()
	if err != nil {
		return nil, err
	}
	ops, err = api.NewOps(api.OpsParts{
		Porter: o.accounts, Desk: o.desk, Work: console{o.store}, Dead: console{o.store}, Journal: console{o.store},
		Paused: o.paused, Reviews: reviews, Calendar: o.calendarParts(), Stats: o.desk, Inspector: o.inspector(), Dashboard: guard, FourEyes: o.policy().FourEyes,
		Staff: api.StaffParts{Desk: o.accounts, PublicURL: o.cfg.BaseURL()}, Catalog: o.catalog, Site: o.site(), Log: o.log, Secure: o.secure(), Now: o.clock,
		Elsewhere: o.provider(o.cfg.OIDC.StaffIssuer, oidc.Options{ClientID: o.cfg.OIDC.StaffClientID,
			ClientSecret: o.cfg.OIDC.StaffClientSecret.Reveal(), Claim: o.cfg.OIDC.StaffClaim, RedirectURL: o.cfg.BaseURL() + "/ops/sign-in/elsewhere/callback"}),
	})
	if err != nil {
		return nil, err
	}
	groups := []api.PageGroup{api.Pages(o.pageParts()), ops.Routes}
	if !o.cfg.IsDevelopment() {
		return groups, nil
	}
	inbox, err := api.NewInbox(api.InboxParts{Letters: o.store, Renderer: renderer, PublicURL: o.cfg.BaseURL(), Demo: demoSignIns(),
		Cases: casesToTry(), Paper: demoPaper, ClockNote: o.clockNote(), Log: o.log, Now: o.clock})
	if err != nil {
		return nil, err
	}
	return append(groups, inbox.Routes), nil
}

// provider is who signs people in elsewhere, or nil without an issuer (S1).
func (o *office) provider(issuer string, options oidc.Options) api.Elsewhere {
	if issuer == "" {
		return nil
	}
	options.Issuer = issuer
	return oidc.New(options)
}

func (o *office) pageParts() api.PageParts {
	parts := api.PageParts{Drafts: console{o.store}, Policy: o.policy(), Sealer: o.vault, Now: o.clock,
		Elsewhere: o.provider(o.cfg.OIDC.AccountIssuer, oidc.Options{ClientID: o.cfg.OIDC.AccountClientID,
			ClientSecret: o.cfg.OIDC.AccountClientSecret.Reveal(), Claim: o.cfg.OIDC.AccountClaim, RedirectURL: o.cfg.BaseURL() + "/sign-in/elsewhere/callback"})}
	parts.Strip = func(from, due time.Time) []page.Day { return api.StripOf(o.calendar.InForce())(from, due) }
	return parts
}

// site is what the operator prints on every page; what is not set has a neutral
// wording in each language.
func (o *office) site() page.Site {
	both := func(line string) map[text.Lang]string {
		if line == "" {
			return nil
		}
		return map[text.Lang]string{text.Chinese: line, text.English: line}
	}
	return page.Site{Contact: both(o.cfg.ContactLine), Hours: both(o.cfg.ContactHours), SignInPath: "/sign-in", SignOutPath: "/sign-out", AccountPath: "/account"}
}

// paused asks Redis which queues stand still.
func (o *office) paused(ctx context.Context) (map[tasks.Queue]bool, error) {
	out := map[tasks.Queue]bool{}
	inspector := asynq.NewInspectorFromRedisClient(o.redis.Front())
	known, err := inspector.Queues() // one that nothing was ever put into is not among them
	if err != nil {
		return nil, err
	}
	for _, q := range known {
		info, err := inspector.GetQueueInfo(q)
		if err != nil {
			return nil, err
		}
		out[tasks.Queue(q)] = info.Paused
	}
	return out, ctx.Err()
}

// console is the store in the words of the pages: api and store are neighbours
// that don't know each other.
type console struct{ store *store.Store }

func (c console) SaveDraft(ctx context.Context, d api.Draft) error {
	return c.store.SaveDraft(ctx, store.Draft(d))
}

func (c console) Draft(ctx context.Context, id, accountID string) (api.Draft, error) {
	d, err := c.store.Draft(ctx, id, accountID)
	return api.Draft(d), err
}

func (c console) ReviewViews(ctx context.Context, staffID string) ([]api.ReviewView, error) {
	views, err := c.store.ReviewViews(ctx, staffID)
	out := make([]api.ReviewView, len(views))
	for i, v := range views {
		out[i] = api.ReviewView(v)
	}
	return out, err
}

func (c console) AddReviewView(ctx context.Context, v api.ReviewView) error {
	return c.store.AddReviewView(ctx, store.ReviewView(v))
}

func (c console) RenameReviewView(ctx context.Context, v api.ReviewView) error {
	return c.store.RenameReviewView(ctx, store.ReviewView(v))
}

func (c console) DropReviewView(ctx context.Context, staffID, id string) error {
	return c.store.DropReviewView(ctx, staffID, id)
}

func (c console) Queues(ctx context.Context) ([]api.OpsQueue, error) {
	figures, err := c.store.Figures(ctx)
	out := make([]api.OpsQueue, len(figures))
	for i, f := range figures {
		out[i] = api.OpsQueue{Name: f.Queue, Waiting: f.Waiting, Sent: f.Sent, Running: f.Running, Dead: f.Dead, OldestDue: f.OldestDue}
	}
	return out, err
}

func (c console) TasksOf(ctx context.Context, receipt string) ([]api.OpsTask, error) {
	rows, err := c.store.TasksOf(ctx, receipt)
	out := make([]api.OpsTask, len(rows))
	for i, r := range rows {
		out[i] = api.OpsTask{TaskRef: r.TaskRef, Queue: r.Queue, Type: r.Type, State: r.State, Attempts: r.Attempts,
			Reason: r.Reason, NotBefore: r.NotBefore, EndedAt: r.EndedAt}
	}
	return out, err
}

func (c console) DeadGroups(ctx context.Context) ([]api.OpsDeadGroup, error) {
	groups, err := c.store.DeadGroups(ctx)
	out := make([]api.OpsDeadGroup, len(groups))
	for i, g := range groups {
		out[i] = api.OpsDeadGroup(g)
	}
	return out, err
}

func (c console) DeadIn(ctx context.Context, g api.OpsDeadGroup, after string, limit int) ([]api.OpsDeadLetter, error) {
	letters, err := c.store.DeadIn(ctx, store.DeadGroup(g), after, limit)
	out := make([]api.OpsDeadLetter, len(letters))
	for i, l := range letters {
		out[i] = api.OpsDeadLetter{ID: l.ID, Ref: l.Ref, Receipt: l.Receipt, Attempts: l.Attempts, At: l.At}
	}
	return out, err
}

func (c console) Redrive(ctx context.Context, id string, by api.OpsEntry) error {
	return c.store.Redrive(ctx, id, by)
}

func (c console) Audit(ctx context.Context, e api.OpsEntry) error { return c.store.Audit(ctx, e) }

func (c console) FindAudit(ctx context.Context, f tasks.EntryFilter) ([]api.OpsEntry, error) {
	return c.store.FindAudit(ctx, f)
}

func (c console) Verify(ctx context.Context, progress func(int64)) (api.OpsVerified, error) {
	v, err := c.store.Verify(ctx, progress)
	out := api.OpsVerified{Audit: v.Audit, Jobs: v.Jobs, Events: v.Events, LastHash: v.LastHash}
	for _, b := range v.Broken {
		out.Broken = append(out.Broken, api.OpsBroken(b))
	}
	return out, err
}

// journal is the record's journal and who its ids mean.
type journal struct {
	console
	people interface {
		Staff(context.Context) ([]accounts.Member, error)
	}
}

func (j journal) Staff(ctx context.Context) ([]accounts.Member, error) { return j.people.Staff(ctx) }
