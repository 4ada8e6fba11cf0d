package api

import (
	"context"
	"net/http"

	"beian/tasks"
)

type lookupInput struct {
	Body struct {
		Filing string `json:"icp_or_domain,omitempty" maxLength:"300" doc:"ICP number or domain of the filing." example:"京ICP备12345678号"`
		Name   string `json:"subject_name,omitempty" maxLength:"400" doc:"Without a number or domain: the subject's name."`
		Tail   string `json:"certificate_last6,omitempty" maxLength:"40" doc:"With the name: the last six characters of its certificate's number."`
		Lang   string `json:"lang,omitempty" enum:"zh-CN,en" doc:"Language of the SMS; by default that of the request."`
	}
}

type lookupOutput struct {
	Replayed string `header:"Idempotency-Replayed"`
	Body     struct {
		Sent string `json:"sent" enum:"if_known" doc:"The same whether or not there is such a filing; the login goes to the phone on record only."`
	}
}

func (s *Server) lookupRoutes() {
	register(s, operation{id: "find-login", method: http.MethodPost, path: "/v1/login-lookups", tag: "sessions",
		summary: "api.op.find_login", who: anyone, keyed: true, status: http.StatusAccepted}, s.findLogin)
}

func (s *Server) findLogin(ctx context.Context, in *lookupInput) (*lookupOutput, error) {
	lang := in.Body.Lang
	if lang == "" {
		lang = string(langOf(ctx))
	}
	asked := map[string]string{"lang": lang, tasks.FieldFiling: in.Body.Filing, tasks.FieldSubjectName: in.Body.Name, tasks.FieldTail: in.Body.Tail}
	acc, err := s.parts.Desk.FindLogin(ctx, tasks.LoginQuestion{Fields: asked, Lang: lang, Asker: s.asker(callOf(ctx)),
		Once: s.keyedOnce(s.once(ctx, "POST /v1/login-lookups", asked))})
	if err != nil {
		return nil, err
	}
	out := &lookupOutput{}
	out.Body.Sent = "if_known"
	if acc.Replayed {
		out.Replayed = "true"
	}
	return out, nil
}

// keyedOnce keeps no bare hash of what was asked: a domain, or a name and six
// characters, are few enough to try them all.
func (s *Server) keyedOnce(o tasks.Once) tasks.Once {
	if s.parts.Digest != nil {
		o.Fingerprint = s.parts.Digest(o.Fingerprint)
	}
	return o
}
