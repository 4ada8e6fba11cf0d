package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"beian/internal/accounts"
	"beian/tasks"
)

// JournalDesk is the house's journal and who of the staff its ids mean.
type JournalDesk interface {
	// FindAudit lists rows by a filter, newest first.
	FindAudit(ctx context.Context, f tasks.EntryFilter) ([]tasks.Entry, error)
	// Audit writes one row, durably.
	Audit(ctx context.Context, e tasks.Entry) error
	// Staff lists everybody, disabled ones too.
	Staff(ctx context.Context) ([]accounts.Member, error)
}

type auditInput struct {
	Who    string `query:"who" maxLength:"64" doc:"A login or id of staff, or system."`
	Action string `query:"action" maxLength:"64" doc:"Such as review.approve; review. stands for the group."`
	Object string `query:"object" maxLength:"200" doc:"Such as a receipt, in any writing."`
	From   string `query:"from" doc:"First day, in Asia/Shanghai." example:"2026-11-01"`
	To     string `query:"to" doc:"Last day." example:"2026-11-30"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor int64  `query:"cursor" minimum:"0" doc:"From the Link of the page before."`
}

type auditOutput struct {
	Link     string `header:"Link" doc:"rel=next, when there is more."`
	Language string `header:"Content-Language"`
	Body     struct {
		Events []exportedEntry `json:"events" doc:"The newest first."`
		Next   int64           `json:"next_cursor,omitempty"`
	}
}

func (s *Server) auditRoutes() {
	if s.parts.Journal == nil {
		return
	}
	register(s, operation{id: "list-audit-events", method: http.MethodGet, path: "/v1/audit-events", tag: "service", summary: "api.op.list_audit",
		who: signedIn, roles: journalExporters(), doc: "Each call is itself a row of the journal. Supervisors may look second: rows about a first look whose second is not decided are left out for them."}, s.listAudit)
}

func (in *auditInput) query() url.Values {
	query := url.Values{}
	for name, value := range map[string]string{"who": in.Who, "action": in.Action, "object": in.Object, "from": in.From, "to": in.To} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

func (s *Server) listAudit(ctx context.Context, in *auditInput) (*auditOutput, error) {
	staff, err := s.parts.Journal.Staff(ctx)
	if err != nil {
		return nil, err
	}
	query := in.query()
	filter, fault := journalQuery(query, staff)
	if fault != "" {
		return nil, &tasks.Invalid{Faults: []tasks.Fault{{Field: fault, Code: faultValue}}}
	}
	filter.Below, filter.Limit, filter.BlindTo = in.Cursor, in.Limit+1, blindTo(staffOf(ctx))
	rows, err := s.parts.Journal.FindAudit(ctx, filter)
	if err != nil {
		return nil, err
	}
	taken := tasks.Entry{Actor: asking(ctx), Action: "audit.export", Object: "api", Reason: journalTold(query), Outcome: "done", RequestID: callOf(ctx).id}
	if err := s.parts.Journal.Audit(ctx, taken); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, m := range staff {
		names[m.ID] = m.Login
	}
	out := &auditOutput{Language: string(langOf(ctx))}
	out.Body.Events = []exportedEntry{}
	if len(rows) > in.Limit {
		rows = rows[:in.Limit]
		out.Body.Next = rows[in.Limit-1].Seq
		query.Set("limit", strconv.Itoa(in.Limit))
		query.Set("cursor", strconv.FormatInt(out.Body.Next, 10))
		out.Link = "</v1/audit-events?" + query.Encode() + `>; rel="next"`
	}
	for _, e := range rows {
		out.Body.Events = append(out.Body.Events, entryOf(e, names))
	}
	return out, nil
}
