package api

import (
	"context"
	"net/http"

	"beian/tasks"
)

type passwordResetInput struct {
	Body struct {
		Account string `json:"account" maxLength:"254" doc:"Login email or security phone." example:"owner@example.com"`
		Channel string `json:"channel" enum:"mail,sms" doc:"A link to the login email, or a code to the security phone."`
	}
}

type passwordResetOutput struct {
	Body struct {
		Sent string `json:"sent" enum:"if_known" doc:"The same whether or not there is such an account."`
	}
}

type passwordCodeInput struct {
	Body struct {
		Account string `json:"account" maxLength:"254" doc:"As it was asked for."`
		Code    string `json:"code" maxLength:"20"`
	}
}

type passwordCodeOutput struct {
	Body struct {
		Key string `json:"key" doc:"For the new password, once; a link carries the same behind its last slash."`
	}
}

type newPasswordInput struct {
	Body struct {
		Key      string `json:"key" maxLength:"100"`
		Password string `json:"password" maxLength:"1024" doc:"At least 12 characters."`
	}
}

// A request may cost an SMS, so it needs a key; within a minute a repetition sends
// nothing anyway. The two others need none: a secret must not be kept for a
// replay, and a used key says so.
func (s *Server) passwordRoutes() {
	register(s, operation{id: "request-password", method: http.MethodPost, path: "/v1/password-resets", tag: "sessions",
		summary: "api.op.request_password", who: anyone, keyed: true, status: http.StatusAccepted}, s.requestPassword)
	register(s, operation{id: "verify-password-code", method: http.MethodPost, path: "/v1/password-resets/verify", tag: "sessions",
		summary: "api.op.password_code", who: anyone, status: http.StatusOK}, s.exchangePasswordCode)
	register(s, operation{id: "set-password", method: http.MethodPost, path: "/v1/password-resets/complete", tag: "sessions",
		summary: "api.op.set_password", who: anyone, status: http.StatusNoContent}, s.setPassword)
}

func (s *Server) requestPassword(ctx context.Context, in *passwordResetInput) (*passwordResetOutput, error) {
	who, err := parseClaimant(in.Body.Account)
	if err != nil {
		return nil, err
	}
	out := &passwordResetOutput{}
	out.Body.Sent = "if_known"
	return out, s.parts.Desk.RequestPassword(ctx, tasks.PasswordRequest{Claimant: who, Channel: tasks.Channel(in.Body.Channel),
		Lang: string(langOf(ctx)), Asker: s.asker(callOf(ctx))})
}

func (s *Server) exchangePasswordCode(ctx context.Context, in *passwordCodeInput) (*passwordCodeOutput, error) {
	who, err := parseClaimant(in.Body.Account)
	if err != nil {
		return nil, err
	}
	out := &passwordCodeOutput{}
	return out, s.fenced(ctx, func() (err error) {
		out.Body.Key, err = s.parts.Desk.RecoverByCode(ctx, who, typedCode(in.Body.Code))
		return err
	})
}

func (s *Server) setPassword(ctx context.Context, in *newPasswordInput) (*struct{}, error) {
	return nil, s.parts.Desk.RecoverByLink(ctx, tasks.NewPassword{Key: in.Body.Key, Password: in.Body.Password, Lang: string(langOf(ctx))})
}
