package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"beian/api/page"
	"beian/tasks"
)

const opsQueuePath = "/ops/queue"

// opsQueuePage is our own view of the queues, in both languages and without
// scripts; asynqmon is the expert's.
type opsQueuePage struct {
	opsFrame
	At     time.Time
	Down   bool // Redis does not answer
	Queues []opsQueueCard
	Queue  string // the one whose tasks are listed
	State  string
	Heads  []opsTab
	Rows   []opsQueueTaskRow
	Newer  string
	Older  string
	Notice string // what the guard said
}

type opsQueueCard struct {
	OpsQueueInfo
	Label, Waits string
	States       []opsTab
	Acts         []page.Link
}

type opsQueueTaskRow struct {
	OpsQueueTask
	Label, Words, Href string
	State              page.Badge
	Acts               []page.Link
}

func (o *Ops) queueRoutes() []opsRoute {
	if o.parts.Inspector == nil || o.parts.Dashboard == nil {
		return nil
	}
	return []opsRoute{
		{http.MethodGet, opsQueuePath, false, nil, o.queuePage},
		{http.MethodGet, opsQueuePath + "/act", false, nil, o.queueAsk},
		{http.MethodPost, opsQueuePath + "/act", false, nil, o.queueAct},
	}
}

// queueAsked is what a page is about; ok is false for what no queue has.
func queueAsked(query url.Values) (q tasks.Queue, state string, number int, ok bool) {
	q, state = tasks.Queue(query.Get("queue")), query.Get("state")
	number, err := strconv.Atoi(query.Get("page"))
	if query.Get("page") == "" {
		number, err = 1, nil
	}
	known := q == "" || slices.Contains(tasks.Queues(), q)
	return q, state, number, err == nil && number > 0 && number < 10_000 && known && (state == "" || slices.Contains(queueStates(), state))
}

func (o *Ops) queuePage(v *opsVisit) error {
	q, state, number, ok := queueAsked(v.r.URL.Query())
	if !ok {
		return errNotFound
	}
	data := opsQueuePage{opsFrame: o.frame(v, opsQueuePath), At: o.parts.Now(), State: state}
	data.Done = o.done(v, map[string]string{"run": "queue.done.run", "archive": "queue.done.archive", "delete": "queue.done.delete",
		"cancel": "queue.done.cancel", "pause": "queue.done.pause", "resume": "queue.done.resume"})
	infos, err := o.parts.Inspector.QueueInfos(v.r.Context())
	if err != nil {
		o.parts.Log.Warn().Err(err).Msg("the queues could not be read")
		data.Down = true
	}
	for _, info := range infos {
		data.Queues = append(data.Queues, o.queueCard(v, info))
	}
	if q != "" && state != "" && !data.Down {
		data.Queue = o.queueName(v, q)
		if err := o.queueTasks(v, &data, q, number); err != nil {
			return err
		}
	}
	view := o.view(v)
	view.Data = data
	return o.show(v, "queue", view)
}

func (o *Ops) queueCard(v *opsVisit, info OpsQueueInfo) opsQueueCard {
	c := opsQueueCard{OpsQueueInfo: info, Label: o.queueName(v, info.Name)}
	if info.Latency >= time.Second {
		c.Waits = o.span(v, info.Latency)
	}
	for _, state := range queueStates() {
		n := info.Tasks[state]
		c.States = append(c.States, opsTab{Text: o.say(v, "queue.state."+state) + " " + strconv.Itoa(n),
			Href: opsQueuePath + "?" + url.Values{"queue": {string(info.Name)}, "state": {state}}.Encode() + "#tasks", Current: n > 0})
	}
	for _, offer := range o.parts.Inspector.Offers(v.member.Role, info.Name, "") {
		if (offer.Verb == "pause") != info.Paused {
			c.Acts = append(c.Acts, o.queueLink(v, info.Name, "", "", offer.Verb))
		}
	}
	return c
}

func (o *Ops) queueLink(v *opsVisit, q tasks.Queue, state, id, verb string) page.Link {
	query := url.Values{"queue": {string(q)}, "verb": {verb}}
	if id != "" {
		query.Set("state", state)
		query.Set("id", id)
	}
	return page.Link{Text: o.say(v, "queue.verb."+verb), Href: opsQueuePath + "/act?" + query.Encode()}
}

// queueTasksPage is how many tasks one page lists.
const queueTasksPage = 50

func (o *Ops) queueTasks(v *opsVisit, data *opsQueuePage, q tasks.Queue, number int) error {
	found, err := o.parts.Inspector.QueueTasks(v.r.Context(), q, data.State, number, queueTasksPage)
	if err != nil {
		return err
	}
	offers := o.parts.Inspector.Offers(v.member.Role, q, data.State)
	for _, t := range found {
		row := opsQueueTaskRow{OpsQueueTask: t, Label: o.taskName(v, t.Type), Words: o.reasonWords(v, t.Error), Href: jobHref(t.Receipt), State: o.queueTaskState(v, t)}
		for _, offer := range offers {
			row.Acts = append(row.Acts, o.queueLink(v, q, data.State, t.ID, offer.Verb))
		}
		data.Rows = append(data.Rows, row)
	}
	if len(found) == queueTasksPage {
		data.Older = withQuery(v.r, "page", strconv.Itoa(number+1))
	}
	if number > 1 {
		data.Newer = withQuery(v.r, "page", strconv.Itoa(number-1))
	}
	return nil
}

// queueTaskState says in words what SQL knows, which is what counts.
func (o *Ops) queueTaskState(v *opsVisit, t OpsQueueTask) page.Badge {
	tones := map[string]page.Tone{"waiting": page.Pause, "sent": page.Info, "running": page.Info, "done": page.Good, "dead": page.Bad}
	switch {
	case t.Review != "":
		return page.Badge{Text: o.say(v, "queue.review."+string(t.Review)), Tone: page.Info}
	case tones[t.State] != "":
		return page.Badge{Text: o.say(v, "ops.taskstate."+t.State), Tone: tones[t.State]}
	}
	return page.Badge{Text: o.say(v, "ops.unknown"), Tone: page.Warn}
}
