package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
	"beian/tasks"
)

// deskJob records a job with two steps and one message.
func deskJob(t *testing.T, s *Store, receipt string) {
	t.Helper()
	phone, err := filing.ParsePhone("13900139001")
	if err != nil {
		t.Fatal(err)
	}
	job := &tasks.Job{ID: "job-" + receipt, Receipt: receipt, Kind: tasks.KindTransfer, State: tasks.StateApplying, Lang: "en",
		SubjectID: "subject-" + receipt, SourceAccountID: "a", TargetAccountID: "b", Facts: []byte(`{}`)}
	later := time.Now().Add(time.Hour)
	change := tasks.Change{
		Events: []tasks.Event{{JobID: job.ID, Actor: tasks.System(), What: tasks.WhatSubmitted, To: job.State}},
		Notices: []tasks.Notice{{ID: "n-" + receipt, JobID: job.ID, Channel: tasks.ChannelSMS, Template: tasks.TemplateCode,
			Lang: "en", Phone: phone, State: tasks.NoticeWaiting}},
		Tasks: []tasks.Task{
			{ID: tasks.TaskID(job.Kind, receipt, "expire_confirm"), Queue: tasks.QueueAccount, Type: "transfer:expire_confirm", Ref: receipt, NotBefore: later},
			{ID: tasks.TaskID(job.Kind, receipt, "apply"), Queue: tasks.QueueAccount, Type: "transfer:apply", Ref: receipt},
			{ID: sending(receipt), Queue: tasks.QueueNotify, Type: "notice:send", Ref: "n-" + receipt},
		},
	}
	err = s.Update(t.Context(), func(x tasks.Tx) error { return x.Record(t.Context(), job, change, nil) })
	if err != nil {
		t.Fatal(err)
	}
}

// sending is the task that sends the message of deskJob.
func sending(receipt string) string { return tasks.NoticeTaskIDs("n-" + receipt)[0] }

// kill ends a task as a dead letter.
func kill(t *testing.T, s *Store, id, reason string) {
	t.Helper()
	err := s.Update(t.Context(), func(x tasks.Tx) error {
		c, err := x.Claim(t.Context(), tasks.TaskRef{ID: id, Generation: 1}, time.Minute)
		if err != nil || c.Result != tasks.Claimed {
			return fmt.Errorf("claiming: %s, %w", c.Result, err)
		}
		return x.Postpone(t.Context(), c, tasks.Postponed{Reason: reason, Dead: true})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheTasksOfAJobAreItsStepsAndItsMessages(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		deskJob(t, s, "TR00000001")
		deskJob(t, s, "TR00000002")
		kill(t, s, "transfer.TR00000001.apply", "panic")
		got, err := s.TasksOf(t.Context(), "TR00000001")
		if err != nil {
			t.Fatal(err)
		}
		short := make([]string, len(got))
		for i, j := range got {
			short[i] = fmt.Sprintf("%s %s %s %s %d %s", j.ID, j.Queue, j.Type, j.State, j.Attempts, j.Reason)
		}
		want := []string{ // in no order: two fell due almost at once
			sending("TR00000001") + " notify notice:send waiting 0 ",
			"transfer.TR00000001.apply account transfer:apply dead 1 panic",
			"transfer.TR00000001.expire_confirm account transfer:expire_confirm waiting 0 ",
		}
		slices.Sort(want)
		slices.Sort(short)
		if diff := cmp.Diff(want, short); diff != "" {
			t.Error(diff)
		}
		if last := got[len(got)-1]; time.Until(last.NotBefore) < 50*time.Minute || last.CreatedAt.IsZero() || !last.EndedAt.IsZero() {
			t.Errorf("times: %+v", last)
		}
	})
}

func TestTheTasksOfNoJobAreNotFound(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		if _, err := s.TasksOf(t.Context(), "TR00000009"); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDeadLettersAreCountedByTheirReason(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		deskJob(t, s, "TR00000001")
		kill(t, s, "transfer.TR00000001.apply", "panic")
		kill(t, s, sending("TR00000001"), "provider: permanent X")
		for i := range 3 {
			bury(t.Context(), t, s, "stray."+strconv.Itoa(i))
		}
		groups, err := s.DeadGroups(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int64{}
		for _, g := range groups {
			counts[string(g.Queue)+" "+g.Type+" "+g.Reason] = g.Count
			if g.Oldest.IsZero() || g.Newest.Before(g.Oldest) {
				t.Errorf("times: %+v", g)
			}
		}
		want := map[string]int64{"account transfer:apply panic": 1, "notify notice:send provider: permanent X": 1, "ops odd unreadable": 3}
		if diff := cmp.Diff(want, counts); diff != "" {
			t.Error(diff)
		}
	})
}

func bury(ctx context.Context, t *testing.T, s *Store, id string) {
	t.Helper()
	if err := s.Bury(ctx, id, tasks.QueueOps, "odd", "unreadable"); err != nil {
		t.Fatal(err)
	}
}

func TestTheLettersOfAGroupAreReadPageByPageWithTheirJob(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		deskJob(t, s, "TR00000001")
		kill(t, s, "transfer.TR00000001.apply", "panic")
		kill(t, s, sending("TR00000001"), "panic")
		for i := range 3 {
			bury(t.Context(), t, s, "stray."+strconv.Itoa(i))
		}
		for _, g := range []DeadGroup{
			{Queue: tasks.QueueAccount, Type: "transfer:apply", Reason: "panic"},
			{Queue: tasks.QueueNotify, Type: "notice:send", Reason: "panic"},
		} {
			got, err := s.DeadIn(t.Context(), g, "", 10)
			if err != nil || len(got) != 1 || got[0].Receipt != "TR00000001" || got[0].Attempts != 1 {
				t.Errorf("%s: %+v, %v", g.Type, got, err)
			}
		}
		var ids []string
		after := ""
		for {
			page, err := s.DeadIn(t.Context(), DeadGroup{Queue: tasks.QueueOps, Type: "odd", Reason: "unreadable"}, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, d := range page {
				ids = append(ids, d.ID+d.Receipt)
			}
			after = page[len(page)-1].ID
		}
		if diff := cmp.Diff([]string{"stray.0", "stray.1", "stray.2"}, ids); diff != "" {
			t.Error(diff)
		}
	})
}
