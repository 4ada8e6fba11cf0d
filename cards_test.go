package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"beian/internal/store"
	"beian/tasks"
)

// The dashboard's line of a card says that a second look is open, or that a decision
// can be taken back, and neither who looked first nor what that came to (L9).
func TestL9_TheDashboardsLineTellsNothingOfAFirstLook(t *testing.T) {
	t.Parallel()
	o, _ := openTestOffice(t)
	second := tasks.Review{Receipt: "LR8F4KQX7M", Round: 1, Stage: 2, NeedsTwo: true, FirstBy: "st-first", State: tasks.ReviewOpen, DueAt: o.clock().Add(time.Hour)}
	deciding := second
	deciding.Stage, deciding.FirstBy, deciding.State, deciding.Holder = 1, "", tasks.ReviewDeciding, "st-first"
	for want, card := range map[string]store.LiveCard{
		"待复核":     {Review: second, JobState: tasks.StateSecondReview},
		"已决定，可撤回": {Review: deciding, JobState: tasks.StateQueued, Held: true, HolderRole: "reviewer"},
	} {
		line := o.liveCard(card, 1)
		if line.State != want {
			t.Errorf("the card is %q, want %q", line.State, want)
		}
		for _, telling := range []string{"st-first", "通过", "同意", "拒绝", "退回"} {
			if said := fmt.Sprintf("%+v", line); strings.Contains(said, telling) {
				t.Errorf("the line tells %q: %s", telling, said)
			}
		}
	}
}
