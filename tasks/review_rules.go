package tasks

import (
	"context"
	"crypto/subtle"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"beian/internal/filing"
)

// admitDecision checks who decides, on which version, and whether the decision is
// complete; every fault at once.
func (d *Desk) admitDecision(ctx context.Context, tx Tx, job Job, r Review, flow Reviewed, in Decide) error {
	if err := may(ctx, tx, r, in.Staff); err != nil {
		return err
	}
	if r.State.Ended() || r.State == ReviewPaused {
		return &WrongState{Verb: VerbDecide, State: job.State}
	}
	if !r.held(tx.Now()) || r.Holder != in.Staff.ID {
		return errHeld
	}
	if in.Version != 0 && in.Version != r.Version {
		return ErrStale
	}
	faults, err := d.findingFaults(job, r, flow, in)
	if err != nil {
		return err
	}
	if in.Verdict == VerdictApprove {
		more, err := d.approvalFaults(ctx, tx, job, flow, in)
		if err != nil {
			return err
		}
		faults = append(faults, more...)
	}
	if utf8.RuneCountInString(in.Note) > maxNote {
		faults = append(faults, Fault{Field: "note", Code: "TOO_LONG"})
	}
	if len(faults) > 0 {
		return &Invalid{Faults: faults}
	}
	return nil
}

const maxNote = 2000 // characters of an internal note

// approvalFaults: every item ticked, every picture opened, every number typed off
// the pictures and equal to what the applicant gave (trust.md).
func (d *Desk) approvalFaults(ctx context.Context, tx Tx, job Job, flow Reviewed, in Decide) ([]Fault, error) {
	var faults []Fault
	if missing := without(flow.Checklist(job), in.Checks); len(missing) > 0 {
		faults = append(faults, Fault{Field: "checks", Code: "CHECK_MISSING", Params: map[string]string{"n": strconv.Itoa(len(missing))}})
	}
	dossier, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	wanted := flow.Typed(dossier)
	for _, field := range slices.Sorted(maps.Keys(wanted)) {
		typed := in.Typed[field]
		switch {
		case typed == "":
			faults = append(faults, Fault{Field: "typed." + field, Code: "REQUIRED"})
		case subtle.ConstantTimeCompare([]byte(foldNumber(typed)), []byte(foldNumber(wanted[field]))) != 1:
			faults = append(faults, Fault{Field: "typed." + field, Code: "NUMBER_DIFFERS"})
		}
	}
	unseen, err := d.unseen(ctx, tx, job, in.Staff.ID)
	if unseen > 0 {
		faults = append(faults, Fault{Field: "documents", Code: "NOT_OPENED", Params: map[string]string{"n": strconv.Itoa(unseen)}})
	}
	return faults, err
}

func (d *Desk) unseen(ctx context.Context, tx Tx, job Job, staffID string) (int, error) {
	documents, err := tx.Documents(ctx, job.ID)
	if err != nil {
		return 0, err
	}
	viewed, err := tx.Viewed(ctx, job.ID, staffID)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, doc := range currentDocuments(documents) {
		if !slices.Contains(viewed, doc.ID) {
			n++
		}
	}
	return n, nil
}

// findingFaults: a refusal or a return names its reasons from the catalogue, about
// what the job has (L7).
func (d *Desk) findingFaults(job Job, r Review, flow Reviewed, in Decide) ([]Fault, error) {
	var faults []Fault
	switch in.Verdict {
	case VerdictApprove, VerdictEscalate:
		return nil, nil
	case VerdictReject, VerdictNeedMore:
		if len(in.Findings) == 0 {
			faults = append(faults, Fault{Field: "findings", Code: "REQUIRED"})
		}
	default:
		return []Fault{{Field: "verdict", Code: "CHOICE_REQUIRED"}}, nil
	}
	if in.Verdict == VerdictNeedMore && r.Round > maxRounds {
		faults = append(faults, Fault{Field: "verdict", Code: "ROUNDS_USED"})
	}
	facts, err := caseFacts(&job)
	if err != nil {
		return nil, err
	}
	subjects := returns{slots: flow.Slots(facts), fields: flow.Returnable()}
	for i, f := range in.Findings {
		if !subjects.fit(f, in.Verdict) {
			faults = append(faults, Fault{Field: "findings." + strconv.Itoa(i), Code: "CHOICE_REQUIRED"})
		}
	}
	return faults, nil
}

// maxRounds is how often even a supervisor can ask for more.
const maxRounds = 6

// returns are what a job has that can be sent back.
type returns struct {
	slots  []Slot
	fields []string
}

// fit: the reason exists, is about this kind of thing, and goes with the verdict.
func (t returns) fit(f Finding, v Verdict) bool {
	reason, ok := reasonOf(f.Reason)
	if !ok || !slices.Contains(reason.Verdicts, v) {
		return false
	}
	about := AboutRequest
	switch {
	case slices.Contains(t.slots, Slot(f.About)):
		about = AboutDocument
		if Slot(f.About) == SlotLetter && reason.About == AboutLetter {
			about = AboutLetter
		}
	case slices.Contains(t.fields, f.About):
		about = AboutField
	case f.About != string(AboutRequest):
		return false
	}
	return reason.About == about && boxFits(f.Box)
}

func boxFits(box []int) bool {
	if len(box) == 0 {
		return true
	}
	return len(box) == 4 && 0 <= box[0] && box[0] < box[2] && box[2] <= 1000 && 0 <= box[1] && box[1] < box[3] && box[3] <= 1000
}

// About says what a reason is about.
type About string

// A reason is about a document, the letter, a fact, or the request as a whole.
const (
	AboutDocument About = "document"
	AboutLetter   About = "letter"
	AboutField    About = "field"
	AboutRequest  About = "request"
)

// Reason is an entry of the catalogue that decisions choose from (L7). Texts and
// remedies are in the catalogs under reason.<Code>.
type Reason struct {
	Code     string
	About    About
	Verdicts []Verdict
}

// Reasons is the catalogue; codes are permanent.
func Reasons() []Reason {
	both, more, no := []Verdict{VerdictNeedMore, VerdictReject}, []Verdict{VerdictNeedMore}, []Verdict{VerdictReject}
	return []Reason{
		{"DOC_BLURRED", AboutDocument, more}, {"DOC_DARK", AboutDocument, more}, {"DOC_GLARE", AboutDocument, more},
		{"DOC_CROPPED", AboutDocument, more}, {"DOC_WRONG_KIND", AboutDocument, more}, {"DOC_NOT_HELD", AboutDocument, more},
		{"DOC_EXPIRED", AboutDocument, both}, {"DOC_OTHER_PERSON", AboutDocument, both}, {"DOC_COPY", AboutDocument, both},
		{"DOC_EDITED", AboutDocument, no},
		{"LETTER_DATE", AboutLetter, more}, {"LETTER_SEAL", AboutLetter, more}, {"LETTER_NAMES", AboutLetter, more},
		{"FACT_DIFFERS", AboutField, more}, {"FACT_UNREADABLE", AboutField, more},
		{"IDENTITY_MISMATCH", AboutRequest, no}, {"NOT_AUTHORISED", AboutRequest, no}, {"SUBJECT_NOT_FOUND", AboutRequest, no},
		{"CONTACT_UNREACHABLE", AboutRequest, no}, {"SUSPECTED_FRAUD", AboutRequest, no}, {"DUPLICATE_REQUEST", AboutRequest, no},
	}
}

func reasonOf(code string) (Reason, bool) {
	for _, r := range Reasons() {
		if r.Code == code {
			return r, true
		}
	}
	return Reason{}, false
}

// without lists what is wanted and not given.
func without(wanted, given []string) []string {
	var out []string
	for _, w := range wanted {
		if !slices.Contains(given, w) {
			out = append(out, w)
		}
	}
	return out
}

// foldNumber compares numbers as people read them: case, width, blanks and hyphens
// do not count.
func foldNumber(s string) string {
	c, err := filing.ParseCertificate(filing.CertificateOther, s)
	if err != nil {
		return s
	}
	return c.Reveal()
}
