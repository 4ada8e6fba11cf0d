package dashboard

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

// allowList is the table of the decision record, written a second time:
// verb, state, queue: roles. Whatever is not here is denied.
const allowList = `
run scheduled account: reviewer operator
run scheduled notify: reviewer operator
run scheduled review: reviewer operator
run scheduled ops: reviewer operator
run scheduled webhook: reviewer operator
run retry account: reviewer operator
run retry notify: reviewer operator
run retry review: reviewer operator
run retry ops: reviewer operator
run retry webhook: reviewer operator
run archived account: operator
run archived notify: operator
run archived review: operator
run archived ops: operator
run archived webhook: operator
archive pending account: operator
archive pending notify: operator
archive pending ops: operator
archive pending webhook: operator
archive scheduled account: operator
archive scheduled notify: operator
archive scheduled ops: operator
archive scheduled webhook: operator
archive retry account: operator
archive retry notify: operator
archive retry ops: operator
archive retry webhook: operator
delete pending account: operator
delete pending notify: operator
delete pending ops: operator
delete pending webhook: operator
delete scheduled account: operator
delete scheduled notify: operator
delete scheduled ops: operator
delete scheduled webhook: operator
delete retry account: operator
delete retry notify: operator
delete retry ops: operator
delete retry webhook: operator
delete archived account: operator
delete archived notify: operator
delete archived ops: operator
delete archived webhook: operator
cancel active account: operator
cancel active notify: operator
cancel active review: operator
cancel active ops: operator
cancel active webhook: operator
pause account: operator
pause notify: operator
pause webhook: operator
resume account: operator
resume notify: operator
resume review: operator
resume ops: operator
resume webhook: operator
`

func mayDo(c call, role tasks.ActorKind) bool {
	key := strings.Join(strings.Fields(string(c.verb)+" "+c.state+" "+string(c.queue)), " ")
	for line := range strings.SplitSeq(allowList, "\n") {
		if name, roles, _ := strings.Cut(line, ": "); name == key {
			return slices.Contains(strings.Fields(roles), string(role))
		}
	}
	return false
}

// everyCall is each button of asynqmon and each path of its API, on each queue.
func everyCall() []call {
	var all []call
	states := []string{stateActive, statePending, stateScheduled, stateRetry, stateArchived, stateCompleted}
	for _, q := range tasks.Queues() {
		for _, v := range []verb{verbPause, verbResume, verbDeleteQueue} {
			all = append(all, call{queue: q, verb: v})
		}
		for _, state := range states {
			for _, v := range []verb{verbRun, verbArchive, verbDelete, verbCancel} {
				all = append(all, call{queue: q, state: state, id: "transfer." + receipt + ".apply.1", verb: v})
			}
		}
	}
	return all
}

func TestTheAllowListIsTheDecidedTable(t *testing.T) {
	t.Parallel()
	for _, c := range everyCall() {
		for _, role := range append(staffRoles(), tasks.ActorSource, "") {
			_, denied := judge(c, role)
			if (denied == nil) != mayDo(c, role) {
				t.Errorf("%s on a %s task of %s by %q: denied %v, want allowed %v", c.verb, c.state, c.queue, role, denied, mayDo(c, role))
			}
		}
	}
}

func TestReasonsAreAskedForWhatSwitchesWorkOff(t *testing.T) {
	t.Parallel()
	keys := reasoned(tasks.ActorOperator)
	for _, c := range everyCall() {
		want := mayDo(c, tasks.ActorOperator) && (c.verb == verbArchive || c.verb == verbDelete || c.verb == verbPause)
		key := strings.TrimSpace(string(c.verb) + " " + string(c.queue) + " " + c.state)
		if slices.Contains(keys, key) != want {
			t.Errorf("the page asks for a reason of %q: want %v", key, want)
		}
	}
	for _, role := range []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorSupervisor, tasks.ActorAuditor} {
		if keys := reasoned(role); len(keys) != 0 {
			t.Errorf("a %s is asked for reasons: %q", role, keys)
		}
	}
}

func TestBulkAndUnknownPathsAreNotMistakenForSomethingElse(t *testing.T) {
	t.Parallel()
	cases := map[string]verb{
		"POST queues/account/scheduled_tasks:run_all":                verbBulk,
		"POST queues/account/retry_tasks:batch_archive":              verbBulk,
		"DELETE queues/account/archived_tasks:delete_all":            verbBulk,
		"POST queues/account/active_tasks:cancel_all":                verbBulk,
		"DELETE queues/account":                                      verbDeleteQueue,
		"POST queues/account:pause":                                  verbPause,
		"DELETE queues/account:pause":                                verbUnknown,
		"PUT queues/account:pause":                                   verbUnknown,
		"POST queues/account:drain":                                  verbUnknown,
		"POST queues/other:pause":                                    verbUnknown,
		"POST queues/account:pause/x":                                verbUnknown,
		"POST queues/account/scheduled_tasks/x":                      verbUnknown,
		"POST queues/account/scheduled_tasks/x:delete":               verbUnknown,
		"DELETE queues/account/scheduled_tasks/x:run":                verbUnknown,
		"POST queues/account/scheduled_tasks/x:run:run":              verbUnknown,
		"POST queues/account/tasks/x:run":                            verbUnknown,
		"POST queues/account/groups/g/aggregating_tasks/x:run":       verbUnknown,
		"POST queues/account/groups/g/aggregating_tasks:run_all":     verbUnknown,
		"DELETE queues/account/groups/g/aggregating_tasks/x":         verbUnknown,
		"POST scheduler_entries/x":                                   verbUnknown,
		"POST queues":                                                verbUnknown,
		"POST ":                                                      verbUnknown,
		"POST queues/account/retry_tasks/transfer.X.apply.1:run":     verbRun,
		"DELETE queues/account/retry_tasks/transfer.X.apply.1":       verbDelete,
		"POST queues/account/active_tasks/transfer.X.apply.1:cancel": verbCancel,
	}
	for text, want := range cases {
		method, rest, _ := strings.Cut(text, " ")
		if got := parseCall(method, rest).verb; got != want {
			t.Errorf("%s is read as %q, want %q", text, got, want)
		}
	}
}

func FuzzWhatIsPassedOnIsWhatWasJudged(f *testing.F) {
	f.Add(http.MethodPost, "queues/account/retry_tasks/transfer.X.apply.1:run")
	f.Add(http.MethodDelete, "queues/ops/pending_tasks/a")
	f.Add(http.MethodPost, "queues/notify:pause")
	f.Add(http.MethodPost, "queues/review/../account:pause")
	f.Fuzz(func(t *testing.T, method, rest string) {
		c := parseCall(method, rest)
		if _, denied := judge(c, tasks.ActorOperator); denied != nil {
			return
		}
		if gotMethod, gotRest := c.request(); gotMethod != method || gotRest != rest {
			t.Errorf("%s %q is passed on as %s %q", method, rest, gotMethod, gotRest)
		}
	})
}

func TestPageSizesAreClamped(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"":                            "",
		"size=20&page=3":              "page=3&size=20",
		"size=100000":                 "size=100",
		"size=99999999999999999999":   "size=100",
		"size=-1&page=0":              "page=1&size=1",
		"page=9223372036854775807":    "page=100000",
		"size=20&size=5000&x=1&state": "size=20",
	}
	for query, want := range cases {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, clamped(values)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
}
