package chaos

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// always are breaches of a promise that must be nowhere at any instant, as SQL that counts them (queue.md, Invariants).
func always() map[string]string {
	return map[string]string{
		"jobs whose effect was carried out twice": `SELECT count(*) FROM (SELECT job_id FROM timeline WHERE what = 'applied' GROUP BY job_id HAVING count(*) > 1) x`,
		"effects of jobs that are not done":       `SELECT count(*) FROM timeline e JOIN jobs j ON j.id = e.job_id WHERE e.what = 'applied' AND j.state <> 'done'`,
		"done jobs without an effect":             `SELECT count(*) FROM jobs j WHERE j.state = 'done' AND NOT EXISTS (SELECT 1 FROM timeline e WHERE e.job_id = j.id AND e.what = 'applied')`,
		"done jobs whose subject did not move":    `SELECT count(*) FROM jobs j JOIN subjects s ON s.id = j.subject_id WHERE j.state = 'done' AND s.account_id <> j.target_account_id`,
		"subjects that moved before their job":    `SELECT count(*) FROM jobs j JOIN subjects s ON s.id = j.subject_id WHERE j.state <> 'done' AND s.account_id <> j.source_account_id`,
		"two jobs about one subject":              `SELECT count(*) FROM (SELECT subject_id FROM jobs GROUP BY subject_id HAVING count(*) > 1) x`,
		"gaps in a timeline":                      `SELECT count(*) FROM jobs j WHERE j.events <> (SELECT count(*) FROM timeline e WHERE e.job_id = j.id)`,
		"one message of a job posted twice":       `SELECT count(*) FROM (SELECT job_id, template, channel, receiver_index FROM notices WHERE template <> 'code' GROUP BY job_id, template, channel, receiver_index HAVING count(*) > 1) x`,
		"letters nobody posted":                   `SELECT count(*) FROM inbox i WHERE NOT EXISTS (SELECT 1 FROM notices n WHERE n.id = i.id)`,
		"messages delivered and not received":     `SELECT count(*) FROM notices n WHERE n.state = 'delivered' AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.id = n.id)`,
		"jobs no task will ever move":             `SELECT count(*) FROM jobs j WHERE j.ended = 0 AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.ref = j.receipt AND o.state IN ('waiting', 'sent', 'running'))`,
		"dead letters":                            `SELECT count(*) FROM outbox WHERE state = 'dead'`,
	}
}

// finally are those that must be nowhere once all is quiet.
func finally() map[string]string {
	return map[string]string{
		"messages without an end":       `SELECT count(*) FROM notices WHERE state IN ('waiting', 'sending', 'unknown')`,
		"messages lost, codes aside":    `SELECT count(*) FROM notices WHERE state = 'failed' AND template <> 'code'`,
		"jobs that are not done":        `SELECT count(*) FROM jobs WHERE state <> 'done'`,
		"claims older than a minute":    fmt.Sprintf(`SELECT count(*) FROM outbox WHERE state = 'running' AND lease_until < %d`, time.Now().Add(-time.Minute).UnixMilli()),
		"tasks due and not carried out": fmt.Sprintf(`SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sent', 'running') AND not_before <= %d AND ref IN (SELECT receipt FROM jobs)`, time.Now().UnixMilli()),
	}
}

// breaches counts, and names what is not zero.
func (l *lab) breaches(promises map[string]string) (found []string) {
	for what, query := range promises {
		n, err := l.number(query)
		switch {
		case err != nil:
			found = append(found, fmt.Sprintf("%s: %v", what, err))
		case n > 0:
			found = append(found, fmt.Sprintf("%s: %d", what, n))
		}
	}
	slices.Sort(found)
	return found
}

func (l *lab) number(query string) (n int, err error) {
	err = l.raw.QueryRowContext(l.t.Context(), query).Scan(&n)
	return n, err
}

// lost are receipts that a client was told and the record does not have: no 202 without a row (A4).
func (l *lab) lost(told []string) (n int, err error) {
	if len(told) == 0 {
		return 0, nil
	}
	there, err := l.number(`SELECT count(*) FROM jobs WHERE receipt IN ('` + strings.Join(told, `','`) + `')`)
	return len(told) - there, err
}

// watch checks the promises every second, beside the storm, until what it returns is called; that gives how often.
func (c *crowd) watch() (checks func() int) {
	over, n, ended := make(chan struct{}), 0, make(chan struct{})
	go func() {
		defer close(ended)
		each := time.NewTicker(time.Second)
		defer each.Stop()
		for {
			select {
			case <-over:
				return
			case <-each.C:
				n++
				c.check()
			}
		}
	}()
	checks = sync.OnceValue(func() int { close(over); <-ended; return n })
	c.t.Cleanup(func() { checks() })
	return checks
}

func (c *crowd) check() {
	told := c.told()
	missing, err := c.lost(told)
	if found := c.breaches(always()); err != nil || missing != 0 || len(found) > 0 {
		c.t.Errorf("in the middle of the storm: %d of %d receipts unknown, %v, %v", missing, len(told), err, found)
	}
}

// whole checks the end: everybody has one job, done once, and every promise is kept.
func (c *crowd) whole() {
	c.t.Helper()
	for _, what := range append(append(c.breaches(always()), c.breaches(finally())...), c.broken...) {
		c.t.Error(what)
	}
	told := c.told()
	jobs, err := c.number(`SELECT count(*) FROM jobs`)
	if err != nil || jobs != len(c.tokens) || len(told) != len(c.tokens) {
		c.t.Errorf("%d clients hold %d receipts, the record has %d jobs, %v", len(c.tokens), len(told), jobs, err)
	}
	if missing, err := c.lost(told); err != nil || missing != 0 {
		c.t.Errorf("%d receipts are unknown, %v", missing, err)
	}
	if _, err := c.store.Seal(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	if v, err := c.store.Verify(c.t.Context(), nil); err != nil || len(v.Broken) > 0 {
		c.t.Errorf("the timelines: %+v, %v", v.Broken, err)
	}
}

// isQuiet reports whether every job is done and nothing is due.
func (c *crowd) isQuiet() bool {
	c.revive()
	jobs, err := c.number(`SELECT count(*) FROM jobs WHERE state = 'done'`)
	return err == nil && jobs == len(c.tokens) && len(c.breaches(finally())) == 0
}

// tellState writes down what is left, for a failed run.
func (l *lab) tellState() {
	rows, err := l.raw.Query(`SELECT id, state, generation, attempts, reason FROM outbox WHERE state NOT IN ('done') AND type NOT LIKE '%expire%' ORDER BY not_before LIMIT 20`)
	if err != nil {
		l.t.Log(err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var id, state, reason string
		var generation, attempts int
		if rows.Scan(&id, &state, &generation, &attempts, &reason) == nil {
			l.t.Logf("left: %s %s generation %d attempts %d %q", id, state, generation, attempts, reason)
		}
	}
}
