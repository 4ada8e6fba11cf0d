package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"beian/internal/testenv"
)

// mishap is one fault of a storm.
type mishap struct {
	at, lasts time.Duration
	kind      kind
	target    int // among the processes or networks that the kind is about
	size      int // bytes until a cut
}

type kind string

const (
	kill      kind = "kill"
	freeze    kind = "freeze"
	flush     kind = "flush"
	killRedis kind = "kill Redis"
	blackhole kind = "blackhole"
	delay     kind = "delay"
	reset     kind = "reset"
	cut       kind = "cut"
)

// scene is how many things a storm can hit.
type scene struct{ staff, networks int }

// plan draws the mishaps of a storm; a seed is a storm. Half of them are the death of a process.
func plan(seed uint64, storm time.Duration, s scene) (all []mishap) {
	dice := rand.New(rand.NewPCG(seed, 21))
	pick := func(kinds ...kind) kind { return kinds[dice.IntN(len(kinds))] }
	for at := 300 * time.Millisecond; at < storm; at += 150*time.Millisecond + time.Duration(dice.IntN(450))*time.Millisecond {
		m := mishap{at: at, kind: pick(kill, kill, kill, kill, freeze, flush, killRedis, blackhole, delay, reset, reset, cut, cut),
			lasts: 200*time.Millisecond + time.Duration(dice.IntN(1500))*time.Millisecond, size: 1 + dice.IntN(6000)}
		switch m.kind {
		case kill:
			m.target = dice.IntN(s.staff)
		case freeze: // past the lease of two seconds, more often than not
			m.target, m.lasts = dice.IntN(s.staff), m.lasts+1500*time.Millisecond
		default:
			m.target = dice.IntN(s.networks)
		}
		all = append(all, m)
	}
	return all
}

func TestASeedIsAStorm(t *testing.T) {
	t.Parallel()
	s := scene{staff: 5, networks: 4}
	first, again := plan(7, time.Minute, s), plan(7, time.Minute, s)
	if !slices.Equal(first, again) || len(first) < 100 {
		t.Errorf("seed 7 makes %d mishaps, then %d others", len(first), len(again))
	}
	if slices.Equal(first, plan(8, time.Minute, s)) {
		t.Error("seeds 7 and 8 are the same storm")
	}
	seen := map[kind]int{}
	for _, m := range first {
		seen[m.kind]++
	}
	if len(seen) != 8 {
		t.Errorf("a minute has %v", seen)
	}
}

// networks are between clients and API, and between processes and what they use.
func (l *lab) networks() []*testenv.Proxy {
	all := append(slices.Clone(l.fronts), l.toRedis)
	if l.toRecord != nil {
		all = append(all, l.toRecord)
	}
	return all
}

// storm plays a plan and keeps the processes alive meanwhile; everything is whole again when it returns. It gives how
// often each kind struck.
func (l *lab) storm(mishaps []mishap) map[kind]int {
	l.t.Helper()
	struck, start := map[kind]int{}, time.Now()
	var ends []mishap
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(mishaps)+len(ends) > 0 {
		<-tick.C
		for len(mishaps) > 0 && time.Since(start) >= mishaps[0].at {
			struck[mishaps[0].kind]++
			l.must(l.begin(mishaps[0]))
			mishaps[0].at += mishaps[0].lasts
			ends, mishaps = append(ends, mishaps[0]), mishaps[1:]
		}
		ends = slices.DeleteFunc(ends, func(m mishap) bool {
			over := time.Since(start) >= m.at
			if over {
				l.must(l.end(m))
			}
			return over
		})
		l.revive()
	}
	for _, network := range l.networks() {
		network.Heal()
	}
	return struck
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) begin(m mishap) error {
	network := l.networks()[min(m.target, len(l.networks())-1)]
	switch m.kind {
	case kill: // revive starts it again
		l.staff[m.target].Kill()
		return l.staff[m.target].Start()
	case freeze:
		return ignoreGone(l.staff[m.target].Freeze())
	case flush:
		_ = l.direct.FlushAll(l.t.Context()).Err() // Redis may be away just now
	case killRedis:
		l.redis.Kill()
	case blackhole:
		network.Spoil(testenv.NetFault{Blackhole: true})
	case delay:
		network.Spoil(testenv.NetFault{Delay: 40 * time.Millisecond})
	case cut:
		network.Spoil(testenv.NetFault{Cut: m.size})
	case reset:
		network.Reset()
	}
	return nil
}

// end undoes a mishap; where two overlap, the first to end ends both.
func (l *lab) end(m mishap) error {
	switch m.kind {
	case freeze:
		return ignoreGone(l.staff[m.target].Thaw())
	case killRedis:
		if l.redis.Pid() == 0 {
			return l.redis.Start()
		}
	case blackhole, delay, cut:
		l.networks()[m.target].Heal()
	}
	return nil
}

// ignoreGone: a process may have ended by itself, which revive sees to.
func ignoreGone(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func describe(struck map[kind]int) string {
	var parts []string
	for k, n := range struck {
		parts = append(parts, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
