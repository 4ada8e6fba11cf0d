package page

import "net/http"

// ApplicantPolicy is the Content-Security-Policy of applicants' pages. Trusted
// Types are enforced and no policy may be created, so no script of ours can
// write HTML.
const ApplicantPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// ConsolePolicy is the same for the reviewers' console, whose vendored script
// swaps HTML and therefore cannot run under Trusted Types.
const ConsolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const permissions = "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), " +
	"magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(self), usb=()"

// Security says which protective headers answers carry. Policy is empty for
// ApplicantPolicy. HTTPS adds two years of HSTS.
type Security struct {
	Policy string
	HTTPS  bool
}

// Middleware sets the headers before the handler runs, so that a handler with
// a reason may replace one.
func (s Security) Middleware(next http.Handler) http.Handler {
	policy := s.Policy
	if policy == "" {
		policy = ApplicantPolicy
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Permissions-Policy", permissions)
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		if s.HTTPS {
			head.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}
