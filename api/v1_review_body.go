package api

import (
	"context"
	"slices"
	"time"

	"beian/tasks"
)

type reviewBody struct {
	Receipt    string     `json:"receipt"`
	Kind       string     `json:"kind"`
	Nature     string     `json:"nature" enum:"individual,organisation"`
	State      string     `json:"state" enum:"open,claimed,deciding,paused,approved,rejected,closed"`
	StateText  string     `json:"state_text"`
	Version    int64      `json:"version" doc:"The ETag without its quotes; decisions name it in If-Match."`
	Round      int        `json:"round"`
	Stage      int        `json:"stage" doc:"2 at the second of two looks. Whoever may take it sees nothing of the first."`
	NeedsTwo   bool       `json:"needs_two"`
	Escalated  bool       `json:"escalated"`
	Mine       bool       `json:"mine" doc:"You hold the claim."`
	LeaseUntil *time.Time `json:"lease_until,omitempty"`
	Risk       []string   `json:"risk"`
	StartedAt  *time.Time `json:"started_at"`
	DueAt      *time.Time `json:"due_at"`
	Breaches   int        `json:"breaches"`
	UndoUntil  *time.Time `json:"undo_until,omitempty" doc:"The decision can be taken back until then."`
}

type reviewRowBody struct {
	reviewBody
	JobState  string `json:"job_state"`
	Subject   string `json:"subject" doc:"Masked."`
	Documents int    `json:"documents"`
	Wanted    int    `json:"documents_wanted"`
	Left      *int64 `json:"working_seconds_left" doc:"Working time until due_at, negative when it is late; null while the clock stands."`
}

type reviewCountsBody struct {
	Waiting   int `json:"waiting"`
	Mine      int `json:"mine"`
	Second    int `json:"second"`
	Escalated int `json:"escalated"`
	Paused    int `json:"paused"`
	DueToday  int `json:"due_today"`
	Breached  int `json:"breached"`
	DoneToday int `json:"done_today"`
}

// benchBody is everything that a reviewer decides on, masked.
type benchBody struct {
	reviewBody
	JobState  string           `json:"job_state"`
	Facts     []factBody       `json:"facts" doc:"Claimed beside on record, both masked."`
	Documents []documentBody   `json:"documents"`
	Checklist []string         `json:"checklist" doc:"What an approval must tick."`
	Typed     []string         `json:"typed" doc:"The numbers that an approval must type off the pictures."`
	Decisions []decisionBody   `json:"decisions"`
	Related   []relatedJobBody `json:"related"`
	Contacts  int              `json:"old_contacts"`
	MayDecide bool             `json:"may_decide"`
}

type factBody struct {
	Field    string `json:"field"`
	Claimed  string `json:"claimed"`
	OnRecord string `json:"on_record"`
	Same     bool   `json:"same"`
	Info     bool   `json:"need_not_agree,omitempty" doc:"That they differ says nothing."`
}

type documentBody struct {
	ID       string   `json:"id"`
	Slot     string   `json:"slot"`
	Round    int      `json:"round"`
	Pages    int      `json:"pages"`
	Flags    []string `json:"flags"`
	Replaced bool     `json:"replaced"`
	Opened   bool     `json:"opened" doc:"You have opened it; an approval needs that."`
}

type decisionBody struct {
	At       *time.Time       `json:"at"`
	Verdict  string           `json:"verdict"`
	Findings []decidedFinding `json:"findings"`
	Undone   bool             `json:"undone"`
	Settled  bool             `json:"settled"`
}

type relatedJobBody struct {
	Receipt string     `json:"receipt"`
	State   string     `json:"state"`
	By      string     `json:"by" enum:"subject,phone,email,picture"`
	At      *time.Time `json:"at"`
}

func (s *Server) reviewOf(ctx context.Context, r tasks.Review) reviewBody {
	b := reviewBody{Receipt: r.Receipt, Kind: string(r.Kind), Nature: string(r.Nature), State: string(r.State),
		StateText: s.parts.Catalog.T(langOf(ctx), "review.state."+string(r.State)), Version: r.Version, Round: r.Round, Stage: r.Stage,
		NeedsTwo: r.NeedsTwo, Escalated: r.Tier > 0, Risk: slices.Concat([]string{}, r.Risk), StartedAt: office(r.StartedAt), DueAt: office(r.DueAt),
		Breaches: r.Breaches, UndoUntil: office(r.UndoUntil)}
	if r.State == tasks.ReviewClaimed || r.State == tasks.ReviewDeciding {
		b.Mine, b.LeaseUntil = r.Holder == callOf(ctx).session.StaffID, office(r.LeaseUntil)
	}
	return b
}

func (s *Server) reviewRowOf(ctx context.Context, r tasks.ReviewRow) reviewRowBody {
	row := reviewRowBody{reviewBody: s.reviewOf(ctx, r.Review), JobState: string(r.JobState), Subject: r.Subject, Documents: r.Documents, Wanted: r.Wanted}
	if r.State != tasks.ReviewPaused && !r.State.Ended() {
		row.Left = s.workingLeft(r.DueAt)
	}
	return row
}

func countsOf(c tasks.ReviewCounts) reviewCountsBody {
	return reviewCountsBody{Waiting: c.Waiting, Mine: c.Mine, Second: c.Second, Escalated: c.Escalated, Paused: c.Paused,
		DueToday: c.DueToday, Breached: c.Breached, DoneToday: c.DoneToday}
}

func (s *Server) benchOf(ctx context.Context, w tasks.Workbench) benchBody {
	b := benchBody{reviewBody: s.reviewOf(ctx, w.Review), JobState: string(w.Job.State), Checklist: slices.Concat([]string{}, w.Checklist),
		Typed: slices.Concat([]string{}, w.Typed), Contacts: w.Contacts, MayDecide: w.May, Facts: []factBody{}, Documents: []documentBody{},
		Decisions: []decisionBody{}, Related: []relatedJobBody{}}
	for _, c := range w.Compared {
		b.Facts = append(b.Facts, factBody(c))
	}
	for _, d := range w.Documents {
		shown := documentBody{ID: d.ID, Slot: string(d.Slot), Round: d.Round, Pages: len(d.Pages), Replaced: d.Replaced,
			Opened: slices.Contains(w.Viewed, d.ID), Flags: []string{}}
		for _, f := range d.Flags {
			shown.Flags = append(shown.Flags, f.Code)
		}
		b.Documents = append(b.Documents, shown)
	}
	for _, d := range w.Decisions {
		shown := decisionBody{At: office(d.At), Verdict: string(d.Verdict), Findings: []decidedFinding{}, Undone: !d.Undone.IsZero(), Settled: !d.Settled.IsZero()}
		for _, f := range d.Findings {
			shown.Findings = append(shown.Findings, decidedFinding(f))
		}
		b.Decisions = append(b.Decisions, shown)
	}
	for _, r := range w.Related {
		b.Related = append(b.Related, relatedJobBody{Receipt: r.Receipt, State: string(r.State), By: r.By, At: office(r.At)})
	}
	return b
}
