package api

import (
	"context"
	"net/http"

	"beian/internal/filing"
	"beian/tasks"
)

type codeInput struct {
	Body struct {
		Purpose string `json:"purpose" enum:"track"`
		Receipt string `json:"receipt" maxLength:"40"`
		Phone   string `json:"phone" maxLength:"40" doc:"A phone of one of the job's parties."`
	}
}

type codeOutput struct {
	Body struct {
		Sent string `json:"sent" enum:"if_known" doc:"The same whether or not there is such a job and phone."`
	}
}

type codeCheckInput struct {
	Body struct {
		Receipt string `json:"receipt" maxLength:"40"`
		Phone   string `json:"phone" maxLength:"40"`
		Code    string `json:"code" maxLength:"20"`
	}
}

type codeCheckOutput struct {
	Body struct {
		Receipt  string `json:"receipt"`
		Tracking string `json:"tracking" doc:"For X-Tracking-Code."`
	}
}

type disputeInput struct {
	Body struct {
		Receipt string `json:"receipt" maxLength:"40"`
		Code    string `json:"code" maxLength:"40" doc:"The freeze code of the message."`
	}
}

// A code may cost an SMS, so asking for one needs a key; repetitions within a
// minute send nothing anyway (C1). The check needs none: its answer is a secret
// that must not be kept for a replay.
func (s *Server) codeRoutes() {
	register(s, operation{id: "send-code", method: http.MethodPost, path: "/v1/codes", tag: "codes", summary: "api.op.send_code",
		who: anyone, keyed: true, status: http.StatusAccepted}, s.sendCode)
	register(s, operation{id: "check-code", method: http.MethodPost, path: "/v1/codes/verify", tag: "codes",
		summary: "api.op.check_code", who: anyone, status: http.StatusOK}, s.checkCode)
	register(s, operation{id: "dispute", method: http.MethodPost, path: "/v1/disputes", tag: "codes", summary: "api.op.not_me",
		who: anyone, keyed: true, status: http.StatusOK}, s.dispute)
}

func (s *Server) sendCode(ctx context.Context, in *codeInput) (*codeOutput, error) {
	receipt, phone, err := parseTrack(in.Body.Receipt, in.Body.Phone)
	if err != nil {
		return nil, err
	}
	out := &codeOutput{}
	out.Body.Sent = "if_known"
	return out, s.parts.Desk.SendTrackingCode(ctx, receipt, phone, s.asker(callOf(ctx)))
}

func (s *Server) checkCode(ctx context.Context, in *codeCheckInput) (*codeCheckOutput, error) {
	receipt, phone, err := parseTrack(in.Body.Receipt, in.Body.Phone)
	if err != nil {
		return nil, err
	}
	out := &codeCheckOutput{}
	out.Body.Receipt = receipt
	return out, s.fenced(ctx, func() (err error) {
		out.Body.Tracking, err = s.parts.Desk.OpenWithCode(ctx, receipt, phone, typedCode(in.Body.Code))
		return err
	})
}

// parseTrack reports both faults at once; they are about form only and tell
// nothing of what exists.
func parseTrack(receipt, phone string) (string, filing.Phone, error) {
	var faults []tasks.Fault
	number, err := filing.ParseReceipt(receipt)
	if err != nil {
		faults = append(faults, tasks.Fault{Field: "receipt", Code: filing.CodeReceipt})
	}
	mobile, err := filing.ParsePhone(phone)
	if err != nil {
		faults = append(faults, tasks.Fault{Field: "phone", Code: filing.CodePhone})
	}
	if len(faults) > 0 {
		return "", filing.Phone{}, &tasks.Invalid{Faults: faults}
	}
	return number.String(), mobile, nil
}

// dispute freezes a job for somebody who got a message and a freeze code (A8).
// A wrong receipt and a wrong code are the same 404.
func (s *Server) dispute(ctx context.Context, in *disputeInput) (*jobOutput, error) {
	var out *jobOutput
	err := s.fenced(ctx, func() error {
		receipt, err := parseReceipt(in.Body.Receipt)
		if err != nil || in.Body.Code == "" {
			return tasks.ErrNotFound
		}
		by := tasks.Viewer{Veto: in.Body.Code}
		asked := map[string]string{"receipt": receipt, "code": in.Body.Code}
		acc, err := s.parts.Desk.Act(ctx, tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute, By: by,
			Fields: map[string]string{}, Once: s.once(ctx, "POST /v1/disputes", asked)})
		if err == nil {
			out = s.accepted(ctx, acc, by)
		}
		return err
	})
	return out, err
}
