package legacytest

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// plays is what a login does beside its data.
type plays int

const (
	playsNothing plays = iota
	playsSlow
	playsDown
	playsHangs
	playsFlaky
	playsWrong
	playsLocked
	playsBroken
)

const (
	slowBy    = 3 * time.Second
	downFor   = 20 * time.Second
	downEvery = 5 * time.Minute
	downHint  = 5
	lockHint  = 3600
)

// act plays an account's part; false when that was the answer.
func (s *Simulator) act(w http.ResponseWriter, r *http.Request, a *account) bool {
	reading := r.Method == http.MethodGet
	switch {
	case a.plays == playsSlow:
		return wait(r, slowBy)
	case a.plays == playsDown && s.sinceFirst(a)%downEvery < downFor:
		Fault{Status: http.StatusServiceUnavailable, Code: "UNAVAILABLE", RetryAfter: downHint}.play(w, r)
	case a.plays == playsHangs && reading:
		Fault{Hang: true}.play(w, r)
	case a.plays == playsFlaky && s.isOdd(a, r):
		Fault{Status: http.StatusServiceUnavailable, Code: "UNAVAILABLE", Cut: reading}.play(w, r)
	case a.plays == playsLocked:
		Fault{Status: http.StatusLocked, Code: "LOGIN_LOCKED", RetryAfter: lockHint}.play(w, r)
	default:
		return true
	}
	return false
}

// sinceFirst is how long ago a login was first asked for.
func (s *Simulator) sinceFirst(a *account) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first[a.login].IsZero() {
		s.first[a.login] = time.Now() // as people wait, not as the office's clock runs
	}
	return time.Since(s.first[a.login])
}

// isOdd counts a login's requests for a path.
func (s *Simulator) isOdd(a *account, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := a.login + " " + r.URL.Path
	s.attempts[key]++
	return s.attempts[key]%2 == 1
}

// wait reports false when the caller hung up.
func wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-timer.C:
		return true
	}
}

// Fault is what a test makes the simulator answer instead. One of Hang and Cut, or a
// status with a code, or with a body of any kind.
type Fault struct {
	Status     int
	Code       string
	RetryAfter int    // seconds
	Location   string // of a redirect
	Body       []byte
	Hang       bool // no answer until the caller hangs up
	Cut        bool // the connection ends without an answer
}

func (f Fault) play(w http.ResponseWriter, r *http.Request) {
	switch {
	case f.Hang:
		_, _ = io.Copy(io.Discard, r.Body) // a server sees who hung up only once the request is read
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.Cut:
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	if f.Location != "" {
		w.Header().Set("Location", f.Location)
	}
	if f.Body == nil {
		refuse(w, f.Status, f.Code)
		return
	}
	w.WriteHeader(f.Status)
	_, _ = w.Write(f.Body) // who hung up is gone
}

// Inject answers the next requests for a route with faults, in this order.
func (s *Simulator) Inject(route string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[route] = append(s.faults[route], faults...)
}

// Calls is how many requests came for a route, those that failed included.
func (s *Simulator) Calls(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[route]
}

// count notes a request and takes the fault that was injected for it.
func (s *Simulator) count(route string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[route]++
	if len(s.faults[route]) == 0 {
		return Fault{}, false
	}
	f := s.faults[route][0]
	s.faults[route] = s.faults[route][1:]
	return f, true
}
