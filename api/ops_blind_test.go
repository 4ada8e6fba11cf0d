package api_test

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"beian/internal/accounts"
	"beian/tasks"
)

// firstLooks has somebody take a first look with a note, as one of whom no page of
// the staff speaks otherwise.
func (w *opsWorld) firstLooks(receipt string) {
	w.t.Helper()
	_, err := w.porter.AddStaff(w.t.Context(), tasks.System(), accounts.NewStaff{Login: "zhao-first", Name: "赵一", Role: tasks.ActorReviewer, Password: opsPassword})
	w.must(err)
	bench := w.holds("zhao-first", receipt)
	_, err = w.desk.Decide(w.t.Context(), tasks.Decide{Receipt: receipt, Staff: w.member("zhao-first"), Verdict: tasks.VerdictApprove, Checks: bench.Checklist,
		Typed: map[string]string{"certificate_number": unitCode, "applicant_id": clerkID}, Note: "the seal looks odd",
		Once: tasks.Once{Scope: "test", Key: "first"}})
	w.must(err)
}

// blindPaths are where a first look would stand, each with the words that would tell.
func blindPaths(unit string) map[string][]string {
	return map[string][]string{
		"/ops/reviews/" + unit:              {"the seal looks odd", "zhao-first", "First approval"},
		"/ops/reviews?tab=second":           {"zhao-first", "the seal looks odd"},
		"/ops/jobs/" + unit:                 {"zhao-first", "First approval"},
		"/ops/audit?object=" + unit:         {`<code class="small">review.approve</code>`, "<span>zhao-first "},
		"/ops/audit.csv":                    {",review.approve,", ",zhao-first,review.open,"},
		"/ops/audit.ndjson?action=review.":  {`"review.approve"`, `"zhao-first"`},
		"/v1/reviews/" + unit:               {`"verdict":"approve"`},
		"/v1/reviews?tab=second":            {`"verdict"`, "zhao-first"},
		"/v1/jobs/" + unit:                  {"approved_once\"", "zhao-first"},
		"/v1/jobs/" + unit + "/events":      {`"approved_once"`},
		"/v1/audit-events?object=" + unit:   {`"review.approve"`, `"zhao-first"`},
		"/v1/audit-events?action=document.": {`"zhao-first"`},
	}
}

// reader is a member of staff with a browser and with a program.
type reader struct {
	login   string
	browser *opsBrowser
	program *caller
}

func (w *opsWorld) reads(login string) reader {
	w.t.Helper()
	return reader{login, w.as(tasks.ActorKind(login)), w.calls(login)}
}

// told lists the words about a first look that stand at a path.
func (r reader) told(unit, path string) (told []string, status int) {
	body := ""
	if strings.HasPrefix(path, "/ops/") {
		got := r.browser.get(path)
		body, status = got.body, got.status
	} else {
		got := r.program.ask("GET", path, "", nil)
		body, status = got.raw, got.status
	}
	for _, word := range blindPaths(unit)[path] {
		if strings.Contains(body, word) {
			told = append(told, word)
		}
	}
	return told, status
}

// Whoever may look second learns of the first look from no page, no operation and no
// export, also while the first verdict can still be taken back (L9).
func TestL9_NothingTellsOfAFirstLook(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	unit := w.unit()
	w.firstLooks(unit)
	seconds, auditor := []reader{w.reads("reviewer"), w.reads("supervisor")}, w.reads("auditor")
	shown := map[string][]string{}
	for _, settled := range []bool{false, true} {
		if settled {
			w.settle()
		}
		for path := range blindPaths(unit) {
			for _, who := range seconds {
				told, status := who.told(unit, path)
				if len(told) > 0 || (status != http.StatusOK && status != http.StatusForbidden) {
					t.Errorf("settled %v: %s tells a %s %q (%d)", settled, path, who.login, told, status)
				}
			}
			told, _ := auditor.told(unit, path)
			shown[path] = append(shown[path], told...)
		}
	}
	for path, words := range blindPaths(unit) {
		for _, word := range words {
			if never := strings.Contains(path, "?tab=") || path == "/v1/jobs/"+unit; !never && !slices.Contains(shown[path], word) {
				t.Errorf("%s does not tell an auditor %q", path, word)
			}
		}
	}
	if stream := seconds[1].program.stream("/v1/jobs/" + unit + "/stream"); strings.Contains(stream, "approved_once") || !strings.Contains(stream, "first_look") {
		t.Errorf("the stream: %s", stream)
	}
}

// stream reads a job's events until the newest, which is that the first look is over.
func (c *caller) stream(path string) string {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.http.URL+path, nil)
	c.must(err)
	r.Header.Set("Authorization", "Bearer "+c.token)
	res, err := c.http.Client().Do(r)
	c.must(err)
	defer res.Body.Close()
	var out strings.Builder
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		out.WriteString(lines.Text())
		if strings.Contains(lines.Text(), `"to":"approved_1"`) {
			break
		}
	}
	return out.String()
}
