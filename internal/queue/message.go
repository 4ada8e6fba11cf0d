package queue

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"beian/internal/traces"
	"beian/tasks"
)

// reference is the payload: nothing but which task to look up.
type reference struct {
	ID         string `json:"id"`
	Generation int    `json:"gen"`
}

// AsynqID is the TaskID in Redis: <kind>.<receipt>.<step>.<generation>.
func AsynqID(ref tasks.TaskRef) string { return ref.ID + "." + strconv.Itoa(ref.Generation) }

// ParseAsynqID is the way back; ok is false for ids that are not ours.
func ParseAsynqID(id string) (ref tasks.TaskRef, ok bool) {
	dot := strings.LastIndexByte(id, '.')
	if dot < 0 {
		return ref, false
	}
	n, err := strconv.Atoi(id[dot+1:])
	return tasks.TaskRef{ID: id[:dot], Generation: n}, err == nil && n > 0
}

// Decode reads a task's payload.
func Decode(payload []byte) (tasks.TaskRef, error) {
	var ref reference
	if err := json.Unmarshal(payload, &ref); err != nil || ref.ID == "" || ref.Generation < 1 {
		return tasks.TaskRef{}, errors.New("the payload is not a reference")
	}
	return tasks.TaskRef{ID: ref.ID, Generation: ref.Generation}, nil
}

// markKey shares the queue's hash slot in a Cluster.
func markKey(q tasks.Queue) string { return "beian:mark:{" + string(q) + "}" }

// headersOf carries a trace over; nobody else's headers matter.
func headersOf(o tasks.Outgoing) map[string]string {
	if o.Trace == "" {
		return nil
	}
	return map[string]string{traces.Header: o.Trace}
}
