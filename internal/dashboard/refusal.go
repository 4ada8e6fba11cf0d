package dashboard

import "net/http"

const (
	chinese = "zh-CN"
	english = "en"
)

// refusal is why the guard did not pass something on: a permanent code and a
// sentence for people in both languages.
type refusal struct {
	code   string
	status int
	zh, en string
}

var (
	refusalCrossOrigin = refusal{"CROSS_ORIGIN", http.StatusForbidden,
		"操作未执行：请求来自其他网站。", "Not done: the request came from another site."}
	refusalSignIn = refusal{"SIGN_IN_REQUIRED", http.StatusUnauthorized,
		"登录已失效，重新登录后再操作。", "You are signed out. Sign in again, then repeat the action."}
	refusalRole = refusal{"ROLE_NOT_ALLOWED", http.StatusForbidden,
		"操作未执行：您的角色没有此权限。", "Not done: your role does not allow this."}
	refusalProtected = refusal{"QUEUE_PROTECTED", http.StatusForbidden,
		"操作未执行：此队列承担审核时限或系统值守，不允许暂停，也不允许停用其中的任务。", "Not done: this queue keeps review deadlines or the house's chores, so it cannot be paused and its tasks cannot be switched off."}
	refusalBulk = refusal{"BULK_NOT_ALLOWED", http.StatusForbidden,
		"操作未执行：不支持批量或全部操作，这类操作会留下无法找回的任务。逐个处理即可。", "Not done: bulk actions are switched off, they leave tasks behind that nobody can reach. Act on one task at a time."}
	refusalDeleteQueue = refusal{"QUEUE_DELETE_NOT_ALLOWED", http.StatusForbidden,
		"操作未执行：队列不可删除。", "Not done: queues cannot be deleted."}
	refusalUnknownAction = refusal{"ACTION_NOT_ALLOWED", http.StatusForbidden,
		"操作未执行：此状态的任务不支持该操作。", "Not done: this is not possible for a task in this state."}
	refusalUnknownPage = refusal{"NOT_FOUND", http.StatusNotFound,
		"没有这个页面。", "There is no such page."}
	refusalReason = refusal{"REASON_REQUIRED", http.StatusUnprocessableEntity,
		"操作未执行：填写原因，至少 4 个字。", "Not done: give a reason of at least 4 characters."}
	refusalNoTask = refusal{"TASK_NOT_FOUND", http.StatusNotFound,
		"操作未执行：任务或队列已不存在，刷新页面查看最新状态。", "Not done: the task or queue is gone. Reload to see how things stand."}
	refusalMoved = refusal{"TASK_MOVED", http.StatusConflict,
		"操作未执行：任务状态已变化，刷新页面后再操作。", "Not done: the task has moved on. Reload, then decide again."}
	refusalPaused = refusal{"ALREADY_PAUSED", http.StatusConflict,
		"操作未执行：队列已处于暂停状态。", "Not done: the queue is paused already."}
	refusalRunning = refusal{"NOT_PAUSED", http.StatusConflict,
		"操作未执行：队列并未暂停。", "Not done: the queue is not paused."}
	refusalAudit = refusal{"AUDIT_UNAVAILABLE", http.StatusServiceUnavailable,
		"操作未执行：操作日志暂时无法写入，稍后再试。", "Not done: the journal cannot be written just now. Try again later."}
	refusalFailed = refusal{"ACTION_FAILED", http.StatusServiceUnavailable,
		"操作未完成：队列没有执行，刷新页面查看最新状态。", "Not done: the queue did not carry it out. Reload to see how things stand."}
	refusalQueue = refusal{"QUEUE_UNAVAILABLE", http.StatusServiceUnavailable,
		"队列服务暂时没有响应，或没有这个队列。申请不受影响，稍后再试。", "The queue does not answer just now, or there is none of this name. Jobs are not affected. Try again later."}
)

func (f refusal) sentence(lang string) string {
	if lang == english {
		return f.en
	}
	return f.zh
}

// refuse answers in plain text: asynqmon's pages print the body of an error and
// break on anything but text.
func (d *Dashboard) refuse(w http.ResponseWriter, r *http.Request, f refusal) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Beian-Refusal", f.code)
	if f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	w.WriteHeader(f.status)
	// The client is gone when this fails; nothing is left to tell it.
	_, _ = w.Write([]byte(f.sentence(d.lang(r))))
}
