package chaos

import (
	"slices"
	"testing"
	"time"
)

// restartsVariable is how often R17 restarts every process.
const restartsVariable = "BEIAN_TEST_RESTARTS"

// clientsPerRestart come while one process is restarted.
const clientsPerRestart = 2

func TestR17_RollingRestartsUnderLoad(t *testing.T) {
	rounds := times(t, restartsVariable, 3)
	crew := []string{"api", "api", "worker", "worker"}
	l := newLab(t, "postgres", rounds*len(crew)*clientsPerRestart, crew...)
	c := l.crowd()
	c.addrs = l.doors
	var took []time.Duration
	for i := range rounds * len(crew) {
		for n := range clientsPerRestart {
			c.all.Go(func() { c.carry(t.Context(), i*clientsPerRestart+n) })
		}
		m := l.staff[i%len(crew)]
		asked := time.Now()
		if err := m.Stop(); err != nil {
			t.Errorf("%s did not end well: %v: %s", m.name, err, m.Said())
		}
		took = append(took, time.Since(asked))
		l.must(m.Start())
		l.await("the office is open again", time.Minute, l.isOpen)
	}
	c.all.Wait()
	l.await("everything is done after the last restart", quietLimit, c.isQuiet)
	c.whole()
	c.wereAnswered()
	slices.Sort(took)
	t.Logf("R17: %d restarts, ended after p50 %s, at most %s; %d jobs, answers %v", len(took), took[len(took)/2].Round(time.Millisecond),
		took[len(took)-1].Round(time.Millisecond), len(c.tokens), c.answers)
}
