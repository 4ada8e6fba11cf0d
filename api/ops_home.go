package api

import (
	"time"

	"beian/internal/text"
	"beian/tasks"
)

// homeDisputes is how many disputes the first page lists.
const homeDisputes = 20

// opsHomePage is the first page: what waits for people.
type opsHomePage struct {
	opsFrame
	At          time.Time
	Disputes    []opsJobRow
	More        bool
	Dead        int64
	NewestDead  time.Time
	DeadReason  string
	Queues      []opsQueueRow
	PausesKnown bool
	PausesAsked bool
}

type opsQueueRow struct {
	OpsQueue
	Label  string
	Href   string // in the queue dashboard
	Oldest string // how long the oldest due row has waited, or empty
	Paused bool
}

func (o *Ops) home(v *opsVisit) error {
	data := opsHomePage{opsFrame: o.frame(v, opsHome), At: o.parts.Now(), PausesAsked: o.parts.Paused != nil}
	jobs, err := o.parts.Desk.Jobs(v.r.Context(), tasks.JobFilter{Disputed: true, Limit: homeDisputes + 1})
	if err != nil {
		return err
	}
	data.More = len(jobs) > homeDisputes
	data.Disputes = o.jobRows(v, jobs[:min(len(jobs), homeDisputes)])
	groups, err := o.parts.Dead.DeadGroups(v.r.Context())
	if err != nil {
		return err
	}
	for _, g := range groups {
		data.Dead += g.Count
	}
	if len(groups) > 0 {
		data.NewestDead, data.DeadReason = groups[0].Newest, groups[0].Reason
	}
	if err := o.queueRows(v, &data); err != nil {
		return err
	}
	view := o.view(v)
	view.Data = data
	return o.show(v, "home", view)
}

// queueRows tells the figures of SQL. Redis may be down: then the page says that
// it does not know which queues are paused.
func (o *Ops) queueRows(v *opsVisit, data *opsHomePage) error {
	queues, err := o.parts.Work.Queues(v.r.Context())
	if err != nil {
		return err
	}
	var paused map[tasks.Queue]bool
	if o.parts.Paused != nil {
		if paused, err = o.parts.Paused(v.r.Context()); err != nil {
			o.parts.Log.Warn().Err(err).Msg("the console does not know which queues are paused")
		}
		data.PausesKnown = err == nil
	}
	for _, q := range queues {
		row := opsQueueRow{OpsQueue: q, Label: o.queueName(v, q.Name), Href: "/ops/queues/queues/" + string(q.Name), Paused: paused[q.Name]}
		if q.OldestDue >= time.Second {
			row.Oldest = o.span(v, q.OldestDue)
		}
		data.Queues = append(data.Queues, row)
	}
	return nil
}

// span says how long something takes or took, in its two largest units.
func (o *Ops) span(v *opsVisit, d time.Duration) string {
	d = max(0, d)
	days, hours := int(d.Hours())/24, int(d.Hours())%24
	minutes, seconds := int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return o.say(v, "ops.span.days", text.Params{"days": days, "hours": hours})
	case hours > 0:
		return o.say(v, "ops.span.hours", text.Params{"hours": hours, "minutes": minutes})
	case minutes > 0:
		return o.say(v, "ops.span.minutes", text.Params{"minutes": minutes})
	}
	return o.say(v, "ops.span.seconds", text.Params{"seconds": seconds})
}
