package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"beian/tasks"
)

// runDemo puts open reviews into an empty queue, through the same doors as
// applicants use. It runs beside everything else: drawing and examining eleven
// pictures takes seconds, and the first page must not wait for them.
func (o *office) runDemo(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-o.listening:
	}
	_, counts, err := o.desk.Reviews(ctx, tasks.ReviewFilter{Limit: 1})
	if err != nil {
		return err
	}
	if counts.Waiting+counts.Paused+counts.Second+counts.Escalated > 0 {
		return nil
	}
	// Pictures and fonts are megabytes each: collect often, and give the pages back
	// (first start ≤ 80 MB idle).
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	defer debug.FreeOSMemory()
	for _, c := range demoCases() {
		if !c.seeded {
			continue
		}
		if err := o.seedReview(ctx, c); err != nil && ctx.Err() == nil {
			o.log.Warn().Err(err).Str("case", c.key).Msg("a demo review was not added")
		}
	}
	return nil
}

// seedReview plays an applicant from the form to the queue. A second start finds
// the job by its key and leaves one that is past its draft alone.
func (o *office) seedReview(ctx context.Context, c demoCase) error {
	acc, err := o.desk.Submit(ctx, tasks.Submission{Kind: tasks.KindReset, Asker: "demo", Lang: "zh-CN", Fields: c.fields,
		Once: tasks.Once{Scope: "demo", Key: "review-" + c.key, Fingerprint: tasks.Fingerprint(c.fields)}})
	if err != nil {
		return fmt.Errorf("submitting: %w", err)
	}
	p := demoApplicant{office: o, receipt: acc.Receipt, by: tasks.Viewer{Tracking: acc.Tracking}}
	job, err := p.job(ctx)
	if err != nil || job.State != tasks.StateDraft {
		return err
	}
	if err := p.prove(ctx, job); err != nil { // first: codes are short-lived, most of all at speed
		return err
	}
	for _, slot := range c.slots() {
		if err := p.upload(ctx, c, slot); err != nil {
			return fmt.Errorf("uploading %s: %w", slot, err)
		}
	}
	return p.act(ctx, tasks.VerbSubmit, nil)
}

// demoApplicant is somebody who holds the tracking code of a demo reset.
type demoApplicant struct {
	*office
	receipt string
	by      tasks.Viewer
}

func (p demoApplicant) job(ctx context.Context) (job tasks.Job, err error) {
	err = p.store.View(ctx, func(tx tasks.Tx) error {
		job, err = tx.Job(ctx, p.receipt, p.by)
		return err
	})
	return job, err
}

func (p demoApplicant) act(ctx context.Context, verb tasks.Verb, fields map[string]string) error {
	_, err := p.desk.Act(ctx, tasks.Action{Receipt: p.receipt, Verb: verb, By: p.by, Fields: fields,
		Once: tasks.Once{Scope: "demo", Key: p.receipt + "-" + string(verb)}})
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return nil
}

func (p demoApplicant) upload(ctx context.Context, c demoCase, slot tasks.Slot) error {
	picture, err := c.paper(slot)
	if err != nil {
		return err
	}
	_, err = p.desk.Upload(ctx, tasks.Upload{Receipt: p.receipt, By: p.by, Slot: slot, Data: picture, Media: "image/jpeg",
		Name: string(slot) + ".jpg", Keep: true})
	return err
}

// prove confirms phone and mailbox with what was sent there: in development the
// vault at hand is that phone.
func (p demoApplicant) prove(ctx context.Context, job tasks.Job) error {
	var code tasks.Code
	err := p.store.View(ctx, func(tx tasks.Tx) (err error) {
		code, err = tx.Code(ctx, job.ID, tasks.PurposeReset)
		return err
	})
	if err != nil {
		return err
	}
	if err := p.act(ctx, tasks.VerbVerify, map[string]string{tasks.FieldCode: p.vault.Digits(code.ID)}); err != nil {
		return err
	}
	err = p.desk.ConfirmMailbox(ctx, p.receipt, p.vault.Token("mailbox", tasks.MailboxID(job.ID, 1)))
	if errors.Is(err, tasks.ErrGone) {
		return nil // an earlier start got this far
	}
	return err
}
