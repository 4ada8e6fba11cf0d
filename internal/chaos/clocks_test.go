package chaos

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// aheadVariable is by how many seconds a process of theProgramAhead sees the machine's clock ahead, and with @ from which
// moment of the machine on, in seconds since 1970: -3600@1793000000.
const aheadVariable = "BEIAN_TEST_AHEAD"

// aheadSource goes into the package time of theProgramAhead.
const aheadSource = `package time

import "syscall"

var aheadBy, aheadFrom = aheadOf()

func aheadOf() (by, from int64) {
	text, _ := syscall.Getenv("` + aheadVariable + `")
	for i := range len(text) {
		if text[i] == '@' {
			n, err := atoi(text[i+1:])
			if err != nil {
				panic("` + aheadVariable + `")
			}
			text, from = text[:i], int64(n)
			break
		}
	}
	if n, err := atoi(text); err == nil {
		by = int64(n)
	}
	return by, from
}

// ahead is what a clock shows that should show sec.
func ahead(sec int64) int64 {
	if sec < aheadFrom {
		return sec
	}
	return sec + aheadBy
}
`

// overlaid makes a program whose whole process, Asynq and go-redis included, lives by another wall clock: the package
// time of this Go is changed for it. Timers go by the monotonic clock and stay as they are.
func overlaid(dir string) (flags []string, err error) {
	of := filepath.Join(runtime.GOROOT(), "src", "time")
	source, err := os.ReadFile(filepath.Join(of, "time.go"))
	if err != nil {
		return nil, err
	}
	const now = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {\n\t\treturn Time{uint64(nsec), sec + unixToInternal, Local}"
	if strings.Count(string(source), now) != 1 {
		return nil, fmt.Errorf("%s reads the clock in a way that is not known here", runtime.Version())
	}
	changed := strings.Replace(string(source), now, strings.Replace(now, "\n", "\n\tsec = ahead(sec)\n", 1), 1)
	files := map[string]string{filepath.Join(of, "time.go"): changed, filepath.Join(of, "ahead.go"): aheadSource}
	replace := map[string]string{}
	for place, text := range files {
		replace[place] = filepath.Join(dir, filepath.Base(place))
		if err := os.WriteFile(replace[place], []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return []string{"-overlay", overlay}, os.WriteFile(overlay, list, 0o600)
}

// at is a member of the crew whose clock is wrong.
func at(command string, ahead time.Duration) string {
	return fmt.Sprintf("%s %s=%d", command, aheadVariable, int(ahead.Seconds()))
}

// jumpsAt is one whose clock jumps at a moment.
func jumpsAt(command string, by time.Duration, moment time.Time) string {
	return fmt.Sprintf("%s@%d", at(command, by), moment.Unix())
}

// skipsWithoutChaos leaves out what needs a second build of everything.
func skipsWithoutChaos(t *testing.T) {
	t.Helper()
	if os.Getenv(secondsVariable) == "" {
		t.Skip("wrong clocks are for make chaos: they need a build of everything with another package time")
	}
}

// The clocks of the machines are up to an hour wrong in both directions; PostgreSQL's is right, and decides.
func TestR12_EveryMachineHasAnotherClock(t *testing.T) {
	skipsWithoutChaos(t)
	const people = 60
	l := newLab(t, "postgres", people, at("api", time.Hour), at("api", -time.Hour), at("worker", -time.Hour), at("worker", 90*time.Second), at("worker", time.Hour))
	c := l.crowd()
	c.come(t.Context(), 4*time.Second)
	c.all.Wait()
	l.await("everything is done", quietLimit, c.isQuiet)
	c.whole()
	c.wereAnswered()
	slices.Sort(c.took)
	t.Logf("R12: %d jobs by machines 1 h ahead, 1 h behind and 90 s ahead: answers %v, submit until accepted p50 %s, the last %s; twice 0",
		people, c.answers, c.took[people/2].Round(time.Millisecond), c.took[people-1].Round(time.Millisecond))
}

// A receiver has an hour to answer (T8). Its last twenty seconds, which Asynq holds, are long over to every worker.
func TestR12_NoHoldEndsEarly(t *testing.T) {
	skipsWithoutChaos(t)
	const people = 10
	const left = 20 * time.Second
	l := newLab(t, "postgres", people, "api BEIAN_POLICY_TARGET_ACCEPTANCE=required BEIAN_POLICY_TARGET_WINDOW=1h",
		at("worker", 90*time.Second), at("worker", time.Hour))
	c := l.crowd()
	for i := range people {
		c.all.Go(func() { c.carry(t.Context(), i) })
	}
	c.all.Wait()
	count := func(query string) int {
		n, err := l.number(query)
		l.must(err)
		return n
	}
	const waiting = `SELECT count(*) FROM jobs WHERE state = 'target_confirm'`
	l.await("everybody waits for a receiver", time.Minute, func() bool { return count(waiting) == people })
	over := time.Now().Add(left).UnixMilli()
	for _, sooner := range []string{`UPDATE jobs SET expires_at = $1`, `UPDATE outbox SET not_before = $1 WHERE type = 'transfer:expire_confirm'`} {
		if _, err := l.raw.ExecContext(t.Context(), sooner, over); err != nil {
			t.Fatal(err)
		}
	}
	l.await("the workers come too early", left, func() bool {
		held, err := l.direct.ZCard(t.Context(), "asynq:{account}:retry").Result() // an early one is put back
		return err == nil && held > 0
	})
	tooEarly := time.Until(time.UnixMilli(over))
	l.await("the hour is over", left+time.Minute, func() bool { return count(waiting) == 0 })
	if n := count(`SELECT count(*) FROM jobs j JOIN timeline e ON e.job_id = j.id WHERE j.state = 'expired' AND e.what = 'expired' AND e.at >= j.expires_at`); n != people {
		t.Errorf("%d of %d windows ended when they were over", n, people)
	}
	for _, what := range append(c.breaches(always()), c.broken...) {
		t.Error(what)
	}
	t.Logf("R12: %d windows beside workers 90 s and 1 h ahead, who came %s too early: ended early 0", people, tooEarly.Round(time.Second))
}

// The clock that decides jumps, by an hour in either direction: SQLite's time is its process's.
func TestR12_TheClockThatDecidesJumps(t *testing.T) {
	skipsWithoutChaos(t)
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			const people = 60
			l := newLab(t, "sqlite", people, jumpsAt("dev", by, time.Now().Add(15*time.Second)))
			c := l.crowd()
			c.come(t.Context(), 25*time.Second)
			c.all.Wait()
			count := func(query string) int {
				n, err := l.number(query)
				l.must(err)
				return n
			}
			// Whoever held a code when its hour was taken is told so, and nobody else.
			late := slices.DeleteFunc(slices.Clone(c.broken), func(what string) bool { return !strings.HasPrefix(what, "verify-") })
			done := people - len(late)
			l.await("everything is done", quietLimit, func() bool { return count(`SELECT count(*) FROM jobs WHERE state = 'done'`) == done })
			if n := count(`SELECT count(*) FROM jobs WHERE state NOT IN ('done', 'expired', 'source_verify')`); n > 0 || by < 0 && done != people || done < people-5 {
				t.Errorf("%d of %d jobs are done, %d are in the middle; clients were told %v", done, people, n, c.broken)
			}
			for _, what := range c.breaches(always()) {
				t.Error(what)
			}
			t.Logf("R12: %d jobs over a jump of %s, %d codes run out by it: answers %v; twice 0", people, by, len(late), c.answers)
		})
	}
}
