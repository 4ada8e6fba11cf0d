package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"

	"beian/internal/accounts"
	"beian/tasks"
)

// scopes is what a program's key must have for each operation that a key opens, by
// the operation's id (ADR 24). What is not listed is for people.
func scopes() map[string]accounts.Scope {
	return map[string]accounts.Scope{
		"take-accounts": accounts.ScopeFactsWrite,
		"take-filings":  accounts.ScopeFactsWrite,

		"list-jobs":              accounts.ScopeJobsRead,
		"read-job":               accounts.ScopeJobsRead,
		"read-events":            accounts.ScopeJobsRead,
		"stream-job":             accounts.ScopeJobsRead,
		"read-transfer":          accounts.ScopeJobsRead,
		"read-reviewed-transfer": accounts.ScopeJobsRead,
		"read-reversal":          accounts.ScopeJobsRead,
		"read-login-reset":       accounts.ScopeJobsRead,
		"read-contact-change":    accounts.ScopeJobsRead,
		"read-contact-paper":     accounts.ScopeJobsRead,
		"read-legacy-paper":      accounts.ScopeJobsRead,
		"list-legacy-imports":    accounts.ScopeJobsRead,
		"read-legacy-import":     accounts.ScopeJobsRead,

		"list-audit-events":   accounts.ScopeAuditRead,
		"read-service-levels": accounts.ScopeStatsRead,
		"list-queues":         accounts.ScopeQueuesRead,
		"list-queue-tasks":    accounts.ScopeQueuesRead,
	}
}

// scopeMissing answers a key that does not have what the operation wants.
type scopeMissing struct{ scope accounts.Scope }

// Error is the scope's name.
func (e *scopeMissing) Error() string { return "the key lacks the scope " + string(e.scope) }

// tell names the scope, in the problem and as RFC 6750 does.
func (e *scopeMissing) tell(p *Problem) {
	p.Scope = string(e.scope)
	p.head.Set("WWW-Authenticate", `Bearer realm="beian integration", error="insufficient_scope", scope="`+p.Scope+`"`)
}

// checkProgram admits a program's key. admitted is false and err nil where no key
// came or the operation is for people: then it is not a program that asks.
func (s *Server) checkProgram(ctx context.Context, o operation) (admitted bool, err error) {
	r := callOf(ctx)
	token, scope := bearer(r.request), scopes()[o.id]
	if scope == "" || !s.isKey(token) {
		return false, nil
	}
	if r.program, err = s.keyOf(ctx, token); err != nil {
		return false, err
	}
	if !r.program.May(scope) {
		return false, &scopeMissing{scope}
	}
	return true, nil
}

// isKey tells a key's token from a session's by its form.
func (s *Server) isKey(token string) bool {
	return strings.HasPrefix(token, accounts.APIKeyMark) || s.isConfigured(token)
}

// isConfigured compares digests, so that neither length nor content shows in time.
func (s *Server) isConfigured(given string) bool {
	want, got := sha256.Sum256([]byte(s.parts.APIKey)), sha256.Sum256([]byte(given))
	return s.parts.APIKey != "" && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// configuredKey is what the journal calls the key of the configuration.
const configuredKey = "configured"

// keyOf finds a token's key. The configured one opens whatever a key can.
func (s *Server) keyOf(ctx context.Context, token string) (accounts.APIKey, error) {
	if s.isConfigured(token) {
		return accounts.APIKey{Name: configuredKey, Scopes: accounts.Scopes()}, nil
	}
	key, err := s.parts.Accounts.APIKey(ctx, token)
	if errors.Is(err, accounts.ErrNoKey) {
		err = errAPIKey
	}
	return key, err
}

// isProgram tells whether a key was admitted.
func (r *call) isProgram() bool { return r.program.Name != "" }

// asking is who asks, for the journal: a member of staff, or a program by its key's
// name.
func asking(ctx context.Context) tasks.Actor {
	if r := callOf(ctx); r.isProgram() {
		return tasks.Actor{Kind: tasks.ActorProgram, ID: r.program.Name}
	}
	return staffOf(ctx)
}

// secured says in the specification who an operation admits. A key's scopes stand
// beside it, as OpenAPI 3.1 has it for schemes without flows of their own.
func secured(o operation) []map[string][]string {
	schemes := security(o.who)
	if scope := scopes()[o.id]; scope != "" {
		schemes = append(schemes, map[string][]string{"api_key": {string(scope)}})
	}
	return schemes
}

// scopeDoc is the same in words.
func scopeDoc(o operation) string {
	scope := scopes()[o.id]
	if scope == "" {
		return o.doc
	}
	return strings.TrimSpace(o.doc + " Scope of an API key: " + string(scope) + ".")
}
