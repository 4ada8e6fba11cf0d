package page

import (
	"time"

	"beian/internal/text"
)

// Tone says how serious a component is; each has its own icon and colour.
type Tone string

// The tones, from calm to alarming.
const (
	Neutral Tone = "neutral"
	Info    Tone = "info"
	Good    Tone = "good"
	Pause   Tone = "pause"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
)

// Button submits a form, or leads to Href. Kind is empty for the one primary
// act of a page, else secondary, warning or link.
type Button struct {
	Text, Kind, Href string
	Name, Value      string
	Busy             string // words while sending; the catalog's when empty
}

// Badge is a status tag: words, colour and icon.
type Badge struct {
	Text string
	Tone Tone
}

// Row is one line of a summary list. Href adds a change link.
type Row struct {
	Key, Value, Href string
}

// Panel tells that something was done. Receipt may be empty.
type Panel struct {
	Title, Text, Receipt string
}

// Interruption is the stop before an act that cannot be undone.
type Interruption struct {
	Title, Text string
	Items       []string
}

// Notice is a remark beside the flow of the page.
type Notice struct {
	Title, Text string
	Tone        Tone
	Href, Link  string
}

// Blocker is one reason why a job cannot go on. Message and Remedy come from
// the catalog by Code unless given; Owner is source, target, platform,
// applicant, legacy or nobody.
type Blocker struct {
	Code, Owner     string
	Params          text.Params
	Message, Remedy string
	Href, Link      string
}

// Event is one row of a timeline, newest first.
type Event struct {
	At         time.Time
	Actor      string // applicant, source, target, contact, reviewer, supervisor, operator, auditor, system
	Title      string
	Note       string
	Deliveries []Delivery
}

// Delivery tells what became of a message. Channel is sms or email; State is
// queued, sent, delivered, failed or unknown; To is masked.
type Delivery struct {
	Channel, To, State string
	Why                string // it failed, in words
	At                 time.Time
}

// Task is one row of a task list.
type Task struct {
	Title, Hint, Href string
	Badge             Badge
}

// Table is a data table; Caption is read aloud and shown above it.
type Table struct {
	Caption string
	Head    []string
	Rows    [][]Cell
}

// Cell is one cell of a Table.
type Cell struct {
	Text, Href string
	Number     bool
}

// Promise is a dated promise with the days that lead to it.
type Promise struct {
	Due  time.Time
	Days []Day
}

// Day is one square of the promise's strip. Kind is start, work, weekend,
// holiday, makeup, paused or due.
type Day struct {
	Date time.Time
	Kind string
}

// Resend asks for the code once more. It is a form of its own, because the
// first button of a form is what the Enter key presses. Wait is the number of
// seconds until sending is allowed.
type Resend struct {
	Action, FormID string
	Wait           int
}

// Copyable is a value with a button that copies it.
type Copyable struct {
	Label, Value string
}

// Step is the caption above a heading: step N of Total.
type Step struct {
	N, Total int
}

// Link is a plain link.
type Link struct {
	Text, Href string
}

// StateTone returns how a job's state looks, by the state ids of the status
// page.
func StateTone(state string) Tone {
	switch state {
	case "done":
		return Good
	case "rejected", "failed", "disputed":
		return Bad
	case "email_confirm", "source_verify", "old_phone", "new_phone", "need_more", "diff":
		return Warn
	case "target_confirm", "hold":
		return Pause
	case "queued", "claimed", "approved_1", "applying", "checking", "importing":
		return Info
	}
	return Neutral
}
