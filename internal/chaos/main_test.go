// Package chaos is the fault laboratory (queue.md, Promises to prove): the real program as several processes, with
// real PostgreSQL and Redis behind networks that fail, and clients that repeat what was not answered. Meanwhile and
// afterwards the promises are counted with SQL.
//
// `make chaos SEED=7 SECONDS=60` runs all of it; `make test` one short storm an engine, always the same (ADR 25).
package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"beian/internal/testenv"
)

// What `make chaos` sets.
const (
	seedVariable    = "BEIAN_TEST_CHAOS_SEED"
	secondsVariable = "BEIAN_TEST_CHAOS_SECONDS"
)

// The storm of `make test`.
const (
	shortStorm = 4 * time.Second
	shortSeed  = 7
)

func TestMain(m *testing.M) {
	code := testenv.Main(m)
	theProgram.remove()
	theProgramAhead.remove()
	os.Exit(code)
}

// theProgram is built once, with fail points; without armed ones it is the program that ships.
var theProgram = &program{remove: func() {}}

// theProgramAhead is the same with a wall clock that can be wrong.
var theProgramAhead = &program{remove: func() {}, flags: overlaid}

type program struct {
	once   sync.Once
	flags  func(dir string) ([]string, error) // more for its build
	path   string
	err    error
	remove func()
}

func (p *program) build(t testing.TB) string {
	t.Helper()
	p.once.Do(func() { p.err = p.make() })
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.path
}

func (p *program) make() error {
	dir, err := os.MkdirTemp("", "beian-chaos-*")
	if err != nil {
		return err
	}
	p.remove, p.path = func() { os.RemoveAll(dir) }, filepath.Join(dir, "beian")
	args := []string{"build", "-buildvcs=false", "-tags", "failpoints", "-o", p.path}
	if p.flags != nil {
		more, err := p.flags(dir)
		if err != nil {
			return err
		}
		args = append(args, more...)
	}
	if out, err := exec.Command("go", append(args, "beian")...).CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w: %s", err, out)
	}
	return nil
}

// times is how often a variable asks for something, or the usual.
func times(t testing.TB, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is not a number of times", variable)
	}
	return n
}

// settings are the seed and the length of a storm; the seed is always printed. A long one without a seed draws it.
func settings(t testing.TB) (seed uint64, storm time.Duration) {
	t.Helper()
	seed, storm = shortSeed, shortStorm
	if os.Getenv(secondsVariable) != "" {
		seed = rand.Uint64()
	}
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s is not a number", seedVariable)
		}
	}
	storm = time.Duration(times(t, secondsVariable, int(storm.Seconds()))) * time.Second
	t.Logf("make chaos SEED=%d SECONDS=%d", seed, int(storm.Seconds()))
	return seed, storm
}
