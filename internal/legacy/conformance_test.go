package legacy_test

import (
	"crypto/sha256"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
	"beian/internal/legacy"
	"beian/internal/legacy/legacytest"
	"beian/tasks"
)

// expectation is what the connector makes of a login.
type expectation struct {
	open     tasks.LegacyClass // of the error; empty is a ticket
	holdings tasks.LegacyClass
	websites int
	faults   int
	papers   map[tasks.LegacyClass]int // how many papers end how; "" is fine
}

func expectations() map[string]expectation {
	whole := func(websites, papers int) expectation {
		return expectation{websites: websites, papers: map[tasks.LegacyClass]int{"": papers}}
	}
	return map[string]expectation{
		"wang-2009":   whole(3, 6),
		"hengda-2011": whole(12, 6),
		"big":         whole(200, 7),
		"li-2008":     whole(2, 5),
		"held-here":   whole(1, 4),
		"mismatch":    whole(1, 4),
		"too-new":     whole(1, 4),
		"slow":        whole(2, 5),
		"flaky":       whole(2, 5),
		"down":        {open: tasks.LegacyDown},
		"hangs":       {holdings: tasks.LegacyDown},
		"wrong":       {open: tasks.LegacyWrong},
		"locked":      {open: tasks.LegacyLocked},
		"half-broken": {websites: 3, faults: 10, papers: map[tasks.LegacyClass]int{"": 3, tasks.LegacyUnknown: 1, tasks.LegacyBroken: 1}},
	}
}

func TestI2_TheConnectorMakesOfEveryLoginWhatItPlays(t *testing.T) {
	t.Parallel()
	all := expectations()
	for _, l := range legacytest.Logins() {
		want, known := all[l.Name]
		if !known || l.English == "" || l.Chinese == "" {
			t.Errorf("login %s has no expectation or no description", l.Name)
		}
		delete(all, l.Name)
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, c := platform(t)
				got := visit(t, c, l.Name)
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(expectation{})); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
	for name := range all {
		t.Errorf("login %s is not in the simulator", name)
	}
}

// visit goes as far as a login lets one and tells how.
func visit(t *testing.T, c *legacy.Connector, name string) (got expectation) {
	t.Helper()
	ticket, err := c.Open(t.Context(), login(name))
	if err != nil {
		got.open = wantClass(t, err)
		return got
	}
	if ticket.Account != "L-"+name || ticket.ExpiresAt.Sub(time.Now()).Round(time.Hour) != legacytest.TicketLife {
		t.Errorf("ticket for %s until %s", ticket.Account, ticket.ExpiresAt)
	}
	h, err := c.Holdings(t.Context(), ticket)
	if err != nil {
		got.holdings = wantClass(t, err)
		return got
	}
	if h.Subject.Name == "" || h.Subject.Certificate.IsZero() || h.Subject.ICPNumber.IsZero() || h.FiledAt.IsZero() {
		t.Error("the subject is not whole")
	}
	got.websites, got.faults, got.papers = len(h.Websites), len(h.Faults), map[tasks.LegacyClass]int{}
	papers := h.Materials
	for _, w := range h.Websites {
		papers = append(papers, w.Materials...)
	}
	for _, m := range papers {
		picture, err := c.Material(t.Context(), ticket, m)
		if err != nil {
			got.papers[wantClass(t, err)]++
			continue
		}
		if sum := sha256.Sum256(picture); string(sum[:]) != string(m.SHA256) || len(picture) != m.Bytes {
			t.Errorf("%s is not what the export says", m.ID)
		}
		got.papers[""]++
	}
	return got
}

func wantClass(t *testing.T, err error) tasks.LegacyClass {
	t.Helper()
	told, ok := err.(*tasks.LegacyError) //nolint:errorlint // the port promises the type itself
	if !ok {
		t.Fatalf("%T is no *tasks.LegacyError", err)
	}
	return told.Class
}

func TestI5_AnExportIsReadFieldByField(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := platform(t)
		h, err := c.Holdings(t.Context(), open(t, c, "wang-2009"))
		if err != nil {
			t.Fatal(err)
		}
		w := h.Websites[1]
		got := []string{h.ID, h.FiledAt.Format(time.RFC3339), string(h.Subject.Nature), h.Subject.Name, h.Subject.Certificate.Reveal(),
			h.Subject.ICPNumber.String(), h.Subject.Principal.Phone.Reveal(), w.ID, w.Website.Name, w.Website.Domain.String(), w.Website.Principal.Name,
			w.Website.DomainAccount, w.Website.ServerAccount, w.Materials[0].Kind}
		want := []string{"H-wang-2009", "2009-06-18T00:00:00+08:00", "individual", "王芳", "110102198805152643",
			"京ICP备09012345号", "13900139102", "wang-2009-w2", "芳的旅行", "fang2.example.com", "王芳", "L-wang-2009", "L-wang-2009", "domain_certificate"}
		if diff := cmp.Diff(want, got); diff != "" || w.Website.Suffix != 2 {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestI7_ACertificateFindsItsAccountAndNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := platform(t)
		hers, err := filing.ParseCertificate(filing.CertificateIDCard, "110102198805152643")
		if err != nil {
			t.Fatal(err)
		}
		ticket, err := c.Find(t.Context(), hers)
		if err != nil || ticket.Account != "L-wang-2009" {
			t.Fatalf("found %s, %v", ticket.Account, err)
		}
		if h, err := c.Holdings(t.Context(), ticket); err != nil || h.Subject.Certificate != hers {
			t.Errorf("its holdings: %v", err)
		}
		nobodys, err := filing.ParseCertificate(filing.CertificateIDCard, "330106198706123421")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Find(t.Context(), nobodys)
		wantError(t, err, tasks.LegacyUnknown, "ACCOUNT_UNKNOWN")
	})
}

func TestATicketEndsAfterSevenDaysAndFitsOneAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := platform(t)
		ticket := open(t, c, "wang-2009")
		foreign := ticket
		foreign.Account = "L-li-2008"
		_, err := c.Holdings(t.Context(), foreign)
		wantError(t, err, tasks.LegacyBroken, "ACCOUNT_DIFFERS")
		forged := ticket
		forged.Token = "L-li-2008" + ticket.Token[len("L-wang-2009"):]
		_, err = c.Holdings(t.Context(), forged)
		wantError(t, err, tasks.LegacyUnknown, "TICKET_UNKNOWN")
		time.Sleep(time.Until(ticket.ExpiresAt) - time.Second)
		if _, err := c.Holdings(t.Context(), ticket); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		_, err = c.Holdings(t.Context(), ticket)
		wantError(t, err, tasks.LegacyUnknown, "TICKET_UNKNOWN")
	})
}
