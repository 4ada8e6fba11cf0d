package smstest

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"beian/internal/sms"
)

// Fault is how a fake provider treats one message.
type Fault string

// What a fake provider can play. Taken means that the message is on its way to the
// phone although the caller does not get to know it.
const (
	Fine         Fault = "fine"          // taken, delivered at once
	Late         Fault = "late"          // taken, delivered when Arrives says so
	Undelivered  Fault = "undelivered"   // taken; the receipt says that the number is out of service
	Throttled    Fault = "throttled"     // the limit of a minute
	BadNumber    Fault = "bad number"    // refused
	Blacklisted  Fault = "blacklisted"   // Tencent refuses, Aliyun tells by the receipt
	OutOfBalance Fault = "out of money"  // refused until somebody pays
	Busy         Fault = "busy"          // a 500 with the provider's own code for "try again"
	Broken       Fault = "broken"        // a 503 without an answer
	BrokenTaken  Fault = "broken, taken" // the same, but taken
	Hangs        Fault = "hangs"         // never answers
	HangsTaken   Fault = "hangs, taken"  // the same, but taken
	Cut          Fault = "cut"           // the connection is closed without an answer
	CutTaken     Fault = "cut, taken"    // the same, but taken
	CutTakenSlow Fault = "slowly listed" // the same, and the first question finds nothing
	Malformed    Fault = "malformed"     // taken; the answer is not JSON
	Strange      Fault = "strange"       // refused with a code nobody knows
)

// Server is the other side of the wire: a provider over real HTTP that checks
// signatures as documented and knows the approved templates.
type Server struct {
	URL string

	keys       sms.Keys
	now        func() time.Time
	registered map[string]int // template code -> number of variables
	signs      []string

	mu     sync.Mutex
	plays  map[string][]Fault
	always map[string]Fault
	taken  map[string]*taken
	nonces map[string]bool
	calls  map[string]int
	done   chan struct{}
	serial int
	usual  Fault
}

// taken is a message that goes to a phone.
type taken struct {
	outID, phone, serial string
	at                   time.Time
	copies               int
	delivered            bool
	failed               string
	unlisted             int // questions that still find nothing
}

// Approved is what a provider has approved for us: signatures, and templates by
// their number of variables.
type Approved struct {
	Keys      sms.Keys
	Signs     []string
	Templates map[string]int
	Now       func() time.Time // time.Now by default
}

func newServer(t testing.TB, a Approved, handle func(*Server, http.ResponseWriter, *http.Request)) *Server {
	t.Helper()
	if a.Now == nil {
		a.Now = time.Now
	}
	s := &Server{keys: a.Keys, now: a.Now, registered: a.Templates, signs: a.Signs, plays: map[string][]Fault{}, always: map[string]Fault{},
		taken: map[string]*taken{}, nonces: map[string]bool{}, calls: map[string]int{}, done: make(chan struct{}), usual: Fine}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(s, w, r) }))
	s.URL = server.URL
	t.Cleanup(func() {
		close(s.done)
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// Plays scripts how the next messages to a phone are treated; afterwards it is as
// Always says.
func (s *Server) Plays(phone string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plays[phone] = append(s.plays[phone], faults...)
}

// Always says how messages to a phone are treated, or to every phone when it is
// empty.
func (s *Server) Always(phone string, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if phone == "" {
		s.usual = fault
		return
	}
	s.always[phone] = fault
}

// Copies counts how often a message was put on its way to its phone.
func (s *Server) Copies(outID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.taken[outID]; m != nil {
		return m.copies
	}
	return 0
}

// Taken lists the ids of all messages that went to a phone.
func (s *Server) Taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range s.taken {
		ids = append(ids, id)
	}
	return ids
}

// Arrives delivers a message that was late.
func (s *Server) Arrives(outID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[outID].delivered = true
}

// Calls counts the well signed calls of an action.
func (s *Server) Calls(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[action]
}

func (s *Server) counted(action string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[action]++
}

// next is how the present message to a phone is treated.
func (s *Server) next(phone string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if script := s.plays[phone]; len(script) > 0 {
		s.plays[phone] = script[1:]
		return script[0]
	}
	if fault, ok := s.always[phone]; ok {
		return fault
	}
	return s.usual
}

// take puts a message on its way. The second of the same id is a second SMS: the
// providers promise no idempotency.
func (s *Server) take(outID, phone string, fault Fault) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.taken[outID]
	if m == nil {
		s.serial++
		m = &taken{outID: outID, phone: phone, at: s.now(), serial: "serial-" + strconv.Itoa(s.serial)}
		s.taken[outID] = m
	}
	m.copies++
	m.delivered = fault != Late
	if fault == CutTakenSlow {
		m.unlisted = 1
	}
	if fault == Undelivered {
		m.failed, m.delivered = "MOBILE_NOT_ON_SERVICE", false
	}
	if fault == Blacklisted {
		m.failed, m.delivered = "MOBILE_IN_BLACK", false
	}
	return m.serial
}

// about lists what a phone was sent, as a question finds it.
func (s *Server) about(phone string) []taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []taken
	for _, m := range s.taken {
		switch {
		case m.phone != phone:
		case m.unlisted > 0:
			m.unlisted--
		default:
			found = append(found, *m)
		}
	}
	// As providers list: in the order of sending, so that pages fit together.
	slices.SortFunc(found, func(a, b taken) int {
		return cmp.Or(cmp.Compare(len(a.serial), len(b.serial)), cmp.Compare(a.serial, b.serial))
	})
	return found
}

// silent plays the faults that give no proper answer, and says whether it did.
func (s *Server) silent(w http.ResponseWriter, r *http.Request, fault Fault) bool {
	switch fault {
	case Broken, BrokenTaken:
		http.Error(w, "<html>upstream</html>", http.StatusServiceUnavailable)
	case Malformed:
		_, _ = w.Write([]byte("<html>200 but no JSON</html>"))
	case Hangs, HangsTaken:
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
	case Cut, CutTaken, CutTakenSlow:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// isTaken says whether a message of a fault that gives no answer goes to the phone.
func isTaken(fault Fault) bool {
	switch fault {
	case BrokenTaken, HangsTaken, CutTaken, CutTakenSlow, Malformed:
		return true
	}
	return false
}
