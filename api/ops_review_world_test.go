package api_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/intake"
	"beian/internal/text"
	"beian/tasks"
)

const (
	personID = "110101199003077213" // of the subject S1
	unitCode = "91350100M000100Y43" // of the subject S9
	clerkID  = "11010119900307723X"
)

// opsCabinet keeps pictures in memory; the files that real uploads come from are
// the business of internal/documents.
type opsCabinet struct {
	mu     sync.Mutex
	kept   map[string][]byte
	flags  []tasks.DocumentFlag // of the next upload
	marked []string             // what was written over pictures
	pages  int                  // of the next upload
}

func (c *opsCabinet) Examine(_ context.Context, u tasks.Upload) (tasks.Examined, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := tasks.Examined{Media: "image/jpeg", Width: 640, Height: 400, Thumb: u.Data, Flags: c.flags}
	for range max(1, c.pages) {
		found.Pages = append(found.Pages, u.Data)
	}
	for i := range u.Data {
		found.Sum[i%len(found.Sum)] ^= u.Data[i] + byte(i)
		found.Likeness = found.Likeness*31 + uint64(u.Data[i])
	}
	c.flags, c.pages = nil, 0
	return found, nil
}

func (c *opsCabinet) Put(_ context.Context, jobID, name string, picture []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[jobID+"/"+name] = picture
	return nil
}

func (c *opsCabinet) Picture(_ context.Context, jobID, name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if picture, ok := c.kept[jobID+"/"+name]; ok {
		return picture, nil
	}
	return nil, tasks.ErrNotFound
}

// mark notes the words instead of drawing them.
func (c *opsCabinet) mark(picture []byte, lines ...string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marked = append(c.marked, strings.Join(lines, " "))
	return picture, nil
}

// paper is a picture that can be told from others: a card of one colour with
// lines, as an applicant would photograph it.
func paper(hue uint8) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 640, 400))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{90, 96, 104, 255}), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(60, 50, 580, 350), image.NewUniform(color.RGBA{200, 210, hue, 255}), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(420, 90, 550, 260), image.NewUniform(color.RGBA{hue, 150, 160, 255}), image.Point{}, draw.Src)
	for y := 100; y < 320; y += 36 {
		draw.Draw(img, image.Rect(90, y, 390, y+10), image.NewUniform(color.RGBA{70, 80, 100, 255}), image.Point{}, draw.Src)
	}
	var out bytes.Buffer
	_ = jpeg.Encode(&out, img, &jpeg.Options{Quality: 70}) // a buffer takes everything
	return out.Bytes()
}

// words stands in for internal/sms, which api does not know.
func (w *opsWorld) words(catalog *text.Catalog) func(tasks.Message) (string, error) {
	return func(m tasks.Message) (string, error) {
		return catalog.T(text.Chinese, "sms.signature") + string(m.Template) + " " + m.Params["receipt"], nil
	}
}

// reset is a login reset of the individual, ready for review.
func (w *opsWorld) reset(n int) string {
	w.t.Helper()
	phone := fmt.Sprintf("137001370%02d", n)
	return w.apply(n, map[string]string{"nature": "individual", "subject_name": "李晓明", "certificate_type": "id_card",
		"certificate_number": personID, "icp_or_domain": "京ICP备20240011号", "phone": phone})
}

// resets brings in a person of their own each, as one subject has one open request.
func (w *opsWorld) resets(n int) []string {
	w.t.Helper()
	var out []string
	for i := range n {
		number := citizen(i + 1)
		w.facts(fmt.Sprintf(`{"type":"account","external_id":"P%d","site":"china","status":"active","login_email":"old%d@example.com","security_phone":"139001390%02d"}
{"type":"subject","external_id":"Q%d","account":"P%d","nature":"individual","name":"王小%s","certificate":{"type":"id_card","number":"%s"},"icp_number":"京ICP备%d号","principal":{"name":"王小%s","phone":"136001360%02d"}}
`, i, i, i+10, i, i, names(i), number, 20250000+i, names(i), i+10))
		out = append(out, w.apply(i+20, map[string]string{"nature": "individual", "subject_name": "王小" + names(i), "certificate_type": "id_card",
			"certificate_number": number, "icp_or_domain": fmt.Sprintf("京ICP备%d号", 20250000+i), "phone": fmt.Sprintf("137001370%02d", i+20)}))
	}
	return out
}

func names(i int) string { return string([]rune("明红军丽强芳伟静敏杰")[i%10]) }

// citizen is the n-th made-up ID number with its check character.
func citizen(n int) string {
	digits := fmt.Sprintf("11010519850101%03d", n)
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(digits[i]-'0') * weight
	}
	return digits + string("10X98765432"[sum%11])
}

// unit is a login reset of an organisation by its representative: four documents
// and two reviewers.
func (w *opsWorld) unit() string {
	w.t.Helper()
	w.facts(`{"type":"account","external_id":"A9","site":"china","status":"active","login_email":"unit@example.com","security_phone":"13900139009"}
{"type":"subject","external_id":"S9","account":"A9","nature":"organisation","name":"示例科技有限公司","certificate":{"type":"credit_code","number":"` + unitCode + `"},"icp_number":"京ICP备20240099号","principal":{"name":"赵敏","phone":"13700137009"}}
`)
	return w.apply(9, map[string]string{"nature": "organisation", "principal": "no", "subject_name": "示例科技有限公司", "certificate_type": "credit_code",
		"certificate_number": unitCode, "icp_or_domain": "京ICP备20240099号", "phone": "13700137099", "applicant": "孙小雨", "applicant_id": clerkID,
		"remark": "原负责人已离职，邮箱随之停用。"})
}

func (w *opsWorld) facts(lines string) {
	w.t.Helper()
	report, err := intake.Run(w.t.Context(), w.store, strings.NewReader(lines), intake.Options{})
	w.must(err)
	if report.Refused > 0 {
		w.t.Fatalf("facts refused: %+v", report.Faults)
	}
}

// apply fills in a form as its applicant does and submits it.
func (w *opsWorld) apply(n int, fields map[string]string) string {
	w.t.Helper()
	ctx := w.t.Context()
	fields["new_email"], fields["reason"], fields["consent"] = fmt.Sprintf("new%d@example.com", n), "staff_left", "yes"
	acc, err := w.desk.Submit(ctx, tasks.Submission{Kind: tasks.KindReset, Asker: fmt.Sprint("asker", n), Lang: "zh-CN", Fields: fields,
		Once: tasks.Once{Scope: "test", Key: fmt.Sprint("reset", n)}})
	w.must(err)
	w.deliver()
	by := tasks.Viewer{Tracking: acc.Tracking}
	act := func(verb tasks.Verb, fields map[string]string) {
		w.t.Helper()
		_, err := w.desk.Act(ctx, tasks.Action{Receipt: acc.Receipt, Verb: verb, By: by, Fields: fields,
			Once: tasks.Once{Scope: "test", Key: fmt.Sprint(acc.Receipt, verb)}})
		w.must(err)
	}
	act(tasks.VerbVerify, map[string]string{"code": w.codes.code()})
	v, err := w.desk.Look(ctx, acc.Receipt, tasks.Viewer{System: true})
	w.must(err)
	w.must(w.desk.ConfirmMailbox(ctx, acc.Receipt, w.keys.Token("mailbox", v.Job.ID+".1")))
	for i, slot := range v.Case.Slots {
		if slot.Slot == tasks.SlotLetter {
			w.papers.pages = 2
		}
		if slot.Slot == tasks.SlotIDBack {
			w.papers.flags = []tasks.DocumentFlag{{Code: "DOC_BLURRED", Params: map[string]string{"page": "1"}}}
		}
		_, err := w.desk.Upload(ctx, tasks.Upload{Receipt: acc.Receipt, By: by, Slot: slot.Slot, Data: paper(uint8(40 + n*7 + i*37)), Media: "image/jpeg", Keep: true})
		w.must(err)
	}
	act(tasks.VerbSubmit, map[string]string{"consent": "yes"})
	w.deliver()
	if state := w.state(acc.Receipt); state != tasks.StateQueued {
		w.t.Fatalf("%s is %s", acc.Receipt, state)
	}
	return acc.Receipt
}

// hostile is a login reset whose applicant wrote a remark.
func (w *opsWorld) hostile(remark string) string {
	w.t.Helper()
	return w.apply(3, map[string]string{"nature": "individual", "subject_name": "李晓明", "certificate_type": "id_card",
		"certificate_number": personID, "icp_or_domain": "京ICP备20240011号", "phone": "13700137003", "remark": remark})
}

// decision is a complete form for a verdict: everything ticked, every number
// typed.
func (w *opsWorld) decision(receipt, verdict string) url.Values {
	w.t.Helper()
	bench, err := w.desk.Workbench(w.t.Context(), receipt, w.member("supervisor"))
	w.must(err)
	form := url.Values{"verdict": {verdict}, "check": bench.Checklist, "seen": {fmt.Sprintf("%d.%d", bench.Review.Round, bench.Review.Stage)}, "form_id": {"f-" + receipt + verdict}}
	numbers := map[string]string{"certificate_number": personID, "applicant_id": clerkID}
	if bench.Review.Nature == filing.NatureOrganisation {
		numbers["certificate_number"] = unitCode
	}
	for _, field := range bench.Typed {
		form.Set("typed."+field, numbers[field])
	}
	return form
}

// approves claims a review, opens its pictures and approves it.
func (w *opsWorld) approves(login, receipt string) {
	w.t.Helper()
	w.holds(login, receipt)
	form := w.decision(receipt, "approve")
	form.Set("step", "confirm")
	if got := w.as(w.member(login).Kind).post("/ops/reviews/"+receipt+"/decide", form); !got.gone("/ops/reviews/" + receipt) {
		w.t.Fatalf("approving %s: %d", receipt, got.status)
	}
}

// ticketless takes out of a page what differs from run to run.
func ticketless(html string) string {
	return regexp.MustCompile(`\?t=\d+\.[\w-]+`).ReplaceAllString(html, "?t=TICKET")
}

// settle carries out the decision that can't be taken back any more.
func (w *opsWorld) settle() {
	w.t.Helper()
	w.now = w.now.Add(11 * time.Second)
	due, err := w.store.TakeOutgoing(w.t.Context(), tasks.QueueAccount, 100, 0)
	w.must(err)
	for _, one := range due {
		if strings.HasSuffix(one.ID, ".settle") {
			w.must(w.desk.Work(w.t.Context(), one.TaskRef))
		}
	}
	w.deliver()
}

// member is the id of a member of staff by login.
func (w *opsWorld) member(login string) tasks.Actor {
	w.t.Helper()
	staff, err := w.porter.Staff(w.t.Context())
	w.must(err)
	i := slices.IndexFunc(staff, func(m accounts.Member) bool { return m.Login == login })
	if i < 0 {
		w.t.Fatalf("nobody is called %s", login)
	}
	return tasks.Actor{Kind: staff[i].Role, ID: staff[i].ID}
}

// holds claims a review for a member of staff and opens every picture.
func (w *opsWorld) holds(login, receipt string) tasks.Workbench {
	w.t.Helper()
	who := w.member(login)
	_, err := w.desk.Claim(w.t.Context(), receipt, who)
	w.must(err)
	bench, err := w.desk.Workbench(w.t.Context(), receipt, who)
	w.must(err)
	for _, doc := range bench.Documents {
		_, err := w.desk.OpenPicture(w.t.Context(), tasks.Picture{Receipt: receipt, DocumentID: doc.ID, Page: 1}, who)
		w.must(err)
	}
	return bench
}

// scripted asks as reviews.js does.
func (b *opsBrowser) scripted(method, path string, form map[string][]string) opsAnswer {
	b.t.Helper()
	return b.send(method, path, form, map[string]string{"Accept": "application/json", "Sec-Fetch-Site": "same-origin"})
}

// gone reports an answer that leads to a path.
func (a opsAnswer) gone(to string) bool { return a.status == http.StatusSeeOther && a.to == to }
