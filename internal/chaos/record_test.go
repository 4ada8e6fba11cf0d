package chaos

import (
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"beian/internal/testenv"
)

// What takes these further than `make test` does.
const (
	cutsVariable = "BEIAN_TEST_CUTS"          // how often R9 cuts
	awayVariable = "BEIAN_TEST_DATABASE_AWAY" // how long R8 keeps the database away, such as 60s
)

// commitAnswer is PostgreSQL's word that a COMMIT is done: CommandComplete, its length, the tag.
const commitAnswer = "C\x00\x00\x00\x0bCOMMIT\x00"

func TestR9_TheAnswerToACommitIsLost(t *testing.T) {
	cuts := times(t, cutsVariable, 30)
	l := newLab(t, "postgres", cuts, "api", "api")
	c := l.crowd()
	for i := range cuts {
		submit := submission(i)
		l.toRecord.Spoil(testenv.NetFault{Withhold: []byte(commitAnswer)})
		l.await("a job is committed without an answer", time.Minute, func() bool {
			if _, _, err := c.ask(t.Context(), submit, c.addrs[i%len(c.addrs)]); err != nil {
				c.complain("%s: %v", submit.key, err)
			}
			jobs, err := l.number(`SELECT count(*) FROM jobs`)
			return err == nil && jobs > i
		})
		l.toRecord.Heal()
		receipt := c.insist(t.Context(), submit)
		if again := c.insist(t.Context(), submit); receipt == "" || again != receipt {
			t.Errorf("%s was told %q and %q", submit.key, receipt, again)
		}
		c.accepted(i, receipt, 0)
	}
	jobs, err := l.number(`SELECT count(*) FROM jobs`)
	missing, lost := l.lost(c.told())
	if err != nil || lost != nil || jobs != cuts || missing != 0 || len(c.told()) != cuts {
		t.Errorf("%d clients hold %d receipts, %d of them unknown; the record has %d jobs, %v %v", cuts, len(c.told()), missing, jobs, err, lost)
	}
	if l.toRecord.Withheld() < cuts {
		t.Errorf("only %d answers were withheld", l.toRecord.Withheld())
	}
	for _, what := range append(c.breaches(always()), c.broken...) {
		t.Error(what)
	}
	t.Logf("R9: %d submissions whose COMMIT got no answer, %d such answers withheld: lost 0, twice 0, one receipt a key", cuts, l.toRecord.Withheld())
}

func TestR8_WithoutItsDatabaseTheDeskSaysSo(t *testing.T) {
	var away time.Duration
	if text := os.Getenv(awayVariable); text != "" {
		var err error
		if away, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s is no duration", awayVariable)
		}
	}
	faults := map[string]testenv.NetFault{"swallows everything": {Blackhole: true}, "is not there": {Refuse: true}}
	const clients = 8
	l := newLab(t, "postgres", clients*len(faults), "api", "api", "worker")
	c := l.crowd()
	from := 0
	for what, fault := range faults {
		before, err := l.number(`SELECT count(*) FROM jobs`)
		l.must(err)
		l.toRecord.Spoil(fault)
		var took []time.Duration
		for start := time.Now(); len(took) == 0 || time.Since(start) < away; {
			took = append(took, c.areRefused(from, clients)...)
			l.revive()
		}
		if after, err := l.number(`SELECT count(*) FROM jobs`); err != nil || after != before {
			t.Errorf("a database that %s: %d jobs became %d, %v", what, before, after, err)
		}
		l.toRecord.Heal()
		for i := from; i < from+clients; i++ {
			c.all.Go(func() { c.carry(t.Context(), i) })
		}
		c.all.Wait()
		from += clients
		slices.Sort(took)
		t.Logf("R8: a database that %s: %d submissions answered 503 with Retry-After, p50 %s, the last after %s", what, len(took),
			took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	}
	quiet := l.await("everything is done once the database is back", quietLimit, c.isQuiet)
	c.whole()
	t.Logf("R8: %d jobs done %s after the last was submitted", len(c.tokens), quiet.Round(time.Second/10))
}

// areRefused has clients submit at once, none of whom may be told that a job was accepted. It gives how long they waited.
func (c *crowd) areRefused(from, clients int) []time.Duration {
	c.t.Helper()
	patient := &http.Client{Timeout: time.Minute}
	took := make([]time.Duration, clients)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			start := time.Now()
			answer, err := c.post(c.t.Context(), patient, submission(from+i), c.addrs[i%len(c.addrs)])
			took[i] = time.Since(start)
			if err != nil {
				c.t.Errorf("no answer: %v", err)
				return
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
				c.t.Errorf("answered %d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
			}
		})
	}
	all.Wait()
	return took
}
