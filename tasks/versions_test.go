package tasks_test

import (
	"slices"
	"testing"
	"time"

	"beian/tasks"
)

// Two versions serve one record during an update: what the older does not know waits for the newer, and no step is
// given up for it (R16).
func TestR16_an_older_version_leaves_what_it_does_not_know_to_the_newer(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	older := o.parts
	older.Flows = slices.DeleteFunc(slices.Clone(o.parts.Flows), func(f tasks.Flow) bool { return f.Kind() == tasks.KindTransfer })
	newer := &stuck{Flow: o.parts.Flows[0]} // so that the newer does not do it at once
	o.parts.Flows = []tasks.Flow{newer}
	o.desk = tasks.NewDesk(o.parts)
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	o.must(o.act(target, receipt, tasks.VerbAccept))
	ref := tasks.TaskRef{ID: tasks.TaskID(tasks.KindTransfer, receipt, "apply"), Generation: 1}
	o.run()
	o.jump(20 * time.Minute)
	for range 60 { // an hour in which only the older is there
		if again := wantAgain(t, tasks.NewDesk(older).Work(t.Context(), ref)); again.In <= 0 {
			t.Fatalf("to be delivered again after %s", again.In)
		}
		o.jump(time.Minute)
	}
	dead, err := o.store.DeadLetters(t.Context(), 10)
	if err != nil || len(dead) > 0 {
		t.Errorf("given up: %+v, %v", dead, err)
	}
	newer.mended = true
	o.must(o.desk.Work(t.Context(), ref))
	o.is(receipt, tasks.StateDone)
	o.whole()
}
