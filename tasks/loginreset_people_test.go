package tasks_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

const undoFor = 10 * time.Second // V1

// openReview opens an office that takes documents, whose reviewers can take a
// decision back.
func openReview(tb testing.TB, change ...func(*tasks.Policy)) *office {
	tb.Helper()
	o := openOffice(tb, change...)
	o.furnish(undoFor)
	return o
}

func (o *office) furnish(undo time.Duration) {
	o.parts.Cabinet, o.parts.Undo = &cabinet{pictures: map[string][]byte{}}, undo
	o.desk = tasks.NewDesk(o.parts)
}

// cabinet keeps pictures in memory. The first word of an upload is what Examine
// finds: "blurred" and "dark" are doubts, "forbidden" is refused.
type cabinet struct {
	mu       sync.Mutex
	pictures map[string][]byte
}

func (c *cabinet) Examine(_ context.Context, u tasks.Upload) (tasks.Examined, error) {
	word, _, _ := strings.Cut(string(u.Data), " ")
	found := tasks.Examined{Media: "image/jpeg", Width: 1200, Height: 800, Pages: [][]byte{u.Data}, Thumb: []byte("small"), Sum: sha256.Sum256(u.Data)}
	found.Likeness = binary.BigEndian.Uint64(found.Sum[:])
	switch word {
	case "forbidden":
		return tasks.Examined{}, &tasks.Invalid{Faults: []tasks.Fault{{Field: string(u.Slot), Code: "DOC_FORMAT"}}}
	case "blurred":
		found.Flags = []tasks.DocumentFlag{{Code: "DOC_BLURRED"}}
	case "dark":
		found.Flags = []tasks.DocumentFlag{{Code: "DOC_DARK"}, {Code: "DOC_GLARE"}}
	}
	return found, nil
}

func (c *cabinet) Put(_ context.Context, jobID, name string, picture []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pictures[jobID+"/"+name] = bytes.Clone(picture)
	return nil
}

func (c *cabinet) Picture(_ context.Context, jobID, name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	picture, ok := c.pictures[jobID+"/"+name]
	if !ok {
		return nil, tasks.ErrNotFound
	}
	return picture, nil
}

// creditCode is a made-up code with a right check character (GB 32100).
func creditCode(n int) string {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	code, sum, weight := fmt.Sprintf("91110105MA%07d", n), 0, 1
	for _, char := range code {
		sum += strings.IndexRune(alphabet, char) * weight
		weight = weight * 3 % 31
	}
	return code + string(alphabet[(31-sum%31)%31])
}

// company makes an account that holds an organisation's subject and a website.
func (o *office) company(changes ...line) person {
	o.tb.Helper()
	p := o.someone(changes...)
	n := o.people
	p.subject = subjectLine(n, p).with(line{"nature": "organisation", "name": "北京小明科技有限公司",
		"certificate": line{"type": "credit_code", "number": creditCode(n)}})
	o.take(p.subject)
	p.websites = []line{websiteLine(n, 1, p)}
	o.take(p.websites...)
	return p
}

// reset is a login reset together with its applicant, who holds the tracking code
// and nothing else.
type reset struct {
	*office
	of                       person
	receipt, tracking        string
	phone, address           string
	nature, principal, named string
}

// facts fills in the form for a subject; changes come in pairs.
func (o *office) facts(p person, changes ...string) map[string]string {
	o.tb.Helper()
	o.people++
	certificate := p.subject["certificate"].(line)
	fields := map[string]string{
		tasks.FieldNature: p.subject["nature"].(string), tasks.FieldSubjectName: p.subject["name"].(string),
		tasks.FieldCertType: certificate["type"].(string), tasks.FieldCertNumber: certificate["number"].(string),
		tasks.FieldFiling: p.subject["icp_number"].(string), tasks.FieldPhone: fmt.Sprintf("138%08d", o.people*7+1000),
		tasks.FieldNewEmail: fmt.Sprintf("new%d@example.com", o.people), tasks.FieldReason: "mailbox_lost", tasks.FieldConsent: "yes",
	}
	if fields[tasks.FieldNature] == "organisation" {
		maps.Copy(fields, map[string]string{tasks.FieldPrincipal: "no", tasks.FieldApplicant: "王芳", tasks.FieldApplicantID: "11010519491231002X"})
	}
	maps.Copy(fields, pairs(changes))
	return fields
}

func pairs(list []string) map[string]string {
	out := map[string]string{}
	for p := range slices.Chunk(list, 2) {
		out[p[0]] = p[1]
	}
	return out
}

func (o *office) tryDraft(fields map[string]string) (tasks.Accepted, error) {
	key := o.key()
	return o.desk.Submit(o.ctx(), tasks.Submission{Kind: tasks.KindReset, Asker: "asker " + key, Lang: "zh-CN", Fields: fields,
		Once: tasks.Once{Scope: "reset", Key: key, Fingerprint: "f"}})
}

// draft begins a reset, without any sign-in.
func (o *office) draft(p person, changes ...string) *reset {
	o.tb.Helper()
	fields := o.facts(p, changes...)
	acc, err := o.tryDraft(fields)
	o.must(err)
	return &reset{office: o, of: p, receipt: acc.Receipt, tracking: acc.Tracking, phone: fields[tasks.FieldPhone],
		address: fields[tasks.FieldNewEmail], nature: fields[tasks.FieldNature], principal: fields[tasks.FieldPrincipal]}
}

func (r *reset) applicant() tasks.Viewer { return tasks.Viewer{Tracking: r.tracking} }

// do tries a verb as the applicant; fields come in pairs.
func (r *reset) do(verb tasks.Verb, fields ...string) error {
	return r.as(r.applicant(), verb, fields...)
}

func (r *reset) as(by tasks.Viewer, verb tasks.Verb, fields ...string) error {
	a := tasks.Action{Receipt: r.receipt, Verb: verb, By: by, Fields: pairs(fields), Once: tasks.Once{Scope: "reset", Key: r.key(), Fingerprint: "f"}}
	if by.Staff != "" {
		a.StaffID = "st-" + string(by.Staff)
	}
	_, err := r.desk.Act(r.ctx(), a)
	return err
}

func (r *reset) slots() []tasks.Slot {
	switch {
	case r.nature != "organisation":
		return []tasks.Slot{tasks.SlotIDFront, tasks.SlotIDBack, tasks.SlotHoldingID}
	case r.principal == "yes":
		return []tasks.Slot{tasks.SlotHoldingCertificate}
	}
	return []tasks.Slot{tasks.SlotHoldingCertificate, tasks.SlotLetter, tasks.SlotApplicantFront, tasks.SlotApplicantBack}
}

func (r *reset) upload(slot tasks.Slot, picture string, keep ...bool) (tasks.Document, error) {
	return r.desk.Upload(r.ctx(), tasks.Upload{Receipt: r.receipt, By: r.applicant(), Slot: slot, Data: []byte(picture), Media: "image/jpeg",
		Keep: len(keep) > 0})
}

// clear uploads a picture without any doubt, unlike every other.
func (r *reset) clear(slots ...tasks.Slot) *reset {
	r.tb.Helper()
	for _, slot := range slots {
		if _, err := r.upload(slot, "clear "+r.key()); err != nil {
			r.tb.Fatalf("uploading %s: %v", slot, err)
		}
	}
	return r
}

func (r *reset) provePhone() {
	r.tb.Helper()
	r.must(r.do(tasks.VerbVerify, tasks.FieldCode, r.code(r.phone)))
}

// tokens are those of the links that the new mailbox received, oldest first.
func (r *reset) tokens() []string {
	var out []string
	for _, m := range r.wire.to(r.address, tasks.TemplateMailbox) {
		out = append(out, m.Params["token"])
	}
	return out
}

func (r *reset) token() string {
	r.tb.Helper()
	all := r.tokens()
	if len(all) == 0 {
		r.tb.Fatal("no link reached the new mailbox")
	}
	return all[len(all)-1]
}

func (r *reset) confirm(token string) error { return r.desk.ConfirmMailbox(r.ctx(), r.receipt, token) }

// complete fills every slot and confirms phone and mailbox.
func (r *reset) complete() *reset {
	r.tb.Helper()
	r.clear(r.slots()...)
	r.provePhone()
	r.must(r.confirm(r.token()))
	return r
}

// handIn completes a draft and submits it.
func (r *reset) handIn() *reset {
	r.tb.Helper()
	r.complete()
	r.must(r.do(tasks.VerbSubmit))
	r.stands(tasks.StateQueued)
	return r
}

func (r *reset) stands(want tasks.State) {
	r.tb.Helper()
	r.is(r.receipt, want)
}

func (r *reset) state() tasks.CaseFacts {
	r.tb.Helper()
	return r.look(r.receipt).Case.Facts
}

// veto objects with the word that a message brought to an old channel.
func (r *reset) object(tpl tasks.Template) error {
	r.tb.Helper()
	return r.office.veto(r.receipt, r.word(tpl))
}

func (r *reset) word(tpl tasks.Template) string {
	r.tb.Helper()
	got := r.wire.to(r.of.email, tpl)
	if len(got) == 0 || got[len(got)-1].Params["veto"] == "" {
		r.tb.Fatalf("no %s with a word reached the old mailbox", tpl)
	}
	return got[len(got)-1].Params["veto"]
}

func reviewer(n int) tasks.Actor {
	return tasks.Actor{Kind: tasks.ActorReviewer, ID: fmt.Sprint("rv-", n)}
}

func supervisor(n int) tasks.Actor {
	return tasks.Actor{Kind: tasks.ActorSupervisor, ID: fmt.Sprint("sv-", n)}
}

func (r *reset) review() tasks.Review {
	r.tb.Helper()
	got, err := r.desk.ReviewOf(r.ctx(), r.receipt)
	if err != nil {
		r.tb.Fatal(err)
	}
	return got
}

func (r *reset) claim(staff tasks.Actor) error {
	_, err := r.desk.Claim(r.ctx(), r.receipt, staff)
	return err
}

func (r *reset) bench(staff tasks.Actor) tasks.Workbench {
	r.tb.Helper()
	w, err := r.desk.Workbench(r.ctx(), r.receipt, staff)
	if err != nil {
		r.tb.Fatal(err)
	}
	return w
}

// approval is everything an approval needs, with every picture opened.
func (r *reset) approval(staff tasks.Actor) tasks.Decide {
	r.tb.Helper()
	w := r.bench(staff)
	for _, doc := range w.Documents {
		if doc.Replaced {
			continue
		}
		if _, err := r.desk.OpenPicture(r.ctx(), tasks.Picture{Receipt: r.receipt, DocumentID: doc.ID, Page: 1}, staff); err != nil {
			r.tb.Fatalf("opening %s: %v", doc.Slot, err)
		}
	}
	dossier, err := r.desk.OwnDossier(r.ctx(), r.receipt, r.applicant())
	if err != nil {
		r.tb.Fatal(err)
	}
	in := r.verdict(staff, tasks.VerdictApprove)
	in.Checks, in.Typed = w.Checklist, map[string]string{}
	for _, field := range w.Typed {
		in.Typed[field] = map[string]string{tasks.FieldCertNumber: dossier.Certificate.Reveal(), tasks.FieldApplicantID: dossier.ApplicantID.Reveal()}[field]
	}
	return in
}

func (r *reset) verdict(staff tasks.Actor, v tasks.Verdict, findings ...tasks.Finding) tasks.Decide {
	return tasks.Decide{Receipt: r.receipt, Staff: staff, Verdict: v, Findings: findings,
		Once: tasks.Once{Scope: "decide " + staff.ID, Key: r.key(), Fingerprint: "f"}}
}

func (r *reset) decide(in tasks.Decide) error {
	_, err := r.desk.Decide(r.ctx(), in)
	return err
}

// decided claims, decides and lets the time for taking it back go by.
func (r *reset) decided(staff tasks.Actor, v tasks.Verdict, findings ...tasks.Finding) {
	r.tb.Helper()
	r.must(r.claim(staff))
	in := r.verdict(staff, v, findings...)
	if v == tasks.VerdictApprove {
		in = r.approval(staff)
	}
	r.must(r.decide(in))
	if r.parts.Undo > 0 {
		r.pass(r.parts.Undo)
	}
}

func (r *reset) approve(staff tasks.Actor) { r.tb.Helper(); r.decided(staff, tasks.VerdictApprove) }

func (r *reset) askFor(staff tasks.Actor, about ...string) {
	r.tb.Helper()
	var findings []tasks.Finding
	for _, a := range about {
		reason := "FACT_DIFFERS"
		if slices.Contains(r.slots(), tasks.Slot(a)) {
			reason = "DOC_CROPPED"
		}
		findings = append(findings, tasks.Finding{About: a, Reason: reason})
	}
	r.decided(staff, tasks.VerdictNeedMore, findings...)
}

func (r *reset) reject(staff tasks.Actor) {
	r.tb.Helper()
	r.decided(staff, tasks.VerdictReject, tasks.Finding{About: "request", Reason: "IDENTITY_MISMATCH"})
}

// places lists what is wrong or in the way as "field CODE".
func places(err error) []string {
	var out []string
	var blocked *tasks.Blocked
	var invalid *tasks.Invalid
	if errors.As(err, &blocked) {
		for _, b := range blocked.Blockers {
			out = append(out, b.Field+" "+b.Code)
		}
	}
	if errors.As(err, &invalid) {
		for _, f := range invalid.Faults {
			out = append(out, f.Field+" "+f.Code)
		}
	}
	slices.Sort(out)
	return out
}

func wantPlaces(t testing.TB, err error, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, places(err)); diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func shanghai(t testing.TB, at string) time.Time {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04", at, time.FixedZone("CST", 8*3600))
	if err != nil {
		t.Fatal(err)
	}
	return when
}
