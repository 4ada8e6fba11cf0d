package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// mailLink is the path of the link that confirms a mailbox.
var mailLink = regexp.MustCompile(`(/reset/LR[0-9A-Z]{8}/mailbox/[\w-]{22})`)

// applicant is who has lost a login; no two tests share any.
type applicant struct {
	*parties
	name, number, phone, mailbox string
	organisation                 bool
	principal                    bool // of the organisation: one document will do (L2)
}

func newApplicant(t *testing.T, s *stage, organisation bool) *applicant {
	t.Helper()
	p := newParties(t, s)
	n := strings.TrimPrefix(p.id, "EA")
	a := &applicant{parties: p, name: "林晓", phone: "1340000" + fmt.Sprintf("%04s", n), mailbox: "fresh" + n + "@example.com", organisation: organisation}
	var count int64
	fmt.Sscan(n, &count)
	a.number = idNumber(count)
	if organisation {
		a.name, a.number = "北京第"+n+"号试验有限公司", creditCode(count)
		s.tell(t, account("EO"+n, "office"+n+"@example.com", fmt.Sprintf("1330000%04d", count)),
			map[string]any{"type": "subject", "external_id": "EOS" + n, "account": "EO" + n, "nature": "organisation", "name": a.name,
				"certificate": map[string]any{"type": "credit_code", "number": a.number}, "icp_number": fmt.Sprintf("京ICP备2026%04d号", count),
				"principal": map[string]any{"name": "陈远", "phone": fmt.Sprintf("1320000%04d", count)}})
		a.icp = fmt.Sprintf("京ICP备2026%04d号", count)
	}
	return a
}

// creditCode is a made-up code with a right check character (GB 32100).
func creditCode(n int64) string {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	code, sum, weight := fmt.Sprintf("91110105MA%07d", n), 0, 1
	for _, char := range code {
		sum += strings.IndexRune(alphabet, char) * weight
		weight = weight * 3 % 31
	}
	return code + string(alphabet[(31-sum%31)%31])
}

// photo writes a picture that is sharp and bright enough, and unlike any other. A
// heavy one is more than the desk takes.
func photo(t *testing.T, shade uint8, heavy bool) string {
	t.Helper()
	size, grain, quality := image.Rect(0, 0, 1000, 700), 60, 88
	if heavy {
		size, grain, quality = image.Rect(0, 0, 4200, 3200), 255, 98
	}
	picture := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			c := int(shade)
			if (x/40+y/40)%2 == 0 {
				c += 70
			}
			c = min(255, max(0, c+rand.IntN(grain)-grain/2))
			picture.SetRGBA(x, y, color.RGBA{uint8(c), uint8(c), uint8(max(0, c-10)), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	if heavy && out.Len() <= 10<<20 {
		t.Fatalf("the heavy picture has %d bytes only", out.Len())
	}
	name := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// begin fills the three pages; the list of tasks is open then.
func (a *applicant) begin(v *visitor) (receipt string) {
	v.t.Helper()
	v.open("/")
	v.tap("#need-reset")
	v.press("main form .actions .button")
	v.look("reset-start")
	v.press(`main .actions a.button`)
	v.look("reset-who")
	if a.organisation {
		v.tap("#nature-organisation")
		if a.principal {
			v.tap("#principal")
		} else {
			v.tap("#principal-no")
		}
	} else {
		v.tap("#nature")
	}
	v.press("main form .actions .button")
	v.press("main form .actions .button") // nothing is filled in
	v.wrong("subject_name")
	v.look("reset-facts-faults")
	v.fill("#subject_name", a.name)
	v.tap("#certificate_type")
	v.fill("#certificate_number", a.number)
	v.fill("#icp_or_domain", a.icp)
	if a.organisation {
		v.fill("#applicant", representative)
		v.fill("#applicant_id", herNumber)
	}
	v.look("reset-facts")
	v.press("main form .actions .button")
	v.fill("#phone", a.phone)
	v.fill("#new_email", a.mailbox)
	v.tap("#reason")
	v.fill("#remark", "旧邮箱已停用")
	v.look("reset-contact")
	v.tap("#consent")
	v.press("main form .actions .button")
	receipt = strings.TrimPrefix(v.path(), "/reset/")
	if len(receipt) != 10 || !strings.HasPrefix(receipt, "LR") {
		v.t.Fatalf("no reset is open but\n%s", v.glance())
	}
	v.look("reset-list")
	return receipt
}

// prove confirms the phone and, as another visitor would, the mailbox.
func (a *applicant) prove(v *visitor, receipt string) {
	v.t.Helper()
	v.open("/reset/" + receipt + "/phone")
	v.look("reset-phone")
	v.fill("#code", a.s.code(v.t, a.phone, 1))
	v.press(`main form .actions .button`)
	v.open("/reset/" + receipt + "/mailbox")
	v.look("reset-mailbox")
	reader := a.s.visitor(v.t, v.manner)
	link := a.s.read(v.t, a.mailbox, mailLink)
	reader.open(link)
	reader.look("reset-mailbox-link")
	reader.press(`main form .actions .button`)
	reader.sees("reset.link.done")
	reader.look("reset-mailbox-confirmed")
}

// attach uploads a file for a slot and waits until the picture is there.
func (v *visitor) attach(receipt, slot, name string) {
	v.t.Helper()
	v.attachBelow("/reset/"+receipt, slot, name)
}

// attachBelow does so for a job of any kind with papers.
func (v *visitor) attachBelow(root, slot, name string) {
	v.t.Helper()
	kind := strings.ReplaceAll(strings.Trim(path.Dir(root), "/"), "/", "-")
	v.open(root + "/documents/" + slot)
	v.look(kind + "-document-" + slot)
	v.leave(func() {
		v.call("choosing a file", chromedp.SetUploadFiles("#file", []string{name}))
		v.tap("form[enctype] .actions .button")
	})
	v.holds(`(i => i && i.complete && i.naturalWidth > 600)(document.querySelector("main figure img"))`)
	v.look(kind + "-uploaded-" + slot)
}

func TestSomebodyWhoLostTheLoginAppliesForANewOne(t *testing.T) {
	t.Parallel()
	inEach(t, manners(), func(t *testing.T, s *stage, m manner) {
		a := newApplicant(t, s, false)
		v := s.visitor(t, m)
		receipt := a.begin(v)
		a.prove(v, receipt)
		v.open("/reset/" + receipt + "/check")
		v.press(`form[action$="/submit"] .button`)
		v.sees("reset.blocked.title")
		v.look("reset-blocked")
		v.attach(receipt, "id_front", photo(t, 120, v.script)) // with scripts one of more than 10 MB is made lighter
		v.attach(receipt, "id_back", photo(t, 4, false))
		v.sees("reset.document.doubt")
		v.press(`form[action$="/keep"] button`)
		v.attach(receipt, "holding_id", photo(t, 150, false))
		v.open("/reset/" + receipt + "/check")
		v.look("reset-check")
		v.press(`form[action$="/submit"] .button`)
		v.sees("reset.done.title")
		v.look("reset-done")
		v.open("/jobs/" + receipt)
		v.state("queued")
		v.look("reset-queued")
		s.received(t, a.sourcePhone, v.message("sms.reset_submitted"))
		s.received(t, a.phone, receipt)
		v.press(`form[action$="/act/nudge"] button`)
		v.open("/reset/" + receipt + "/act/cancel")
		v.look("reset-withdraw")
		v.press(`main form .actions .button`)
		v.fresh("withdrawn")
		v.look("reset-withdrawn")
	})
}

func TestAnOrganisationsRepresentativeAppliesWithALetterAndGoesOnByPhone(t *testing.T) {
	t.Parallel()
	inEach(t, bothLangs(), func(t *testing.T, s *stage, m manner) {
		a := newApplicant(t, s, true)
		v := s.visitor(t, m)
		receipt := a.begin(v)
		a.prove(v, receipt)
		v.open("/reset/" + receipt + "/handoff")
		v.look("reset-handoff")
		link := ask[string](v, `document.querySelector("[data-copy]").dataset.copy`)
		v.open("/reset/" + receipt)
		phone := s.visitor(t, manner{m.lang, true, 360})
		phone.open(link)
		phone.open("/reset/" + receipt)
		phone.attach(receipt, "holding_certificate", photo(t, 130, false))
		v.holds(`document.querySelector("#reset-tasks").innerText.includes(` + quoted(v.says("reset.badge.uploaded")) + `)`) // by itself
		if got := ask[string](v, `fetch("/reset/`+receipt+`/letter").then(r => r.headers.get("Content-Type"))`); got != "application/pdf" {
			t.Errorf("the letter is %s", got)
		}
		v.attach(receipt, "letter", photo(t, 160, false))
		v.attach(receipt, "applicant_id_front", photo(t, 110, false))
		v.attach(receipt, "applicant_id_back", photo(t, 140, false))
		for _, part := range []string{"who", "facts", "phone", "mailbox", "reason"} {
			v.open("/reset/" + receipt + "/change/" + part)
			v.look("reset-change-" + part)
		}
		v.open("/reset/" + receipt + "/check")
		v.press(`form[action$="/submit"] .button`)
		v.sees("reset.done.title")
		v.open("/jobs/" + receipt)
		v.state("queued")

		veto := s.read(t, fmt.Sprintf("1330000%04s", strings.TrimPrefix(a.id, "EA")), freezeWord)
		contact := s.visitor(t, m)
		contact.open("/not-me?receipt=" + receipt)
		contact.fill("#veto", veto)
		contact.press("main form .actions .button")
		contact.sees("veto.frozen.title")
		contact.look("reset-frozen-contact")
		contact.seesNot(a.phone[:3] + " ****")
		v.fresh("disputed")
		v.look("reset-disputed")
	})
}

// The other variant of an organisation: its principal hands in one photograph, and
// four eyes look at it (L2, L9).
func TestAnOrganisationsPrincipalNeedsOneDocumentAndFourEyes(t *testing.T) {
	t.Parallel()
	inEach(t, ofTwo(), func(t *testing.T, s *stage, m manner) {
		a := newApplicant(t, s, true)
		a.principal = true
		v := s.visitor(t, m)
		receipt := a.begin(v)
		a.prove(v, receipt)
		for _, slot := range []string{"letter", "applicant_id_front", "applicant_id_back"} {
			if ask[bool](v, `document.querySelector("a[href$='/documents/`+slot+`']") !== null`) {
				t.Errorf("a principal is asked for %s", slot)
			}
		}
		v.attach(receipt, "holding_certificate", a.papers(t)["holding_certificate"])
		v.submitReset(receipt)

		numbers := map[string]string{"certificate_number": a.number}
		first := s.reviewer(t, m.lang, "reviewer")
		first.claims(receipt)
		first.examines(numbers)
		first.look("review-principal")
		first.decides("approve")
		v.fresh("approved_1")
		second := s.reviewer(t, m.lang, "supervisor")
		second.claims(receipt)
		second.sees("review.bench.blind")
		second.examines(numbers)
		second.decides("approve")
		v.fresh("done")
		a.signsInAnew(v)
	})
}

func TestAFileOfTheWrongKindIsExplainedWhereItWasChosen(t *testing.T) {
	t.Parallel()
	inEach(t, ofTwo(), func(t *testing.T, s *stage, m manner) {
		a := newApplicant(t, s, false)
		v := s.visitor(t, m)
		receipt := a.begin(v)
		v.open("/reset/" + receipt + "/documents/id_front")
		name := filepath.Join(t.TempDir(), "note.jpg")
		if err := os.WriteFile(name, []byte("only words, no picture at all"), 0o600); err != nil {
			t.Fatal(err)
		}
		v.call("choosing a file", chromedp.SetUploadFiles("#file", []string{name}))
		v.tap("form[enctype] .actions .button")
		v.wrong("file")
		v.look("reset-document-refused")
		if m.script {
			return // a picture that is too heavy is made lighter
		}
		v.notes.expect("status of 413")
		v.leave(func() {
			v.call("choosing a file", chromedp.SetUploadFiles("#file", []string{photo(t, 120, true)}))
			v.tap("form[enctype] .actions .button")
		})
		v.sees("error.413.title")
		v.look("reset-document-too-large")
	})
}
