package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"beian/tasks"
)

type importInput struct {
	Prefer string `header:"Prefer" doc:"wait=N, at most 30 seconds: answer when the differences are known or the job has ended."`
	Body   struct {
		Login    string `json:"legacy_login" maxLength:"400" doc:"Of the legacy platform."`
		Password string `json:"legacy_password" maxLength:"400" writeOnly:"true" doc:"Sealed until it was checked, then deleted; it is in no answer and no log. Not part of what a repetition is compared by."`
		Consent  bool   `json:"consent" doc:"True: the account may manage these filings and wants them read."`
		Lang     string `json:"lang,omitempty" enum:"zh-CN,en" doc:"Language of the messages; by default that of the request."`
	}
}

type confirmInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Prefer  string `header:"Prefer" doc:"wait=N, at most 30 seconds: answer when the import is over."`
	Body    struct {
		Choices []importChoice `json:"choices,omitempty" maxItems:"5000" doc:"One for every row in conflict, and one for each website to be left out."`
		Consent bool           `json:"consent" doc:"True: the differences were looked at, and the import is wanted."`
	}
}

type importChoice struct {
	Item   int    `json:"item" minimum:"1" doc:"The item's no."`
	Field  string `json:"field,omitempty" maxLength:"40" doc:"The row's field; absent for a website as a whole."`
	Choice string `json:"choice" enum:"keep,take,import,skip" doc:"keep or take for a row, import or skip for a website."`
}

type reportInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Accept  string `header:"Accept" doc:"text/csv for a spreadsheet."`
}

type reportOutput struct {
	Type     string `header:"Content-Type"`
	Language string `header:"Content-Language"`
	ETag     string `header:"ETag"`
	Vary     string `header:"Vary"`
	Body     func(huma.Context)
}

// importRoutes are the API of legacy imports (I1–I8).
func (s *Server) importRoutes() {
	const root = "/v1/legacy-imports"
	op := func(id, method, path, summary string) operation {
		return operation{id: id, method: method, path: root + path, tag: "legacy-imports", summary: summary, who: applicant, status: http.StatusOK}
	}
	submit := op("submit-legacy-import", http.MethodPost, "", "api.op.submit_import")
	submit.keyed, submit.status = true, http.StatusAccepted
	register(s, submit, s.beginImport)
	list := op("list-legacy-imports", http.MethodGet, "", "api.op.list_imports")
	list.who = signedIn
	register(s, list, func(ctx context.Context, in *listInput) (*listOutput, error) { return s.listed(ctx, in, importPlace()) })
	read := op("read-legacy-import", http.MethodGet, "/{receipt}", "api.op.read_import")
	read.who = onlookers
	register(s, read, s.readImport)
	diff := op("read-legacy-diff", http.MethodGet, "/{receipt}/diff", "api.op.diff_import")
	diff.who = signedIn
	register(s, diff, s.readDiff)
	confirm := op("confirm-legacy-import", http.MethodPost, "/{receipt}/confirm", "api.op.confirm_import")
	confirm.keyed, confirm.match, confirm.async = true, mustMatch, true
	register(s, confirm, s.confirmLegacy)
	for verb, summary := range importVerbs() {
		o := op(string(verb)+"-legacy-import", http.MethodPost, "/{receipt}/"+string(verb), summary)
		o.who, o.keyed, o.match, o.async = signedIn, true, mayMatch, true
		if verb == tasks.VerbRelease || verb == tasks.VerbReject {
			o.match = mustMatch
		}
		register(s, o, s.importVerb(verb))
	}
	report := op("read-legacy-report", http.MethodGet, "/{receipt}/report", "api.op.report_import")
	report.who = signedIn
	register(s, report, s.readReport)
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[importReport](), true, "ImportReport")
	s.api.OpenAPI().Paths[report.path].Get.Responses["200"].Content = map[string]*huma.MediaType{ // the body is written by hand, as Accept wants it
		"application/json": {Schema: schema}, csvType: {Schema: &huma.Schema{Type: "string", Description: "The columns' names are permanent."}}}
}

const csvType = "text/csv"

func importPlace() place { return place{kind: tasks.KindLegacy, resource: "/v1/legacy-imports"} }

// importVerbs are the verbs that have a path and no body, with their words.
func importVerbs() map[tasks.Verb]string {
	return map[tasks.Verb]string{tasks.VerbRetry: "api.op.retry_import", tasks.VerbCancel: "api.op.cancel_import", tasks.VerbDispute: "api.op.dispute_import",
		tasks.VerbRelease: "api.op.release_import", tasks.VerbReject: "api.op.reject_import"}
}

func (s *Server) beginImport(ctx context.Context, in *importInput) (*jobOutput, error) {
	lang := in.Body.Lang
	if lang == "" {
		lang = string(langOf(ctx))
	}
	fields := legacyFields(in.Body.Login, in.Body.Password, in.Body.Consent)
	asked := unsecret(fields)
	asked["lang"] = in.Body.Lang
	who := callOf(ctx).session
	acc, err := s.parts.Desk.Submit(ctx, tasks.Submission{Kind: tasks.KindLegacy, AccountID: who.AccountID, Lang: lang, Fields: fields,
		Once: s.once(ctx, "POST /v1/legacy-imports", asked)})
	if err != nil {
		return nil, err
	}
	out := s.accepted(ctx, acc, viewer(who))
	out.Status, out.Location, out.Retry = http.StatusAccepted, resourceOf(acc.Receipt), "2"
	return s.await(ctx, in.Prefer, out, viewer(who))
}

// importReceipt takes the receipt of an import; that of another kind of job is not
// found.
func importReceipt(typed string) (string, error) {
	receipt := normalised(typed)
	if kindOf(receipt) != string(tasks.KindLegacy) {
		return "", tasks.ErrNotFound
	}
	return receipt, nil
}

func (s *Server) readImport(ctx context.Context, in *receiptInput) (*jobOutput, error) {
	if _, err := importReceipt(in.Receipt); err != nil {
		return nil, err
	}
	return s.readJob(ctx, in)
}

func (s *Server) importVerb(verb tasks.Verb) func(context.Context, *verbInput) (*jobOutput, error) {
	return func(ctx context.Context, in *verbInput) (*jobOutput, error) {
		return s.actOnImport(ctx, in.Receipt, in.Prefer, tasks.Action{Verb: verb, Fields: map[string]string{}})
	}
}

// actOnImport is a verb by the account or by staff.
func (s *Server) actOnImport(ctx context.Context, typed, prefer string, a tasks.Action) (*jobOutput, error) {
	receipt, err := importReceipt(typed)
	if err != nil {
		return nil, err
	}
	who := callOf(ctx).session
	a.Receipt, a.By, a.StaffID = receipt, viewer(who), who.StaffID
	if a.Version, err = s.decidedOn(ctx, receipt, a.By); err != nil {
		return nil, err
	}
	asked := maps.Clone(a.Fields)
	asked["receipt"] = receipt
	a.Once = s.once(ctx, "POST /v1/legacy-imports/{receipt}/"+string(a.Verb), asked)
	acc, err := s.parts.Desk.Act(ctx, a)
	if err != nil {
		return nil, err
	}
	return s.await(ctx, prefer, s.accepted(ctx, acc, a.By), a.By)
}

// confirmLegacy is the yes to the differences that If-Match names (I5).
func (s *Server) confirmLegacy(ctx context.Context, in *confirmInput) (*jobOutput, error) {
	fields, err := choiceFields(in.Body.Choices)
	if err != nil {
		return nil, err
	}
	if in.Body.Consent {
		fields[tasks.FieldConsent] = "yes"
	}
	out, err := s.actOnImport(ctx, in.Receipt, in.Prefer, tasks.Action{Verb: tasks.VerbConfirm, Fields: fields})
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		err = &tasks.Invalid{Faults: choiceFaults(invalid.Faults)}
	}
	return out, err
}

// choiceFields are the choices as the desk reads them; two for one thing are none.
func choiceFields(choices []importChoice) (map[string]string, error) {
	fields := map[string]string{}
	for _, c := range choices {
		name := tasks.LegacyItem{No: c.Item}.ChoiceField(c.Field)
		if _, twice := fields[name]; twice {
			return nil, &tasks.Invalid{Faults: []tasks.Fault{{Field: "choices", Code: faultValue}}}
		}
		fields[name] = c.Choice
	}
	return fields, nil
}

// choiceFaults name item and field of a choice as the body does.
func choiceFaults(faults []tasks.Fault) []tasks.Fault {
	out := make([]tasks.Fault, len(faults))
	for i, f := range faults {
		if rest, isChoice := strings.CutPrefix(f.Field, "choice."); isChoice {
			item, field, _ := strings.Cut(rest, ".")
			f.Field, f.Reason, f.Params = "choices", "import", map[string]string{"item": item, "field": field}
		}
		out[i] = f
	}
	return out
}

// readDiff shows both sides, row by row (I5); before they are known there is
// nothing to show.
func (s *Server) readDiff(ctx context.Context, in *receiptInput) (*diffOutput, error) {
	v, err := s.lookAtImport(ctx, in.Receipt)
	if err != nil {
		return nil, err
	}
	if v.Legacy.Facts.ReadAt.IsZero() {
		return nil, &tasks.WrongState{Verb: "diff", State: v.Job.State}
	}
	out := &diffOutput{Language: string(langOf(ctx)), ETag: etag(v.Job.Version)}
	out.Body = importDiff{Receipt: v.Job.Receipt, State: string(v.Job.State), Version: v.Job.Version, Merges: v.Legacy.Facts.Merges,
		Conflicts: v.Legacy.Facts.Conflicts, Equal: v.Legacy.Facts.Equal, Items: s.itemsOf(langOf(ctx), v.Legacy.Items, true)}
	return out, nil
}

func (s *Server) lookAtImport(ctx context.Context, typed string) (tasks.View, error) {
	receipt, err := importReceipt(typed)
	if err != nil {
		return tasks.View{}, err
	}
	return s.parts.Desk.Glance(ctx, receipt, viewer(callOf(ctx).session))
}

// readReport is the reconciliation, as JSON or for a spreadsheet (I8).
func (s *Server) readReport(ctx context.Context, in *reportInput) (*reportOutput, error) {
	v, err := s.lookAtImport(ctx, in.Receipt)
	if err != nil {
		return nil, err
	}
	if !confirmed(v) {
		return nil, &tasks.WrongState{Verb: "report", State: v.Job.State}
	}
	lang := langOf(ctx)
	out := &reportOutput{Type: "application/json", Language: string(lang), ETag: etag(v.Job.Version), Vary: "Accept, Accept-Language"}
	if prefersCSV(in.Accept) {
		out.Type = csvType + "; charset=utf-8"
		out.Body = func(huma.Context) {
			spreadsheet(callOf(ctx).writer, v.Job.Receipt+".csv")
			_ = csvOf(callOf(ctx).writer, s.reportCells(lang, *v.Legacy)) // the client is gone if it fails
		}
		return out, nil
	}
	report := importReport{Receipt: v.Job.Receipt, State: string(v.Job.State), Counts: importCountsOf(v.Legacy.Facts.Counts), Items: s.itemsOf(lang, v.Legacy.Items, false)}
	out.Body = func(hc huma.Context) { _ = json.NewEncoder(hc.BodyWriter()).Encode(report) }
	return out, nil
}

// prefersCSV reads Accept (RFC 9110, 12.5.1): text/csv weighs more than JSON.
func prefersCSV(accept string) bool {
	weights := map[string]float64{}
	for one := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		weights[kind] = 1
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			weights[kind] = q
		}
	}
	return weights[csvType] > max(weights["application/json"], weights["application/*"])
}

// papersBody is what papers for a legacy import ask for, masked, and the import that
// their approval began (I7).
type papersBody struct {
	Certificate string `json:"certificate" doc:"Masked."`
	Phone       string `json:"phone" doc:"Contact phone, masked."`
	Import      string `json:"import,omitempty" doc:"Receipt of the legacy import that was begun."`
}

func papersIn(j tasks.Job) *papersBody {
	var f tasks.CaseFacts
	_ = json.Unmarshal(j.Facts, &f) // a list shows what can be shown
	return &papersBody{Certificate: f.Certificate, Phone: f.Phone, Import: importOf(f)}
}

// importOf is the receipt of the import that papers began; empty before.
func importOf(f tasks.CaseFacts) string {
	var own tasks.LegacyPapersFacts
	_ = json.Unmarshal(f.Own, &own) // other kinds remember other things, or nothing
	return own.Import
}
