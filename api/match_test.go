package api

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"beian/tasks"
)

func TestIfMatchRefusesADecisionOnAnOldVersion(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	cancel := ask{as: "source", method: "POST", path: "/v1/transfers/" + j.Receipt + "/cancel", key: "k"}
	for _, wrong := range []string{`"99"`, `"98", "99"`, "W/" + etag(j.Version), "1", `"01"`, `"x"`, `"-1"`, `"*"`, ","} {
		cancel.head = map[string]string{"If-Match": wrong}
		b.do(t, cancel).problem(t, 412, "PRECONDITION_FAILED")
	}
	cancel.head = map[string]string{"If-Match": `"98", ` + etag(j.Version)}
	first := b.do(t, cancel)
	if got := first.job(t, 200); got.State != "withdrawn" || first.head.Get("ETag") != etag(got.Version) {
		t.Errorf("state %s, ETag %s", got.State, first.head.Get("ETag"))
	}
	for _, same := range []string{`"98", ` + etag(j.Version), etag(j.Version)} { // the version has risen by the very request
		cancel.head["If-Match"] = same
		if again := b.do(t, cancel); again.status != 200 || again.raw != first.raw {
			t.Errorf("the replay got %d %s", again.status, again.raw)
		}
	}
}

func TestAStarAsksForNoVersion(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers/" + j.Receipt + "/cancel", key: "k",
		head: map[string]string{"If-Match": "*"}}).job(t, 200)
}

func TestADecisionNeedsTheVersionThatWasSeen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.verified(t)
	b.act(t, "target", j.Receipt, "dispute", "").job(t, 200)
	for _, lang := range []string{"zh-CN", "en"} {
		for _, verb := range []string{"release", "reject"} {
			for _, match := range []string{"", "*"} {
				b.do(t, ask{as: "supervisor", method: "POST", path: "/v1/transfers/" + j.Receipt + "/" + verb, key: newKey(),
					head: map[string]string{"If-Match": match, "Accept-Language": lang}}).problem(t, 428, "PRECONDITION_REQUIRED")
			}
		}
	}
	b.do(t, ask{as: "supervisor", method: "POST", path: "/v1/transfers/" + j.Receipt + "/release", key: newKey(),
		head: map[string]string{"If-Match": etag(j.Version)}}).problem(t, 412, "PRECONDITION_FAILED")
	b.act(t, "supervisor", j.Receipt, "release", "").job(t, 200)
}

// R21: two people who saw the same version decide at once; the second learns that
// the job moved on, whatever the verbs would allow.
func TestOfDecisionsOnTheSameVersionOneCounts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.verified(t)
	seen := b.etag(t, j.Receipt)
	const people = 12
	got := make([]int, people)
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() { // asking again is possible as often as one likes, without a version
			one, err := b.try(t.Context(), ask{as: "source", method: "POST", path: "/v1/transfers/" + j.Receipt + "/invite", key: fmt.Sprint("k", i),
				head: map[string]string{"If-Match": seen}})
			if err != nil {
				t.Error(err)
			}
			got[i] = one.status
		})
	}
	all.Wait()
	slices.Sort(got)
	if got[0] != http.StatusOK || got[1] != http.StatusPreconditionFailed || got[people-1] != http.StatusPreconditionFailed {
		t.Errorf("got %v", got)
	}
	v, err := b.desk.Look(t.Context(), j.Receipt, tasks.Viewer{System: true})
	must(t, err)
	if n := len(v.Timeline); n != 3 {
		t.Errorf("%d rows on the timeline", n)
	}
}
