package api

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"beian/internal/text"
	"beian/tasks"
)

// access says who may call an operation at all; which jobs they see is decided in
// the store's WHERE, and what they may do to them by the flow.
type access string

const (
	anyone    access = "anyone"
	signedIn  access = "signed_in"      // an account or staff
	applicant access = "applicant"      // an account
	onlookers access = "onlookers"      // a session or a job's tracking code
	tracked   access = "tracked"        // a job's tracking code: the applicant of a login reset
	filingSys access = "filing_system"  // programs only
	readers   access = "review_readers" // reviewers, supervisors and auditors (V4)
	deciders  access = "reviewers"      // reviewers and supervisors (V4)
)

// operation describes one route of /v1. Summary is a catalog key.
type operation struct {
	id, method, path, tag, summary string
	who                            access
	keyed                          bool // needs an Idempotency-Key
	match                          matching
	status                         int
	patience                       time.Duration // 0 is ten seconds; endless for streams
	async                          bool          // may answer 202 instead
	facts                          bool          // takes NDJSON too, read by the handler
	upload                         bool          // takes a file, bare or in a form
	doc                            string
	roles                          []tasks.ActorKind // of staff; with none everybody that who admits
}

const (
	usualPatience = 10 * time.Second
	endless       = time.Duration(-1)
	maxWait       = 30 * time.Second
)

// newAPI configures Huma: strict about what comes in, our problems, no foreign
// assets.
func (s *Server) newAPI() huma.API {
	version := s.parts.Version
	if version == "" {
		version = "dev"
	}
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "beian", Version: version, Description: s.parts.Catalog.T(text.English, "api.docs.intro")},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session":  {Type: "http", Scheme: "bearer", Description: "The token of POST /v1/sessions."},
					"cookie":   {Type: "apiKey", In: "cookie", Name: s.cookieName(), Description: "The same token as a browser keeps it."},
					"tracking": {Type: "apiKey", In: "header", Name: "X-Tracking-Code", Description: "The tracking code of one job."},
					"api_key":  {Type: "http", Scheme: "bearer", Description: "A program's key, made by beian apikeys add, with its scopes; or the configured one, which has all."},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json", RejectUnknownQueryParameters: true,
		Transformers: []huma.Transformer{s.ourProblems},
	}
	return humaecho.New(s.echo, config)
}

// register adds an operation: guarded, documented, its errors made ours.
func register[I, O any](s *Server, o operation, handle func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, s.describe(o), func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.problem(callOf(ctx), err)
		}
		return out, nil
	})
	if o.async {
		described := s.api.OpenAPI().Paths[o.path].Post
		later := *described.Responses["200"]
		later.Description = "Accepted; workers are on turn"
		described.Responses["202"] = &later
	}
	if o.facts { // told afterwards: Huma reads every body that it knows of
		s.api.OpenAPI().Paths[o.path].Post.RequestBody = factsBodies()
	}
}

func factsBodies() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Type: "object", Description: "One account, subject, website, order or record."}},
		ndjson:             {Schema: &huma.Schema{Type: "string", Description: "One such object a line, at most 10 MB."}},
	}}
}

func (s *Server) describe(o operation) huma.Operation {
	problem := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	described := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Tags: []string{o.tag}, DefaultStatus: o.status, Description: scopeDoc(o),
		Summary:      s.parts.Catalog.T(text.English, o.summary),
		MaxBodyBytes: maxJSON + 1, BodyReadTimeout: s.pace.body,
		Middlewares: huma.Middlewares{s.admit(o)},
		Security:    secured(o),
		Metadata:    map[string]any{"operation": o},
		Responses: map[string]*huma.Response{"default": {Description: "Problem", Content: map[string]*huma.MediaType{
			problemType: {Schema: problem}}}},
	}
	if o.upload {
		described.MaxBodyBytes, described.BodyReadTimeout = maxUploadBody+1, uploadTime
	}
	if o.keyed {
		one, most := 1, maxKey
		described.Parameters = append(described.Parameters, &huma.Param{Name: "Idempotency-Key", In: "header", Required: true,
			Description: "Yours, new for every new request, the same for its repetitions. Kept for 7 days.",
			Schema:      &huma.Schema{Type: "string", MinLength: &one, MaxLength: &most}})
	}
	if o.match != "" {
		described.Parameters = append(described.Parameters, o.match.parameter())
	}
	return described
}

func security(who access) []map[string][]string {
	session := []map[string][]string{{"session": {}}, {"cookie": {}}}
	switch who {
	case signedIn, applicant, readers, deciders:
		return session
	case onlookers:
		return append(session, map[string][]string{"tracking": {}})
	case tracked:
		return []map[string][]string{{"tracking": {}}}
	}
	return []map[string][]string{}
}

// admit runs before anything of the request is decoded: time limit, content
// type, who asks, idempotency key, If-Match.
func (s *Server) admit(o operation) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		ctx, cancel := o.deadline(hc)
		defer cancel()
		hc = huma.WithContext(hc, ctx)
		r := callOf(ctx)
		if err := s.admissible(ctx, o); err != nil {
			s.problem(r, err).write(r.writer)
			return
		}
		if o.upload {
			done, err := s.admitUpload(ctx, hc.Param("receipt"))
			if err != nil {
				s.problem(r, err).write(r.writer)
				return
			}
			defer done()
		}
		next(hc)
	}
}

func (s *Server) admissible(ctx context.Context, o operation) error {
	program, err := s.checkProgram(ctx, o)
	if err == nil && !program {
		err = s.checkPerson(ctx, o)
	}
	if err != nil {
		return err
	}
	r := callOf(ctx)
	if err := o.checkType(r.request); err != nil {
		return err
	}
	if err := o.checkKey(r); err != nil {
		return err
	}
	return o.checkMatch(r)
}

func (s *Server) checkPerson(ctx context.Context, o operation) error {
	err := s.checkAccess(ctx, o.who)
	if err == nil && len(o.roles) > 0 {
		err = s.checkStaff(ctx, o.roles)
	}
	return err
}

func (o operation) deadline(hc huma.Context) (context.Context, context.CancelFunc) {
	patience := o.patience
	switch patience {
	case endless:
		return context.WithCancel(hc.Context())
	case 0:
		patience = usualPatience + waitOf(hc.Header("Prefer"))
	}
	ctx, cancel := context.WithTimeout(hc.Context(), patience)
	return untimed{ctx}, cancel
}

// untimed ends when its request does, and says nothing of when: who asks gives the
// record no time of their own, so that each transaction has its usual one and a
// database that is away is told within three seconds (R8).
type untimed struct{ context.Context }

// Deadline is none.
func (untimed) Deadline() (time.Time, bool) { return time.Time{}, false }

const ndjson = "application/x-ndjson"

// checkType wants JSON whenever there is a body; a form of a foreign page can't
// send that without being asked first. A file is anything else, and comes by PUT,
// which no form can send.
func (o operation) checkType(r *http.Request) error {
	if r.ContentLength == 0 || r.Method == http.MethodGet {
		return nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && (kind == "application/json" || (o.facts && kind == ndjson)) != o.upload {
		return nil
	}
	return errContentType
}

func (s *Server) checkAccess(ctx context.Context, who access) error {
	switch who {
	case signedIn:
		_, err := s.session(ctx)
		return err
	case applicant:
		session, err := s.session(ctx)
		if err == nil && session.AccountID == "" {
			err = errForbidden
		}
		return err
	case readers:
		return s.checkStaff(ctx, reviewReaders())
	case deciders:
		return s.checkStaff(ctx, reviewers())
	case onlookers:
		_, err := s.onlooker(ctx)
		return err
	case tracked:
		if trackingCode(callOf(ctx).request) == "" {
			return errTracking
		}
	case filingSys:
		return errAPIKey // the key's turn was before
	}
	return nil
}

// checkStaff admits members of staff in one of the roles.
func (s *Server) checkStaff(ctx context.Context, roles []tasks.ActorKind) error {
	session, err := s.session(ctx)
	if err == nil && (session.StaffID == "" || !slices.Contains(roles, session.Role)) {
		err = errForbidden
	}
	return err
}

const maxKey = 128

// checkKey takes the Idempotency-Key, bare or as the quoted string of the
// draft: 1 to 128 visible ASCII characters.
func (o operation) checkKey(r *call) error {
	if !o.keyed {
		return nil
	}
	key := strings.TrimSpace(r.request.Header.Get("Idempotency-Key"))
	if key == "" {
		return errKeyMissing
	}
	if len(key) > 2 && strings.HasPrefix(key, `"`) && strings.HasSuffix(key, `"`) {
		key = key[1 : len(key)-1]
	}
	if len(key) > maxKey || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return errKeyFormat
	}
	r.key = key
	return nil
}

// ourProblems turns what Huma says about a request into our problem. Huma's own
// 422 repeats the submitted values (seen); this keeps place and kind only.
func (s *Server) ourProblems(hc huma.Context, _ string, v any) (any, error) {
	theirs, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	r := callOf(hc.Context())
	p := s.newProblem(r, classifyStatus(theirs.Status))
	p.Status = theirs.Status
	if refusal(p.Code) == errInvalid {
		for _, e := range theirs.Errors {
			p.Errors = append(p.Errors, s.humaFault(r.lang, e))
		}
	}
	s.word(r.lang, p)
	for name := range p.head {
		hc.SetHeader(name, p.head.Get(name))
	}
	return p, nil
}

// tidySchemas takes out what Huma documents by itself and never answers.
func (s *Server) tidySchemas() {
	schemas := s.api.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
}

// specification is the OpenAPI document as it is served and kept in
// openapi.json.
func (s *Server) specification() ([]byte, error) {
	return json.MarshalIndent(s.api.OpenAPI(), "", "  ")
}
