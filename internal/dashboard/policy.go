package dashboard

import (
	"slices"
	"strings"

	"beian/tasks"
)

// verb is something done to a queue or a task; permanent strings, they stand in
// the journal.
type verb string

const (
	verbRun         verb = "run"
	verbArchive     verb = "archive"
	verbDelete      verb = "delete"
	verbCancel      verb = "cancel"
	verbPause       verb = "pause"
	verbResume      verb = "resume"
	verbBulk        verb = "bulk"
	verbDeleteQueue verb = "delete_queue"
	verbUnknown     verb = "unknown"
)

// State names as in asynqmon's paths.
const (
	stateActive    = "active"
	statePending   = "pending"
	stateScheduled = "scheduled"
	stateRetry     = "retry"
	stateArchived  = "archived"
	stateCompleted = "completed"
)

// rule allows one verb on tasks in some states, or on a queue when it names no
// state (the table of docs/adr/0006).
type rule struct {
	verb   verb
	states []string
	roles  []tasks.ActorKind
	notOn  []tasks.Queue
	reason bool // staff must say why
}

// allowed is the whole allow-list; what is not in it is denied.
func allowed() []rule {
	operator := []tasks.ActorKind{tasks.ActorOperator}
	return []rule{
		{verb: verbRun, states: []string{stateScheduled, stateRetry}, roles: []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorOperator}},
		{verb: verbRun, states: []string{stateArchived}, roles: operator},
		{verb: verbArchive, states: []string{statePending, stateScheduled, stateRetry}, roles: operator,
			notOn: []tasks.Queue{tasks.QueueReview}, reason: true},
		{verb: verbDelete, states: []string{statePending, stateScheduled, stateRetry, stateArchived}, roles: operator,
			notOn: []tasks.Queue{tasks.QueueReview}, reason: true},
		{verb: verbCancel, states: []string{stateActive}, roles: operator},
		{verb: verbPause, states: []string{""}, roles: operator,
			notOn: []tasks.Queue{tasks.QueueReview, tasks.QueueOps}, reason: true},
		{verb: verbResume, states: []string{""}, roles: operator},
	}
}

// judge finds the rule that allows a call, or the refusal to answer with.
func judge(c call, role tasks.ActorKind) (rule, *refusal) {
	switch c.verb {
	case verbBulk:
		return rule{}, &refusalBulk
	case verbDeleteQueue:
		return rule{}, &refusalDeleteQueue
	}
	for _, r := range allowed() {
		if r.verb != c.verb || !slices.Contains(r.states, c.state) {
			continue
		}
		switch {
		case slices.Contains(r.notOn, c.queue):
			return rule{}, &refusalProtected
		case !slices.Contains(r.roles, role):
			return rule{}, &refusalRole
		}
		return r, nil
	}
	return rule{}, &refusalUnknownAction
}

// reasoned lists the calls for which the page asks staff why, as
// "verb queue state", so that the script holds no policy of its own.
func reasoned(role tasks.ActorKind) []string {
	var keys []string
	for _, r := range allowed() {
		if !r.reason || !slices.Contains(r.roles, role) {
			continue
		}
		for _, q := range tasks.Queues() {
			for _, state := range r.states {
				if !slices.Contains(r.notOn, q) {
					keys = append(keys, strings.TrimSpace(string(r.verb)+" "+string(q)+" "+state))
				}
			}
		}
	}
	return keys
}
