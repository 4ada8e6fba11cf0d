package api

import (
	"net/url"
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/filing"
	"beian/internal/text"
	"beian/tasks"
)

// opsReviewPage is the workbench: documents, facts, decision (V5).
type opsReviewPage struct {
	opsFrame
	Receipt, Kind, Path string
	State               page.Badge
	JobState            page.Badge
	SLA                 opsSLA
	OffHours            bool
	Round, Stage        int
	NeedsTwo, Escalated bool
	Disputed            bool
	Holder              string
	Mine, May           bool
	CanClaim            bool
	Paused, Ended       bool
	Sides               [4]string // names of a mark's sides
	LeaseSeconds        int
	Seen                string // what a decision is made on
	Now                 time.Time

	Papers opsPapers
	Facts  opsFacts
	Desk   opsDecisionPane

	UndoSeconds int        // while the decision can be taken back by its maker
	Settling    bool       // decided, not yet in effect
	Verdict     string     // of the decision that settles
	Conflict    string     // what happened meanwhile, in words
	Kept        []keptPair // what was entered before the claim was lost
	Frozen      string     // address of the job's page, for the supervisor
	Board       string     // address of the board of service levels, or empty
}

// keptPair is one entered value that a form carries on.
type keptPair struct{ Name, Value string }

func (o *Ops) review(v *opsVisit) error {
	return o.showReview(v, reviewAgain{})
}

// reviewAgain is why a workbench is shown anew: what was entered, what is wrong
// with it, and what happened meanwhile.
type reviewAgain struct {
	entered  url.Values
	errors   []page.FieldError
	status   int
	conflict string
}

func (o *Ops) showReview(v *opsVisit, again reviewAgain) error {
	receipt, err := filing.ParseReceipt(v.r.PathValue("receipt"))
	if err != nil {
		return errNotFound
	}
	w, err := o.parts.Reviews.Desk.Workbench(v.r.Context(), receipt.String(), v.actor())
	if err != nil {
		return err
	}
	names, err := o.staffNames(v)
	if err != nil {
		return err
	}
	data := o.benchOf(v, w, names)
	if again.entered == nil {
		again.entered = lastUndone(w, v.member.StaffID)
	}
	data.Papers = o.papers(v, w)
	data.Facts = o.reviewFacts(v, w, names)
	data.Desk = o.decisionPane(v, w, again.entered)
	data.Conflict = again.conflict
	if again.conflict != "" && !data.Mine {
		data.Kept = kept(again.entered)
	}
	view := o.view(v)
	view.Values, view.Errors, view.Status, view.Data = again.entered, again.errors, again.status, data
	return o.show(v, "review", view)
}

// benchOf fills in the bar at the top.
func (o *Ops) benchOf(v *opsVisit, w tasks.Workbench, names map[string]string) opsReviewPage {
	r, now := w.Review, o.parts.Now()
	data := opsReviewPage{
		opsFrame: o.frame(v, opsReviews), Receipt: r.Receipt, Path: reviewPath(r.Receipt), Kind: o.say(v, "kind."+string(r.Kind)),
		State: page.Badge{Text: o.say(v, "review.state."+string(r.State)), Tone: reviewTone(r.State)}, JobState: o.stateBadge(v, w.Job.State),
		SLA: o.sla(v, r, w.Job.State), Round: r.Round, Stage: r.Stage, NeedsTwo: r.NeedsTwo, Escalated: r.Tier > 0, Holder: names[r.Holder],
		Mine: w.Mine, May: w.May, Seen: seenOf(r), Now: now,
		Board:  o.board(),
		Paused: r.State == tasks.ReviewPaused, Ended: r.State.Ended(), Sides: boxSides(),
	}
	held := r.State == tasks.ReviewClaimed && now.Before(r.LeaseUntil)
	data.OffHours = o.parts.Reviews.Calendar.Between(now, now.Add(time.Minute)) == 0
	data.CanClaim = w.May && !held && (r.State == tasks.ReviewOpen || r.State == tasks.ReviewClaimed)
	if w.Mine {
		data.LeaseSeconds = int(r.LeaseUntil.Sub(now).Seconds())
	}
	if !held && r.State != tasks.ReviewDeciding {
		data.Holder = ""
	}
	if !w.Job.DisputedAt.IsZero() && w.Job.State == tasks.StateDisputed {
		data.Disputed, data.Frozen = true, "/ops/jobs/"+r.Receipt
	}
	o.settling(v, w, &data)
	data.Done = o.done(v, map[string]string{"undo": "review.done.undo", "renew": "review.done.renew"})
	return data
}

// seenOf names what a reviewer decides on. While one holds the claim, documents
// and facts stand still within a round and stage; the review's version also rises
// with reminders, nudges and renewals, which change nothing about the decision.
func seenOf(r tasks.Review) string { return itoa(r.Round) + "." + itoa(r.Stage) }

// settling tells of a decision that can still be taken back (pages.md, 10 s undo).
func (o *Ops) settling(v *opsVisit, w tasks.Workbench, data *opsReviewPage) {
	if w.Review.State != tasks.ReviewDeciding {
		return
	}
	data.Settling = true
	for _, d := range w.Decisions {
		if d.Settled.IsZero() && d.Undone.IsZero() {
			data.Verdict = o.say(v, "review.verdict."+string(d.Verdict)+".done")
		}
	}
	if left := w.Review.UndoUntil.Sub(data.Now); w.Review.Holder == v.member.StaffID && left > 0 {
		data.UndoSeconds = max(1, int(left.Seconds()))
	}
}

// lastUndone brings back what a reviewer had entered for a decision that was taken
// back: the ticks, reasons and marks. Typed numbers are not kept anywhere.
func lastUndone(w tasks.Workbench, staffID string) url.Values {
	if len(w.Decisions) == 0 {
		return nil
	}
	last := w.Decisions[len(w.Decisions)-1]
	if last.Undone.IsZero() || last.Staff.ID != staffID || last.Round != w.Review.Round || last.Stage != w.Review.Stage {
		return nil
	}
	return formOf(last)
}

// kept lists what was entered, for a form that claims again and carries it on.
func kept(entered url.Values) []keptPair {
	var out []keptPair
	for _, name := range sortedKeys(entered) {
		if name == "form_id" || name == "seen" || name == "step" || name == "verdict" {
			continue
		}
		for _, value := range entered[name] {
			out = append(out, keptPair{name, value})
		}
	}
	return out
}

func sortedKeys(form url.Values) []string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// opsPapers is the pane of the documents. Selected and Beside are what the viewer
// shows; scripts change it without a new page.
type opsPapers struct {
	Shots            []opsShot
	Selected, Beside *opsShot
	Missing          []string // names of slots without a document
	Allowed          bool     // this role sees pictures
	Shredded         bool
	Tickets          string // where a script gets new ones
	Compare          string // address that compares, without scripts
}

// opsShot is one page of one document.
type opsShot struct {
	ID, Slot, Name, Alt string
	Page, Pages, No     int
	Src, Thumb, Href    string
	Width, Height       int
	Flags               []opsFlag
	Insisted, Replaced  bool
	Opened, Current     bool
	Uploaded            time.Time
	Round               int
}

// opsFlag is a doubt that was measured at upload.
type opsFlag struct{ Text string }

func (o *Ops) papers(v *opsVisit, w tasks.Workbench) opsPapers {
	p := opsPapers{Allowed: slices.Contains(reviewers(), v.member.Role), Shredded: w.Shredded, Tickets: reviewPath(w.Review.Receipt) + "/tickets"}
	filled := map[tasks.Slot]bool{}
	for _, doc := range w.Documents {
		filled[doc.Slot] = filled[doc.Slot] || !doc.Replaced
		if doc.ShreddedAt.IsZero() {
			p.Shots = append(p.Shots, o.shots(v, w, doc)...)
		}
	}
	for _, slot := range w.Slots {
		if !filled[slot] {
			p.Missing = append(p.Missing, o.about(v.call.lang, string(slot)))
		}
	}
	for i := range p.Shots {
		p.Shots[i].No = i + 1
	}
	o.choose(v, &p)
	return p
}

// choose picks what the viewer shows: what the address names, else the first that
// was not opened yet.
func (o *Ops) choose(v *opsVisit, p *opsPapers) {
	if !p.Allowed || len(p.Shots) == 0 {
		return
	}
	query := v.r.URL.Query()
	at := slices.IndexFunc(p.Shots, func(s opsShot) bool { return s.Key() == query.Get("doc") })
	if at < 0 {
		at = max(0, slices.IndexFunc(p.Shots, func(s opsShot) bool { return !s.Opened && !s.Replaced }))
	}
	p.Shots[at].Current = true
	p.Selected = &p.Shots[at]
	next := p.Shots[(at+1)%len(p.Shots)].Key()
	p.Compare = "?doc=" + url.QueryEscape(p.Selected.Key()) + "&beside=" + url.QueryEscape(next)
	if beside := slices.IndexFunc(p.Shots, func(s opsShot) bool { return s.Key() == query.Get("beside") }); beside >= 0 && beside != at {
		p.Beside = &p.Shots[beside]
	}
}

// Key names a page of a document in addresses and scripts.
func (s opsShot) Key() string { return s.ID + "." + itoa(s.Page) }

func (o *Ops) shots(v *opsVisit, w tasks.Workbench, doc tasks.Document) []opsShot {
	name := o.about(v.call.lang, string(doc.Slot))
	out := make([]opsShot, len(doc.Pages))
	for i := range doc.Pages {
		s := opsShot{ID: doc.ID, Slot: string(doc.Slot), Name: name, Page: i + 1, Pages: len(doc.Pages), Insisted: doc.Insisted && len(doc.Flags) > 0,
			Replaced: doc.Replaced, Opened: slices.Contains(w.Viewed, doc.ID), Uploaded: doc.CreatedAt, Round: doc.Round,
			Width: doc.Width, Height: doc.Height, Alt: o.say(v, "review.picture.alt", text.Params{"document": name, "page": i + 1})}
		s.Src, s.Thumb = o.pictureURL(v, w.Review.Receipt, doc.ID, i+1), o.pictureURL(v, w.Review.Receipt, doc.ID, 0)
		s.Href = "?doc=" + url.QueryEscape(s.Key())
		for _, flag := range doc.Flags {
			s.Flags = append(s.Flags, o.flag(v, flag))
		}
		out[i] = s
	}
	return out
}

// flag words a doubt as the applicant was told it; the slot of a duplicate is
// named.
func (o *Ops) flag(v *opsVisit, f tasks.DocumentFlag) opsFlag {
	params := text.ParamsOf(f.Params)
	if slot := f.Params["slot"]; slot != "" {
		params["document"] = o.about(v.call.lang, slot)
	}
	if key := "review.flag." + f.Code; o.parts.Catalog.Has(v.call.lang, key) {
		return opsFlag{Text: o.say(v, key, params)}
	}
	return opsFlag{Text: f.Code}
}

// about names a slot, a field or the request as the applicant knows it.
func (o *Ops) about(lang text.Lang, name string) string {
	return o.parts.Catalog.T(lang, "field."+name)
}
