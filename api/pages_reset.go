package api

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"beian/api/page"
	"beian/tasks"
)

// resetRoutes are the applicant's side of every kind with papers. Nobody signs in: until
// there is a job, what was typed travels in a sealed cookie; then the job's
// tracking code, kept for the job's own path, is the applicant's only key (L1).
func (p *pages) resetRoutes() []pageRoute {
	get, post := http.MethodGet, http.MethodPost
	var out []pageRoute
	for _, at := range withPapers() {
		root, start, blank := at.papers, p.resetStart, p.blankLetter
		if at.kind == tasks.KindLegacyPapers {
			start, blank = p.imports(start), p.imports(blank)
		}
		out = append(out, []pageRoute{
			{method: get, path: root, mine: at.mine, do: start},
			{method: get, path: root + "/letter", do: blank},
			{method: get, path: root + "/who", mine: at.mine, do: p.resetWho},
			{method: post, path: root + "/who", mine: at.mine, do: p.saveWho},
			{method: get, path: root + "/facts", mine: at.mine, do: p.resetFacts},
			{method: post, path: root + "/facts", mine: at.mine, do: p.saveFacts},
			{method: get, path: root + "/contact", mine: at.mine, do: p.resetContact},
			{method: post, path: root + "/contact", mine: at.mine, do: p.openReset},
			{method: get, path: root + "/:receipt", do: p.resetList},
			{method: get, path: root + "/:receipt/stream", stream: true, do: p.stream},
			{method: get, path: root + "/:receipt/phone", do: p.resetPhone},
			{method: post, path: root + "/:receipt/phone", do: p.verifyPhone},
			{method: post, path: root + "/:receipt/resend", do: p.resendPhone},
			{method: get, path: root + "/:receipt/mailbox", do: p.resetMailbox},
			{method: post, path: root + "/:receipt/mailbox", do: p.resendMailbox},
			{method: get, path: root + "/:receipt/mailbox/:token", do: p.mailboxLink},
			{method: post, path: root + "/:receipt/mailbox/:token", do: p.confirmMailbox},
			{method: get, path: root + "/:receipt/change/:part", do: p.resetChange},
			{method: post, path: root + "/:receipt/change/:part", do: p.saveChange},
			{method: get, path: root + "/:receipt/documents/:slot", do: p.resetDocument},
			{method: post, path: root + "/:receipt/documents/:slot", upload: true, do: p.upload},
			{method: get, path: root + "/:receipt/documents/:slot/keep", do: p.backToDocument},
			{method: post, path: root + "/:receipt/documents/:slot/keep", do: p.keepDocument},
			{method: get, path: root + "/:receipt/documents/:slot/remove", do: p.backToDocument},
			{method: post, path: root + "/:receipt/documents/:slot/remove", do: p.removeDocument},
			{method: get, path: root + "/:receipt/pictures/:document/:page", do: p.ownPicture},
			{method: get, path: root + "/:receipt/letter", do: p.ownLetter},
			{method: get, path: root + "/:receipt/check", do: p.resetCheck},
			{method: get, path: root + "/:receipt/submit", do: p.resetCheck}, // the address of a refused form
			{method: post, path: root + "/:receipt/submit", do: p.submitReset},
			{method: get, path: root + "/:receipt/done", do: p.resetDone},
			{method: get, path: root + "/:receipt/supplement", do: p.resetSupplement},
			{method: post, path: root + "/:receipt/supplement", do: p.supplement},
			{method: get, path: root + "/:receipt/handoff", do: p.handoff},
			{method: get, path: root + "/:receipt/handoff/:token", do: p.openHandoff},
			{method: get, path: root + "/:receipt/act/:verb", do: p.resetConfirm},
			{method: post, path: root + "/:receipt/act/:verb", do: p.resetAct},
		}...)
	}
	return out
}

// A tracking code stays in the browser for as long as somebody may need to find
// documents and go on.
const resetSeconds = 4 * 60 * 60

// resetStartData is what the start page promises.
type resetStartData struct {
	Promise page.Promise
	Root    string // address of these pages
	First   string // where one begins
	Hold    int    // hours
	Open    string // receipt of the application that this browser began
	Letter  bool   // the blank letter can be downloaded
}

// resetStart says who may, what is needed, how long it takes, and what stays as
// it is.
func (p *pages) resetStart(v *visit) error {
	view := p.view(v)
	view.Back = "/"
	switch v.at().aim {
	case aimPhone:
		view.Back = phonePage
	case aimImport:
		view.Back = importPath + "/lost/" + situationPapers + typedBefore(v)
	}
	view.Data = resetStartData{Promise: p.promise(p.parts.Now(), p.dueNow()), Root: v.at().papers, First: v.at().papers + "/who" + typedBefore(v), Hold: int(p.parts.Policy.Hold / time.Hour),
		Open: p.draftOf(v).Receipt, Letter: p.s.parts.Letters != nil}
	return p.show(v, "reset/start", view)
}

// dueNow is the promise of a request that is complete now; zero without a
// calendar.
func (p *pages) dueNow() time.Time {
	if p.parts.Policy.Calendar == nil {
		return time.Time{}
	}
	return p.parts.Policy.Calendar.Due(p.parts.Now(), p.parts.Policy.ReviewDays)
}

// promise is a date with the days that lead to it.
func (p *pages) promise(from, due time.Time) page.Promise {
	out := page.Promise{Due: due}
	if p.parts.Strip != nil && !due.IsZero() {
		out.Days = p.parts.Strip(from, due)
	}
	return out
}

// applicant reads the job of the address for whoever holds its tracking code.
// Without a code errLookFirst leads to the page that asks for one; a wrong one is
// the same.
func (p *pages) applicant(v *visit) (tv tasks.View, by tasks.Viewer, err error) {
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil || !below(v, receipt) {
		return tv, by, tasks.ErrNotFound
	}
	by = tasks.Viewer{Tracking: p.kept(v, trackingCookie)}
	if by.Tracking == "" {
		return tv, by, errLookFirst
	}
	err = p.s.fenced(v.ctx(), func() (err error) {
		tv, err = p.s.parts.Desk.Look(v.ctx(), receipt, by)
		return err
	})
	if errors.Is(err, tasks.ErrNotFound) {
		err = errLookFirst
	}
	if err == nil && tv.Case == nil {
		err = tasks.ErrNotFound
	}
	return tv, by, err
}

// below reports whether the address lies below the pages of a receipt's kind.
func below(v *visit, receipt string) bool {
	root := placeOf(receipt).papers
	return root != "" && strings.HasPrefix(v.Request().URL.Path, root+"/")
}

// forApplicant runs do for the applicant, and leads everybody else to the page
// that asks for the tracking code. A draft that must not be open any more leads
// to the job.
func (p *pages) forApplicant(v *visit, do func(tasks.View, tasks.Viewer) error, states ...tasks.State) error {
	tv, by, err := p.applicant(v)
	switch {
	case errors.Is(err, errLookFirst):
		return v.to("/jobs?receipt=" + shortened(v.Param("receipt")))
	case err != nil:
		return err
	case len(states) > 0 && !inStates(tv.Job.State, states):
		return v.to("/jobs/" + tv.Job.Receipt)
	}
	return do(tv, by)
}

func inStates(s tasks.State, states []tasks.State) bool {
	for _, one := range states {
		if s == one {
			return true
		}
	}
	return false
}

// action is a verb on the applicant's job; the form's id is its key (R19).
func (p *pages) action(v *visit, receipt string, verb tasks.Verb, fields map[string]string) tasks.Action {
	asked := map[string]string{"receipt": receipt}
	for name, value := range fields {
		asked["field."+name] = value
	}
	return tasks.Action{Receipt: receipt, Verb: verb, By: tasks.Viewer{Tracking: p.kept(v, trackingCookie)}, Fields: fields,
		Once: p.once(v, "POST "+v.at().papers+"/"+string(verb), asked)}
}

// resetRefused shows why an act on a reset had no effect: faults and limits on
// the page it came from, a changed state on the job's page.
func (p *pages) resetRefused(v *visit, cause error, again func(page.View) error) error {
	view := p.view(v)
	var invalid *tasks.Invalid
	var many *tasks.TooMany
	var state *tasks.WrongState
	switch {
	case errors.As(cause, &invalid):
		view.Errors = p.faults(v, invalid)
	case errors.As(cause, &many):
		v.Response().Header().Set("Retry-After", wholeSeconds(many.After))
		view.Status, view.Errors = http.StatusTooManyRequests, []page.FieldError{p.tooMany(many)}
	case errors.As(cause, &state), errors.Is(cause, tasks.ErrConflict), errors.Is(cause, tasks.ErrKeyReused):
		tv, _, err := p.applicant(v)
		if err != nil {
			return err
		}
		view.Status, view.Path = http.StatusConflict, "/jobs/"+tv.Job.Receipt
		return p.showReset(v, tv, view, true)
	default:
		return cause
	}
	view.Path = strings.TrimSuffix(v.Request().URL.Path, "/")
	return again(view)
}

// tooMany words a limit: seconds for a code, a date for the rest.
func (p *pages) tooMany(many *tasks.TooMany) page.FieldError {
	if many.Limit == tasks.CodeTooFrequent {
		return tooOften(many.After)
	}
	return page.FieldError{Key: "reset.too_many", Params: map[string]any{"date": p.s.parts.Catalog.Date(p.parts.Now().Add(many.After + time.Minute))}}
}
