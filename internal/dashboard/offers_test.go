package dashboard

import (
	"testing"

	"beian/tasks"
)

// What is offered is exactly what the guard lets through.
func TestOffersAreWhatTheGuardAllows(t *testing.T) {
	t.Parallel()
	states := []string{"", stateActive, statePending, stateScheduled, stateRetry, stateArchived, stateCompleted}
	verbs := []verb{verbRun, verbArchive, verbDelete, verbCancel, verbPause, verbResume, verbBulk, verbDeleteQueue, verbUnknown}
	offered := 0
	for _, role := range append(staffRoles(), tasks.ActorSystem) {
		for _, q := range tasks.Queues() {
			for _, state := range states {
				offers := map[string]bool{}
				for _, o := range Offers(role, q, state) {
					offers[o.Verb] = true
					offered++
				}
				for _, v := range verbs {
					if _, refused := judge(call{queue: q, state: state, verb: v}, role); (refused == nil) != offers[string(v)] {
						t.Errorf("%s on %s %q as %s: refused %v, offered %v", v, q, state, role, refused, offers[string(v)])
					}
				}
			}
		}
	}
	if offered == 0 {
		t.Error("nothing is ever offered")
	}
}
