package legacy

import (
	"encoding/hex"
	"encoding/json"
	"regexp"
	"time"
	"unicode/utf8"

	"beian/internal/filing"
	"beian/internal/intake"
	"beian/tasks"
)

// Limits of texts, in characters, and of numbers; as for facts of the filing system.
const (
	maxText   = 200
	maxID     = 64
	maxSuffix = 99999
)

var (
	// id fits into a path as it is.
	id     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	kind   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	ticket = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]{16,512}$`)
)

// decodeTicket reads the answer to a sign-in or a grant.
func decodeTicket(answer []byte) (tasks.LegacyTicket, bool) {
	var said struct {
		Account   string    `json:"account"`
		Ticket    string    `json:"ticket"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	if json.Unmarshal(answer, &said) != nil || !id.MatchString(said.Account) || !ticket.MatchString(said.Ticket) {
		return tasks.LegacyTicket{}, false
	}
	return tasks.LegacyTicket{Account: said.Account, Token: said.Ticket, ExpiresAt: said.ExpiresAt.UTC()}, true
}

// reader decodes an export record by record; what is wrong with one is a fault and
// harms no other.
type reader struct {
	faults []tasks.LegacyFault
	seen   map[string]bool // kinds of records with their ids
}

// maxFaults bounds what one export can be told; the first ones are what an operator
// looks at.
const maxFaults = 1000

func (r *reader) fault(id, field, code string) {
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, tasks.LegacyFault{ID: id, Field: field, Code: code})
	}
}

// decodeHoldings reads an export of an account. The code says why nothing of it can
// be used: it is no export, of another account, or has no id.
func decodeHoldings(answer []byte, account string) (h tasks.LegacyHoldings, code string) {
	if !utf8.Valid(answer) || !json.Valid(answer) {
		return h, "ANSWER_INVALID"
	}
	r := &reader{seen: map[string]bool{}}
	top, ok := r.record(answer, "")
	if !ok {
		return h, "ANSWER_INVALID"
	}
	if account == "" || top.text("account", maxID) != account {
		return h, "ACCOUNT_DIFFERS"
	}
	if h.ID = top.text("id", maxID); !id.MatchString(h.ID) {
		return h, "ID_INVALID"
	}
	r.faults, top.id = nil, h.ID
	h.FiledAt = top.day("filed_at")
	h.Subject = r.subject(top)
	h.Materials = r.materials(top)
	for place, raw := range top.list("websites") {
		if site, ok := r.website(raw, place); ok {
			h.Websites = append(h.Websites, site)
		}
	}
	h.Faults = r.faults
	return h, ""
}

// subject keeps what can be read; faults carry the holdings' id.
func (r *reader) subject(top record) filing.Subject {
	o, ok := top.object("subject")
	if !ok {
		return filing.Subject{}
	}
	return filing.Subject{
		Nature:      oneOf(o, "nature", filing.NatureIndividual, filing.NatureOrganisation),
		Name:        o.must("name", maxText),
		Certificate: o.certificate("certificate"),
		ICPNumber:   parsed(o, "icp_number", filing.ParseICPNumber).Subject(),
		Principal:   o.principal("principal"),
	}
}

// website leaves a website out without an id or a domain: nothing could be imported.
// Everything else that is broken stays empty.
func (r *reader) website(raw json.RawMessage, place string) (tasks.LegacyWebsite, bool) {
	o, ok := r.item("website", place, raw)
	if !ok {
		return tasks.LegacyWebsite{}, false
	}
	site := tasks.LegacyWebsite{ID: o.id, Website: filing.Website{
		Name:          o.must("name", maxText),
		Domain:        parsed(o, "domain", filing.ParseDomain),
		Suffix:        o.number("suffix", 0, maxSuffix),
		DomainAccount: o.text("domain_account", maxID),
		ServerAccount: o.text("server_account", maxID),
		Principal:     o.principal("principal"),
	}, Materials: r.materials(o)}
	return site, !site.Website.Domain.IsZero()
}

// materials leaves out whatever could not be fetched and checked.
func (r *reader) materials(of record) []tasks.LegacyMaterial {
	var out []tasks.LegacyMaterial
	for place, raw := range of.list("materials") {
		o, ok := r.item("material", place, raw)
		if !ok {
			continue
		}
		m := tasks.LegacyMaterial{ID: o.id, Kind: o.must("kind", maxText), SHA256: o.digest("sha256"), Bytes: o.size("bytes", MaxMaterial)}
		if m.Kind != "" && !kind.MatchString(m.Kind) {
			o.fault("kind", intake.CodeValue)
			continue
		}
		if m.Kind != "" && m.SHA256 != nil && m.Bytes > 0 {
			out = append(out, m)
		}
	}
	return out
}

// item is a record with an id of its own; one without is named by its place.
func (r *reader) item(of, place string, raw json.RawMessage) (record, bool) {
	o, ok := r.record(raw, place)
	if !ok {
		r.fault(place, "", intake.CodeKind)
		return o, false
	}
	name := o.must("id", maxID)
	switch {
	case name == "":
		return o, false
	case !id.MatchString(name):
		o.fault("id", intake.CodeText)
		return o, false
	case r.seen[of+" "+name]:
		r.fault(name, "id", intake.CodeTwice)
		return o, false
	}
	r.seen[of+" "+name], o.id = true, name
	return o, true
}

// size reads a number of bytes, which may not be missing.
func (o record) size(name string, most int) int {
	before := len(o.faults)
	n := o.number(name, 1, most)
	if n == 0 {
		o.missing(name, before)
	}
	return n
}

func (o record) digest(name string) []byte {
	text := o.must(name, maxText)
	sum, err := hex.DecodeString(text)
	if text != "" && (err != nil || len(sum) != 32) {
		o.fault(name, intake.CodeText)
		return nil
	}
	if text == "" {
		return nil
	}
	return sum
}
