package api

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"beian/internal/text"
	"beian/tasks"
)

const (
	contactPhone = "13712345678"
	freshMailbox = "fresh@example.com"
)

// liFacts are what the demo's li would tell.
func liFacts() url.Values {
	return url.Values{"subject_name": {"李晓明"}, "certificate_type": {"id_card"}, "certificate_number": {"110101199003077213"}, "icp_or_domain": {"京ICP备20240011号-1"}}
}

// shopFacts are those of the demo's shop, told by somebody whom it authorised.
func shopFacts() url.Values {
	return url.Values{"subject_name": {"北京晨光云图科技有限公司"}, "certificate_type": {"credit_code"}, "certificate_number": {"91110108MA01K7T27X"},
		"icp_or_domain": {"chenguang.example.com"}, "applicant": {"王芳"}, "applicant_id": {"110102198805152643"}}
}

func contactForm() url.Values {
	return url.Values{"phone": {contactPhone}, "new_email": {freshMailbox}, "reason": {"mailbox_lost"}, "remark": {"旧邮箱已停用"}, "consent": {"yes"}}
}

// begun fills the three pages and is at the list of tasks.
func (g *guest) begun(t testing.TB, who, facts url.Values) (sheet, string) {
	t.Helper()
	s := g.send(t, g.get(t, "/reset/who"), "/reset/who", who).at(t, "/reset/facts")
	s = g.send(t, s, "/reset/facts", facts).at(t, "/reset/contact")
	s = g.send(t, s, "/reset/contact", contactForm()).at(t, "/reset/LR")
	return s, strings.TrimPrefix(s.path, "/reset/")
}

func (g *guest) begunIndividual(t testing.TB) (sheet, string) {
	t.Helper()
	return g.begun(t, url.Values{"nature": {"individual"}}, liFacts())
}

func (g *guest) begunOrganisation(t testing.TB) (sheet, string) {
	t.Helper()
	return g.begun(t, url.Values{"nature": {"organisation"}, "principal": {"no"}}, shopFacts())
}

// uploads sends a file as the form of a document's page would.
func (g *guest) uploads(t testing.TB, path string, data []byte) sheet {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	head := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="photo.png"`}, "Content-Type": {"image/png"}}
	part := hallMust(form.CreatePart(head))(t)
	_ = hallMust(part.Write(data))(t)
	g.hall.check(t, form.Close())
	r := hallMust(http.NewRequestWithContext(t.Context(), http.MethodPost, g.hall.url+path, &body))(t)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return g.do(t, r)
}

// confirmed proves phone and mailbox.
func (g *guest) confirmed(t testing.TB, receipt string) {
	t.Helper()
	code := g.hall.letter(t, contactPhone, `(?:验证码|Code) (\d{6})`)
	g.send(t, g.get(t, "/reset/"+receipt+"/phone"), "/reset/"+receipt+"/phone", url.Values{"code": {code}}).at(t, "/reset/"+receipt)
	link := g.hall.mailboxLink(t)
	reader := g.hall.guest(t, text.Chinese)
	reader.send(t, reader.get(t, link), link, nil).is(t, 200, "邮箱已确认")
}

// mailboxLink is the path of the newest confirmation link.
func (h *hall) mailboxLink(t testing.TB) string {
	t.Helper()
	return h.letter(t, freshMailbox, `desk\.example\.cn(/reset/LR\w+/mailbox/\S+)`)
}

// filled uploads a picture for each slot; each has a shade of its own.
func (g *guest) filled(t testing.TB, receipt string, slots ...tasks.Slot) {
	t.Helper()
	for i, slot := range slots {
		g.uploads(t, documentPath(receipt, slot), drawn(800, 700, uint8(100+10*i))).at(t, documentPath(receipt, slot))
	}
}

// handedIn brings the reset of an individual to the queue.
func (g *guest) handedIn(t testing.TB) string {
	t.Helper()
	_, receipt := g.begunIndividual(t)
	g.confirmed(t, receipt)
	g.filled(t, receipt, tasks.SlotsOf("individual", true)...)
	g.send(t, g.get(t, "/reset/"+receipt+"/check"), "/reset/"+receipt+"/submit", nil).at(t, "/reset/"+receipt+"/done")
	return receipt
}

func reviewer(name string) tasks.Actor { return tasks.Actor{Kind: tasks.ActorReviewer, ID: name} }

// decides is what a reviewer does, until it can't be taken back.
func (h *hall) decides(t testing.TB, receipt, staff string, in tasks.Decide) {
	t.Helper()
	in.Receipt, in.Staff = receipt, reviewer(staff)
	hallMust(h.desk.Claim(t.Context(), receipt, in.Staff))(t)
	if in.Verdict == tasks.VerdictApprove {
		bench := hallMust(h.desk.Workbench(t.Context(), receipt, in.Staff))(t)
		for _, doc := range bench.Documents {
			hallMust(h.desk.OpenPicture(t.Context(), tasks.Picture{Receipt: receipt, DocumentID: doc.ID, Page: 1}, in.Staff))(t)
		}
		in.Checks = bench.Checklist
		if in.Typed == nil {
			in.Typed = map[string]string{tasks.FieldCertNumber: liFacts().Get("certificate_number")}
		}
	}
	hallMust(h.desk.Decide(t.Context(), in))(t)
	h.pass(time.Minute)
	h.work(t)
}

// asks has a reviewer send back the front of the card, with a mark on it, and a
// fact.
func (h *hall) asks(t testing.TB, receipt string) {
	t.Helper()
	h.decides(t, receipt, "first", tasks.Decide{Verdict: tasks.VerdictNeedMore, Findings: []tasks.Finding{
		{About: "id_front", Reason: "DOC_GLARE", Box: []int{600, 100, 900, 300}, Page: 1}, {About: "subject_name", Reason: "FACT_DIFFERS"}}})
}
