package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"beian/tasks"
)

func TestTheJournalIsSearchedByEveryPartOfAFilter(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		staff := tasks.Actor{Kind: tasks.ActorReviewer, ID: "ann"}
		for i, e := range []AuditEntry{
			{Actor: staff, Action: "review.open", Object: "LR1"}, {Actor: staff, Action: "review.approve", Object: "LR1"},
			{Actor: staff, Action: "reviewer", Object: "LR2"}, {Actor: tasks.System(), Action: "timeline.seal", Object: "x"},
			{Actor: tasks.Actor{Kind: tasks.ActorSupervisor, ID: "bea"}, Action: "review.open", Object: "LR2"},
		} {
			e.RequestID = fmt.Sprint(i)
			if err := s.Audit(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		now := time.Now()
		for name, c := range map[string]struct {
			f    tasks.EntryFilter
			want string
		}{
			"everything":     {tasks.EntryFilter{}, "5 4 3 2 1"},
			"who":            {tasks.EntryFilter{ActorID: "ann"}, "3 2 1"},
			"role":           {tasks.EntryFilter{ActorKind: tasks.ActorSystem}, "4"},
			"action":         {tasks.EntryFilter{Action: "review.open"}, "5 1"},
			"all of a group": {tasks.EntryFilter{Action: "review."}, "5 2 1"},
			"object":         {tasks.EntryFilter{Object: "LR2"}, "5 3"},
			"both":           {tasks.EntryFilter{Object: "LR2", ActorID: "ann"}, "3"},
			"since":          {tasks.EntryFilter{From: now.Add(-time.Hour)}, "5 4 3 2 1"},
			"until":          {tasks.EntryFilter{To: now.Add(-time.Hour)}, ""},
			"below":          {tasks.EntryFilter{Below: 4, Limit: 2}, "3 2"},
			"hostile":        {tasks.EntryFilter{Object: "' OR 1=1 --"}, ""},
		} {
			found, err := s.FindAudit(t.Context(), c.f)
			var seqs []string
			for _, e := range found {
				seqs = append(seqs, fmt.Sprint(e.Seq))
			}
			if got := strings.Join(seqs, " "); err != nil || got != c.want {
				t.Errorf("%s: %q, want %q, %v", name, got, c.want, err)
			}
		}
	})
}
