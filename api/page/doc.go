// Package page renders the desk's pages: layout, components, assets, language
// choice and protective headers. It knows nothing of jobs or of the router;
// handlers hand it a View.
//
// # Starting
//
//	catalog, err := text.Load()
//	pages, err := page.New(page.Options{Catalog: catalog, Site: page.Site{SignInPath: "/sign-in", SignOutPath: "/sign-out"}})
//	mux.Handle("GET /assets/", pages.AssetHandler())
//	mux.Handle("GET /favicon.ico", pages.Assets().Favicon())
//	handler = page.Security{HTTPS: true}.Middleware(mux)
//
// # A handler
//
//	v := page.FromRequest(r, page.ChooseLang(w, r, true))
//	v.Back, v.FormID, v.Values = "/transfer", formID, r.PostForm
//	v.Errors = []page.FieldError{{Field: "code", Code: "CODE_WRONG", Params: text.Params{"n": 3}}}
//	v.Data = target{…}
//	err := pages.Render(w, "transfer/target", v)
//
// Status is 422 when there are Errors and 200 otherwise, unless View.Status
// says more. Nothing is written when Render returns an error; answer with
// Renderer.Problem then. Problem also writes 400 401 403 404 405 409 410 413
// 415 422 429 500 503, others borrow the words of their class.
//
// # A page
//
// A page is a file below templates/pages, called by its path without .html. It
// defines "main", and "title" unless the handler sets View.Title. Its dot is
// the View; the handler's figures are .Data. The layout writes the error
// summary, the back link, header and footer. Messages go to a topic of their
// own in internal/text/catalog. Check a page with pagetest.Check[DataType].
//
//	{{define "title"}}{{t "kind.transfer"}}{{end}}
//	{{define "main"}}
//	{{template "step" (step 2 5)}}
//	<h1>{{t "kind.transfer"}}</h1>
//	<form method="post" novalidate data-once>
//	{{template "form-id" .}}
//	{{template "input" (.Field "target_login" "autocomplete" "username")}}
//	{{template "radios" (.Choices "can_sign_in" "yes" "no")}}
//	<div class="actions">{{template "button" (button (t "action.continue"))}}</div>
//	</form>
//	{{end}}
//
// # Functions
//
//	t KEY [NAME VALUE]…   message            tp KEY PARAMS    message with text.Params
//	date TIME             2026-11-25 18:00   day TIME         2026-11-25
//	promise TIME          with weekday       stamp TIME       RFC 3339, for datetime=
//	grouped RECEIPT       TR 8F4K QX7M       state ID         Badge of a job's state
//	asset NAME            hashed address     qr ADDRESS       inline SVG
//	.LangURL LANG         this page in LANG  .Value NAME      what was typed
//
// # Components
//
// Form fields; NAME VALUE pairs set any member of Field:
//
//	"input" "textarea" "password" "upload" "checkbox"   (.Field NAME [NAME VALUE]…)
//	    label hint type autocomplete inputMode width(4 6 11 18 24) optional heading rows limit accept value id
//	    a limit counts characters; label and hint default to field.NAME and hint.NAME
//	"radios" "select"   (.Choices NAME VALUE…)  texts option.NAME.VALUE, optional .hint
//	                    (.ChoicesOf NAME OPTIONS) with []Option; .AsHeading makes the legend the h1
//	"form-id"           .            hidden idempotency key
//	"all-required"                   the sentence about optional fields
//	"resend"            (resend ACTION FORMID SECONDS)  its own form, after the code's form
//	"button"            (button WORDS ["kind" secondary|warning|link] ["href" …] ["name" …] ["value" …] ["busy" …])
//
// To show:
//
//	"step"          (step N TOTAL)
//	"notice"        (notice WORDS ["title" …] ["tone" info|good|warn|bad|pause|neutral] ["href" …] ["link" …])
//	"panel"         (panel TITLE ["receipt" …] ["text" …])       confirmation; carries the h1
//	"interruption"  (interruption TITLE WORDS ITEM…)             or Interruption
//	"badge"         (state ID) or (badge WORDS TONE)
//	"summary-list"  (rows (row KEY VALUE CHANGEHREF) …)          or []Row
//	"blockers"      []Blocker: words from blocker.CODE.message and .remedy
//	"timeline"      []Event, newest first
//	"task-list"     []Task
//	"table"         Table
//	"promise-card"  Promise: the dated promise and its strip of days
//	"receipt"       RECEIPT in groups that copy without blanks
//	"copy"          (copying LABEL VALUE)
//	"print"         a print button where scripts run
//	"time"          TIME as <time>
//	"icon"          good info clock pause warn bad back
//
// # Scripts
//
// Everything works without them. A form with data-once is sent once and shows
// its button's data-busy words. A live page has one element with
// data-stream-url (server-sent events without an event name, any data), any
// number of elements with an id and data-live that are replaced from a fresh
// copy of the page, one data-state with the state's words, and
// {{template "live-status"}} outside of them, which announces a change. Polling
// every 20 s steps in when the stream fails; View.Refresh reloads the page
// where scripts do not run.
//
// The policy's form-action 'self' also governs redirects after a form: a
// sign-in that leads to another host starts with a link, not with a POST.
package page
