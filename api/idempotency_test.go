package api

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// R19.
func TestTheSameKeyAHundredTimesAtOnceIsOneJobAndOneAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const times = 100
	bodies, replayed := make([]string, times), make([]string, times)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() {
			got, err := b.try(t.Context(), ask{as: "source", method: "POST", path: "/v1/transfers", body: submission, key: "same"})
			if err != nil || got.status != 202 {
				t.Errorf("got %d %v %s", got.status, err, got.raw)
			}
			bodies[i], replayed[i] = got.raw, got.head.Get("Idempotency-Replayed")
		})
	}
	all.Wait()
	slices.Sort(bodies)
	if len(slices.Compact(bodies)) != 1 {
		t.Errorf("answers differ: %s", strings.Join(slices.Compact(bodies), "\n"))
	}
	first := slices.DeleteFunc(replayed, func(r string) bool { return r == "true" })
	if len(first) != 1 {
		t.Errorf("%d answers were not marked as replayed", len(first))
	}
	var list listOutput
	b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs"}).into(t, 200, &list.Body)
	if len(list.Body.Jobs) != 1 {
		t.Errorf("%d jobs", len(list.Body.Jobs))
	}
	other := strings.Replace(submission, "9002", "9003", 1)
	b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers", body: other, key: "same"}).problem(t, 422, "KEY_REUSED")
	b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers", body: submission, key: "other"}).problem(t, 422, "BLOCKED")
}

func TestAReplayReadsTheSameAfterTheJobMovedOn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	submit := ask{as: "source", method: "POST", path: "/v1/transfers", body: submission, key: `"quoted"`}
	first := b.do(t, submit)
	j := first.job(t, 202)
	cancel := ask{as: "source", method: "POST", path: "/v1/transfers/" + j.Receipt + "/cancel", key: "k-2"}
	ended := b.do(t, cancel)
	if again := b.do(t, cancel); again.raw != ended.raw || again.status != 200 || again.head.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %d %s, first %s", again.status, again.raw, ended.raw)
	}
	submit.key = "quoted"
	again := b.do(t, submit)
	if again.status != 202 || again.head.Get("Idempotency-Replayed") != "true" || again.head.Get("ETag") != first.head.Get("ETag") {
		t.Errorf("got %d %v", again.status, again.head)
	}
	if j.NextAction.ExpiresAt == nil || again.raw != first.raw {
		t.Errorf("got %s, first %s", again.raw, first.raw)
	}
}

func TestAKeyBelongsToItsOwnerAndRoute(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers", body: submission, key: "k"}).job(t, 202)
	b.do(t, ask{as: "target", method: "POST", path: "/v1/transfers", body: submission, key: "k"}).problem(t, 422, "BLOCKED")
	b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers/" + j.Receipt + "/cancel", key: "k"}).job(t, 200)
	next := b.submit(t)
	b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers/" + next.Receipt + "/cancel", key: "k"}).problem(t, 422, "KEY_REUSED")
}

// Only what has no lasting effect, or must not be kept for a replay, goes
// without a key.
func TestEveryPostNeedsAKeyButTheseFew(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	without := map[string]bool{}
	for path, item := range b.api.OpenAPI().Paths {
		if item.Post == nil {
			continue
		}
		if o, ok := item.Post.Metadata["operation"].(operation); ok && !o.keyed {
			without[path] = true
		}
	}
	want := []string{"/v1/accounts", "/v1/codes/verify", "/v1/filings", "/v1/login-resets/{receipt}/confirm-mailbox",
		"/v1/password-resets/complete", "/v1/password-resets/verify", "/v1/prechecks", "/v1/reviews/next", "/v1/reviews/{receipt}/claim",
		"/v1/reviews/{receipt}/renew", "/v1/reviews/{receipt}/return", "/v1/reviews/{receipt}/undo", "/v1/reviews/{receipt}/unmask", "/v1/sessions"}
	if got := slices.Sorted(maps.Keys(without)); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
