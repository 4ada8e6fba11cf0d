package main

import (
	"testing"
	"time"

	"beian/internal/store"
)

func TestATaskThatEndedIsNotDueAnyMore(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	for state, want := range map[string]time.Time{"waiting": due, "sent": due, "running": due, "done": {}, "dead": {}} {
		got := liveOf(store.LiveTask{State: state, NotBefore: due, Attempts: 2, Reason: "timed out"}, "备案转移")
		if !got.Due.Equal(want) || got.State != state || got.Attempts != 2 || got.Note != "timed out" || got.Kind != "备案转移" {
			t.Errorf("%s: %+v", state, got)
		}
	}
}
