package api

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"beian/internal/accounts"
)

type signInInput struct {
	Agent string `header:"User-Agent"`
	Body  struct {
		Login    string `json:"login" maxLength:"254" example:"owner@example.com"`
		Password string `json:"password" maxLength:"1024"`
		Staff    bool   `json:"staff,omitempty" doc:"True for members of staff."`
		Code     string `json:"code,omitempty" maxLength:"60" doc:"Of the authenticator, or a recovery code; for staff with a second factor."`
	}
}

type signInOutput struct {
	Cookie string `header:"Set-Cookie"`
	Body   struct {
		Token   string      `json:"token" doc:"For Authorization: Bearer. It is told only now."`
		Session sessionBody `json:"session"`
	}
}

type sessionBody struct {
	ID        string     `json:"id"`
	Name      string     `json:"name" doc:"Masked login, or the name of a member of staff."`
	Role      string     `json:"role" doc:"account, reviewer, supervisor, operator or auditor."`
	Frozen    bool       `json:"frozen,omitempty" doc:"A frozen account can look and not act."`
	Client    string     `json:"client,omitempty"`
	Current   bool       `json:"current"`
	CreatedAt *time.Time `json:"created_at"`
	SeenAt    *time.Time `json:"seen_at" doc:"Within five minutes."`
	ExpiresAt *time.Time `json:"expires_at"`
}

type sessionsOutput struct {
	Body struct {
		Sessions []sessionBody `json:"sessions"`
	}
}

type signedOutOutput struct {
	Cookie string `header:"Set-Cookie"`
}

type sessionInput struct {
	ID string `path:"id" maxLength:"80"`
}

// Sign-ins need no idempotency key: a second one is a session of its own, and a
// token must not be kept for a replay.
func (s *Server) sessionRoutes() {
	register(s, operation{id: "sign-in", method: http.MethodPost, path: "/v1/sessions", tag: "sessions", summary: "api.op.sign_in",
		who: anyone, status: http.StatusCreated}, s.signIn)
	register(s, operation{id: "list-sessions", method: http.MethodGet, path: "/v1/sessions", tag: "sessions",
		summary: "api.op.list_sessions", who: signedIn}, s.listSessions)
	register(s, operation{id: "sign-out-everywhere", method: http.MethodDelete, path: "/v1/sessions", tag: "sessions",
		summary: "api.op.sign_out_everywhere", who: applicant, status: http.StatusNoContent}, s.signOutEverywhere)
	register(s, operation{id: "sign-out", method: http.MethodDelete, path: "/v1/sessions/current", tag: "sessions",
		summary: "api.op.sign_out", who: signedIn, status: http.StatusNoContent}, s.signOut)
	register(s, operation{id: "end-session", method: http.MethodDelete, path: "/v1/sessions/{id}", tag: "sessions",
		summary: "api.op.end_session", who: applicant, status: http.StatusNoContent}, s.endSession)
}

func (s *Server) signIn(ctx context.Context, in *signInInput) (*signInOutput, error) {
	r := callOf(ctx)
	enter := s.parts.Accounts.SignIn
	if in.Body.Staff {
		enter = s.parts.Accounts.StaffSignIn
	}
	session, token, err := enter(ctx, accounts.SignIn{Login: in.Body.Login, Password: in.Body.Password, Client: clientOf(r, in.Agent)})
	if err == nil && session.Pending != "" {
		session, token, err = s.secondFactor(ctx, session, accounts.Second{Token: token, Code: in.Body.Code, Client: clientOf(r, in.Agent)})
	}
	if err != nil {
		return nil, err
	}
	r.session = session
	out := &signInOutput{}
	// The console has a stricter cookie of its own, a foreign page keeps its token itself.
	if session.AccountID != "" && !r.foreign {
		out.Cookie = s.cookie(token, max(1, int(time.Until(session.ExpiresAt).Seconds()))).String()
	}
	out.Body.Token, out.Body.Session = token, describeSession(session, session.ID)
	return out, nil
}

// secondFactor completes a sign-in that has its code with it. An authenticator is
// set up on the console's pages only, where it can be shown.
func (s *Server) secondFactor(ctx context.Context, half accounts.Session, in accounts.Second) (accounts.Session, string, error) {
	if in.Code == "" || half.Pending != accounts.PendingCode {
		return accounts.Session{}, "", cmp.Or(s.parts.Accounts.SignOut(ctx, in.Token), error(errSecondFactor))
	}
	return s.parts.Accounts.StaffCode(ctx, in)
}

// clientOf is what limits count by and what the owner sees in the list of
// sessions: the browser's family and the address without its last part.
func clientOf(r *call, agent string) accounts.Client {
	for _, family := range []string{"MicroMessenger", "Edg", "Firefox", "Chrome", "Safari", "curl"} {
		if strings.Contains(agent, family) {
			return accounts.Client{Address: prefixOf(r.client), Label: family + " " + networkOf(r.client)}
		}
	}
	return accounts.Client{Address: prefixOf(r.client), Label: networkOf(r.client)}
}

func describeSession(one accounts.Session, current string) sessionBody {
	role := "account"
	if one.StaffID != "" {
		role = string(one.Role)
	}
	return sessionBody{ID: one.ID, Name: one.Name, Role: role, Frozen: one.Frozen, Client: one.Client, Current: one.ID == current,
		CreatedAt: office(one.CreatedAt), SeenAt: office(one.SeenAt), ExpiresAt: office(one.ExpiresAt)}
}

// listSessions lists an account's sessions; staff see their own one.
func (s *Server) listSessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	mine := callOf(ctx).session
	all := []accounts.Session{mine}
	if mine.AccountID != "" {
		var err error
		if all, err = s.parts.Accounts.Sessions(ctx, mine.AccountID); err != nil {
			return nil, err
		}
	}
	out := &sessionsOutput{}
	out.Body.Sessions = []sessionBody{}
	for _, one := range all {
		out.Body.Sessions = append(out.Body.Sessions, describeSession(one, mine.ID))
	}
	return out, nil
}

func (s *Server) signOut(ctx context.Context, _ *struct{}) (*signedOutOutput, error) {
	return &signedOutOutput{s.cookie("", -1).String()}, s.parts.Accounts.SignOut(ctx, callOf(ctx).token)
}

func (s *Server) signOutEverywhere(ctx context.Context, _ *struct{}) (*signedOutOutput, error) {
	return &signedOutOutput{s.cookie("", -1).String()}, s.parts.Accounts.SignOutEverywhere(ctx, callOf(ctx).session.AccountID)
}

func (s *Server) endSession(ctx context.Context, in *sessionInput) (*struct{}, error) {
	return nil, s.parts.Accounts.End(ctx, callOf(ctx).session.AccountID, in.ID)
}
