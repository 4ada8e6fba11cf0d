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

// Rows about a first look are kept from whoever may look second, until that is over
// (L9). Other rows, the own ones and other people's requests stay.
func TestL9_TheJournalKeepsAFirstLookFromTheSecond(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		r := opened(t, s, "j1", time.Hour, func(r *tasks.Review) { r.Receipt, r.NeedsTwo = "LR00000001", true })
		for _, e := range []AuditEntry{
			{Actor: tasks.Actor{ID: "ann"}, Action: "review.open", Object: "LR00000001"},
			{Actor: tasks.Actor{ID: "ann"}, Action: "document.view", Object: "LR00000001/letter"},
			{Actor: tasks.Actor{ID: "ann"}, Action: "review.approve", Object: "LR00000001"},
			{Actor: tasks.Actor{ID: "ann"}, Action: "review.approve", Object: "LR00000002"},
			{Actor: tasks.Actor{ID: "bea"}, Action: "review.open", Object: "LR00000001"},
			{Actor: tasks.Actor{ID: "ann"}, Action: "job.release", Object: "LR00000001"},
		} {
			if err := s.Audit(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		all, blind := "6 5 4 3 2 1", "6 5 4"
		for _, step := range []struct {
			name, want string
			change     func()
		}{
			{"nobody has decided", all, func() {}},
			{"the first can still be taken back", blind, func() { r.State, r.Holder = tasks.ReviewDeciding, "ann" }},
			{"the second look is open", blind, func() { r.State, r.Holder, r.Stage, r.FirstBy = tasks.ReviewOpen, "", 2, "ann" }},
			{"it waits for the applicant", blind, func() { r.State = tasks.ReviewPaused }},
			{"the second can be taken back", blind, func() { r.State, r.Holder = tasks.ReviewDeciding, "bea" }},
			{"it is decided", all, func() { r.State, r.Holder = tasks.ReviewApproved, "" }},
		} {
			step.change()
			if err := saves(t, s, r); err != nil {
				t.Fatal(err)
			}
			for who, want := range map[string]string{"bea": step.want, "cy": step.want, "ann": all, "": all} {
				if got := seqs(t, s, tasks.EntryFilter{BlindTo: who, To: time.Now().Add(time.Hour)}); got != want {
					t.Errorf("%s: %q sees %q, want %q", step.name, who, got, want)
				}
			}
		}
	})
}

func seqs(t *testing.T, s *Store, f tasks.EntryFilter) string {
	t.Helper()
	found, err := s.FindAudit(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range found {
		if e.Action != "timeline.seal" {
			out = append(out, fmt.Sprint(e.Seq))
		}
	}
	return strings.Join(out, " ")
}
