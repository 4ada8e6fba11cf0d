package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hibiken/asynq"

	"beian/tasks"
)

const (
	reasonHeader = "X-Beian-Reason"
	noticeHeader = "X-Beian-Notice"
	minReason    = 4
	maxReason    = 200
	auditLimit   = 5 * time.Second
)

// Outcomes in the journal.
const (
	outcomeAsked  = "asked"
	outcomeDone   = "done"
	outcomeFailed = "failed"
	outcomeDenied = "denied: "
)

// act judges a change, writes it down, carries it out, writes down what came of
// it. The first row is durable before Redis is touched.
func (d *Dashboard) act(w http.ResponseWriter, r *http.Request, v visit) {
	c := parseCall(r.Method, v.path)
	e := Entry{Actor: tasks.Actor{Kind: v.staff.Role, ID: v.staff.ID}, Action: "dashboard." + string(c.verb),
		Object: c.object(), Reason: reasonOf(r), RequestID: requestID(w, r)}
	if c.verb == verbUnknown {
		e.Object = scrub(v.path[:min(len(v.path), maxReason)])
	}
	if denied := d.deny(c, e); denied != nil {
		e.Outcome = outcomeDenied + denied.code
		d.note(r.Context(), e)
		d.refuse(w, r, *denied)
		return
	}
	e.Outcome = outcomeAsked
	if err := d.parts.Audit(r.Context(), e); err != nil {
		d.parts.Log.Error().Err(err).Str("action", e.Action).Msg("an action was refused: its audit row could not be written")
		d.refuse(w, r, refusalAudit)
		return
	}
	d.log(e)
	a, notice := d.carryOut(r.Context(), c, d.lang(r))
	e.Outcome = outcomeDone
	if !a.ok() {
		e.Outcome = outcomeFailed
	}
	d.note(r.Context(), e)
	if a.ok() && notice != "" {
		w.Header().Set(noticeHeader, url.PathEscape(notice))
	}
	d.reply(w, r, a)
}

// deny looks at the rules first, then at Redis: asynqmon ignores the state in a
// path, so "run" on a finished task would otherwise pass as one on a retry.
func (d *Dashboard) deny(c call, e Entry) *refusal {
	found, denied := judge(c, e.Actor.Kind)
	if denied != nil {
		return denied
	}
	if denied := d.stands(c); denied != nil {
		return denied
	}
	if found.reason && utf8.RuneCountInString(e.Reason) < minReason {
		return &refusalReason
	}
	return nil
}

// stands compares what the page showed with what Redis holds now.
func (d *Dashboard) stands(c call) *refusal {
	if c.id == "" {
		paused, err := isPaused(d.inspector, c.queue)
		switch {
		case err != nil:
			return missingOrDown(err)
		case c.verb == verbPause && paused:
			return &refusalPaused
		case c.verb == verbResume && !paused:
			return &refusalRunning
		}
		return nil
	}
	info, err := d.inspector.GetTaskInfo(string(c.queue), c.id)
	switch {
	case err != nil:
		return missingOrDown(err)
	case info.State.String() != c.state:
		return &refusalMoved
	}
	return nil
}

func missingOrDown(err error) *refusal {
	if errors.Is(err, asynq.ErrTaskNotFound) || errors.Is(err, asynq.ErrQueueNotFound) {
		return &refusalNoTask
	}
	return &refusalQueue
}

// carryOut hands the call to the writing asynqmon. The moment a pause ends is
// kept before the pause begins: a crash in between resumes a running queue,
// which is harmless.
func (d *Dashboard) carryOut(ctx context.Context, c call, lang string) (a *answer, notice string) {
	if c.verb == verbPause {
		until, err := d.pauses.remember(ctx, c.queue)
		if err != nil {
			d.parts.Log.Error().Err(err).Msg("a queue was not paused: the end of the pause could not be kept")
			return &answer{header: http.Header{}, status: http.StatusServiceUnavailable}, ""
		}
		notice = pauseNotice(until, lang)
	}
	method, rest := c.request()
	a = ask(ctx, d.writing, question{method: method, path: d.parts.Root + "/api/" + rest})
	if c.verb == verbResume && a.ok() || c.verb == verbPause && !a.ok() {
		d.pauses.forget(ctx, c.queue)
	}
	return a, notice
}

func pauseNotice(until time.Time, lang string) string {
	at := until.In(chinaTime()).Format("15:04")
	if lang == english {
		return "The queue is paused and resumes by itself at " + at + "."
	}
	return "队列已暂停，将于 " + at + " 自动恢复。"
}

// note writes a row about something that is over, whether or not the client
// still waits. The refusal or the action stands when that is impossible.
func (d *Dashboard) note(ctx context.Context, e Entry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditLimit)
	defer cancel()
	d.log(e)
	if err := d.parts.Audit(ctx, e); err != nil {
		d.parts.Log.Error().Err(err).Str("action", e.Action).Str("outcome", e.Outcome).Msg("an audit row could not be written")
	}
}

func (d *Dashboard) log(e Entry) { logEntry(d.parts, e) }

func logEntry(p Parts, e Entry) {
	event := p.Log.Info()
	if strings.HasPrefix(e.Outcome, outcomeDenied) || e.Outcome == outcomeFailed {
		event = p.Log.Warn()
	}
	event.Str("actor_kind", string(e.Actor.Kind)).Str("actor", e.Actor.ID).Str("action", e.Action).Str("object", e.Object).
		Str("reason", e.Reason).Str("outcome", e.Outcome).Str("request_id", e.RequestID).Msg("dashboard action")
}

// reasonOf is what staff typed; a header carries ASCII only, so it is escaped.
func reasonOf(r *http.Request) string {
	text, err := url.PathUnescape(r.Header.Get(reasonHeader))
	if err != nil || !utf8.ValidString(text) {
		return ""
	}
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return scrub(string(runes[:min(len(runes), maxReason)]))
}

var personal = regexp.MustCompile(`1[0-9]{2}[ -]?[0-9]{4}[ -]?[0-9]{4}|[0-9]{7,}[Xx]?|\S+@\S+`)

// scrub blots out phone numbers, ID numbers and addresses: nothing personal
// belongs into the journal, the log or a page of this dashboard.
func scrub(text string) string { return personal.ReplaceAllString(text, "***") }

func requestID(w http.ResponseWriter, r *http.Request) string {
	for _, id := range []string{w.Header().Get("X-Request-Id"), r.Header.Get("X-Request-Id")} {
		if plainName.MatchString(id) {
			return id
		}
	}
	return ""
}

func chinaTime() *time.Location { return time.FixedZone("CST", 8*60*60) }
