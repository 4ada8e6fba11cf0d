package page_test

import (
	"flag"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"beian/api/page"
	"beian/internal/text"
)

var update = flag.Bool("update", false, "rewrite golden files")

type sink struct {
	Hostile, Done, Href string
	Tone                page.Tone
	At                  time.Time
	Params              text.Params
	Certificates        []page.Option
	States              []string
	Blockers            []page.Blocker
	Rows                []page.Row
	Promise             page.Promise
	Events              []page.Event
	Tasks               []page.Task
	Table               page.Table
}

func catalog(t *testing.T) *text.Catalog {
	t.Helper()
	c, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func renderer(t *testing.T) *page.Renderer {
	t.Helper()
	r, err := page.New(page.Options{
		Catalog: catalog(t), Pages: os.DirFS("testdata/pages"),
		Site: page.Site{
			Contact:     map[text.Lang]string{text.Chinese: "400-000-0000", text.English: "400-000-0000"},
			Operator:    map[text.Lang]string{text.Chinese: "示例网络接入有限公司"},
			SignOutPath: "/sign-out", SignInPath: "/sign-in",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func body(t *testing.T, r *page.Renderer, name string, v page.View) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := r.Render(w, name, v); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// words are the sample sentences of the kitchen sink.
func words(lang text.Lang) (remark, done string) {
	if lang == text.English {
		return "The website stays up while the filing moves", "Your transfer request has been sent"
	}
	return "转移期间网站访问不受影响", "转移申请已提交"
}

func sinkView(lang text.Lang) page.View {
	remark, done := words(lang)
	return page.View{
		Lang: lang, Path: "/transfer?step=2", RequestID: "0198c2f0", Back: "/transfer", User: "zha***@example.com", FormID: "f1",
		Values: url.Values{"target_login": {"wang@example.com"}, "can_sign_in": {"no"}},
		Errors: []page.FieldError{
			{Field: "target_login", Code: "TARGET_NOT_FOUND"},
			{Field: "can_sign_in", Key: "msg.state.changed"},
			{Field: "code", Code: "CODE_WRONG", Params: text.Params{"n": 3}},
		},
		Data: sinkOf(remark, done),
	}
}

func sinkOf(remark, done string) sink {
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	s := sink{
		Hostile: remark, Done: done, Href: "/next", Tone: page.Neutral, At: at,
		Params:       text.Params{"time": "18:30"},
		Certificates: []page.Option{{Value: "id", Text: remark}, {Value: "uscc", Text: done}},
		States: []string{"draft", "email_confirm", "source_verify", "target_confirm", "queued", "claimed", "approved_1", "need_more",
			"hold", "disputed", "applying", "done", "rejected", "withdrawn", "expired", "failed"},
		Blockers: []page.Blocker{
			{Code: "TARGET_HAS_SUBJECT", Owner: "target", Href: "/help", Link: remark},
			{Code: "SOURCE_ORDER_IN_PROGRESS", Owner: "applicant"},
			{Code: "DOC_SIZE", Owner: "applicant", Params: text.Params{"document": remark, "max": 10}},
		},
		Rows: []page.Row{
			{Key: remark, Value: "wang***@example.com", Href: "/transfer/target"},
			{Key: done, Value: "京ICP备12345678号"},
		},
		Promise: page.Promise{Due: at},
		Events: []page.Event{
			{At: at, Actor: "reviewer", Title: remark, Note: done},
			{At: at.Add(-time.Hour), Actor: "system", Title: done, Deliveries: []page.Delivery{
				{Channel: "sms", To: "186 **** 1402", State: "delivered", At: at}, {Channel: "email", To: remark, State: "failed"},
			}},
			{At: at.Add(-2 * time.Hour), Actor: "applicant", Title: done},
		},
		Tasks: []page.Task{
			{Title: remark, Href: "/doc/1", Badge: page.Badge{Text: done, Tone: page.Good}},
			{Title: done, Hint: remark, Badge: page.Badge{Text: remark, Tone: page.Warn}},
		},
		Table: page.Table{Caption: remark, Head: []string{done, remark}, Rows: [][]page.Cell{{{Text: remark, Href: "/x"}, {Text: "18", Number: true}}}},
	}
	for i, kind := range []string{"start", "work", "weekend", "weekend", "makeup", "holiday", "due"} {
		s.Promise.Days = append(s.Promise.Days, page.Day{Date: at.AddDate(0, 0, i-6), Kind: kind})
	}
	return s
}
