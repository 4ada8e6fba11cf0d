package chaos

import (
	"context"
	"slices"
	"testing"
	"time"
)

// quietLimit is how long an office may take to come to rest on a busy machine.
const quietLimit = 2 * time.Minute

// jobsPerSecond is how many clients come while a storm lasts.
const jobsPerSecond = 8

// Two storms at once would starve each other, so these do not run in parallel.

func TestR1_AStormOverRealProcesses(t *testing.T) {
	for _, engine := range []string{"postgres", "sqlite"} {
		t.Run(engine, func(t *testing.T) {
			seed, length := settings(t)
			l := newLab(t, engine, int(length.Seconds())*jobsPerSecond)
			c := l.crowd()
			ctx, stop := context.WithTimeout(t.Context(), length+quietLimit)
			defer stop()
			c.come(ctx, length)
			checks := c.watch()
			struck := l.storm(plan(seed, length, scene{staff: len(l.staff), networks: len(l.networks())}))
			l.redisIsUp()
			over := time.Now()
			l.await("everything is done after the storm", quietLimit, c.isQuiet)
			quiet, times := time.Since(over), checks()
			c.all.Wait()
			c.whole()
			slices.Sort(c.took)
			t.Logf("R1 %s: %s; %d jobs, %d replays, answers %v, submit until accepted p50 %s p99 %s; promises checked %d times; all done %s after the last mishap",
				engine, describe(struck), len(c.tokens), c.replays, c.answers, c.took[len(c.took)/2].Round(time.Millisecond),
				c.took[len(c.took)*99/100].Round(time.Millisecond), times, quiet.Round(time.Second/10))
		})
	}
}

func (l *lab) redisIsUp() {
	l.t.Helper()
	if l.redis.Pid() == 0 {
		l.must(l.redis.Start())
	}
}
