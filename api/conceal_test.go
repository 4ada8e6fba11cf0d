package api

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

func TestA8TheApplicantLearnsNotHowManyContactsWereTold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	note := func(to string, tpl tasks.Template, state tasks.NoticeState) tasks.NoticeView {
		return tasks.NoticeView{Channel: tasks.ChannelSMS, Template: tpl, To: to, State: state, Failure: tasks.FailureAddress, Code: "X", CreatedAt: at}
	}
	v := tasks.View{Own: true, Role: tasks.RoleTracker, Case: &tasks.CaseView{Facts: tasks.CaseFacts{Phone: "137 **** 5678"}}, Notices: []tasks.NoticeView{
		note("139 **** 0001", tasks.TemplateResetWarned, tasks.NoticeFailed), note("139 **** 0002", tasks.TemplateResetWarned, tasks.NoticeSent),
		note("l***@example.com", tasks.TemplateResetWarned, tasks.NoticeWaiting), note("137 **** 5678", tasks.TemplateResetQueued, tasks.NoticeSent),
		note("139 **** 0001", tasks.TemplateResetApproved, tasks.NoticeFailed), note("137 **** 0007", tasks.TemplateCode, tasks.NoticeSent),
		note("139 **** 0003", tasks.TemplateCode, tasks.NoticeSent)}}
	v.Notices[6].Purpose = tasks.PurposeTake // the receiver's, whose number is not the applicant's business
	var got []string
	for _, n := range concealed(v).Notices {
		got = append(got, n.To+"|"+string(n.Template)+"|"+string(n.State)+"|"+string(n.Failure))
	}
	want := []string{"|reset_submitted|sent|", "137 **** 5678|reset_queued|sent|bad_address", "|reset_approved|failed|", "137 **** 0007|code|sent|bad_address", "|code|sent|"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(v.Notices) != 7 || v.Notices[0].To == "" {
		t.Error("the view itself was changed")
	}
}
