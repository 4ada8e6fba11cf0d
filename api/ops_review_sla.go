package api

import (
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// opsSLA is how a promise stands: icon, words and colour, never colour alone (V2,
// V5). Calendar tells the same in calendar time.
type opsSLA struct {
	Level, Icon    string
	Tone           page.Tone
	Due            time.Time
	Word           string // of the level, or empty when all is well
	Left, Calendar string
}

// sla measures what is left of the promise in working time.
func (o *Ops) sla(v *opsVisit, r tasks.Review, state tasks.State) opsSLA {
	now := o.parts.Now()
	s := opsSLA{Level: "normal", Icon: "clock", Tone: page.Neutral, Due: r.DueAt}
	switch {
	case r.State.Ended():
		s.Level, s.Icon = "ended", "good"
		return s
	case r.State == tasks.ReviewPaused:
		s.Level, s.Icon, s.Tone, s.Word = "paused", "pause", page.Pause, o.say(v, "review.sla.paused")
		if state == tasks.StateDisputed {
			s.Word = o.say(v, "review.sla.frozen")
		}
		return s
	}
	left, whole := o.parts.Reviews.Calendar.Between(now, r.DueAt), o.parts.Reviews.Calendar.Between(r.StartedAt, r.DueAt)
	s.Left = o.say(v, "review.sla.left", text.Params{"span": o.hours(v, left)})
	s.Calendar = o.say(v, "review.sla.calendar", text.Params{"span": o.span(v, r.DueAt.Sub(now))})
	switch {
	case !now.Before(r.DueAt) || left < 0:
		s.Level, s.Icon, s.Tone, s.Word = "over", "bad", page.Bad, o.say(v, "review.sla.over")
		s.Left = o.say(v, "review.sla.over.by", text.Params{"span": o.hours(v, -left)})
		s.Calendar = o.say(v, "review.sla.over.calendar", text.Params{"span": o.span(v, now.Sub(r.DueAt))})
	case left < urgentLeft || left*100 <= whole*20:
		s.Level, s.Icon, s.Tone, s.Word = "urgent", "warn", page.Bad, o.say(v, "review.sla.urgent")
	case left*100 <= whole*50:
		s.Level, s.Icon, s.Tone, s.Word = "half", "info", page.Warn, o.say(v, "review.sla.half")
	}
	if r.Breaches > 0 && s.Level != "over" {
		s.Level, s.Icon, s.Tone, s.Word = "over", "bad", page.Bad, o.say(v, "review.sla.breached", text.Params{"n": r.Breaches})
	}
	return s
}

const urgentLeft = 2 * time.Hour

// hours says a span of working time: a working day has no fixed number of hours,
// so there are no days in it.
func (o *Ops) hours(v *opsVisit, d time.Duration) string {
	d = max(0, d)
	if d >= time.Hour {
		return o.say(v, "ops.span.hours", text.Params{"hours": int(d.Hours()), "minutes": int(d.Minutes()) % 60})
	}
	return o.say(v, "ops.span.minutes", text.Params{"minutes": int(d.Minutes())})
}
