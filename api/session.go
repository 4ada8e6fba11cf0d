package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

// cookieName has the __Host- prefix wherever the pages are reached by https:
// browsers then take it from this very host only, Secure and for every path.
func (s *Server) cookieName() string {
	if s.https {
		return "__Host-beian"
	}
	return "beian"
}

// setCookie keeps a session's token in the browser until the session ends.
func (s *Server) setCookie(w http.ResponseWriter, token string, until time.Time) {
	http.SetCookie(w, s.cookie(token, max(1, int(time.Until(until).Seconds()))))
}

func (s *Server) clearCookie(w http.ResponseWriter) { http.SetCookie(w, s.cookie("", -1)) }

func (s *Server) cookie(token string, age int) *http.Cookie {
	return &http.Cookie{Name: s.cookieName(), Value: token, Path: "/", MaxAge: age, Secure: s.https,
		HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// token is a bearer token or the cookie's; the header wins, and a foreign
// origin's cookie is not looked at.
func (s *Server) token(r *call) string {
	if token := bearer(r.request); token != "" {
		return token
	}
	if r.foreign {
		return ""
	}
	if cookie, err := r.request.Cookie(s.cookieName()); err == nil {
		return cookie.Value
	}
	return ""
}

// session is who is signed in, read once per request. Errors:
// accounts.ErrNoSession, tasks.ErrUnavailable.
func (s *Server) session(ctx context.Context) (accounts.Session, error) {
	r := callOf(ctx)
	if r.resumed || r.request == nil {
		return r.session, r.refused
	}
	r.resumed, r.refused = true, accounts.ErrNoSession
	if r.token = s.token(r); r.token != "" {
		r.session, r.refused = s.parts.Accounts.Session(ctx, r.token)
	}
	return r.session, r.refused
}

// viewer is the right by which a session sees jobs.
func viewer(who accounts.Session) tasks.Viewer {
	if who.StaffID != "" {
		return tasks.Viewer{Staff: who.Role, StaffID: who.StaffID}
	}
	return tasks.Viewer{AccountID: who.AccountID}
}

// trackingCode is the code of a job that came with the request: in a header,
// never in the address, which ends up in logs and histories.
func trackingCode(r *http.Request) string {
	if code := r.Header.Get("X-Tracking-Code"); code != "" {
		return code
	}
	return credentials(r, "Tracking")
}

// onlooker is the right to read one job: a tracking code, a program's key or a
// session.
func (s *Server) onlooker(ctx context.Context) (tasks.Viewer, error) {
	if code := trackingCode(callOf(ctx).request); code != "" {
		return tasks.Viewer{Tracking: code}, nil
	}
	if callOf(ctx).isProgram() {
		return tasks.Viewer{Program: true}, nil
	}
	who, err := s.session(ctx)
	if err != nil {
		return tasks.Viewer{}, err
	}
	return viewer(who), nil
}

// signedOut reports an error that means "nobody is signed in".
func signedOut(err error) bool { return errors.Is(err, accounts.ErrNoSession) }
