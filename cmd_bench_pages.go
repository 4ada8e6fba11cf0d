package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"beian/internal/accounts"
	"beian/internal/bench"
	"beian/tasks"
)

const pageLooks = 200

// reviewsByHTTP measures the same as people have it: a picture sent over a kept
// connection, and the first page of the console's queue, drawn, as a signed-in
// reviewer gets it.
func (b *workbench) reviewsByHTTP(ctx context.Context, o *office, engine string) (bench.Section, error) {
	s := bench.Section{Name: fmt.Sprintf("Over HTTP with %d open reviews, %s", b.Reviews, engine), Head: []string{"what", "p50", "p95", "p99"}}
	if err := o.connect(ctx); err != nil {
		return s, err
	}
	address, serve, err := o.open()
	if err != nil {
		return s, err
	}
	return s, o.while(ctx, func(ctx context.Context) error {
		base := "http://" + address
		if err := o.sendPictures(ctx, &s, base, b.Rounds*roundUploads); err != nil {
			return err
		}
		return o.lookAtQueue(ctx, &s, base)
	}, serve)
}

// sendPictures puts pictures of 4 MB into slots by /v1, one after the other.
func (o *office) sendPictures(ctx context.Context, s *bench.Section, base string, uploads int) error {
	picture, err := grain()
	if err != nil {
		return err
	}
	people, err := o.drafts(ctx, uploads, "over http")
	if err != nil {
		return err
	}
	took, err := timed(ctx, uploads, func(ctx context.Context, i int) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, base+"/v1/login-resets/"+people[i].receipt+"/documents/"+string(tasks.SlotIDFront), bytes.NewReader(picture))
		if err == nil {
			r.Header.Set("Content-Type", "image/jpeg")
			r.Header.Set("X-Tracking-Code", people[i].by.Tracking)
		}
		return r, err
	})
	if err != nil {
		return err
	}
	s.AddTimes("a 4 MB picture by /v1", took)
	s.Goals = append(s.Goals, bench.Within("a 4 MB picture over HTTP, p95", bench.Quantile(took, 0.95), 2*time.Second))
	return nil
}

// lookAtQueue gets the first page of the queue as a reviewer's browser does.
func (o *office) lookAtQueue(ctx context.Context, s *bench.Section, base string) error {
	const password = "only for this benchmark"
	_, err := o.accounts.AddStaff(ctx, tasks.System(), accounts.NewStaff{Login: "bench", Name: "bench", Role: tasks.ActorReviewer, Password: password})
	if err != nil {
		return err
	}
	_, token, err := o.accounts.StaffSignIn(ctx, accounts.SignIn{Login: "bench", Password: password, Client: accounts.Client{Address: "bench"}})
	if err != nil {
		return err
	}
	took, err := timed(ctx, pageLooks, func(ctx context.Context, _ int) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/ops/reviews", nil)
		if err == nil {
			r.AddCookie(&http.Cookie{Name: "beian-staff", Value: token})
		}
		return r, err
	})
	if err != nil {
		return err
	}
	s.AddTimes("the page of the queue", took)
	s.Goals = append(s.Goals, bench.Within("the page of the queue over HTTP, p95", bench.Quantile(took, 0.95), 50*time.Millisecond))
	return nil
}

// timed sends requests one after the other; an answer other than 200 ends it, and
// so does being led elsewhere.
func timed(ctx context.Context, n int, ask func(context.Context, int) (*http.Request, error)) ([]time.Duration, error) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	took := make([]time.Duration, n)
	for i := range n {
		began := time.Now()
		err := patiently(func() error { return answered(ctx, client, i, ask) })
		if took[i] = time.Since(began); err != nil {
			return nil, err
		}
	}
	return took, nil
}

// answered is nil when the answer was whole and 200; tasks.ErrUnavailable for 503.
func answered(ctx context.Context, client *http.Client, i int, ask func(context.Context, int) (*http.Request, error)) error {
	r, err := ask(ctx, i)
	if err != nil {
		return err
	}
	res, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", r.URL.Path, err)
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	switch {
	case res.StatusCode == http.StatusServiceUnavailable:
		return fmt.Errorf("asking for %s: %w", r.URL.Path, tasks.ErrUnavailable)
	case err != nil, res.StatusCode != http.StatusOK:
		return fmt.Errorf("asking for %s: answer %d: %w", r.URL.Path, res.StatusCode, errDown)
	}
	return nil
}
