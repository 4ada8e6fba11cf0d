package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"beian/internal/bench"
)

// crowd are the clients: each wants one transfer, and repeats what was not answered with the same Idempotency-Key.
type crowd struct {
	*lab
	http     *http.Client
	addrs    []string // of the API
	all      sync.WaitGroup
	mu       sync.Mutex
	receipts map[int]string // as told with 202
	answers  map[string]int // how often each status, or that there was none
	took     []time.Duration
	replays  int
	broken   []string
}

func (l *lab) crowd() *crowd {
	c := &crowd{lab: l, receipts: map[int]string{}, answers: map[string]int{},
		http: &http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
	for _, front := range l.fronts {
		c.addrs = append(c.addrs, front.Addr())
	}
	l.t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// come lets all clients begin one after the other over a span; the last may be done long after.
func (c *crowd) come(ctx context.Context, span time.Duration) {
	begin := time.NewTicker(max(span/time.Duration(len(c.tokens)), time.Millisecond))
	c.all.Go(func() {
		defer begin.Stop()
		for i := range c.tokens {
			select {
			case <-ctx.Done():
				return
			case <-begin.C:
				c.all.Go(func() { c.carry(ctx, i) })
			}
		}
	})
}

// carry submits, asks again although it was answered, reads the code and confirms it.
func (c *crowd) carry(ctx context.Context, i int) {
	submit, start := submission(i), time.Now()
	receipt := c.insist(ctx, submit)
	c.accepted(i, receipt, time.Since(start))
	if i%3 == 0 && receipt != "" { // R9, R19: the first answer, whoever is asked
		again := c.insist(ctx, submit)
		c.mu.Lock()
		c.replays++
		c.mu.Unlock()
		if again != receipt && ctx.Err() == nil {
			c.complain("key submit-%d was told %s and %s", i, receipt, again)
		}
	}
	for ctx.Err() == nil && receipt != "" {
		code, err := c.code(ctx, receipt)
		if err == nil {
			c.insist(ctx, request{who: i, path: "/v1/transfers/" + receipt + "/verify", key: fmt.Sprintf("verify-%d", i), body: fmt.Sprintf(`{"code":%q}`, code)})
			return
		}
		c.count("code not readable")
		rest(ctx)
	}
}

// turnedAway is the answer of a door behind which nobody is any more.
const turnedAway = "turned away"

type request struct {
	who             int
	path, key, body string
}

func submission(i int) request {
	p := bench.Person(firstPerson + i)
	body := fmt.Sprintf(`{"target":%q,"target_phone4":%q,"consent":true}`, p.Taker(), p.TakerDigits())
	return request{who: i, path: "/v1/transfers", key: fmt.Sprintf("submit-%d", i), body: body}
}

// insist asks one API process after the other until there is a final answer, and gives its receipt.
func (c *crowd) insist(ctx context.Context, r request) (receipt string) {
	for try := 0; ctx.Err() == nil; try++ {
		status, body, err := c.ask(ctx, r, c.addrs[(r.who+try)%len(c.addrs)])
		switch {
		case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET): // a balancer asks another one
			c.count(turnedAway)
		case err != nil:
			c.count("none")
		case status == http.StatusOK || status == http.StatusAccepted:
			c.count(fmt.Sprint(status))
			var told struct{ Receipt string }
			if json.Unmarshal(body, &told) != nil || told.Receipt == "" {
				c.complain("%s was answered %d without a receipt: %s", r.key, status, body)
			}
			return told.Receipt
		case status == http.StatusConflict || status == http.StatusTooManyRequests || status >= 500:
			c.count(fmt.Sprint(status))
		default:
			c.complain("%s was answered %d: %s", r.key, status, body)
			return ""
		}
		rest(ctx)
	}
	return ""
}

// ask reads the whole answer: half of one is none.
func (c *crowd) ask(ctx context.Context, r request, addr string) (status int, body []byte, err error) {
	answer, err := c.post(ctx, c.http, r, addr)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

func (c *crowd) post(ctx context.Context, client *http.Client, r request, addr string) (*http.Response, error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	ask.Header.Set("Authorization", "Bearer "+c.tokens[r.who])
	ask.Header.Set("Idempotency-Key", r.key)
	ask.Header.Set("Content-Type", "application/json")
	return client.Do(ask)
}

func (c *crowd) accepted(i int, receipt string, took time.Duration) {
	if receipt == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.receipts[i] = receipt
	c.took = append(c.took, took)
}

func (c *crowd) count(answer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[answer]++
}

func (c *crowd) complain(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = append(c.broken, fmt.Sprintf(format, args...))
}

// told are the receipts that clients hold by now.
func (c *crowd) told() (receipts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, receipt := range c.receipts {
		receipts = append(receipts, receipt)
	}
	return receipts
}

// wereAnswered: nobody was left without an answer, or told that the desk is at fault.
func (c *crowd) wereAnswered() {
	c.t.Helper()
	for answer, n := range c.answers {
		if answer == "none" || strings.HasPrefix(answer, "5") {
			c.t.Errorf("%d requests were answered %q", n, answer)
		}
	}
}

// rest is a client's pause before it asks again.
func rest(ctx context.Context) {
	over := time.NewTimer(50*time.Millisecond + rand.N(150*time.Millisecond))
	defer over.Stop()
	select {
	case <-ctx.Done():
	case <-over.C:
	}
}
