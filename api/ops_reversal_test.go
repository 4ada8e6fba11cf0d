package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

// moved is a transfer that was carried out.
func (w *opsWorld) moved() string {
	w.t.Helper()
	receipt := w.transfer()
	session, _, err := w.porter.SignIn(w.t.Context(), accounts.SignIn{Login: "target@example.com", Password: opsPassword})
	w.must(err)
	_, err = w.desk.Act(w.t.Context(), tasks.Action{Receipt: receipt, Verb: tasks.VerbAccept, By: tasks.Viewer{AccountID: session.AccountID},
		Once: tasks.Once{Scope: "test", Key: "accept"}})
	w.must(err)
	w.carryOut()
	if state := w.state(receipt); state != tasks.StateDone {
		w.t.Fatalf("the transfer is %s", state)
	}
	return receipt
}

// carryOut does every step that is due.
func (w *opsWorld) carryOut() {
	w.t.Helper()
	due, err := w.store.TakeOutgoing(w.t.Context(), tasks.QueueAccount, 100, 0)
	w.must(err)
	for _, one := range due {
		_ = w.desk.Work(w.t.Context(), one.TaskRef) // one that is too early says so
	}
}

// secondSupervisor opens the browser of another supervisor.
func (w *opsWorld) secondSupervisor() *opsBrowser {
	w.t.Helper()
	_, err := w.porter.AddStaff(w.t.Context(), tasks.System(), accounts.NewStaff{Login: "other", Name: "Li", Role: tasks.ActorSupervisor, Password: opsPassword})
	w.must(err)
	b := w.anyone()
	if got := b.post("/ops/sign-in", url.Values{"staff_login": {"other"}, "password": {opsPassword}}); got.status != http.StatusSeeOther {
		w.t.Fatalf("signing in: %d", got.status)
	}
	return b
}

func TestT14TwoSupervisorsReverseATransferFromTheConsole(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.moved()
	path := "/ops/jobs/" + receipt + "/reverse"
	first := w.as(tasks.ActorSupervisor)
	if got := first.get("/ops/jobs/" + receipt); !strings.Contains(got.body, `href="`+path+`"`) {
		t.Error("the transfer's page has no way to reverse it")
	}
	if got := first.get(path); got.status != 200 || !strings.Contains(got.body, "sou***@example.com") {
		t.Fatalf("the page that asks: %d %s", got.status, got.body)
	}
	if got := first.post(path, url.Values{"form_id": {"f0"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", got.status)
	}
	form := url.Values{"form_id": {"f1"}, "reversal": {"not_authorised"}}
	got := first.post(path, form)
	again := first.post(path, form)
	if got.status != http.StatusSeeOther || again.to != got.to || !strings.HasPrefix(got.to, "/ops/jobs/RV") {
		t.Fatalf("pressed twice: %d %s, then %d %s", got.status, got.to, again.status, again.to)
	}
	job := strings.TrimSuffix(got.to, "?done=reverse")
	own := first.get(job)
	if strings.Contains(own.body, `name="decision"`) || !strings.Contains(own.body, `href="/ops/jobs/`+receipt+`"`) {
		t.Error("the first supervisor can decide again, or does not see which transfer it is")
	}
	if got := first.get(path); got.status != http.StatusConflict {
		t.Errorf("a second reversal is offered: %d", got.status)
	}
	second := w.secondSupervisor()
	if got := second.post(job, url.Values{"form_id": {"f2"}, "decision": {"approve"}, "ops_reason": {"looked at the papers"}}); got.status != http.StatusSeeOther {
		t.Fatalf("agreeing: %d %s", got.status, got.body)
	}
	w.carryOut()
	if state := w.state(strings.TrimPrefix(job, "/ops/jobs/")); state != tasks.StateDone {
		t.Errorf("the reversal is %s", state)
	}
	if got := first.get("/ops/jobs/" + receipt); !strings.Contains(got.body, "The transfer was reversed") {
		t.Error("the transfer's page does not say that it was reversed")
	}
	if rows := w.rows("transfer.reverse"); len(rows) != 1 || rows[0] != "supervisor|"+receipt+"|not_authorised|done" {
		t.Errorf("the journal says %v", rows)
	}
}

func TestT14OthersThanSupervisorsAndLateOnesCanNotReverse(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.moved()
	path := "/ops/jobs/" + receipt + "/reverse"
	for _, role := range []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorOperator, tasks.ActorAuditor} {
		b := w.as(role)
		form := url.Values{"form_id": {"f"}, "reversal": {"authority"}}
		if page, get, post := b.get("/ops/jobs/"+receipt), b.get(path), b.post(path, form); strings.Contains(page.body, path) || get.status != 403 || post.status != 403 {
			t.Errorf("%s: link %v, %d, %d", role, strings.Contains(page.body, path), get.status, post.status)
		}
	}
	w.now = w.now.Add(tasks.SnapshotLife + time.Hour)
	b := w.as(tasks.ActorSupervisor)
	if got := b.get("/ops/jobs/" + receipt); strings.Contains(got.body, path) {
		t.Error("it is still offered after seven days")
	}
	if got := b.get(path); got.status != http.StatusConflict || !strings.Contains(got.body, "7 days ago") {
		t.Errorf("after seven days: %d", got.status)
	}
	open := w.as(tasks.ActorSupervisor).get("/ops/jobs/TR00000000/reverse")
	if open.status != http.StatusNotFound {
		t.Errorf("an unknown job: %d", open.status)
	}
}
