package legacy_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"beian/internal/legacy/legacytest"
	"beian/tasks"
)

func TestI2_TheBreakerKeepsCallsAwayAndLetsOneTry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		ticket := open(t, c, "wang-2009")
		sim.Inject(legacytest.RouteHoldings, away(), away(), away(), away(), away(), away())
		_, err := c.Holdings(t.Context(), ticket)
		wantError(t, err, tasks.LegacyDown, "UNAVAILABLE")
		_, err = c.Holdings(t.Context(), ticket) // the fifth failure opens it under the sixth try
		told := wantError(t, err, tasks.LegacyDown, "BREAKER_OPEN")
		if n := sim.Calls(legacytest.RouteHoldings); n != 5 || !c.BreakerOpen() {
			t.Fatalf("%d calls before it opened", n)
		}
		time.Sleep(10 * time.Second)
		_, err = c.Open(t.Context(), login("li-2008"))
		if later := wantError(t, err, tasks.LegacyDown, "BREAKER_OPEN"); later.After >= told.After || later.After > 20*time.Second {
			t.Errorf("after %s, then %s", told.After, later.After)
		}
		time.Sleep(20 * time.Second)
		_, err = c.Holdings(t.Context(), ticket) // the one try fails: open again
		wantError(t, err, tasks.LegacyDown, "BREAKER_OPEN")
		if n := sim.Calls(legacytest.RouteHoldings); n != 6 {
			t.Errorf("%d calls after its try", n)
		}
		time.Sleep(31 * time.Second)
		open(t, c, "li-2008")
		if _, err := c.Holdings(t.Context(), ticket); err != nil || c.BreakerOpen() {
			t.Error(err)
		}
	})
}

func TestACallerWhoLeavesSaysNothingAboutThePlatform(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		ticket := open(t, c, "wang-2009")
		for range 10 {
			ctx, leave := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, leave)
			sim.Inject(legacytest.RouteHoldings, legacytest.Fault{Hang: true})
			_, err := c.Holdings(ctx, ticket)
			wantError(t, err, tasks.LegacyDown, "CANCELLED")
			if !errors.Is(err, context.Canceled) {
				t.Error("the context's error is lost")
			}
		}
		if _, err := c.Holdings(t.Context(), ticket); err != nil {
			t.Errorf("the breaker counted them: %v", err)
		}
	})
}

// While the one try is out, the others are told to come soon.
func TestI2_OneTryAtATimeTellsWhetherThePlatformIsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, c := platform(t)
		ticket := open(t, c, "wang-2009")
		for range tripAfter {
			sim.Inject(legacytest.RouteSessions, legacytest.Fault{Status: 500, Body: []byte("oops")})
			_, err := c.Open(t.Context(), login("wang-2009"))
			wantError(t, err, tasks.LegacyDown, "HTTP_500")
		}
		time.Sleep(31 * time.Second)
		before := sim.Calls(legacytest.RouteHoldings)
		sim.Inject(legacytest.RouteHoldings, legacytest.Fault{Hang: true})
		done := make(chan error, 1)
		go func() {
			_, err := c.Holdings(t.Context(), ticket)
			done <- err
		}()
		synctest.Wait()
		_, err := c.Holdings(t.Context(), ticket)
		if told := wantError(t, err, tasks.LegacyDown, "BREAKER_OPEN"); told.After != time.Second {
			t.Errorf("told to wait %s", told.After)
		}
		if n := sim.Calls(legacytest.RouteHoldings) - before; n != 1 {
			t.Errorf("%d calls", n)
		}
		wantError(t, <-done, tasks.LegacyDown, "BREAKER_OPEN")
	})
}

// tripAfter is the number of the document.
const tripAfter = 5
