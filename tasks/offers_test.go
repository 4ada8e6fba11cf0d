package tasks_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

// offered is what each role may do in one state; a role that is missing may do
// nothing, "unseen" in front means that it may not even look.
type offered map[string][]tasks.Verb

// TestOffers_are_right_for_every_role_in_every_state is the table of who may do
// what and when; what is not offered must be refused, too.
func TestOffers_are_right_for_every_role_in_every_state(t *testing.T) {
	t.Parallel()
	const (
		verify, resend, invite, accept = tasks.VerbVerify, tasks.VerbResend, tasks.VerbInvite, tasks.VerbAccept
		decline, cancel, dispute       = tasks.VerbDecline, tasks.VerbCancel, tasks.VerbDispute
		release, reject                = tasks.VerbRelease, tasks.VerbReject
	)
	object := []tasks.Verb{dispute}
	afterwards := func(o *office, receipt string) string {
		o.pass(8 * 24 * time.Hour)
		return receipt
	}
	for name, c := range map[string]struct {
		reach func(o *office, s, t person) string
		want  offered
	}{
		"source_verify": {(*office).submit, offered{"source": {verify, resend, cancel, dispute}, "unseen target": nil, "contact": object, "supervisor": object}},
		"target_confirm": {(*office).verified, offered{"source": {invite, accept, cancel, dispute}, "target": {accept, decline, dispute},
			"contact": object, "supervisor": object}},
		"applying": {(*office).accepted, offered{"source": object, "target": object, "contact": object, "supervisor": object}},
		"disputed": {func(o *office, s, tg person) string {
			receipt := o.verified(s, tg)
			o.must(o.act(s, receipt, dispute))
			return receipt
		}, offered{"supervisor": {release, reject}}},
		"done": {(*office).moved, offered{"source": object, "target": object, "contact": object, "supervisor": object}},
		"done and disputed": {func(o *office, s, tg person) string {
			receipt := o.moved(s, tg)
			o.must(o.act(s, receipt, dispute))
			return receipt
		}, offered{"supervisor": {release}}},
		"done long ago": {func(o *office, s, tg person) string { return afterwards(o, o.moved(s, tg)) }, offered{}},
		"rejected": {func(o *office, s, tg person) string {
			receipt := o.verified(s, tg)
			o.must(o.act(tg, receipt, decline))
			return receipt
		}, offered{}},
		"rejected by a supervisor": {func(o *office, s, tg person) string {
			receipt := o.verified(s, tg)
			o.must(o.act(tg, receipt, dispute))
			o.must(o.staff(tasks.ActorSupervisor, receipt, reject))
			return receipt
		}, offered{}},
		"withdrawn": {func(o *office, s, tg person) string {
			receipt := o.verified(s, tg)
			o.must(o.act(s, receipt, cancel))
			return receipt
		}, offered{}},
		"expired": {func(o *office, s, tg person) string { return afterwards(o, o.verified(s, tg)) }, offered{}},
		"failed": {func(o *office, s, tg person) string {
			receipt := o.accepted(s, tg)
			o.order(s, true)
			o.run()
			return receipt
		}, offered{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			source, target := o.holder(), o.someone()
			receipt := c.reach(o, source, target)
			id := o.look(receipt).Job.ID
			for role, by := range map[string]tasks.Viewer{
				"source": source.viewer(), "target": target.viewer(), "contact": {Veto: o.vault.Word("veto", id)},
				"tracker": {Tracking: o.vault.Word("tracking", id)}, "supervisor": {Staff: tasks.ActorSupervisor},
				"reviewer": {Staff: tasks.ActorReviewer}, "operator": {Staff: tasks.ActorOperator}, "auditor": {Staff: tasks.ActorAuditor},
				"unseen stranger": o.someone().viewer(),
			} {
				o.offers(c.want, role, receipt, by)
			}
		})
	}
}

func (o *office) offers(want offered, role, receipt string, by tasks.Viewer) {
	o.tb.Helper()
	_, unseen := want["unseen "+role]
	v, err := o.desk.Look(o.ctx(), receipt, by)
	if unseen || role == "unseen stranger" {
		wantIs(o.tb, err, tasks.ErrNotFound)
	} else if err != nil {
		o.tb.Fatalf("%s: %v", role, err)
	}
	if diff := cmp.Diff(want[role], v.Verbs); diff != "" {
		o.tb.Errorf("%s (-want +got):\n%s", role, diff)
	}
	for _, verb := range []tasks.Verb{tasks.VerbVerify, tasks.VerbResend, tasks.VerbInvite, tasks.VerbAccept, tasks.VerbDecline,
		tasks.VerbCancel, tasks.VerbDispute, tasks.VerbRelease, tasks.VerbReject} {
		if slices.Contains(v.Verbs, verb) || (role == "target" && verb == tasks.VerbInvite && v.Job.State == tasks.StateTargetConfirm) {
			continue // a target that is signed in needs no code, and may have one
		}
		before := o.look(receipt)
		_, err := o.desk.Act(o.ctx(), tasks.Action{Receipt: receipt, Verb: verb, By: by, StaffID: "st-1", Fields: map[string]string{"code": "123456"}})
		var wrong *tasks.WrongState
		refused := errors.As(err, &wrong) || errors.Is(err, tasks.ErrForbidden) || errors.Is(err, tasks.ErrNotFound)
		again := err == nil && verb == tasks.VerbDispute && !before.Job.DisputedAt.IsZero() // twice is once
		if !refused && !again {
			o.tb.Errorf("%s %s is not offered and gives %v", role, verb, err)
		}
		if after := o.look(receipt); after.Job.State != before.Job.State || len(after.Timeline) != len(before.Timeline) {
			o.tb.Errorf("%s %s is not offered and changed the job", role, verb)
		}
	}
}

func TestLook_lists_jobs_of_both_parties_newest_first(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	var want []string
	for range 3 {
		receipt := o.verified(source, target)
		o.must(o.act(target, receipt, tasks.VerbDecline))
		want = append([]string{receipt}, want...)
	}
	list := func(f tasks.JobFilter) (out []string) {
		t.Helper()
		jobs, err := o.desk.Jobs(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			out = append(out, j.Receipt)
		}
		return out
	}
	for _, id := range []string{source.id, target.id} {
		if diff := cmp.Diff(want, list(tasks.JobFilter{AccountID: id})); diff != "" {
			t.Error(diff)
		}
	}
	page := list(tasks.JobFilter{AccountID: source.id, Limit: 1})
	rest := list(tasks.JobFilter{AccountID: source.id, Before: o.look(page[0]).Job.ID})
	if diff := cmp.Diff(want, append(page, rest...)); diff != "" {
		t.Error(diff)
	}
	if got := list(tasks.JobFilter{AccountID: o.someone().id}); len(got) != 0 {
		t.Errorf("a stranger sees %v", got)
	}
	if got := list(tasks.JobFilter{State: tasks.StateDone}); len(got) != 0 {
		t.Errorf("done: %v", got)
	}
}
