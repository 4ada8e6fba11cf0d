package worker_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"beian/internal/filing"
	"beian/internal/intake"
	"beian/internal/testenv"
	"beian/tasks"
)

// Four stories take turns: a transfer on papers that is reversed, a phone change by
// codes, one on papers, and a transfer on papers that stays.
const (
	caseKillPeople = 36
	caseKillTimes  = 20
)

// TestR1_KilledWorkersLoseNoReviewedTransferReversalOrPhoneChange kills workers while
// transfers on papers, reversals and both kinds of phone change run from their form to
// their effect.
func TestR1_KilledWorkersLoseNoReviewedTransferReversalOrPhoneChange(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		server := testenv.StartRedis(t)
		h.settleLost(0, caseKillPeople)
		h.settleTakers(caseKillPeople)
		worker := part{Mode: modeWorker, Redis: server.URL, Lease: leaseOfTests, Delay: 30 * time.Millisecond}
		children := []*process{h.spawn(worker), h.spawn(worker), h.spawn(worker)}
		people, stopPeople := context.WithCancel(background(t))
		var group sync.WaitGroup
		defer group.Wait()
		defer stopPeople()
		wrong := make(chan string, caseKillPeople/4)
		group.Go(func() { h.askAll(people, wrong) })
		group.Go(func() { h.reverseAll(people, wrong) })
		for _, name := range []string{"first", "second", "third"} {
			group.Go(func() { h.reviewAll(people, reviewer(name)) })
		}
		var deaths []death
		for len(deaths) < caseKillTimes {
			<-time.After(150*time.Millisecond + rand.N(250*time.Millisecond))
			i := rand.IntN(len(children))
			at := time.Now().UnixMilli()
			children[i].kill()
			deaths = append(deaths, death{pid: children[i].pid(), at: at})
			children[i] = h.spawn(worker)
		}
		jobs := caseKillPeople + caseKillPeople/4
		rest := h.quiet(jobs, 120*time.Second)
		h.wholeCases(jobs)
		t.Logf("%s: %d kills over %d jobs and %d messages; all done %s after the last", h.store.Engine(), len(deaths), jobs,
			len(h.paper.lines(t, "sent")), rest.Round(time.Second/10))
		h.reportRecoveries(h.recoveries(deaths))
	})
}

// settleTakers makes the accounts T<i> that receive.
func (h *house) settleTakers(n int) {
	h.t.Helper()
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf(`{"type":"account","external_id":"T%d","site":"china","status":"active","login_email":"taker%d@hidden.example.com","security_phone":"131%08d"}`, i, i, i))
	}
	report, err := intake.Run(h.t.Context(), h.store, strings.NewReader(strings.Join(lines, "\n")), intake.Options{})
	if err != nil || report.Refused > 0 {
		h.t.Fatalf("settling the receivers: %+v, %v", report, err)
	}
}

// askAll plays everybody who asks for something, each until it is handed in. The
// receipts of transfers that are to be reversed go to wrong.
func (h *house) askAll(ctx context.Context, wrong chan<- string) {
	for i := range caseKillPeople {
		var err error
		switch i % 4 {
		case 0, 3:
			var receipt string
			if receipt, err = h.giveOnPapers(ctx, i); err == nil && i%4 == 0 {
				wrong <- receipt
			}
		case 1:
			err = h.rephone(ctx, i)
		case 2:
			err = h.rephoneOnPapers(ctx, i)
		}
		if err != nil && ctx.Err() == nil {
			h.t.Errorf("person %d: %v", i, err)
		}
	}
}

// asks submits what account L<i> asks for, or somebody on its behalf.
func (c clerk) asks(ctx context.Context, in tasks.Submission) (applicant, error) {
	var acc tasks.Accepted
	in.Lang, in.Once = "zh-CN", key(fmt.Sprint(in.Kind, in.Fields))
	err := again(ctx, func() (err error) {
		acc, err = c.desk.Submit(ctx, in)
		return err
	})
	return applicant{clerk: c, receipt: acc.Receipt, by: tasks.Viewer{Tracking: acc.Tracking}}, err
}

func (h *house) giveOnPapers(ctx context.Context, i int) (receipt string, err error) {
	fields := maps.Clone(lostLogin(i).fields)
	fields[tasks.FieldTarget], fields[tasks.FieldPhone4] = fmt.Sprintf("T%d", i), fmt.Sprintf("%04d", i)
	a, err := h.asks(ctx, tasks.Submission{Kind: tasks.KindReviewed, Asker: fmt.Sprintf("asker-%d", i), Fields: fields})
	if err == nil {
		err = a.papers(ctx, tasks.PurposePapers)
	}
	if err == nil {
		_, err = a.act(ctx, tasks.VerbSubmit, nil)
	}
	return a.receipt, err
}

// newPhone is the one that person i changes to.
func newPhone(i int) string {
	if i%4 == 2 {
		return lostLogin(i).fields[tasks.FieldPhone]
	}
	return fmt.Sprintf("136%08d", i)
}

func (h *house) rephone(ctx context.Context, i int) error {
	account, err := h.accountID(ctx, fmt.Sprintf("L%d", i))
	if err != nil {
		return err
	}
	a, err := h.asks(ctx, tasks.Submission{Kind: tasks.KindContact, AccountID: account, Fields: map[string]string{tasks.FieldNewPhone: newPhone(i)}})
	a.by = tasks.Viewer{AccountID: account}
	if err == nil {
		err = a.prove(ctx, tasks.VerbVerifyOld, tasks.PurposeOldPhone)
	}
	if err == nil {
		err = a.prove(ctx, tasks.VerbVerifyNew, tasks.PurposeNewPhone)
	}
	return err
}

func (h *house) rephoneOnPapers(ctx context.Context, i int) error {
	account, err := h.accountID(ctx, fmt.Sprintf("L%d", i))
	if err != nil {
		return err
	}
	fields := maps.Clone(lostLogin(i).fields)
	fields[tasks.FieldReason] = "phone_lost"
	a, err := h.asks(ctx, tasks.Submission{Kind: tasks.KindContactPapers, AccountID: account, Fields: fields})
	if err == nil {
		err = a.papers(ctx, tasks.PurposeNewPhone)
	}
	if err == nil {
		_, err = a.act(ctx, tasks.VerbSubmit, nil)
	}
	return err
}

// reverseAll plays two supervisors who reverse transfers as soon as they are done.
func (h *house) reverseAll(ctx context.Context, wrong <-chan string) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for range caseKillPeople / 4 {
		var receipt string
		select {
		case <-ctx.Done():
			return
		case receipt = <-wrong:
		}
		for job, err := h.job(ctx, receipt); err != nil || job.State != tasks.StateDone; job, err = h.job(ctx, receipt) {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
		}
		a, err := h.asks(ctx, tasks.Submission{Kind: tasks.KindReversal, Staff: supervisor(), Asker: "staff:" + supervisor().ID,
			Fields: map[string]string{tasks.FieldReceipt: receipt, tasks.FieldReason: "wrong_receiver"}})
		if err == nil {
			err = again(ctx, func() error {
				_, err := h.desk.Act(ctx, tasks.Action{Receipt: a.receipt, Verb: tasks.VerbApprove, By: tasks.Viewer{Staff: tasks.ActorSupervisor},
					StaffID: "another", Once: key("agree-" + a.receipt)})
				return err
			})
		}
		if err != nil && ctx.Err() == nil {
			h.t.Errorf("reversing %s: %v", receipt, err)
		}
	}
}

// wholeCases checks what must hold after any run of n such jobs that all took effect:
// once each, everything where it belongs, everybody told once.
func (h *house) wholeCases(n int) {
	h.t.Helper()
	for what, got := range map[string]int{
		"jobs":                    h.number(`SELECT count(*) FROM jobs`) - n,
		"jobs done":               h.number(`SELECT count(*) FROM jobs WHERE state = 'done'`) - n,
		"jobs not applied once":   h.number(`SELECT count(*) FROM jobs j WHERE (SELECT count(*) FROM timeline e WHERE e.job_id = j.id AND e.what = 'applied') <> 1`),
		"dead letters":            h.number(`SELECT count(*) FROM outbox WHERE state = 'dead'`),
		"messages without an end": h.number(`SELECT count(*) FROM notices WHERE state IN ('waiting', 'sending', 'unknown')`),
		"messages ordered twice": h.number(`SELECT count(*) FROM (SELECT job_id FROM notices WHERE template <> 'code'
		  GROUP BY job_id, template, receiver_index HAVING count(*) > 1) x`),
		"messages failed, no codes": h.number(`SELECT count(*) FROM notices WHERE state = 'failed' AND template <> 'code'`),
		"reviews open":              h.number(`SELECT count(*) FROM reviews WHERE ended = 0`),
		"transfers reversed":        h.number(`SELECT count(*) FROM timeline WHERE what = 'reversed'`) - caseKillPeople/4,
		"subjects in the wrong account": h.number(`SELECT count(*) FROM jobs j JOIN subjects s ON s.id = j.subject_id WHERE j.kind = 'transfer_reviewed' AND s.account_id <>
		  CASE WHEN EXISTS (SELECT 1 FROM jobs r WHERE r.kind = 'reversal' AND r.subject_id = j.subject_id) THEN j.source_account_id ELSE j.target_account_id END`),
		"phones replaced": h.number(`SELECT count(*) FROM accounts WHERE phone_replaced_at > 0`) - caseKillPeople/2,
	} {
		if got != 0 {
			h.t.Errorf("%s: off by %d", what, got)
		}
	}
	for i := range caseKillPeople {
		if i%4 == 1 || i%4 == 2 {
			h.phoneIs(fmt.Sprintf("L%d", i), newPhone(i))
		}
	}
	h.sound()
	h.once()
	h.chained()
}

func (h *house) phoneIs(externalID, want string) {
	h.t.Helper()
	err := h.store.View(h.t.Context(), func(tx tasks.Tx) error {
		p, err := tx.Party(h.t.Context(), tasks.AccountRef{ExternalID: externalID})
		if phone, _ := filing.ParsePhone(want); err == nil && p.Account.SecurityPhone != phone {
			h.t.Errorf("the phone of %s is %s", externalID, p.Account.SecurityPhone)
		}
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
}
