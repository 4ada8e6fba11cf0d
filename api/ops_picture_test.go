package api_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"beian/tasks"
)

// sources are the ticketed addresses of the full pictures on a workbench.
func sources(t *testing.T, page string) []string {
	t.Helper()
	var out []string
	for _, m := range regexp.MustCompile(`data-src="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		t.Fatal("no picture on the page")
	}
	return out
}

func TestAPictureIsMarkedJournaledAndKeptNowhere(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	b := w.as(tasks.ActorReviewer)
	got := b.get(sources(t, b.get("/ops/reviews/"+one).body)[0])
	if got.status != 200 || got.body != string(paper(47)) || got.head.Get("Content-Type") != "image/jpeg" || got.head.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", got.status, got.head)
	}
	if p := got.head.Get("Content-Security-Policy"); !strings.Contains(p, "sandbox") {
		t.Errorf("policy %q", p)
	}
	if want := []string{"reviewer " + one + " 2026-11-25 18:00"}; !slices.Equal(w.papers.marked, want) {
		t.Errorf("marked %v, want %v", w.papers.marked, want)
	}
	if rows := w.rows("document.view"); len(rows) != 1 || rows[0] != "reviewer|"+one+"/id_front||done" {
		t.Errorf("rows %v", rows)
	}
}

// trust.md, broken access: 60 s tickets, bound to session and picture.
func TestATicketOpensOnePictureForOneSessionForAMinute(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one, other := w.reset(1), w.resets(1)[0]
	b := w.as(tasks.ActorReviewer)
	all := sources(t, b.get("/ops/reviews/"+one).body)
	foreign := sources(t, b.get("/ops/reviews/"+other).body)
	first, ticket, _ := strings.Cut(all[0], "?")
	second, _, _ := strings.Cut(all[1], "?")
	elsewhere, _, _ := strings.Cut(foreign[0], "?")
	until, _, _ := strings.Cut(strings.TrimPrefix(ticket, "t="), ".")
	for name, path := range map[string]string{
		"none": first, "empty": first + "?t=", "cut": first + "?" + ticket[:len(ticket)-2], "of another page": second + "?" + ticket,
		"of another job": elsewhere + "?" + ticket, "with a later end": first + "?" + strings.Replace(ticket, until, until[:len(until)-1]+"9", 1) + "x",
		"in words": first + "?t=soon." + ticket, "of the thumbnail": strings.Replace(all[0], "/1?", "/0?", 1),
	} {
		if got := b.get(path); got.status != http.StatusForbidden {
			t.Errorf("a ticket %s: %d", name, got.status)
		}
	}
	for _, role := range []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorSupervisor, tasks.ActorAuditor, tasks.ActorOperator} {
		if got := w.as(role).get(all[0]); got.status != http.StatusForbidden {
			t.Errorf("in another session of a %s: %d", role, got.status)
		}
	}
	if len(w.rows("document.view")) > 0 {
		t.Error("a refused picture is journaled as seen")
	}
	if got := b.get(all[0]); got.status != 200 {
		t.Errorf("the right one: %d", got.status)
	}
	w.now = w.now.Add(61 * time.Second)
	if got := b.get(all[0]); got.status != http.StatusForbidden {
		t.Errorf("after a minute: %d", got.status)
	}
	fresh := b.scripted(http.MethodGet, "/ops/reviews/"+one+"/tickets?of="+regexp.MustCompile(`data-thumb="([^"]+)"`).FindStringSubmatch(b.get("/ops/reviews/" + one).body)[1], nil)
	again := regexp.MustCompile(`":"([^"]+)"`).FindStringSubmatch(fresh.body)
	if fresh.status != 200 || len(again) != 2 {
		t.Fatalf("new tickets: %d %s", fresh.status, fresh.body)
	}
	if got := b.get(again[1]); got.status != 200 {
		t.Errorf("a new ticket: %d", got.status)
	}
}

// What was fetched ahead left the house and is in the journal; it counts as opened
// once it was shown.
func TestAPictureFetchedAheadIsNotYetOpened(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	b := w.as(tasks.ActorReviewer)
	all := sources(t, b.get("/ops/reviews/"+one).body)
	if got := b.get(all[1] + "&ahead=1"); got.status != 200 {
		t.Fatalf("%d", got.status)
	}
	viewed := func() int {
		t.Helper()
		bench, err := w.desk.Workbench(t.Context(), one, w.member("reviewer"))
		w.must(err)
		return len(bench.Viewed)
	}
	if viewed() != 0 || len(w.rows("document.prefetch")) != 1 || len(w.rows("document.view")) != 0 {
		t.Errorf("%d viewed, rows %v", viewed(), w.rows("document.prefetch"))
	}
	path, _, _ := strings.Cut(all[1], "?")
	if got := b.post(path, nil); got.status != http.StatusNoContent {
		t.Errorf("shown: %d", got.status)
	}
	if viewed() != 1 || len(w.rows("document.view")) != 1 {
		t.Errorf("%d viewed", viewed())
	}
	for _, bad := range []string{path[:len(path)-1] + "9", path[:len(path)-1] + "0", path[:len(path)-1] + "01", path[:len(path)-1] + "x"} {
		if got := b.post(bad, nil); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
}
