package chaos

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"beian/internal/failpoint"
)

// clientsPerPoint come while a point is armed, so that somebody is in the middle of something.
const clientsPerPoint = 2

func TestR2_AKillAtEveryNamedPoint(t *testing.T) {
	if os.Getenv(secondsVariable) == "" {
		t.Skip("a death at every point takes minutes: make chaos")
	}
	for _, engine := range []string{"postgres", "sqlite"} {
		t.Run(engine, func(t *testing.T) {
			l := newLab(t, engine, len(failpoint.Points())*clientsPerPoint)
			c := l.crowd()
			ctx, stop := context.WithTimeout(t.Context(), time.Duration(len(failpoint.Points()))*pointLimit)
			defer stop()
			start := time.Now()
			for i, point := range failpoint.Points() {
				l.arm(point)
				for n := range clientsPerPoint {
					c.all.Go(func() { c.carry(ctx, i*clientsPerPoint+n) })
				}
				took := l.await("a process dies at "+string(point), pointLimit, func() bool { return l.hasFired(point) })
				t.Logf("R2 %s: %s, killed after %s", engine, point, took.Round(time.Millisecond))
			}
			storm := time.Since(start)
			quiet := l.await("everything is done after the last kill", quietLimit, c.isQuiet)
			c.all.Wait()
			c.whole()
			t.Logf("R2 %s: %d points hit in %s over %d jobs, answers %v; all done %s after the last", engine, len(failpoint.Points()),
				storm.Round(time.Second/10), len(c.tokens), c.answers, quiet.Round(time.Second/10))
		})
	}
}

// pointLimit is how long it may take until a process comes by: a lost lease must run out for one of them.
const pointLimit = 30 * time.Second

func (l *lab) arm(p failpoint.Point) {
	l.t.Helper()
	l.must(os.WriteFile(filepath.Join(l.armed, string(p)), nil, 0o600))
}

// hasFired reports whether a process took the point's file away and was found dead: it has no other end.
func (l *lab) hasFired(p failpoint.Point) bool {
	ended := l.revive()
	_, err := os.Stat(filepath.Join(l.armed, string(p)))
	return errors.Is(err, fs.ErrNotExist) && ended > 0
}
