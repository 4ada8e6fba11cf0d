package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"beian/api"
	"beian/internal/store"
	"beian/tasks"
)

// viewsOfTests is the record as the port of saved views.
type viewsOfTests struct{ *store.Store }

func (s viewsOfTests) ReviewViews(ctx context.Context, staffID string) ([]api.ReviewView, error) {
	views, err := s.Store.ReviewViews(ctx, staffID)
	out := make([]api.ReviewView, len(views))
	for i, v := range views {
		out[i] = api.ReviewView(v)
	}
	return out, err
}

func (s viewsOfTests) AddReviewView(ctx context.Context, v api.ReviewView) error {
	return s.Store.AddReviewView(ctx, store.ReviewView(v))
}

func (s viewsOfTests) RenameReviewView(ctx context.Context, v api.ReviewView) error {
	return s.Store.RenameReviewView(ctx, store.ReviewView(v))
}

// withViews lets members of staff name filters; each gets an id of its own.
func withViews(p *api.OpsParts) {
	record, ok := p.Journal.(*opsRecord)
	if !ok {
		panic("the journal is not the record")
	}
	n := 0
	p.NewID = func() string { n++; return fmt.Sprint("view-", n) }
	p.Reviews.Views = viewsOfTests{record.store}
}

func TestV5_AViewIsSavedUnderANameRenamedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withViews)
	b := w.as(tasks.ActorReviewer)
	const query = "due=today&nature=organisation&tab=second"
	if got := b.get("/ops/reviews?tab=second&nature=organisation&due=today").body; !strings.Contains(got, "/ops/reviews/views?"+strings.ReplaceAll(query, "&", "&amp;")) {
		t.Error("the queue does not lead to saving its filter")
	}
	if got := b.get("/ops/reviews/views?" + query); got.status != 200 || !strings.Contains(got.body, "Second review · Organisation") {
		t.Errorf("%d: the filter is not told in words", got.status)
	}
	add := url.Values{"act": {"add"}, "query": {query}, "view_name": {"  units \n today "}}
	got := b.post("/ops/reviews/views", add)
	if got.status != http.StatusSeeOther || got.to != "/ops/reviews?"+query+"&done=view" {
		t.Fatalf("%d %s", got.status, got.to)
	}
	if page := b.get(got.to).body; !strings.Contains(page, `aria-current="page">units today</a>`) || !strings.Contains(page, "The view was saved") {
		t.Error("the queue does not show the view as the present one")
	}
	for name, form := range map[string]url.Values{"the same name": add, "no name": {"act": {"add"}, "query": {query}},
		"a long name": {"act": {"add"}, "query": {query}, "view_name": {strings.Repeat("字", 41)}}} {
		if got := b.post("/ops/reviews/views", form); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `value="`+query[:3]) {
			t.Errorf("%s: %d, or the filter is lost", name, got.status)
		}
	}
	for name, form := range map[string]url.Values{"a foreign filter": {"act": {"add"}, "query": {"tab=all"}, "view_name": {"x"}}, "no act": {"view_name": {"x"}}} {
		if got := b.post("/ops/reviews/views", form); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	views, err := w.store.ReviewViews(t.Context(), w.member("reviewer").ID)
	if err != nil || len(views) != 1 {
		t.Fatal(err, views)
	}
	if got := b.post("/ops/reviews/views", url.Values{"act": {"rename"}, "id": {views[0].ID}, "view_name": {"units"}}); got.to != "/ops/reviews/views?done=renamed" {
		t.Errorf("renaming: %d %s", got.status, got.to)
	}
	if got := b.post("/ops/reviews/views", url.Values{"act": {"rename"}, "id": {views[0].ID}}); got.status != http.StatusUnprocessableEntity ||
		!strings.Contains(got.body, `href="#name-`+views[0].ID) || strings.Contains(got.body, "!{") || strings.Contains(got.body, "!field") {
		t.Errorf("no new name: %d", got.status)
	}
	other := w.as(tasks.ActorSupervisor)
	if got := other.get("/ops/reviews/views").body; strings.Contains(got, "units") {
		t.Error("somebody else sees it")
	}
	if got := other.post("/ops/reviews/views", url.Values{"act": {"rename"}, "id": {views[0].ID}, "view_name": {"mine"}}); got.status != http.StatusNotFound {
		t.Errorf("renaming somebody else's: %d", got.status)
	}
	for range 2 { // a double click
		if got := b.post("/ops/reviews/views", url.Values{"act": {"delete"}, "id": {views[0].ID}}); got.to != "/ops/reviews/views?done=deleted" {
			t.Errorf("deleting: %d %s", got.status, got.to)
		}
	}
	if got := b.get("/ops/reviews").body; strings.Contains(got, "units") {
		t.Error("it is still there")
	}
	if got := w.as(tasks.ActorOperator).post("/ops/reviews/views", add); got.status != http.StatusForbidden {
		t.Errorf("an operator: %d", got.status)
	}
}

func TestTheSavedViewsLookAsAgreed(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withViews)
	b := w.as(tasks.ActorReviewer)
	b.post("/ops/reviews/views", url.Values{"act": {"add"}, "query": {"risky=1&tab=waiting"}, "view_name": {"重点"}})
	for _, lang := range []string{"zh-CN", "en"} {
		b.lang = lang
		opsGolden(t, "review-views."+lang+".html", b.get("/ops/reviews/views?tab=mine&nature=individual").body)
	}
}

func TestSavedViewsAndKeysInARealBrowser(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withBoards, withViews)
	one := w.reset(1)
	op := w.as(tasks.ActorReviewer)
	op.post("/ops/reviews/views", url.Values{"act": {"add"}, "query": {"risky=1&tab=waiting"}, "view_name": {"重点"}})
	for _, lang := range []string{"zh-CN", "en"} {
		b := w.window(tasks.ActorReviewer, lang)
		b.open("/ops/reviews")
		b.look("views-queue." + lang)
		b.do(chromedp.Navigate(b.base + "/ops/reviews/views?tab=mine&nature=individual"))
		b.until(`document.readyState === "complete"`)
		b.look("views." + lang)
		b.ask(`(document.querySelector("#view_name").value = "重点", document.querySelector("form.decide button").click(), "")`)
		b.until(`document.querySelector(".errors")`)
		b.look("views-faults." + lang)
		for _, from := range []string{"/ops/reviews", "/ops/reviews/" + one} {
			b.open(from)
			b.press("g")
			b.press("s")
			b.until(`location.pathname === "/ops/sla" && document.readyState === "complete"`)
		}
		b.look("heat." + lang)
	}
}
