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
		"GET /v1/account":                      {401, 200, 200, 200, 403, 403, 403, 403},
		"GET /v1/jobs":                         {401, 200, 200, 200, 200, 200, 200, 200},
		"GET /v1/jobs/{receipt}":               {401, 404, 200, 200, 200, 200, 200, 200},
		"GET /v1/jobs/{receipt}/events":        {401, 404, 200, 200, 200, 200, 200, 200},
		"GET /v1/jobs/{receipt}/stream":        {401, 404, 200, 200, 200, 200, 200, 200},
		// The job is a transfer; what may be done to a contact change is in contacts_test.go.
		"POST /v1/contact-changes":                                {401, 422, 422, 422, 403, 403, 403, 403},
		"GET /v1/contact-changes/{receipt}":                       {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-changes/{receipt}/verify-old":           {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-changes/{receipt}/verify-new":           {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-changes/{receipt}/resend":               {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-changes/{receipt}/cancel":               {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-changes/{receipt}/dispute":              {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-changes/{receipt}/release":              {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-changes/{receipt}/reject":               {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-papers":                                 {401, 422, 422, 422, 403, 403, 403, 403},
		"GET /v1/contact-papers/{receipt}":                        {401, 404, 404, 404, 404, 404, 404, 404},
		"PATCH /v1/contact-papers/{receipt}":                      {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/contact-papers/{receipt}/verify":                {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/contact-papers/{receipt}/resend":                {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/contact-papers/{receipt}/submit":                {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/contact-papers/{receipt}/withdraw":              {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/contact-papers/{receipt}/nudge":                 {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/contact-papers/{receipt}/appeal":                {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/contact-papers/{receipt}/supplement":            {401, 401, 401, 401, 401, 401, 401, 401},
		"PUT /v1/contact-papers/{receipt}/documents/{slot}":       {401, 401, 401, 401, 401, 401, 401, 401},
		"DELETE /v1/contact-papers/{receipt}/documents/{slot}":    {401, 401, 401, 401, 401, 401, 401, 401},
		"GET /v1/contact-papers/{receipt}/documents/{slot}":       {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/contact-papers/{receipt}/documents/{slot}/keep": {401, 401, 401, 401, 401, 401, 401, 401},
		"GET /v1/contact-papers/{receipt}/letter":                 {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/contact-papers/{receipt}/dispute":               {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-papers/{receipt}/release":               {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/contact-papers/{receipt}/reject":                {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/legacy-papers":                                  {401, 422, 422, 422, 403, 403, 403, 403},
		"GET /v1/legacy-papers/{receipt}":                         {401, 404, 404, 404, 404, 404, 404, 404},
		"PATCH /v1/legacy-papers/{receipt}":                       {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/legacy-papers/{receipt}/verify":                 {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/legacy-papers/{receipt}/resend":                 {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/legacy-papers/{receipt}/submit":                 {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/legacy-papers/{receipt}/withdraw":               {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/legacy-papers/{receipt}/nudge":                  {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/legacy-papers/{receipt}/appeal":                 {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/legacy-papers/{receipt}/supplement":             {401, 401, 401, 401, 401, 401, 401, 401},
		"PUT /v1/legacy-papers/{receipt}/documents/{slot}":        {401, 401, 401, 401, 401, 401, 401, 401},
		"DELETE /v1/legacy-papers/{receipt}/documents/{slot}":     {401, 401, 401, 401, 401, 401, 401, 401},
		"GET /v1/legacy-papers/{receipt}/documents/{slot}":        {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/legacy-papers/{receipt}/documents/{slot}/keep":  {401, 401, 401, 401, 401, 401, 401, 401},
		"GET /v1/legacy-papers/{receipt}/letter":                  {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/legacy-papers/{receipt}/dispute":                {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/legacy-papers/{receipt}/release":                {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/legacy-papers/{receipt}/reject":                 {401, 404, 404, 404, 404, 404, 404, 404},
		// A reset's applicant has no session; what a tracking code may is in resets_test.go.
		"POST /v1/login-resets":                                       {422, 422, 422, 422, 422, 422, 422, 422},
		"GET /v1/login-resets/{receipt}":                              {401, 404, 404, 404, 404, 404, 404, 404},
		"GET /v1/letters/blank":                                       {200, 200, 200, 200, 200, 200, 200, 200},
		"POST /v1/login-resets/{receipt}/confirm-mailbox":             {404, 404, 404, 404, 404, 404, 404, 404},
		"PATCH /v1/login-resets/{receipt}":                            {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/verify":                      {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/resend":                      {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/mailbox":                     {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/submit":                      {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/withdraw":                    {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/nudge":                       {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/appeal":                      {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/supplement":                  {401, 401, 401, 401, 401, 401, 401, 401},
		"PUT /v1/login-resets/{receipt}/documents/{slot}":             {401, 401, 401, 401, 401, 401, 401, 401},
		"DELETE /v1/login-resets/{receipt}/documents/{slot}":          {401, 401, 401, 401, 401, 401, 401, 401},
		"GET /v1/login-resets/{receipt}/documents/{slot}":             {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/documents/{slot}/keep":       {401, 401, 401, 401, 401, 401, 401, 401},
		"GET /v1/login-resets/{receipt}/letter":                       {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/login-resets/{receipt}/dispute":                     {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/login-resets/{receipt}/release":                     {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/login-resets/{receipt}/reject":                      {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/codes":                                              {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/codes/verify":                                       {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/password-resets":                                    {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/password-resets/verify":                             {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/password-resets/complete":                           {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/login-lookups":                                      {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/disputes":                                           {422, 422, 422, 422, 422, 422, 422, 422},
		"POST /v1/accounts":                                           {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/filings":                                            {401, 401, 401, 401, 401, 401, 401, 401},
		"GET /v1/reviews":                                             {401, 403, 403, 403, 200, 200, 403, 200},
		"POST /v1/reviews/next":                                       {401, 403, 403, 403, 404, 404, 403, 403},
		"GET /v1/reviews/{receipt}":                                   {401, 403, 403, 403, 404, 404, 403, 404},
		"POST /v1/reviews/{receipt}/claim":                            {401, 403, 403, 403, 404, 404, 403, 403},
		"POST /v1/reviews/{receipt}/renew":                            {401, 403, 403, 403, 404, 404, 403, 403},
		"POST /v1/reviews/{receipt}/return":                           {401, 403, 403, 403, 404, 404, 403, 403},
		"POST /v1/reviews/{receipt}/undo":                             {401, 403, 403, 403, 404, 404, 403, 403},
		"POST /v1/reviews/{receipt}/unmask":                           {401, 403, 403, 403, 400, 400, 403, 403},
		"POST /v1/reviews/{receipt}/approve":                          {401, 403, 403, 403, 400, 400, 403, 403},
		"POST /v1/reviews/{receipt}/reject":                           {401, 403, 403, 403, 400, 400, 403, 403},
		"POST /v1/reviews/{receipt}/request-changes":                  {401, 403, 403, 403, 400, 400, 403, 403},
		"POST /v1/reviews/{receipt}/escalate":                         {401, 403, 403, 403, 404, 404, 403, 403},
		"GET /v1/calendar":                                            {200, 200, 200, 200, 200, 200, 200, 200},
		"GET /v1/calendar/due":                                        {200, 200, 200, 200, 200, 200, 200, 200},
		"GET /v1/calendar/{year}":                                     {200, 200, 200, 200, 200, 200, 200, 200},
		"GET /v1/audit-events":                                        {401, 403, 403, 403, 403, 200, 403, 200},
		"GET /v1/stats/sla":                                           {401, 403, 403, 403, 200, 200, 200, 200},
		"GET /v1/queues":                                              {401, 403, 403, 403, 403, 403, 200, 200},
		"GET /v1/queues/{queue}/tasks":                                {401, 403, 403, 403, 403, 403, 200, 200},
		"GET /v1/reviews/{receipt}/documents/{id}":                    {401, 403, 403, 403, 404, 404, 403, 403},
		"PUT /v1/calendar/{year}":                                     {401, 403, 403, 403, 403, 422, 422, 403},
		"POST /v1/reviewed-transfers":                                 {422, 422, 422, 422, 422, 422, 422, 422},
		"GET /v1/reviewed-transfers/{receipt}":                        {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/reviewed-transfers/{receipt}/accept":                {401, 404, 404, 404, 403, 403, 403, 403},
		"POST /v1/reviewed-transfers/{receipt}/decline":               {401, 404, 404, 404, 403, 403, 403, 403},
		"PATCH /v1/reviewed-transfers/{receipt}":                      {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/verify":                {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/resend":                {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/submit":                {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/withdraw":              {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/nudge":                 {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/appeal":                {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/supplement":            {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/invite":                {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/accept-by-code":        {401, 401, 401, 401, 401, 401, 401, 401},
		"PUT /v1/reviewed-transfers/{receipt}/documents/{slot}":       {401, 401, 401, 401, 401, 401, 401, 401},
		"DELETE /v1/reviewed-transfers/{receipt}/documents/{slot}":    {401, 401, 401, 401, 401, 401, 401, 401},
		"GET /v1/reviewed-transfers/{receipt}/documents/{slot}":       {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/documents/{slot}/keep": {401, 401, 401, 401, 401, 401, 401, 401},
		"GET /v1/reviewed-transfers/{receipt}/letter":                 {401, 401, 401, 401, 401, 401, 401, 401},
		"POST /v1/reviewed-transfers/{receipt}/dispute":               {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/reviewed-transfers/{receipt}/release":               {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/reviewed-transfers/{receipt}/reject":                {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/reversals":                                          {401, 403, 403, 403, 403, 422, 403, 403},
		"GET /v1/reversals/{receipt}":                                 {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/reversals/{receipt}/approve":                        {401, 403, 403, 403, 403, 404, 403, 403},
		"POST /v1/reversals/{receipt}/reject":                         {401, 403, 403, 403, 403, 404, 403, 403},
		// The job of the matrix is no import; who may do what to one is in imports_test.go.
		"POST /v1/legacy-imports":                   {401, 422, 422, 422, 403, 403, 403, 403},
		"GET /v1/legacy-imports":                    {401, 200, 200, 200, 200, 200, 200, 200},
		"GET /v1/legacy-imports/{receipt}":          {401, 404, 404, 404, 404, 404, 404, 404},
		"GET /v1/legacy-imports/{receipt}/diff":     {401, 404, 404, 404, 404, 404, 404, 404},
		"GET /v1/legacy-imports/{receipt}/report":   {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/legacy-imports/{receipt}/confirm": {401, 400, 400, 400, 403, 403, 403, 403},
		"POST /v1/legacy-imports/{receipt}/retry":   {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/legacy-imports/{receipt}/cancel":  {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/legacy-imports/{receipt}/dispute": {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/legacy-imports/{receipt}/release": {401, 404, 404, 404, 404, 404, 404, 404},
		"POST /v1/legacy-imports/{receipt}/reject":  {401, 404, 404, 404, 404, 404, 404, 404},
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
		if ((method == http.MethodPost || method == http.MethodPut) && !strings.Contains(path, "{receipt}")) || method == http.MethodPatch {
			body = "{}"
		}
		if strings.HasSuffix(path, "/confirm-mailbox") {
			body = `{"token":"none"}`
		}
		place := strings.NewReplacer("{receipt}", receipt, "{id}", "none", "{slot}", "id_front", "{year}", "2026", "{queue}", "review").Replace(path)
		got := b.do(t, ask{as: role, method: method, path: place, body: body, key: newKey(),
			head: map[string]string{"If-Match": b.etag(t, receipt)}})
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
