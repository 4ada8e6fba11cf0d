package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The matrix is generated from the specification: a new operation without a row
// fails the test, and so does a role that gets another answer.
//
// The job waits for its target. Columns: nobody, stranger, source, target,
// reviewer, supervisor, operator, auditor.
func TestEveryRouteGivesEveryRoleItsAnswer(t *testing.T) {
	t.Parallel()
	want := map[string][8]int{
		"POST /v1/sessions":                    {422, 422, 422, 422, 422, 422, 422, 422},
		"GET /v1/sessions":                     {401, 200, 200, 200, 200, 200, 200, 200},
		"DELETE /v1/sessions":                  {401, 204, 204, 204, 403, 403, 403, 403},
		"DELETE /v1/sessions/current":          {401, 204, 204, 204, 204, 204, 204, 204},
		"DELETE /v1/sessions/{id}":             {401, 404, 404, 404, 403, 403, 403, 403},
		"POST /v1/prechecks":                   {401, 422, 422, 422, 403, 403, 403, 403},
		"POST /v1/transfers":                   {401, 422, 422, 422, 403, 403, 403, 403},
		"GET /v1/transfers/{receipt}":          {401, 404, 200, 200, 200, 200, 200, 200},
		"POST /v1/transfers/{receipt}/verify":  {401, 404, 409, 403, 403, 403, 403, 403},
		"POST /v1/transfers/{receipt}/resend":  {401, 404, 409, 403, 403, 403, 403, 403},
		"POST /v1/transfers/{receipt}/invite":  {401, 404, 200, 200, 403, 403, 403, 403},
		"POST /v1/transfers/{receipt}/accept":  {401, 404, 422, 202, 403, 403, 403, 403},
		"POST /v1/transfers/{receipt}/decline": {401, 404, 403, 200, 403, 403, 403, 403},
		"POST /v1/transfers/{receipt}/cancel":  {401, 404, 200, 403, 403, 403, 403, 403},
		"POST /v1/transfers/{receipt}/dispute": {401, 404, 200, 200, 403, 200, 403, 403},
		"POST /v1/transfers/{receipt}/release": {401, 404, 403, 403, 403, 409, 403, 403},
		"POST /v1/transfers/{receipt}/reject":  {401, 404, 403, 403, 403, 409, 403, 403},
		"GET /v1/jobs":                         {401, 200, 200, 200, 200, 200, 200, 200},
		"GET /v1/jobs/{receipt}":               {401, 404, 200, 200, 200, 200, 200, 200},
		"GET /v1/jobs/{receipt}/events":        {401, 404, 200, 200, 200, 200, 200, 200},
		"GET /v1/jobs/{receipt}/stream":        {401, 404, 200, 200, 200, 200, 200, 200},
		"POST /v1/codes":                       {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/codes/verify":                {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/disputes":                    {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/accounts":                    {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/filings":                     {401, 401, 401, 401, 401, 401, 401, 401},
	}
	roles := []string{"", "stranger", "source", "target", "reviewer", "supervisor", "operator", "auditor"}
	routes := 0
	spec := newBench(t)
	for path, item := range spec.api.OpenAPI().Paths {
		for _, op := range operationsOf(item) {
			routes++
			name := op.Method + " " + path
			row, ok := want[name]
			if !ok {
				t.Errorf("%s is not in the matrix", name)
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				checkRow(t, op.Method, path, roles, row)
			})
		}
	}
	if routes != len(want) {
		t.Errorf("%d routes, %d rows", routes, len(want))
	}
}

// checkRow asks as every role. Whatever changes the job gets a new one.
func checkRow(t *testing.T, method, path string, roles []string, row [8]int) {
	t.Helper()
	var b *bench
	var receipt string
	for i, role := range roles {
		if b == nil || method == http.MethodDelete || row[i] < 300 && method == http.MethodPost {
			b = newBench(t)
			b.pace.stream = 1
			receipt = b.verified(t).Receipt
		}
		body := ""
		if method == http.MethodPost && !strings.Contains(path, "{receipt}") {
			body = "{}"
		}
		place := strings.NewReplacer("{receipt}", receipt, "{id}", "none").Replace(path)
		got := b.do(t, ask{as: role, method: method, path: place, body: body, key: newKey()})
		if got.status != row[i] {
			t.Errorf("%s as %q: got %d, want %d: %s", method, role, got.status, row[i], fmt.Sprintf("%.200s", got.raw))
		}
	}
}

// A party who is not yet asked does not see the job.
func TestTheTargetSeesNothingBeforeTheSourceIsVerified(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	b.do(t, ask{as: "target", method: "GET", path: "/v1/jobs/" + j.Receipt}).problem(t, 404, "NOT_FOUND")
	b.act(t, "target", j.Receipt, "accept", "").problem(t, 404, "NOT_FOUND")
}
