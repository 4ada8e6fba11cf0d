package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"runtime"
	"strconv"
	"time"

	"beian/internal/bench"
	"beian/internal/filing"
	"beian/tasks"
)

const (
	uploadSize   = 4 << 20 // bytes of a telephone's picture
	roundUploads = 5       // a round
	queueLooks   = 400
	queueBatch   = 500
)

// reviews measures what people wait for in a login reset: a picture on its way into
// the cabinet, and the reviewers' queue when it is long.
func (b *workbench) reviews(ctx context.Context) ([]bench.Section, error) {
	var out []bench.Section
	for _, e := range b.engines() {
		err := b.withOffice(ctx, e.name, "reviews-"+e.name, func(o *office, _ string) error {
			sections, err := b.reviewsOn(ctx, o, e.name)
			out = append(out, sections...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", e.name, err)
		}
	}
	return out, nil
}

func (b *workbench) reviewsOn(ctx context.Context, o *office, engine string) ([]bench.Section, error) {
	uploads, err := o.measureUploads(ctx, engine, b.Rounds*roundUploads)
	if err != nil {
		return nil, err
	}
	queue, err := o.measureQueue(ctx, engine, b.Reviews)
	if err != nil {
		return nil, err
	}
	byHTTP, err := b.reviewsByHTTP(ctx, o, engine)
	return []bench.Section{uploads, queue, byHTTP}, err
}

// measureUploads files pictures of 4 MB: a child decodes and draws each anew, the
// views are sealed and synced to disk, a row is committed.
func (o *office) measureUploads(ctx context.Context, engine string, uploads int) (bench.Section, error) {
	s := bench.Section{Name: "Uploads of a 4 MB picture, " + engine, Head: []string{"at once", "p50", "p95", "documents/s", "per core"}}
	picture, err := grain()
	if err != nil {
		return s, err
	}
	s.Notes = append(s.Notes, fmt.Sprintf("a JPEG of %s; the desk's whole upload without the HTTP layer around it", bench.Megabytes(int64(len(picture)))))
	for _, workers := range []int{1, runtime.NumCPU()} {
		people, err := o.drafts(ctx, uploads, engine+strconv.Itoa(workers))
		if err != nil {
			return s, err
		}
		took := make([]time.Duration, uploads)
		round, err := bench.Measure(ctx, workers, bench.Span{Count: uploads}, func(ctx context.Context, i int) error {
			began := time.Now()
			err := patiently(func() error {
				_, err := o.desk.Upload(ctx, tasks.Upload{Receipt: people[i].receipt, By: people[i].by, Slot: tasks.SlotIDFront, Data: picture, Media: "image/jpeg", Keep: true})
				return err
			})
			took[i] = time.Since(began)
			return err
		})
		if err != nil {
			return s, err
		}
		s.Add(strconv.Itoa(workers), bench.Millis(round.P50), bench.Millis(bench.Quantile(took, 0.95)), fmt.Sprintf("%.2f", round.PerSecond),
			fmt.Sprintf("%.2f", round.PerSecond/float64(min(workers, runtime.NumCPU()))))
		if workers == 1 {
			s.Goals = append(s.Goals, bench.Within("a 4 MB picture is filed, p95", bench.Quantile(took, 0.95), 2*time.Second))
		}
	}
	return s, nil
}

// patiently asks up to five times where a busy machine refuses: what that takes
// belongs to the figure.
func patiently(ask func() error) error {
	err := ask()
	for again := 1; again < 5 && errors.Is(err, tasks.ErrUnavailable); again++ {
		err = ask()
	}
	return err
}

// grain is a photograph of 4 MB: what noise costs a decoder, a scene would not.
func grain() ([]byte, error) {
	const quality = 88
	dice := rand.New(rand.NewPCG(4, 2026)) //nolint:gosec // a picture, not a secret
	for side := 1600; ; side += 200 {
		picture := image.NewRGBA(image.Rect(0, 0, side*4/3, side))
		for i := range picture.Pix {
			picture.Pix[i] = uint8(100 + i/(side*64)%64 + dice.IntN(64))
		}
		var out bytes.Buffer
		if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encoding a picture: %w", err)
		}
		if out.Len() >= uploadSize {
			return out.Bytes(), nil
		}
	}
}

// drafts begins so many resets that wait for their pictures.
func (o *office) drafts(ctx context.Context, n int, run string) ([]demoApplicant, error) {
	out := make([]demoApplicant, n)
	for i := range out {
		c := individual("wu", demoCases()[3].who, "苏ICP备20240019号", false)
		c.fields[tasks.FieldPhone] = fmt.Sprintf("136%08d", i*1000+len(run))
		acc, err := o.desk.Submit(ctx, tasks.Submission{Kind: tasks.KindReset, Asker: run + strconv.Itoa(i), Lang: "zh-CN", Fields: c.fields,
			Once: tasks.Once{Scope: "bench", Key: run + strconv.Itoa(i)}})
		if err != nil {
			return nil, fmt.Errorf("beginning a reset: %w", err)
		}
		out[i] = demoApplicant{office: o, receipt: acc.Receipt, by: tasks.Viewer{Tracking: acc.Tracking}}
	}
	return out, nil
}

// measureQueue asks for the first page of the console's queue and its counts, as
// the page does, with so many open reviews.
func (o *office) measureQueue(ctx context.Context, engine string, n int) (bench.Section, error) {
	s := bench.Section{Name: fmt.Sprintf("The reviewers' queue with %d open reviews, %s", n, engine), Head: []string{"list", "p50", "p95", "p99"}}
	for from := 0; from < n; from += queueBatch {
		if err := o.fillQueue(ctx, from, min(queueBatch, n-from)); err != nil {
			return s, err
		}
	}
	for _, look := range []struct {
		name   string
		filter tasks.ReviewFilter
	}{
		{"all open", tasks.ReviewFilter{}}, {"waiting", tasks.ReviewFilter{Tab: "waiting"}}, {"risky", tasks.ReviewFilter{Tab: "waiting", Risky: true}},
		{"mine", tasks.ReviewFilter{Tab: "mine", StaffID: "s1"}},
	} {
		look.filter.Limit = 50
		took := make([]time.Duration, queueLooks)
		_, err := bench.Measure(ctx, 1, bench.Span{Count: queueLooks}, func(ctx context.Context, i int) error {
			began := time.Now()
			_, _, err := o.desk.Reviews(ctx, look.filter)
			took[i] = time.Since(began)
			return err
		})
		if err != nil {
			return s, err
		}
		p95 := bench.Quantile(took, 0.95)
		s.AddTimes(look.name, took)
		s.Goals = append(s.Goals, bench.Within("a page of "+look.name+", p95", p95, 50*time.Millisecond))
	}
	s.Notes = append(s.Notes, "rows and the counts on the tabs, from the desk; the next section has the page")
	return s, nil
}

// fillQueue records open reviews as the flow would leave them.
func (o *office) fillQueue(ctx context.Context, from, n int) error {
	return o.store.Update(ctx, func(tx tasks.Tx) error {
		for i := from; i < from+n; i++ {
			receipt, err := random{}.Receipt("LR")
			if err != nil {
				return err
			}
			job := tasks.Job{ID: random{}.ID(), Receipt: receipt, Kind: tasks.KindReset, State: tasks.StateQueued, Lang: "zh-CN",
				SubjectID: "bench-" + strconv.Itoa(i), SourceAccountID: "bench", Facts: []byte(`{"subject":"样*"}`), CreatedAt: tx.Now()}
			if err := tx.Record(ctx, &job, tasks.Change{Events: []tasks.Event{{JobID: job.ID, Actor: tasks.System(), What: tasks.WhatQueued, To: job.State}}}, nil); err != nil {
				return err
			}
			r := tasks.Review{JobID: job.ID, Receipt: receipt, Kind: job.Kind, Nature: filing.NatureIndividual, State: tasks.ReviewOpen,
				Round: 1, Stage: 1, StartedAt: tx.Now(), DueAt: tx.Now().Add(time.Duration(i) * time.Second), Promised: tx.Now()}
			if i%7 == 0 {
				r.Risk = []string{"phone_seen"}
			}
			if err := tx.SaveReview(ctx, &r); err != nil {
				return err
			}
		}
		return nil
	})
}
