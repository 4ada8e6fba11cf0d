package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"beian/api/page"
	"beian/tasks"
)

// Sealer seals what rests in a visitor's browser; *vault.Vault satisfies it.
type Sealer interface {
	Seal(context string, plain []byte) ([]byte, error)
	Open(context string, sealed []byte) ([]byte, error)
}

// resetDraft is what somebody typed before there is a job. It rests sealed in the
// browser itself, so that nothing of it is kept about people who never apply. Its
// id is the key of the submission (A6).
type resetDraft struct {
	ID      string            `json:"id"`
	Until   time.Time         `json:"until"`
	Fields  map[string]string `json:"fields"`
	Receipt string            `json:"receipt,omitempty"` // it became this job
}

const (
	draftCookie  = "reset-draft"
	draftContext = "cookie.reset"
	draftSeconds = 2 * 60 * 60
	maxCookie    = 4000 // bytes that browsers keep of one cookie, name and attributes taken off
)

// draftOf reads the draft in the browser; one that is too old, foreign or damaged
// is the same as none.
func (p *pages) draftOf(v *visit) resetDraft {
	var d resetDraft
	sealed, err := base64.RawURLEncoding.DecodeString(p.kept(v, draftCookie))
	if err != nil || len(sealed) == 0 || p.parts.Sealer == nil {
		return resetDraft{}
	}
	plain, err := p.parts.Sealer.Open(draftContext, sealed)
	if err != nil || json.Unmarshal(plain, &d) != nil || p.parts.Now().After(d.Until) {
		return resetDraft{}
	}
	return d
}

func (p *pages) keepDraft(v *visit, d resetDraft) error {
	d.Until = p.parts.Now().Add(draftSeconds * time.Second)
	plain, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encoding a draft: %w", err)
	}
	sealed, err := p.parts.Sealer.Seal(draftContext, plain)
	if err != nil {
		return fmt.Errorf("sealing a draft: %w", err)
	}
	value := base64.RawURLEncoding.EncodeToString(sealed)
	if len(value) > maxCookie {
		return errTooLarge
	}
	p.keep(v, p.cookie(v, draftCookie, v.at().papers), value, draftSeconds)
	return nil
}

// with adds fields to a draft and begins one where there is none, or where the
// last one became a job.
func (d resetDraft) with(fields map[string]string) resetDraft {
	if d.ID == "" || d.Receipt != "" {
		d = resetDraft{ID: uuid.NewString()}
	}
	merged := maps.Clone(d.Fields)
	if merged == nil {
		merged = map[string]string{}
	}
	maps.Copy(merged, fields)
	d.Fields = merged
	return d
}

// papersOf asks for a job with papers, as the account where one is signed in for it.
func (p *pages) papersOf(v *visit, fields map[string]string) tasks.Submission {
	s := tasks.Submission{Kind: v.at().kind, Asker: p.s.asker(v.call), Lang: string(v.call.lang), Fields: fields}
	if v.at().mine {
		s.AccountID = v.who.AccountID
	}
	return s
}

// formFaults runs the flow's rules and keeps what they say about the fields of
// one page, and what the desk says of too many tries.
func (p *pages) formFaults(v *visit, fields map[string]string, names []string) ([]page.FieldError, error) {
	_, err := p.s.parts.Desk.Precheck(v.ctx(), p.papersOf(v, fields))
	return p.faultsAt(v, err, names)
}

// faultsAt keeps the faults of some fields; any other error is the error.
func (p *pages) faultsAt(v *visit, err error, names []string) ([]page.FieldError, error) {
	invalid, err := invalidOf(err)
	if invalid == nil {
		return nil, err
	}
	var out []page.FieldError
	for _, f := range p.faults(v, invalid) {
		for _, name := range names {
			if f.Field == name {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// typed reads the fields of a form as they are written down: full-width forms and
// blanks of Chinese keyboards are folded by the rules, not here.
func typed(v *visit, names ...string) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		out[name] = v.form.Get(name)
	}
	return out
}
