package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/api"
	"beian/tasks"
)

func TestC2_staff_see_whose_matter_a_failed_message_is(t *testing.T) {
	t.Parallel()
	for class, words := range map[tasks.SendClass]map[string]string{
		tasks.SendBadNumber: {"zh-CN": "已告诉申请人", "en": "the applicant is told"},
		tasks.SendPermanent: {"zh-CN": "需要运维处理", "en": "an operator has to act"},
	} {
		w := newOpsWorld(t)
		receipt := w.transfer()
		w.codes.refuse = class
		v, err := w.desk.Look(t.Context(), receipt, tasks.Viewer{System: true})
		w.must(err)
		_, err = w.desk.Act(t.Context(), tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute, By: tasks.Viewer{Veto: w.desk.Veto(v.Job.ID)},
			Once: tasks.Once{Scope: "test", Key: "dispute"}})
		w.must(err)
		w.deliver()
		b := w.as(tasks.ActorOperator)
		for lang, said := range words {
			b.lang = lang
			if got := b.get("/ops/jobs/" + receipt); got.status != http.StatusOK || !strings.Contains(got.body, said) || !strings.Contains(got.body, "<code>isv.TEST</code>") {
				t.Errorf("%s %s: %d", class, lang, got.status)
			}
		}
	}
}

func TestTheJournalIsReadInWords(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	outcomes := []string{"asked", "done", "failed", "failed: WRONG_STATE", "failed after 7", "denied: ROLE_NOT_ALLOWED", "denied: TASK_MOVED",
		"whole: 12 rows, 3 jobs, 40 events", "broken: 2 places", "target_confirm", "a word of the future", "denied: FUTURE"}
	for _, outcome := range outcomes {
		w.must(w.journal.Audit(t.Context(), api.OpsEntry{Action: "test", Object: receipt, Outcome: outcome}))
	}
	b := w.as(tasks.ActorAuditor)
	for lang, want := range map[string][]string{
		"zh-CN": {"准备执行", "已完成", "没有成功", "没有执行：当前状态不能这样操作", "完成 7 个后中断", "已拒绝：角色没有此权限", "已拒绝：任务状态已变化",
			"完整：12 条日志、3 个申请、40 条办理记录", "发现 2 处改动或损坏", "待对方确认", "a word of the future", "已拒绝：FUTURE"},
		"en": {"about to be done", "done", "did not succeed", "not done: This is not possible in the present state", "stopped after 7", "refused: the role does not allow it",
			"refused: the task has moved on", "whole: 12 journal rows, 3 jobs, 40 timeline rows", "2 places were changed or damaged", "Waiting for the receiver",
			"a word of the future", "refused: FUTURE"},
	} {
		b.lang = lang
		var got []string
		rows := strings.Split(b.get("/ops/audit").body, "<code>test</code>")
		for _, row := range rows[1:] {
			cells := strings.Split(strings.SplitN(row, "</tr>", 2)[0], "</td>")
			last := cells[len(cells)-2]
			got = append([]string{last[strings.LastIndex(last, ">")+1:]}, got...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lang, diff)
		}
	}
}

func TestStaffPagesLeadToNoApplicantsPage(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	for _, page := range []string{w.anyone().get("/ops/sign-in").body, w.as(tasks.ActorReviewer).get("/ops").body} {
		if strings.Contains(page, `href="/jobs"`) {
			t.Error("staff are shown the applicants' way to their progress")
		}
	}
}
