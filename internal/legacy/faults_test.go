package legacy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"beian/internal/filing"
	"beian/internal/legacy"
	"beian/internal/legacy/legacytest"
	"beian/tasks"
)

func away() legacytest.Fault { return legacytest.Fault{Status: 503, Code: "UNAVAILABLE"} }

func TestI2_AReadingIsTriedAgainAfterPausesThatGrow(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		fault legacytest.Fault
		took  time.Duration
	}{
		"503":                   {away(), 750 * time.Millisecond},
		"500 of something else": {legacytest.Fault{Status: 500, Body: []byte("<h1>oops</h1>")}, 750 * time.Millisecond},
		"throttled":             {legacytest.Fault{Status: 429, Code: "TOO_MANY_REQUESTS"}, 750 * time.Millisecond},
		"cut":                   {legacytest.Fault{Cut: true}, 250 * time.Millisecond}, // the first by Go's transport, as the connection was a kept one
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim, c := platform(t)
				ticket := open(t, c, "wang-2009")
				sim.Inject(legacytest.RouteHoldings, test.fault, test.fault)
				begun := time.Now()
				if _, err := c.Holdings(t.Context(), ticket); err != nil {
					t.Fatal(err)
				}
				if n, took := sim.Calls(legacytest.RouteHoldings), time.Since(begun); n != 3 || took != test.took {
					t.Errorf("%d calls in %s", n, took)
				}
			})
		})
	}
}

func TestPausesDifferByTheJitterAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t, func(o *legacy.Options) { o.Jitter = func() float64 { return 0 } })
		sim.Inject(legacytest.RouteGrants, away(), away())
		begun := time.Now()
		if _, err := c.Find(t.Context(), certificate(t)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 375*time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}

func certificate(t *testing.T) filing.Certificate {
	t.Helper()
	c, err := filing.ParseCertificate(filing.CertificateIDCard, "110102198805152643")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestI2_AReadingEndsAfterThreeTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		ticket := open(t, c, "wang-2009")
		sim.Inject(legacytest.RouteHoldings, away(), away(), away())
		_, err := c.Holdings(t.Context(), ticket)
		wantError(t, err, tasks.LegacyDown, "UNAVAILABLE")
		if n := sim.Calls(legacytest.RouteHoldings); n != 3 {
			t.Errorf("%d calls", n)
		}
	})
}

// A wrong password counts at the platform, too: a sign-in whose answer was lost may
// have been looked at.
func TestI2_ASignInIsNotRepeatedUnlessNobodyLookedAtIt(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		fault legacytest.Fault
		calls int
		code  string
	}{
		"away":           {away(), 2, ""},
		"throttled":      {legacytest.Fault{Status: 429, Code: "TOO_MANY_REQUESTS"}, 2, ""},
		"answer lost":    {legacytest.Fault{Cut: true}, 1, "CUT_OFF"},
		"gateway away":   {legacytest.Fault{Status: 503, Body: []byte("no backend")}, 1, "HTTP_503"},
		"gateway":        {legacytest.Fault{Status: 502, Body: []byte("bad gateway")}, 1, "HTTP_502"},
		"never answered": {legacytest.Fault{Hang: true}, 1, "TIMEOUT"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim, c := platform(t)
				open(t, c, "li-2008") // so that the connection is a kept one, which transports like to repeat on
				sim.Inject(legacytest.RouteSessions, test.fault)
				_, err := c.Open(t.Context(), login("wang-2009"))
				if test.code != "" {
					wantError(t, err, tasks.LegacyDown, test.code)
				} else if err != nil {
					t.Error(err)
				}
				if n := sim.Calls(legacytest.RouteSessions) - 1; n != test.calls {
					t.Errorf("%d calls, want %d", n, test.calls)
				}
			})
		})
	}
}

func TestI2_WrongCredentialsAreFinalAndHarmNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		for range 20 {
			_, err := c.Open(t.Context(), tasks.LegacyCredentials{Login: "wang-2009", Password: "guess"})
			wantError(t, err, tasks.LegacyWrong, "CREDENTIALS_WRONG")
			_, err = c.Open(t.Context(), login("nobody"))
			wantError(t, err, tasks.LegacyWrong, "CREDENTIALS_WRONG")
			_, err = c.Open(t.Context(), login("locked"))
			if told := wantError(t, err, tasks.LegacyLocked, "LOGIN_LOCKED"); told.After != time.Hour {
				t.Errorf("locked for %s", told.After)
			}
		}
		if n := sim.Calls(legacytest.RouteSessions); n != 60 {
			t.Errorf("%d calls for 60 sign-ins", n)
		}
		open(t, c, "wang-2009")
	})
}

func TestALongWaitIsToldAndNotWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		begun := time.Now()
		_, err := c.Open(t.Context(), login("down"))
		if told := wantError(t, err, tasks.LegacyDown, "UNAVAILABLE"); told.After != 5*time.Second || time.Since(begun) > 0 {
			t.Errorf("told to wait %s after %s", told.After, time.Since(begun))
		}
		time.Sleep(20 * time.Second)
		open(t, c, "down")
		if n := sim.Calls(legacytest.RouteSessions); n != 2 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestI2_EveryCallEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		ticket := open(t, c, "wang-2009")
		hang := legacytest.Fault{Hang: true}
		sim.Inject(legacytest.RouteHoldings, hang, hang, hang)
		begun := time.Now()
		_, err := c.Holdings(t.Context(), ticket)
		wantError(t, err, tasks.LegacyDown, "TIMEOUT")
		if took := time.Since(begun); took != 20*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestAnswersThatCantBeReadAreBrokenAndNotRepeated(t *testing.T) {
	t.Parallel()
	export := `{"account":"L-wang-2009","id":`
	cases := map[string]struct {
		status int
		body   string
		code   string
	}{
		"a page":            {200, "<html>sign in to the network</html>", "ANSWER_INVALID"},
		"no object":         {200, `[]`, "ANSWER_INVALID"},
		"half an object":    {200, export, "ANSWER_INVALID"},
		"not UTF-8":         {200, export + "\"\xff\"}", "ANSWER_INVALID"},
		"no id":             {200, export + `null}`, "ID_INVALID"},
		"an odd id":         {200, export + `"../7"}`, "ID_INVALID"},
		"another account's": {200, `{"account":"L-li-2008","id":"H-1"}`, "ACCOUNT_DIFFERS"},
		"too large":         {200, strings.Repeat(" ", 4<<20+1), "TOO_LARGE"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim, c := platform(t)
				ticket := open(t, c, "wang-2009")
				sim.Inject(legacytest.RouteHoldings, legacytest.Fault{Status: test.status, Body: []byte(test.body)})
				_, err := c.Holdings(t.Context(), ticket)
				wantError(t, err, tasks.LegacyBroken, test.code)
				if n := sim.Calls(legacytest.RouteHoldings); n != 1 {
					t.Errorf("%d calls", n)
				}
			})
		})
	}
}

func TestI3_APasswordGoesNowhereElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		sim.Inject(legacytest.RouteSessions, legacytest.Fault{Status: 307, Location: "http://elsewhere.example.com/v1/sessions", Body: []byte("moved")})
		_, err := c.Open(t.Context(), login("wang-2009"))
		wantError(t, err, tasks.LegacyBroken, "HTTP_307")
		if n := sim.Calls(legacytest.RouteSessions); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestATicketWithoutItsPartsIsBroken(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"account":"L-1","ticket":"short","expires_at":"2100-01-01T00:00:00Z"}`, "0",
		`{"account":"L-1","ticket":"long-enough-for-a-ticket","expires_at":"1999-01-01T00:00:00Z"}`,
		"{\"account\":\"L-1\",\"ticket\":\"long-enough\\r\\nX-Header: 1\",\"expires_at\":\"2100-01-01T00:00:00Z\"}",
		`{"account":"a/b","ticket":"long-enough-for-a-ticket","expires_at":"2100-01-01T00:00:00Z"}`} {
		synctest.Test(t, func(t *testing.T) {
			sim, c := platform(t)
			sim.Inject(legacytest.RouteSessions, legacytest.Fault{Status: 201, Body: []byte(body)})
			_, err := c.Open(t.Context(), login("wang-2009"))
			wantError(t, err, tasks.LegacyBroken, "ANSWER_INVALID")
		})
	}
}

func TestAPictureIsAtMostTenMegabytesAndWhatItsDigestSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		ticket := open(t, c, "wang-2009")
		h, err := c.Holdings(t.Context(), ticket)
		if err != nil {
			t.Fatal(err)
		}
		sim.Inject(legacytest.RouteMaterials, legacytest.Fault{Status: 200, Body: make([]byte, legacy.MaxMaterial+1)},
			legacytest.Fault{Status: 200, Body: []byte("another picture")})
		for _, code := range []string{"TOO_LARGE", "DIGEST_DIFFERS"} {
			_, err = c.Material(t.Context(), ticket, h.Materials[0])
			wantError(t, err, tasks.LegacyBroken, code)
		}
		_, err = c.Material(t.Context(), ticket, tasks.LegacyMaterial{ID: "nothing-of-the-kind"})
		wantError(t, err, tasks.LegacyUnknown, "MATERIAL_UNKNOWN")
	})
}

func TestARefusedKeyIsTheOperatorsMatter(t *testing.T) {
	t.Parallel()
	key := func(id, secret string) func(*legacy.Options) {
		return func(o *legacy.Options) { o.Key = legacy.Key{ID: id, Secret: func() string { return secret }} }
	}
	cases := map[string]func(*legacy.Options){
		"KEY_UNKNOWN":     key("somebody", legacytest.DemoKey().Secret()),
		"SIGNATURE_WRONG": key(legacytest.DemoKey().ID, "another secret"),
		"SIGNATURE_STALE": func(o *legacy.Options) { o.Now = func() time.Time { return time.Now().Add(6 * time.Minute) } },
	}
	for code, change := range cases {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim, c := platform(t, change)
				_, err := c.Open(t.Context(), login("wang-2009"))
				wantError(t, err, tasks.LegacyRefused, code)
				if n := sim.Calls(legacytest.RouteSessions); n != 1 {
					t.Errorf("%d calls", n)
				}
			})
		})
	}
}

func TestI2_ACheckTellsWhetherThePlatformKnowsUs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		if err := c.Check(t.Context()); err != nil {
			t.Error(err)
		}
		sim.Inject(legacytest.RouteHoldings, legacytest.Fault{Status: 401, Code: "KEY_UNKNOWN"})
		wantError(t, c.Check(t.Context()), tasks.LegacyRefused, "KEY_UNKNOWN")
		sim.Inject(legacytest.RouteHoldings, legacytest.Fault{Status: 200, Body: []byte("<html>")})
		wantError(t, c.Check(t.Context()), tasks.LegacyBroken, "ANSWER_INVALID")
	})
}

func TestAnUntrustedCertificateIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	sim := legacytest.New(legacytest.Options{Sketch: true})
	server := httptest.NewUnstartedServer(sim)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := legacy.New(legacy.Options{URL: server.URL, Key: legacytest.DemoKey(), Transport: transport, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Open(t.Context(), login("wang-2009"))
	wantError(t, err, tasks.LegacyRefused, "TLS_UNTRUSTED")
	if n := sim.Calls(legacytest.RouteSessions); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestNobodyAtTheAddressIsTriedAgainEvenForASignIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		absent := func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		}
		c := connect(t, http.NotFoundHandler(), func(o *legacy.Options) { o.Transport = &http.Transport{DialContext: absent} })
		_, err := c.Open(t.Context(), login("wang-2009"))
		wantError(t, err, tasks.LegacyDown, "UNREACHABLE")
		if dials != 3 {
			t.Errorf("%d dials", dials)
		}
	})
}

func TestI3_NoErrorAndNoLogLineCarriesAValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		sim, c := platform(t, func(o *legacy.Options) { o.Log = zerolog.New(&lines) })
		given := tasks.LegacyCredentials{Login: "canary-login", Password: "canary-password"}
		ticket := open(t, c, "wang-2009")
		said := []byte(`{"code":"canary-login canary-password 110102198805152643"}`)
		var errs []error
		note := func(err error) {
			if err == nil {
				t.Error("a fault passed for an answer")
			}
			errs = append(errs, err)
		}
		for _, f := range []legacytest.Fault{{Cut: true}, {Hang: true}, {Status: 500, Body: said}, {Status: 403, Body: said}, {Status: 200, Body: said}} {
			sim.Inject(legacytest.RouteSessions, f)
			_, err := c.Open(t.Context(), given)
			note(err)
			sim.Inject(legacytest.RouteMaterials, f, f, f)
			_, err = c.Material(t.Context(), ticket, tasks.LegacyMaterial{ID: "canary-material"})
			note(err)
			time.Sleep(time.Minute) // past the breaker
		}
		sim.Inject(legacytest.RouteGrants, legacytest.Fault{Status: 404, Body: said})
		_, err := c.Find(t.Context(), certificate(t))
		note(err)
		text := errors.Join(errs...).Error() + lines.String()
		for _, secret := range []string{"canary", "110102198805152643", ticket.Token, legacytest.DemoKey().Secret()} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows in %s", secret, text)
			}
		}
		if !strings.Contains(lines.String(), "TIMEOUT") {
			t.Error("the log is silent")
		}
	})
}

func TestAConnectorNeedsAnAddressAndAKey(t *testing.T) {
	t.Parallel()
	for _, o := range []legacy.Options{{Key: legacytest.DemoKey()}, {URL: "ftp://x", Key: legacytest.DemoKey()}, {URL: "https://"}, {URL: "https://x"},
		{URL: "https://x", Key: legacy.Key{ID: "k", Secret: func() string { return "" }}}} {
		if _, err := legacy.New(o); err == nil {
			t.Errorf("accepted %q with key %q", o.URL, o.Key.ID)
		}
	}
}
