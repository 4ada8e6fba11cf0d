package tasks_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"beian/internal/filing"
	"beian/internal/testenv"
	"beian/tasks"
)

// platform is the legacy platform's side: accounts by login, tickets, and a script
// of errors for what is asked next.
type platform struct {
	mu       sync.Mutex
	accounts map[string]*legacyAccount
	fails    []error // the next answers
	hook     func()  // during the next call
	opened   int
	asked    int
}

type legacyAccount struct {
	password string
	held     tasks.LegacyHoldings
	pictures map[string]string
}

func (p *platform) begin() error {
	p.mu.Lock()
	hook := p.hook
	p.hook = nil
	p.asked++
	var err error
	if len(p.fails) > 0 {
		err, p.fails = p.fails[0], p.fails[1:]
	}
	p.mu.Unlock()
	if hook != nil {
		hook()
	}
	return err
}

func (p *platform) Open(_ context.Context, c tasks.LegacyCredentials) (tasks.LegacyTicket, error) {
	if err := p.begin(); err != nil {
		return tasks.LegacyTicket{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened++
	a := p.accounts[c.Login]
	switch {
	case a == nil:
		return tasks.LegacyTicket{}, &tasks.LegacyError{Class: tasks.LegacyUnknown, Code: "NO_ACCOUNT"}
	case a.password != c.Password:
		return tasks.LegacyTicket{}, &tasks.LegacyError{Class: tasks.LegacyWrong, Code: "WRONG"}
	}
	return tasks.LegacyTicket{Account: a.held.ID, Token: "ticket-" + c.Login, ExpiresAt: time.Now().Add(50 * 365 * 24 * time.Hour)}, nil
}

func (p *platform) Find(_ context.Context, certificate filing.Certificate) (tasks.LegacyTicket, error) {
	if err := p.begin(); err != nil {
		return tasks.LegacyTicket{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for login, a := range p.accounts {
		if a.held.Subject.Certificate == certificate {
			return tasks.LegacyTicket{Account: a.held.ID, Token: "ticket-" + login, ExpiresAt: time.Now().Add(50 * 365 * 24 * time.Hour)}, nil
		}
	}
	return tasks.LegacyTicket{}, &tasks.LegacyError{Class: tasks.LegacyUnknown, Code: "NO_ACCOUNT"}
}

func (p *platform) Holdings(_ context.Context, t tasks.LegacyTicket) (tasks.LegacyHoldings, error) {
	if err := p.begin(); err != nil {
		return tasks.LegacyHoldings{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accounts[strings.TrimPrefix(t.Token, "ticket-")].held, nil
}

func (p *platform) Material(_ context.Context, t tasks.LegacyTicket, m tasks.LegacyMaterial) ([]byte, error) {
	if err := p.begin(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	picture, ok := p.accounts[strings.TrimPrefix(t.Token, "ticket-")].pictures[m.ID]
	if !ok {
		return nil, &tasks.LegacyError{Class: tasks.LegacyUnknown, Code: "NO_MATERIAL"}
	}
	return []byte(picture), nil
}

// answers scripts the next answers; nil is the usual one.
func (p *platform) answers(errs ...error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails = append(p.fails, errs...)
}

// during runs fn while the next call is out.
func (p *platform) during(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = fn
}

func (p *platform) calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

var errDown = &tasks.LegacyError{Class: tasks.LegacyDown, Code: "AWAY"}

// old is a legacy account of a test.
type old struct {
	login, password string
	account         *legacyAccount
	*platform
}

// legacyOffice is an office beside a legacy platform.
type legacyOffice struct {
	*office
	platform *platform
	cabinet  *cabinet
}

func openLegacy(tb testing.TB, change ...func(*tasks.Policy)) *legacyOffice {
	tb.Helper()
	return withPlatform(openOffice(tb, change...))
}

func withPlatform(o *office) *legacyOffice {
	out := &legacyOffice{office: o, platform: &platform{accounts: map[string]*legacyAccount{}}, cabinet: &cabinet{pictures: map[string][]byte{}}}
	o.parts.Legacy, o.parts.Cabinet, o.parts.Undo = out.platform, out.cabinet, undoFor
	o.desk = tasks.NewDesk(o.parts)
	return out
}

// eachLegacy runs a test that needs no jumps in time on both engines.
func eachLegacy(t *testing.T, test func(t *testing.T, o *legacyOffice)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, openLegacy(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, withPlatform(openOn(t, testenv.Postgres(t))))
	})
}

// old makes a legacy account with a subject, n websites, and a picture for each of
// them.
func (o *legacyOffice) old(n int) old {
	o.tb.Helper()
	o.people++
	k := o.people
	out := old{login: fmt.Sprintf("wan%d@old.example", k), password: fmt.Sprintf("Secret-%d-Pass", k), platform: o.platform}
	cert, err := filing.ParseCertificate(filing.CertificatePassport, fmt.Sprintf("L%08d", k))
	if err != nil {
		o.tb.Fatal(err)
	}
	icp, err := filing.ParseICPNumber(fmt.Sprintf("沪ICP备%08d号", 20000000+k))
	if err != nil {
		o.tb.Fatal(err)
	}
	a := &legacyAccount{password: out.password, pictures: map[string]string{}}
	a.held = tasks.LegacyHoldings{ID: fmt.Sprintf("LA%d", k), FiledAt: time.Date(2012, 5, 6, 0, 0, 0, 0, time.UTC),
		Subject: filing.Subject{Nature: filing.NatureIndividual, Name: "欧阳老先生", Certificate: cert, ICPNumber: icp,
			Principal: filing.Principal{Name: "欧阳老先生", Phone: o.parsedPhone(fmt.Sprintf("135%08d", k))}},
		Materials: []tasks.LegacyMaterial{a.picture(fmt.Sprintf("LM%d.s", k), "id_front")}}
	for i := range n {
		domain, err := filing.ParseDomain(fmt.Sprintf("old%d-%d.example.org", k, i+1))
		if err != nil {
			o.tb.Fatal(err)
		}
		a.held.Websites = append(a.held.Websites, tasks.LegacyWebsite{ID: fmt.Sprintf("LW%d.%d", k, i+1),
			Website: filing.Website{Name: "老站", Domain: domain, Suffix: i + 1,
				Principal: filing.Principal{Name: "司马旧识", Phone: o.parsedPhone(fmt.Sprintf("136%08d", k))}},
			Materials: []tasks.LegacyMaterial{a.picture(fmt.Sprintf("LM%d.%d", k, i+1), "site_photo")}})
	}
	out.account = a
	o.platform.mu.Lock()
	defer o.platform.mu.Unlock()
	o.platform.accounts[out.login] = a
	return out
}

func (a *legacyAccount) picture(id, kind string) tasks.LegacyMaterial {
	a.pictures[id] = "picture " + id
	sum := sha256.Sum256([]byte(a.pictures[id]))
	return tasks.LegacyMaterial{ID: id, Kind: kind, SHA256: sum[:], Bytes: len(a.pictures[id])}
}

func (o *legacyOffice) form(p person, from old) tasks.Submission {
	return tasks.Submission{Kind: tasks.KindLegacy, AccountID: p.id, Lang: "zh-CN", Once: tasks.Once{Scope: "import " + p.id, Key: o.key(), Fingerprint: "f"},
		Fields: map[string]string{tasks.FieldLegacyLogin: from.login, tasks.FieldLegacyPassword: from.password, tasks.FieldConsent: "yes"}}
}

// ask submits and lets what is due happen.
func (o *legacyOffice) ask(p person, from old) string {
	o.tb.Helper()
	acc, err := o.desk.Submit(o.ctx(), o.form(p, from))
	if err != nil {
		o.tb.Fatal(err)
	}
	o.run()
	return acc.Receipt
}

func (o *legacyOffice) as(p person) func(receipt string) tasks.View {
	return func(receipt string) tasks.View {
		o.tb.Helper()
		v, err := o.desk.Look(o.ctx(), receipt, p.viewer())
		if err != nil {
			o.tb.Fatal(err)
		}
		return v
	}
}

// confirm says yes with choices, in pairs.
func (o *legacyOffice) confirm(p person, receipt string, choices ...string) error {
	fields := map[string]string{tasks.FieldConsent: "yes"}
	for pair := range slices.Chunk(choices, 2) {
		fields[pair[0]] = pair[1]
	}
	_, err := o.desk.Act(o.ctx(), tasks.Action{Receipt: receipt, Verb: tasks.VerbConfirm, By: p.viewer(), Fields: fields,
		Once: tasks.Once{Scope: "import " + p.id, Key: o.key(), Fingerprint: "f"}})
	return err
}

// stands fails unless a job is in a state.
func (o *legacyOffice) stands(p person, receipt string, want tasks.State, blockers ...string) tasks.View {
	o.tb.Helper()
	v := o.as(p)(receipt)
	var got []string
	for _, b := range v.Job.Blockers {
		got = append(got, b.Code)
	}
	if v.Job.State != want || !slices.Equal(got, blockers) {
		o.tb.Fatalf("the job is %s with %v, want %s with %v", v.Job.State, got, want, blockers)
	}
	return v
}

// states counts a view's items by what became of them.
func states(v tasks.View) map[tasks.LegacyItemState]int {
	out := map[tasks.LegacyItemState]int{}
	for _, i := range v.Legacy.Items {
		out[i.State]++
	}
	return out
}

func wantStates(t testing.TB, v tasks.View, want map[tasks.LegacyItemState]int) {
	t.Helper()
	if got := states(v); !maps.Equal(got, want) {
		t.Errorf("items %v, want %v: %+v", got, want, v.Legacy.Items)
	}
	c := v.Legacy.Facts.Counts
	counted := map[tasks.LegacyItemState]int{}
	for state, n := range map[tasks.LegacyItemState]int{tasks.LegacyPending: c.Pending, tasks.LegacyImported: c.Imported, tasks.LegacyKept: c.Kept,
		tasks.LegacySkipped: c.Skipped, tasks.LegacyFailed: c.Failed} {
		if n > 0 {
			counted[state] = n
		}
	}
	if !maps.Equal(counted, want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}

// secrets counts what is still sealed of an import.
func (o *legacyOffice) secrets(p person, receipt string) (names []string) {
	o.tb.Helper()
	id := o.as(p)(receipt).Job.ID
	o.view(func(tx tasks.Tx) error {
		for _, name := range []string{"credentials", "certificate", "ticket", "holdings"} {
			if _, err := tx.Unseal(o.ctx(), id, name); err == nil {
				names = append(names, name)
			}
		}
		return nil
	})
	return names
}
