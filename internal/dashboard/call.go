package dashboard

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"beian/tasks"
)

// maxPage keeps one look at a queue cheap: asynqmon reads as much as it is asked.
const (
	maxPage    = 100
	maxPageNum = 100_000
)

var (
	plainName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,160}$`)
	taskState = regexp.MustCompile(`^(active|pending|scheduled|retry|archived|completed)_tasks$`)
	bulkVerb  = regexp.MustCompile(`^(active|pending|scheduled|retry|archived|completed)_tasks:([a-z]+_all|batch_[a-z]+)$`)
)

// call is one change somebody asks for.
type call struct {
	queue tasks.Queue
	state string // where the page saw the task; empty for a queue
	id    string // of the task; empty for a queue
	verb  verb
}

// parseCall reads a change off its method and path below the API's root. What
// it does not know comes back as verbUnknown, and nothing of it is passed on.
func parseCall(method, rest string) call {
	unknown := call{verb: verbUnknown}
	parts := strings.Split(rest, "/")
	if len(parts) < 2 || parts[0] != "queues" {
		return unknown
	}
	name, queueVerb, _ := strings.Cut(parts[1], ":")
	c := call{queue: tasks.Queue(name)}
	if !slices.Contains(tasks.Queues(), c.queue) || len(parts) > 2 && queueVerb != "" {
		return unknown
	}
	switch len(parts) {
	case 2:
		c.verb = queueCall(method, queueVerb)
	case 3:
		c.verb = verbUnknown
		if bulkVerb.MatchString(parts[2]) {
			c.verb = verbBulk
		}
	case 4:
		id, taskVerb, _ := strings.Cut(parts[3], ":")
		if !taskState.MatchString(parts[2]) || !plainName.MatchString(id) {
			return unknown
		}
		c.state, c.id = strings.TrimSuffix(parts[2], "_tasks"), id
		c.verb = taskCall(method, taskVerb)
	default:
		return unknown
	}
	return c
}

func queueCall(method, name string) verb {
	switch {
	case method == http.MethodPost && (name == string(verbPause) || name == string(verbResume)):
		return verb(name)
	case method == http.MethodDelete && name == "":
		return verbDeleteQueue
	}
	return verbUnknown
}

func taskCall(method, name string) verb {
	known := []verb{verbRun, verbArchive, verbCancel}
	switch {
	case method == http.MethodPost && slices.Contains(known, verb(name)):
		return verb(name)
	case method == http.MethodDelete && name == "":
		return verbDelete
	}
	return verbUnknown
}

// request is the method and path asynqmon gets: written anew from what was
// judged, so that it cannot read another meaning into the original.
func (c call) request() (method, rest string) {
	rest = "queues/" + string(c.queue)
	if c.id != "" {
		rest += "/" + c.state + "_tasks/" + c.id
	}
	if c.verb == verbDelete {
		return http.MethodDelete, rest
	}
	return http.MethodPost, rest + ":" + string(c.verb)
}

// object names a call's target in the journal.
func (c call) object() string {
	if c.id == "" {
		return string(c.queue)
	}
	return string(c.queue) + "/" + c.id
}

// isKnownRead reports whether a path below the API's root may be read.
func isKnownRead(rest string) bool {
	switch rest {
	case "queues", "queue_stats", "servers", "scheduler_entries", "redis_info":
		return true
	}
	parts := strings.Split(rest, "/")
	for _, p := range parts {
		if !plainName.MatchString(p) {
			return false
		}
	}
	switch {
	case len(parts) == 3 && parts[0] == "scheduler_entries":
		return parts[2] == "enqueue_events"
	case parts[0] != "queues":
		return false
	case len(parts) == 2:
		return true
	case len(parts) == 3:
		return taskState.MatchString(parts[2]) || parts[2] == "groups"
	}
	return len(parts) == 4 && parts[2] == "tasks"
}

// clamped keeps page and size of a query, within bounds, and nothing else.
func clamped(query url.Values) string {
	kept := url.Values{}
	for name, most := range map[string]int{"size": maxPage, "page": maxPageNum} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			n = most
		}
		kept.Set(name, strconv.Itoa(min(max(n, 1), most)))
	}
	return kept.Encode()
}

// isPage reports whether a path below the root is one of asynqmon's views.
func isPage(rest string) bool {
	switch rest {
	case "", "/", "/settings", "/servers", "/schedulers", "/redis", "/q/metrics":
		return true
	}
	parts := strings.Split(rest, "/")
	for _, p := range parts[1:] {
		if !plainName.MatchString(p) {
			return false
		}
	}
	return parts[0] == "" && len(parts) > 2 && parts[1] == "queues" &&
		(len(parts) == 3 || len(parts) == 5 && parts[3] == "tasks")
}
