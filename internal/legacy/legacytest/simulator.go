package legacytest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"beian/internal/filing"
	"beian/internal/legacy"
)

// Password opens every login of the simulator.
const Password = "legacy-demo-2009"

// DemoKey is what the simulator knows us by unless told otherwise.
func DemoKey() legacy.Key {
	return legacy.Key{ID: "beian-demo", Secret: func() string { return "not-a-secret-opens-made-up-data-only" }}
}

// Routes of the protocol, as Calls and Inject know them.
const (
	RouteSessions  = "POST /v1/sessions"
	RouteGrants    = "POST /v1/grants"
	RouteHoldings  = "GET /v1/holdings"
	RouteMaterials = "GET /v1/materials/{id}"
)

// Options of a simulator. Key is DemoKey and Now time.Now by default. Sketch makes
// every picture a small coloured plate, for tests that have no time for papers.
type Options struct {
	Key    legacy.Key
	Now    func() time.Time
	Sketch bool
}

// Simulator is a legacy platform. It keeps no record: tickets outlive a restart, what
// it counts does not.
type Simulator struct {
	key      legacy.Key
	now      func() time.Time
	mux      *http.ServeMux
	accounts []*account
	studio   studio

	mu       sync.Mutex
	calls    map[string]int
	faults   map[string][]Fault
	first    map[string]time.Time // when a login was first asked for
	attempts map[string]int       // by login and route
}

var _ http.Handler = (*Simulator)(nil)

// New builds a simulator.
func New(o Options) *Simulator {
	if o.Key.ID == "" {
		o.Key = DemoKey()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Simulator{key: o.Key, now: o.Now, mux: http.NewServeMux(), accounts: accounts(), calls: map[string]int{},
		faults: map[string][]Fault{}, first: map[string]time.Time{}, attempts: map[string]int{}}
	s.studio = studio{sketch: o.Sketch, drawn: map[string]map[string][]byte{}}
	s.mux.HandleFunc(RouteSessions, s.sessions)
	s.mux.HandleFunc(RouteGrants, s.grants)
	s.mux.HandleFunc(RouteHoldings, s.withTicket(s.holdings))
	s.mux.HandleFunc(RouteMaterials, s.withTicket(s.material))
	return s
}

// mostBody is more than any request of the protocol has.
const mostBody = 16 << 10

// ServeHTTP counts a request, plays an injected fault, checks who asks, and answers.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, route := s.mux.Handler(r)
	if f, ok := s.count(route); ok {
		f.play(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody+1))
	if err != nil || len(body) > mostBody || route == "" || r.URL.RawQuery != "" {
		refuse(w, http.StatusBadRequest, "REQUEST_INVALID")
		return
	}
	if code := s.key.Verify(r, body, s.now()); code != "" {
		refuse(w, http.StatusUnauthorized, code)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mux.ServeHTTP(w, r)
}

func (s *Simulator) sessions(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Login, Password string }
	if !read(w, r, &asked) {
		return
	}
	for _, a := range s.accounts {
		if a.login != asked.Login {
			continue
		}
		if !s.act(w, r, a) {
			return
		}
		if a.plays == playsWrong || asked.Password != Password {
			break
		}
		s.giveTicket(w, a)
		return
	}
	refuse(w, http.StatusForbidden, "CREDENTIALS_WRONG") // the same for a login that does not exist
}

func (s *Simulator) grants(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Certificate struct {
			Type   filing.CertificateType
			Number string
		}
	}
	if !read(w, r, &asked) {
		return
	}
	for _, a := range s.accounts {
		if a.subject.Certificate.Type == string(asked.Certificate.Type) && a.subject.Certificate.Number == asked.Certificate.Number {
			s.giveTicket(w, a)
			return
		}
	}
	refuse(w, http.StatusNotFound, "ACCOUNT_UNKNOWN")
}

func (s *Simulator) holdings(w http.ResponseWriter, _ *http.Request, a *account) {
	pictures, err := s.studio.pictures(a)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "PAPERS_NOT_DRAWN")
		return
	}
	answer(w, http.StatusOK, a.export(pictures))
}

func (s *Simulator) material(w http.ResponseWriter, r *http.Request, a *account) {
	pictures, err := s.studio.pictures(a)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "PAPERS_NOT_DRAWN")
		return
	}
	id := r.PathValue("id")
	picture, found := pictures[id]
	if !found || a.lost(id) {
		refuse(w, http.StatusNotFound, "MATERIAL_UNKNOWN")
		return
	}
	if a.spoilt(id) {
		picture = picture[:len(picture)-1]
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(picture)))
	_, _ = w.Write(picture) // who hung up is gone
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, "REQUEST_INVALID")
		return false
	}
	return true
}

func refuse(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]string{"code": code})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who hung up is gone
}
