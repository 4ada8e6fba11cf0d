package main

import (
	"context"
	"io"
	"net/http"
	"strings"

	"beian/api"
	"beian/api/page"
	"beian/internal/dashboard"
	"beian/internal/documents"
	"beian/internal/intake"
	"beian/internal/letter"
	"beian/internal/queue"
	"beian/internal/store"
	"beian/tasks"
)

// server wires the API, the pages and the dashboard.
func (o *office) server() (*api.Server, error) {
	renderer, err := page.New(page.Options{Catalog: o.catalog, Pages: api.PageFiles(), Site: o.site()})
	if err != nil {
		return nil, err
	}
	groups, err := o.pages(renderer)
	if err != nil {
		return nil, err
	}
	return api.New(api.Parts{
		Desk: o.desk, Reviews: o.desk, Accounts: o.accounts, Intake: o.intake, Catalog: o.catalog, Renderer: renderer,
		Pages: api.PagesOf(groups...), Log: o.log, Version: version(), PublicURL: o.cfg.BaseURL(),
		Tracer: o.tracer, TrustedProxies: o.cfg.TrustedProxies, CORSOrigins: origins(o), APIKey: o.cfg.APIKey.Reveal(),
		Letters:   press{letter.New()},
		Digest:    func(address string) string { return o.vault.Index("client", address) },
		Watermark: documents.Watermark, Inspector: o.inspector(),
		Calendar: o.calendarParts(), Stats: o.desk, Journal: journal{console{o.store}, o.accounts},
		Hooks: o.hooks(), Checks: o.checks(), Metrics: o.metrics.registry, MetricsElsewhere: o.cfg.MetricsAddr != "",
	}), nil
}

// secure says whether people reach the pages by https.
func (o *office) secure() bool { return strings.HasPrefix(o.cfg.BaseURL(), "https://") }

func origins(o *office) []string {
	out := make([]string, len(o.cfg.CORSOrigins))
	for i, origin := range o.cfg.CORSOrigins {
		out[i] = string(origin)
	}
	return out
}

func (o *office) intake(ctx context.Context, lines io.Reader) (intake.Report, error) {
	return intake.Run(ctx, o.store, lines, intake.Options{})
}

// checks are the lines of /readyz. Redis is soft: without it submissions are
// accepted and wait in the outbox (R6).
func (o *office) checks() []api.Check {
	return []api.Check{
		{Name: "database", Run: o.store.Ping},
		{Name: "schema", Run: o.store.Current},
		{Name: "calendar", Soft: true, Run: o.calendar.complete},
		{Name: "redis", Soft: true, Run: func(ctx context.Context) error { return o.redis.Front().Ping(ctx).Err() }},
	}
}

// dashboard builds the guarded asynqmon; staff says who of the staff asks.
func (o *office) dashboard(staff func(*http.Request) (tasks.Actor, bool)) (*dashboard.Dashboard, error) {
	return dashboard.New(dashboard.Parts{
		Redis: o.redis.Front(), Root: "/ops/queues", Home: "/ops", SignIn: "/ops/sign-in",
		Staff: func(r *http.Request) (dashboard.Staff, bool) {
			who, ok := staff(r)
			return dashboard.Staff{ID: who.ID, Role: who.Kind}, ok
		},
		Audit: o.auditDashboard, State: o.liveTasks,
		Decode: queue.Decode, Lang: func(r *http.Request) string { return api.LangOf(r.Context()) },
		Log: o.log, Now: o.clock,
	})
}

func (o *office) auditDashboard(ctx context.Context, e dashboard.Entry) error {
	return o.store.Audit(ctx, store.AuditEntry{Actor: e.Actor, Action: e.Action, Object: e.Object, Reason: e.Reason,
		Outcome: e.Outcome, RequestID: e.RequestID})
}

// kindOf is the kind of a task's job, or what a task without a job is.
func kindOf(r store.LiveTask) string {
	switch {
	case r.JobKind != "":
		return r.JobKind
	case strings.HasPrefix(r.Type, "notice:"), strings.HasPrefix(r.Type, "lookup:"):
		return "message"
	}
	return "chore"
}
