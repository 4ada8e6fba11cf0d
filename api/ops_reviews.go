package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"beian/api/page"
	"beian/internal/filing"
	"beian/tasks"
)

const opsReviews = "/ops/reviews"

// reviewsPage is how many rows the queue shows at once: a full page with its
// assets stays below 90 kB.
const reviewsPage = 40

// reviewRoutes are the reviewers' pages and acts, when there are reviews.
func (o *Ops) reviewRoutes() []opsRoute {
	if o.parts.Reviews.Desk == nil {
		return nil
	}
	one := opsReviews + "/{receipt}"
	picture := one + "/documents/{id}/{page}"
	return append([]opsRoute{
		{http.MethodGet, opsReviews, false, reviewReaders(), o.reviews},
		{http.MethodPost, opsReviews + "/next", false, reviewers(), o.reviewNext},
		{http.MethodPost, opsReviews + "/claim", false, reviewers(), o.reviewClaimMany},
		{http.MethodGet, one, false, reviewReaders(), o.review},
		{http.MethodPost, one + "/claim", false, reviewers(), o.reviewClaim},
		{http.MethodPost, one + "/renew", false, reviewers(), o.reviewRenew},
		{http.MethodPost, one + "/return", false, reviewers(), o.reviewReturn},
		{http.MethodPost, one + "/decide", false, reviewers(), o.reviewDecide},
		{http.MethodPost, one + "/undo", false, reviewers(), o.reviewUndo},
		{http.MethodPost, one + "/unmask", false, reviewers(), o.reviewUnmask},
		{http.MethodGet, one + "/tickets", false, reviewers(), o.reviewTickets},
		{http.MethodGet, picture, false, reviewers(), o.reviewPicture},
		{http.MethodPost, picture, false, reviewers(), o.reviewSeen},
	}, o.viewRoutes()...)
}

// opsReviewsPage is the queue: what is due first stands first, every filter is a
// part of the address (V5).
type opsReviewsPage struct {
	opsFrame
	Tab, TabName   string
	Views          []opsReviewTab
	Kinds, Natures []page.Option
	Risky, Today   bool
	Filtered       bool
	All            string // address of the tab without filters
	Saved          []opsTab
	SaveHref       string // where the present filter gets a name, or empty
	Board          string // address of the board of service levels, or empty
	Rows           []opsReviewRow
	Next, First    string // addresses of other pages, or empty
	May            bool   // claim
	Claimable      bool   // at least one row can be claimed
	Counts         tasks.ReviewCounts
	OnTime         int // percent of what was done today
	At             time.Time
	OffHours       bool
}

type opsReviewTab struct {
	Name, Text, Href, Key string
	N                     int
	Current               bool
}

// opsReviewRow is a line of the queue: the ten facts that decide which to take.
type opsReviewRow struct {
	Receipt, Href, Kind, Subject, Nature string
	SLA                                  opsSLA
	Documents, Wanted                    int
	Risk                                 []opsRisk
	Round                                int
	Second, Escalated, Nudged            bool
	Holder, Age                          string
	Mine, Free                           bool
	State                                page.Badge // in the tab of what is done
}

type opsRisk struct{ Name, Meaning string }

// reviews lists, or leads to the one review whose receipt was typed.
func (o *Ops) reviews(v *opsVisit) error {
	query := v.r.URL.Query()
	view := o.view(v)
	view.Values = query
	data := opsReviewsPage{opsFrame: o.frame(v, opsReviews), May: slices.Contains(reviewers(), v.member.Role), At: o.parts.Now()}
	data.Done = o.done(v, map[string]string{"none": "review.done.none", "claimed": "review.done.claimed", "returned": "review.done.returned",
		"view": "review.view.saved"})
	if typed := query.Get("receipt"); typed != "" {
		receipt, err := filing.ParseReceipt(typed)
		if err == nil {
			v.redirect(reviewPath(receipt.String()))
			return nil
		}
		view.Errors = append(view.Errors, page.FieldError{Field: "receipt", Code: "RECEIPT_INVALID"})
	}
	filter, fault := o.reviewFilter(v, query)
	if fault != "" {
		view.Errors = append(view.Errors, page.FieldError{Field: fault, Key: "ops.jobs.bad_filter"})
		filter = tasks.ReviewFilter{Tab: tabWaiting, StaffID: v.member.StaffID, Limit: reviewsPage + 1}
	}
	if err := o.listReviews(v, filter, &data); err != nil {
		return err
	}
	view.Data = data
	return o.show(v, "reviews", view)
}

// The tabs of the queue; permanent words of the address.
const (
	tabWaiting   = "waiting"
	tabMine      = "mine"
	tabSecond    = "second"
	tabEscalated = "escalated"
	tabDone      = "done"
)

func reviewTabs() []string { return []string{tabWaiting, tabMine, tabSecond, tabEscalated, tabDone} }

func natures() []filing.SubjectNature {
	return []filing.SubjectNature{filing.NatureIndividual, filing.NatureOrganisation}
}

// maxCursor bounds what continues a list; cursors are ours and short.
const maxCursor = 200

// reviewFilter reads the filter off the address and names the part it can't use.
func (o *Ops) reviewFilter(v *opsVisit, query url.Values) (f tasks.ReviewFilter, fault string) {
	f = tasks.ReviewFilter{Tab: query.Get("tab"), StaffID: v.member.StaffID, Kind: tasks.Kind(query.Get("kind")),
		Nature: filing.SubjectNature(query.Get("nature")), Risky: query.Get("risky") != "", After: query.Get("after"), Limit: reviewsPage + 1}
	if f.Tab == "" {
		f.Tab = tabWaiting
	}
	if query.Get("due") == "today" {
		f.DueBy = o.endOfDay()
	}
	switch {
	case !slices.Contains(reviewTabs(), f.Tab):
		return f, "tab"
	case f.Kind != "" && !slices.Contains(tasks.ReviewedKinds(), f.Kind):
		return f, "kind"
	case f.Nature != "" && !slices.Contains(natures(), f.Nature):
		return f, "nature"
	case len(f.After) > maxCursor:
		return f, "after"
	}
	return f, ""
}

// endOfDay is the end of today on the office's clock.
func (o *Ops) endOfDay() time.Time {
	now := o.parts.Catalog.Local(o.parts.Now())
	return time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, now.Location())
}

func (o *Ops) listReviews(v *opsVisit, f tasks.ReviewFilter, data *opsReviewsPage) error {
	rows, counts, err := o.parts.Reviews.Desk.Reviews(v.r.Context(), f)
	if err != nil {
		return err
	}
	names, err := o.staffNames(v)
	if err != nil {
		return err
	}
	if len(rows) > reviewsPage {
		rows = rows[:reviewsPage]
		data.Next = withQuery(v.r, "after", rows[reviewsPage-1].Cursor)
	}
	if f.After != "" {
		data.First = withQuery(v.r, "after", "")
	}
	for _, row := range rows {
		shown := o.reviewRow(v, row, names)
		data.Rows = append(data.Rows, shown)
		data.Claimable = data.Claimable || (shown.Free && data.May)
	}
	o.describeQueue(v, f, counts, data)
	return o.savedViews(v, data)
}

// describeQueue fills in what stands around the rows.
func (o *Ops) describeQueue(v *opsVisit, f tasks.ReviewFilter, counts tasks.ReviewCounts, data *opsReviewsPage) {
	data.Tab, data.TabName, data.Counts = f.Tab, o.say(v, "review.tab."+f.Tab), counts
	data.Risky, data.Today = f.Risky, !f.DueBy.IsZero()
	data.Filtered = f.Kind != "" || f.Nature != "" || f.Risky || data.Today
	data.All, data.Board = opsReviews+"?tab="+f.Tab, o.board()
	if counts.DoneToday > 0 {
		data.OnTime = counts.OnTimeToday * 100 / counts.DoneToday
	}
	now := o.parts.Now()
	data.OffHours = o.parts.Reviews.Calendar.Between(now, now.Add(time.Minute)) == 0
	numbers := map[string]int{tabWaiting: counts.Waiting, tabMine: counts.Mine, tabSecond: counts.Second,
		tabEscalated: counts.Escalated, tabDone: counts.DoneToday}
	keys := map[string]string{tabWaiting: "g q", tabMine: "g m"}
	for _, tab := range reviewTabs() {
		data.Views = append(data.Views, opsReviewTab{Name: tab, Text: o.say(v, "review.tab."+tab), Href: opsReviews + "?tab=" + tab,
			N: numbers[tab], Current: tab == f.Tab, Key: keys[tab]})
	}
	for _, kind := range tasks.ReviewedKinds() {
		data.Kinds = append(data.Kinds, page.Option{Value: string(kind), Text: o.say(v, "kind."+string(kind)), Checked: kind == f.Kind})
	}
	for _, nature := range natures() {
		data.Natures = append(data.Natures, page.Option{Value: string(nature), Text: o.say(v, "review.nature."+string(nature)), Checked: nature == f.Nature})
	}
}

func (o *Ops) reviewRow(v *opsVisit, r tasks.ReviewRow, names map[string]string) opsReviewRow {
	now := o.parts.Now()
	held := r.State == tasks.ReviewClaimed && now.Before(r.LeaseUntil) || r.State == tasks.ReviewDeciding
	row := opsReviewRow{Receipt: r.Receipt, Href: reviewPath(r.Receipt), Kind: o.say(v, "kind."+string(r.Kind)), Subject: r.Subject,
		Nature: o.say(v, "review.nature."+string(r.Nature)), SLA: o.sla(v, r.Review, r.JobState), Documents: r.Documents, Wanted: r.Wanted,
		Risk: o.risks(v, r.Risk), Round: r.Round, Second: r.Stage == 2, Escalated: r.Tier > 0, Nudged: !r.NudgedAt.IsZero(),
		Age: o.span(v, now.Sub(r.StartedAt)), Mine: held && r.Holder == v.member.StaffID,
		Free: !held && (r.State == tasks.ReviewOpen || r.State == tasks.ReviewClaimed)}
	if held {
		row.Holder = names[r.Holder]
	}
	if r.State.Ended() {
		row.State = page.Badge{Text: o.say(v, "review.state."+string(r.State)), Tone: reviewTone(r.State)}
		row.Holder = names[r.DecidedBy]
	}
	return row
}

func reviewTone(s tasks.ReviewState) page.Tone {
	switch s {
	case tasks.ReviewApproved:
		return page.Good
	case tasks.ReviewRejected:
		return page.Bad
	case tasks.ReviewPaused:
		return page.Pause
	case tasks.ReviewOpen, tasks.ReviewClaimed, tasks.ReviewDeciding:
		return page.Info
	}
	return page.Neutral
}

func (o *Ops) risks(v *opsVisit, flags []string) []opsRisk {
	out := make([]opsRisk, len(flags))
	for i, flag := range flags {
		out[i] = opsRisk{Name: flag}
		if key := "review.risk." + flag; o.parts.Catalog.Has(v.call.lang, key) {
			out[i] = opsRisk{Name: o.say(v, key), Meaning: o.say(v, key+".meaning")}
		}
	}
	return out
}

func reviewPath(receipt string) string { return opsReviews + "/" + receipt }

// reviewNext claims the most urgent review and opens it (pages.md, "next").
func (o *Ops) reviewNext(v *opsVisit) error {
	r, err := o.parts.Reviews.Desk.ClaimNext(v.r.Context(), v.actor())
	if errors.Is(err, tasks.ErrNotFound) {
		v.redirect(opsReviews + "?done=none")
		return nil
	}
	if err != nil {
		return err
	}
	v.redirect(reviewPath(r.Receipt))
	return nil
}

// maxBulk bounds a bulk claim, so that nobody empties the queue.
const maxBulk = 20

// reviewClaimMany claims what was ticked; somebody may have been faster. There is
// no bulk decision.
func (o *Ops) reviewClaimMany(v *opsVisit) error {
	asked := v.r.PostForm["receipt"]
	asked = asked[:min(len(asked), maxBulk)]
	n := 0
	for _, typed := range asked {
		receipt, err := filing.ParseReceipt(typed)
		if err != nil {
			continue
		}
		_, err = o.parts.Reviews.Desk.Claim(v.r.Context(), receipt.String(), v.actor())
		var state *tasks.WrongState
		switch {
		case err == nil:
			n++
		case errors.Is(err, tasks.ErrConflict), errors.Is(err, tasks.ErrForbidden), errors.Is(err, tasks.ErrNotFound), errors.As(err, &state):
		default:
			return err
		}
	}
	v.redirect(opsReviews + "?tab=" + tabMine + "&done=claimed&n=" + strconv.Itoa(n) + "&all=" + strconv.Itoa(len(asked)))
	return nil
}
