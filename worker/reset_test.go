package worker_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"beian/internal/filing"
	"beian/internal/intake"
	"beian/internal/workday"
	"beian/tasks"
)

// shelf keeps pictures in memory: what workers do has nothing to do with how
// pictures are examined.
type shelf struct {
	mu    sync.Mutex
	kept  map[string][]byte
	count uint64
}

func newShelf() *shelf { return &shelf{kept: map[string][]byte{}} }

func (s *shelf) Examine(_ context.Context, u tasks.Upload) (tasks.Examined, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	// The digits are spread so that no two pictures look alike.
	return tasks.Examined{Media: "image/jpeg", Width: 1600, Height: 1200, Pages: [][]byte{u.Data}, Thumb: u.Data,
		Sum: sha256.Sum256(u.Data), Likeness: s.count * 0x9e3779b97f4a7c15}, nil
}

func (s *shelf) Put(_ context.Context, _, name string, picture []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[name] = picture
	return nil
}

func (s *shelf) Picture(_ context.Context, _, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if picture, ok := s.kept[name]; ok {
		return picture, nil
	}
	return nil, tasks.ErrNotFound
}

// resetPolicy is the office's, with no hold.
func resetPolicy(p tasks.Policy) tasks.Policy {
	years, err := workday.Shipped()
	if err != nil {
		panic(err)
	}
	p.Calendar, p.ReviewDays, p.FourEyes, p.Rounds = workday.New(years...), 2, true, 3
	p.DraftLife, p.MoreLife, p.AppealWindow, p.TransferHold = 7*24*time.Hour, 15*24*time.Hour, 15*24*time.Hour, 7*24*time.Hour
	return p
}

// lost is reset number i: what its applicant tells. The variants of L2 take turns.
type lost struct {
	i      int
	fields map[string]string
	lines  []string // the facts of the filing system
}

// creditCode is a valid one of GB 32100.
func creditCode(i int) string {
	const digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	text := fmt.Sprintf("91110108%09d", i)
	sum, weight := 0, 1
	for _, r := range text {
		sum += strings.IndexRune(digits, r) * weight
		weight = weight * 3 % 31
	}
	return text + string(digits[(31-sum%31)%31])
}

func lostLogin(i int) lost {
	name, icp := fmt.Sprintf("司马机密%d", i), fmt.Sprintf("京ICP备%08d号", 30000000+i)
	l := lost{i: i, fields: map[string]string{tasks.FieldNature: "individual", tasks.FieldSubjectName: name,
		tasks.FieldCertType: string(filing.CertificateIDCard), tasks.FieldCertNumber: citizen(20000 + i), tasks.FieldFiling: icp,
		tasks.FieldPhone: fmt.Sprintf("135%08d", i), tasks.FieldNewEmail: fmt.Sprintf("fresh%d@hidden.example.com", i),
		tasks.FieldReason: "mailbox_lost", tasks.FieldConsent: "yes", tasks.FieldRemark: fmt.Sprintf("机密备注%d", i)}}
	nature, cert, number, principal := "individual", "id_card", citizen(20000+i), name
	if i%3 > 0 {
		nature, cert, number = "organisation", "credit_code", creditCode(i)
		l.fields[tasks.FieldNature], l.fields[tasks.FieldCertType], l.fields[tasks.FieldCertNumber] = nature, string(filing.CertificateCreditCode), number
		l.fields[tasks.FieldSubjectName] = name + "有限公司"
		l.fields[tasks.FieldApplicant], l.fields[tasks.FieldApplicantID] = name, citizen(20000+i)
		l.fields[tasks.FieldPrincipal] = map[bool]string{true: "yes", false: "no"}[i%3 == 1]
		if i%3 == 2 {
			principal = name + "乙"
		}
	}
	l.lines = []string{
		fmt.Sprintf(`{"type":"account","external_id":"L%d","site":"china","status":"active","login_email":"gone%d@hidden.example.com","security_phone":"133%08d"}`, i, i, i),
		fmt.Sprintf(`{"type":"subject","external_id":"LS%d","account":"L%d","nature":"%s","name":"%s","certificate":{"type":"%s","number":"%s"},"icp_number":"%s","principal":{"name":"%s","phone":"134%08d"}}`,
			i, i, nature, l.fields[tasks.FieldSubjectName], cert, number, icp, principal, i),
		fmt.Sprintf(`{"type":"website","external_id":"LW%d","subject":"LS%d","name":"site","domain":"l%d.example.com"}`, i, i, i),
	}
	return l
}

// settleLost lets the filing system tell of accounts whose logins get lost.
func (h *house) settleLost(from, to int) {
	h.t.Helper()
	var lines []string
	for i := from; i < to; i++ {
		lines = append(lines, lostLogin(i).lines...)
	}
	report, err := intake.Run(h.t.Context(), h.store, strings.NewReader(strings.Join(lines, "\n")), intake.Options{})
	if err != nil || report.Refused > 0 {
		h.t.Fatalf("settling the accounts: %+v, %v", report, err)
	}
}

// applicant holds the tracking code of a reset.
type applicant struct {
	clerk
	receipt string
	by      tasks.Viewer
}

func (c clerk) begin(ctx context.Context, i int) (applicant, error) {
	l := lostLogin(i)
	in := tasks.Submission{Kind: tasks.KindReset, Asker: fmt.Sprintf("asker-%d", i), Lang: "zh-CN", Fields: l.fields, Once: key(fmt.Sprintf("reset-%d", i))}
	var acc tasks.Accepted
	err := again(ctx, func() (err error) {
		acc, err = c.desk.Submit(ctx, in)
		return err
	})
	return applicant{clerk: c, receipt: acc.Receipt, by: tasks.Viewer{Tracking: acc.Tracking}}, err
}

func (a applicant) act(ctx context.Context, verb tasks.Verb, fields map[string]string) (acc tasks.Accepted, err error) {
	in := tasks.Action{Receipt: a.receipt, Verb: verb, By: a.by, Fields: fields, Once: key(random{}.ID())}
	err = again(ctx, func() error {
		acc, err = a.desk.Act(ctx, in)
		return err
	})
	return acc, err
}

func (a applicant) upload(ctx context.Context, slot tasks.Slot, round int) error {
	in := tasks.Upload{Receipt: a.receipt, By: a.by, Slot: slot, Keep: true, Data: fmt.Appendf(nil, "%s %s %d", a.receipt, slot, round)}
	return again(ctx, func() error {
		_, err := a.desk.Upload(ctx, in)
		return err
	})
}

// fill uploads what is needed and proves phone and mailbox.
func (a applicant) fill(ctx context.Context) error {
	if err := a.papers(ctx, tasks.PurposeReset); err != nil {
		return err
	}
	job, err := a.job(ctx, a.receipt)
	if err != nil {
		return err
	}
	link := a.vault.Token("mailbox", tasks.MailboxID(job.ID, 1))
	return again(ctx, func() error { return a.desk.ConfirmMailbox(ctx, a.receipt, link) })
}

// papers uploads what is needed and proves the phone, with the code of a purpose.
func (a applicant) papers(ctx context.Context, purpose tasks.Purpose) error {
	view, err := a.desk.Look(ctx, a.receipt, a.by)
	if err != nil {
		return err
	}
	for _, slot := range view.Case.Slots {
		if err := a.upload(ctx, slot.Slot, 1); err != nil {
			return err
		}
	}
	return a.prove(ctx, tasks.VerbVerify, purpose)
}

// prove enters the newest code of a purpose.
func (a applicant) prove(ctx context.Context, verb tasks.Verb, purpose tasks.Purpose) error {
	job, err := a.job(ctx, a.receipt)
	if err != nil {
		return err
	}
	var digits string
	err = a.store.View(ctx, func(tx tasks.Tx) error {
		code, err := tx.Code(ctx, job.ID, purpose)
		digits = a.vault.Digits(code.ID)
		return err
	})
	if err == nil {
		_, err = a.act(ctx, verb, map[string]string{tasks.FieldCode: digits})
	}
	return err
}

// queueUp brings reset i to where a reviewer finds it.
func (c clerk) queueUp(ctx context.Context, i int) (applicant, error) {
	a, err := c.begin(ctx, i)
	if err == nil {
		err = a.fill(ctx)
	}
	if err == nil {
		_, err = a.act(ctx, tasks.VerbSubmit, nil)
	}
	return a, err
}

func reviewer(name string) tasks.Actor { return tasks.Actor{Kind: tasks.ActorReviewer, ID: name} }

func supervisor() tasks.Actor { return tasks.Actor{Kind: tasks.ActorSupervisor, ID: "supervisor"} }

// claimAndLook claims a review and opens every picture.
func (c clerk) claimAndLook(ctx context.Context, receipt string, staff tasks.Actor) (tasks.Workbench, error) {
	if _, err := c.desk.Claim(ctx, receipt, staff); err != nil {
		return tasks.Workbench{}, err
	}
	w, err := c.desk.Workbench(ctx, receipt, staff)
	if err != nil {
		return w, err
	}
	for _, doc := range w.Documents {
		if doc.Replaced {
			continue
		}
		if _, err := c.desk.OpenPicture(ctx, tasks.Picture{Receipt: receipt, DocumentID: doc.ID, Page: 1}, staff); err != nil {
			return w, err
		}
	}
	return w, nil
}

// decide claims, looks and decides. The numbers are typed off the pictures: those
// that the applicant of reset i gave.
func (c clerk) judge(ctx context.Context, receipt string, i int, staff tasks.Actor, v tasks.Verdict) error {
	w, err := c.claimAndLook(ctx, receipt, staff)
	if err != nil {
		return err
	}
	in := tasks.Decide{Receipt: receipt, Staff: staff, Verdict: v, Once: key(random{}.ID())}
	l := lostLogin(i)
	switch v {
	case tasks.VerdictApprove:
		in.Checks = w.Checklist
		in.Typed = map[string]string{}
		for _, field := range w.Typed {
			in.Typed[field] = l.fields[field]
		}
	case tasks.VerdictReject:
		in.Findings = []tasks.Finding{{About: string(tasks.AboutRequest), Reason: "IDENTITY_MISMATCH"}}
	case tasks.VerdictNeedMore:
		in.Findings = []tasks.Finding{{About: string(w.Slots[0]), Reason: "DOC_BLURRED"}}
	}
	_, err = c.desk.Decide(ctx, in)
	return err
}

func (c clerk) review(ctx context.Context, receipt string) (r tasks.Review, err error) {
	err = c.store.View(ctx, func(tx tasks.Tx) error {
		r, err = tx.Review(ctx, receipt)
		return err
	})
	return r, err
}

// passing: somebody else was there first, or the record was busy; ask again.
func passing(err error) bool {
	return errors.Is(err, tasks.ErrConflict) || errors.Is(err, tasks.ErrInFlight) || errors.Is(err, tasks.ErrUnavailable)
}
