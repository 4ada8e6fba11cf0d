package api

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"beian/internal/failpoint"
	"beian/internal/filing"
	"beian/tasks"
)

type transferInput struct {
	Prefer string `header:"Prefer" doc:"wait=N, at most 30 seconds: answer when the job has left its transient state."`
	Body   struct {
		Target  string `json:"target" maxLength:"254" doc:"Login email or account id of the receiver." example:"receiver@example.com"`
		Phone4  string `json:"target_phone4" maxLength:"8" doc:"Last four digits of its security phone." example:"1402"`
		Subject string `json:"subject,omitempty" maxLength:"64" doc:"Which subject, by id or ICP number; needed only when the account holds several (A1)." example:"京ICP备12345678号"`
		Consent bool   `json:"consent" doc:"True: the source knows what it gives away."`
		Lang    string `json:"lang,omitempty" enum:"zh-CN,en" doc:"Language of the messages; by default that of the request."`
	}
}

type jobOutput struct {
	Status   int
	Location string `header:"Location"`
	Retry    string `header:"Retry-After"`
	ETag     string `header:"ETag"`
	Replayed string `header:"Idempotency-Replayed" doc:"true when the answer is that of an earlier request with the same key."`
	Applied  string `header:"Preference-Applied"`
	Language string `header:"Content-Language"`
	Body     jobBody
}

type verbInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Prefer  string `header:"Prefer"`
	Body    *struct {
		Code string `json:"code,omitempty" maxLength:"20" doc:"The code from the SMS."`
	}
}

func (s *Server) transferRoutes() {
	register(s, operation{id: "submit-transfer", method: http.MethodPost, path: "/v1/transfers", tag: "transfers",
		summary: "api.op.submit_transfer", who: applicant, keyed: true, status: http.StatusAccepted}, s.submitTransfer)
	register(s, operation{id: "read-transfer", method: http.MethodGet, path: "/v1/transfers/{receipt}", tag: "transfers",
		summary: "api.op.read_transfer", who: onlookers}, s.readJob)
	s.verbRoutes(placeOf("TR"), transferVerbs())
}

// verbRoutes are what signed-in people can do to the jobs of a place, each a path
// below the job. What staff decides names the version that was decided on.
func (s *Server) verbRoutes(at place, summaries map[tasks.Verb]string) {
	for verb, summary := range summaries {
		match := mayMatch
		if verb == tasks.VerbRelease || verb == tasks.VerbReject {
			match = mustMatch
		}
		register(s, operation{id: string(verb) + "-" + at.noun(), method: http.MethodPost, path: at.resource + "/{receipt}/" + string(verb),
			tag: at.tag(), summary: summary, who: signedIn, keyed: true, match: match, async: true, status: http.StatusOK}, s.ofKind(at, s.verb(verb)))
	}
}

// transferVerbs are the verbs that have a path, with their words.
func transferVerbs() map[tasks.Verb]string {
	return map[tasks.Verb]string{
		tasks.VerbVerify: "api.op.verify", tasks.VerbResend: "api.op.resend", tasks.VerbInvite: "api.op.invite",
		tasks.VerbAccept: "api.op.accept", tasks.VerbDecline: "api.op.decline", tasks.VerbCancel: "api.op.cancel",
		tasks.VerbDispute: "api.op.dispute", tasks.VerbRelease: "api.op.release", tasks.VerbReject: "api.op.reject",
	}
}

func (s *Server) submitTransfer(ctx context.Context, in *transferInput) (*jobOutput, error) {
	lang := in.Body.Lang
	if lang == "" {
		lang = string(callOf(ctx).lang)
	}
	fields := transferFields(in.Body.Target, in.Body.Phone4, in.Body.Subject)
	if in.Body.Consent {
		fields[tasks.FieldConsent] = "yes"
	}
	asked := maps.Clone(fields)
	asked["lang"] = in.Body.Lang
	who := callOf(ctx).session
	acc, err := s.parts.Desk.Submit(ctx, tasks.Submission{Kind: tasks.KindTransfer, AccountID: who.AccountID, Lang: lang,
		Fields: fields, Once: s.once(ctx, "POST /v1/transfers", asked)})
	if err != nil {
		return nil, err
	}
	failpoint.Hit(failpoint.BeforeAnswer)
	out := s.accepted(ctx, acc, viewer(who))
	out.Status, out.Location, out.Retry = http.StatusAccepted, "/v1/transfers/"+acc.Receipt, "2"
	return s.await(ctx, in.Prefer, out, viewer(who))
}

// transferFields normalises what a form or a body says: full-width digits and
// blanks are what Chinese keyboards give.
func transferFields(target, phone4, subject string) map[string]string {
	fields := map[string]string{
		tasks.FieldTarget: strings.TrimSpace(norm.NFKC.String(target)),
		tasks.FieldPhone4: strings.TrimSpace(norm.NFKC.String(phone4)),
	}
	if subject = strings.TrimSpace(norm.NFKC.String(subject)); subject != "" {
		fields[tasks.FieldSubject] = subject
	}
	return fields
}

// verb answers 202 while the effect is on its way and 200 otherwise.
func (s *Server) verb(verb tasks.Verb) func(context.Context, *verbInput) (*jobOutput, error) {
	return func(ctx context.Context, in *verbInput) (*jobOutput, error) {
		receipt, err := parseReceipt(in.Receipt)
		if err != nil {
			return nil, err
		}
		who := callOf(ctx).session
		version, err := s.decidedOn(ctx, receipt, viewer(who))
		if err != nil {
			return nil, err
		}
		fields := map[string]string{}
		if in.Body != nil {
			fields[tasks.FieldCode] = typedCode(in.Body.Code)
		}
		asked := maps.Clone(fields)
		asked["receipt"] = receipt
		acc, err := s.parts.Desk.Act(ctx, tasks.Action{Receipt: receipt, Verb: verb, By: viewer(who), StaffID: who.StaffID, Version: version,
			Fields: fields, Once: s.once(ctx, "POST "+placeOf(receipt).resource+"/{receipt}/"+string(verb), asked)})
		if err != nil {
			return nil, err
		}
		return s.await(ctx, in.Prefer, s.accepted(ctx, acc, viewer(who)), viewer(who))
	}
}

// accepted makes the answer. Should the job not be readable just now, the
// receipt alone is told: it is committed.
func (s *Server) accepted(ctx context.Context, acc tasks.Accepted, by tasks.Viewer) *jobOutput {
	out := &jobOutput{Status: http.StatusOK, ETag: etag(acc.Version), Language: string(callOf(ctx).lang),
		Body: s.acceptedOf(acc, s.written(ctx, acc, by))}
	if acc.Replayed {
		out.Replayed = "true"
	}
	if busy(acc.State) {
		out.Status, out.Location, out.Retry = http.StatusAccepted, resourceOf(acc.Receipt), "1"
	}
	return out
}

// written is the job that an answer is about: the desk has it at hand unless the
// answer is a replay. Should it not be readable just now, the receipt alone is
// told: it is committed.
func (s *Server) written(ctx context.Context, acc tasks.Accepted, by tasks.Viewer) tasks.View {
	if acc.Job != nil {
		return tasks.View{Job: *acc.Job, Preview: previewIn(*acc.Job)}
	}
	v, err := s.parts.Desk.Glance(ctx, acc.Receipt, by)
	if err != nil {
		return tasks.View{}
	}
	return v
}

// await holds the answer while workers are on turn, for as long as Prefer says.
func (s *Server) await(ctx context.Context, prefer string, out *jobOutput, by tasks.Viewer) (*jobOutput, error) {
	wait := waitOf(prefer)
	if wait == 0 {
		return out, nil
	}
	out.Applied = "wait=" + strconv.Itoa(int(wait/time.Second))
	patient(callOf(ctx).writer)
	over := time.After(wait)
	tick := time.NewTicker(s.pace.wait)
	defer tick.Stop()
	for busy(tasks.State(out.Body.State)) {
		select {
		case <-over:
			return out, nil
		case <-s.ending:
			return out, nil
		case <-ctx.Done():
			return out, nil
		case <-tick.C:
		}
		v, err := s.parts.Desk.Glance(ctx, out.Body.Receipt, by)
		if err == nil && !busy(v.Job.State) {
			out.Status, out.Retry, out.ETag = http.StatusOK, "", etag(v.Job.Version)
			out.Body = s.viewOf(callOf(ctx).lang, v)
		}
	}
	return out, nil
}

// busy: workers are on turn, and the state changes without anybody's doing.
func busy(s tasks.State) bool { return s == tasks.StateApplying || working(s) }

// waitOf reads wait=N of a Prefer header (RFC 7240), at most 30 seconds.
func waitOf(prefer string) time.Duration {
	for one := range strings.SplitSeq(prefer, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(one), "=")
		n, err := strconv.Atoi(strings.Trim(value, `"`))
		if strings.EqualFold(strings.TrimSpace(name), "wait") && err == nil && n > 0 {
			return time.Duration(min(n, int(maxWait/time.Second))) * time.Second
		}
	}
	return 0
}

// parseReceipt takes a receipt as people type it; one that can't exist is not
// found, like one that does not.
func parseReceipt(typed string) (string, error) {
	r, err := filing.ParseReceipt(typed)
	if err != nil {
		return "", tasks.ErrNotFound
	}
	return r.String(), nil
}

func typedCode(code string) string {
	return strings.Join(strings.Fields(norm.NFKC.String(code)), "")
}
