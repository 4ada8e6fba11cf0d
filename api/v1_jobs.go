package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

type receiptInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
}

type listInput struct {
	State    string `query:"state" maxLength:"40" doc:"Only jobs in this state."`
	Disputed bool   `query:"disputed" doc:"Staff: only jobs that wait for a supervisor."`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor   string `query:"cursor" maxLength:"100" doc:"From the Link of the page before."`
}

type listOutput struct {
	Link     string `header:"Link" doc:"rel=next, when there is more."`
	Language string `header:"Content-Language"`
	Body     struct {
		Jobs []jobBody `json:"jobs"`
		Next string    `json:"next_cursor,omitempty"`
	}
}

type eventsOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Receipt  string        `json:"receipt"`
		Events   []eventBody   `json:"events" doc:"Oldest first."`
		Messages []messageBody `json:"messages" doc:"What was sent, and whether it arrived."`
	}
}

type eventBody struct {
	Seq   int        `json:"seq"`
	At    *time.Time `json:"at"`
	Actor string     `json:"actor" doc:"source, target, contact, system, or a role of the staff."`
	What  string     `json:"what"`
	From  string     `json:"from,omitempty"`
	To    string     `json:"to"`
	Note  string     `json:"note,omitempty" doc:"A permanent code, never prose."`
}

type messageBody struct {
	Channel   string     `json:"channel" enum:"sms,mail"`
	Template  string     `json:"template"`
	To        string     `json:"to" doc:"Masked; empty where the viewer must not know."`
	State     string     `json:"state" enum:"waiting,sending,sent,delivered,failed,unknown"`
	Failure   string     `json:"failure,omitempty" enum:"bad_address,provider,too_late" doc:"Why it failed: the number or mailbox can't take it; the provider refuses, which our operators see; no try got through in time."`
	CreatedAt *time.Time `json:"created_at"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
}

func (s *Server) jobRoutes() {
	register(s, operation{id: "list-jobs", method: http.MethodGet, path: "/v1/jobs", tag: "jobs", summary: "api.op.list_jobs",
		who: signedIn}, s.listJobs)
	register(s, operation{id: "read-job", method: http.MethodGet, path: "/v1/jobs/{receipt}", tag: "jobs", summary: "api.op.read_job",
		who: onlookers}, s.readJob)
	register(s, operation{id: "read-events", method: http.MethodGet, path: "/v1/jobs/{receipt}/events", tag: "jobs",
		summary: "api.op.read_events", who: onlookers}, s.readEvents)
	register(s, operation{id: "stream-job", method: http.MethodGet, path: "/v1/jobs/{receipt}/stream", tag: "jobs",
		summary: "api.op.stream_job", who: onlookers, patience: endless}, s.streamJob)
}

// look reads a job for whoever asks; wrong tracking codes are counted.
func (s *Server) look(ctx context.Context, typed string) (v tasks.View, by tasks.Viewer, err error) {
	if by, err = s.onlooker(ctx); err != nil {
		return v, by, err
	}
	read := func() error {
		receipt, err := parseReceipt(typed)
		if err != nil {
			return err
		}
		v, err = s.parts.Desk.Look(ctx, receipt, by)
		v = concealed(v)
		return err
	}
	if by.Tracking != "" {
		err = s.fenced(ctx, read)
	} else {
		err = read()
	}
	return v, by, err
}

func (s *Server) readJob(ctx context.Context, in *receiptInput) (*jobOutput, error) {
	v, _, err := s.look(ctx, in.Receipt)
	if err != nil {
		return nil, err
	}
	out := &jobOutput{Status: http.StatusOK, ETag: etag(v.Job.Version), Language: string(langOf(ctx)), Body: s.viewOf(langOf(ctx), v)}
	if busy(v.Job.State) {
		out.Retry = "1"
	}
	return out, nil
}

// listJobs lists one's own jobs; staff see all.
func (s *Server) listJobs(ctx context.Context, in *listInput) (*listOutput, error) {
	return s.listed(ctx, in, place{resource: "/v1/jobs"})
}

// listed lists the jobs that are found at a place; all where it names no kind. A
// program sees no draft: nobody has handed one in.
func (s *Server) listed(ctx context.Context, in *listInput, at place) (*listOutput, error) {
	who := callOf(ctx).session
	before, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil {
		return nil, &tasks.Invalid{Faults: []tasks.Fault{{Field: "cursor", Code: faultValue}}}
	}
	f := filter(who, in, string(before))
	f.Begun = callOf(ctx).isProgram()
	f.Kind = at.kind
	jobs, err := s.parts.Desk.Jobs(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &listOutput{Language: string(langOf(ctx))}
	out.Body.Jobs = []jobBody{}
	if len(jobs) > in.Limit {
		jobs = jobs[:in.Limit]
		out.Body.Next = base64.RawURLEncoding.EncodeToString([]byte(jobs[in.Limit-1].ID))
		out.Link = nextLink(at.resource, in, out.Body.Next)
	}
	for _, j := range jobs {
		out.Body.Jobs = append(out.Body.Jobs, s.jobOf(langOf(ctx), j, previewIn(j)))
	}
	return out, nil
}

// filter asks for one more than is shown, to know whether there is more.
func filter(who accounts.Session, in *listInput, before string) tasks.JobFilter {
	f := tasks.JobFilter{AccountID: who.AccountID, State: tasks.State(in.State), Before: before, Limit: in.Limit + 1}
	if who.StaffID != "" {
		f.Disputed = in.Disputed
	}
	return f
}

func nextLink(path string, in *listInput, cursor string) string {
	query := url.Values{"cursor": {cursor}, "limit": {strconv.Itoa(in.Limit)}}
	if in.State != "" {
		query.Set("state", in.State)
	}
	if in.Disputed {
		query.Set("disputed", "true")
	}
	return "<" + path + "?" + query.Encode() + `>; rel="next"`
}

func (s *Server) readEvents(ctx context.Context, in *receiptInput) (*eventsOutput, error) {
	v, _, err := s.look(ctx, in.Receipt)
	if err != nil {
		return nil, err
	}
	out := &eventsOutput{ETag: etag(v.Job.Version)}
	out.Body.Receipt, out.Body.Events, out.Body.Messages = v.Job.Receipt, []eventBody{}, []messageBody{}
	for _, e := range v.Timeline {
		out.Body.Events = append(out.Body.Events, eventOf(e))
	}
	for _, n := range v.Notices {
		out.Body.Messages = append(out.Body.Messages, messageBody{Channel: string(n.Channel), Template: string(n.Template), To: n.To,
			State: string(n.State), Failure: string(n.Failure), CreatedAt: office(n.CreatedAt), SentAt: office(n.SentAt)})
	}
	return out, nil
}

// eventOf leaves the actor's id out: parties need not know who of the staff it was.
func eventOf(e tasks.Event) eventBody {
	return eventBody{Seq: e.Seq, At: office(e.At), Actor: string(e.Actor.Kind), What: string(e.What), From: string(e.From),
		To: string(e.To), Note: e.Note}
}
