package documents

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"
)

// The test binary is its own child, as the program is.
func TestMain(m *testing.M) {
	if ran, code := Child(os.Args, os.Stdin, os.Stdout); ran {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// newExaminer may use every core: the tests share it with nobody.
func newExaminer(t testing.TB) *Examiner {
	t.Helper()
	x, err := NewExaminer(Options{Children: runtime.NumCPU()})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// skipUnderRace leaves out what is a child's arithmetic alone, or a limit that the
// race detector's own needs forbid; make test and make unit run it without.
func skipUnderRace(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("without the race detector only")
	}
}

// patient gives an order the wall time that a busy machine needs; the limits of
// CPU and memory stay.
func patient(o order) order {
	o.Limits.Wall = 5 * time.Minute
	return o
}

// examine is Examiner.Examine without the wall's haste.
func examine(t testing.TB, x *Examiner, u Upload) (Examined, *Refusal) {
	t.Helper()
	o, refused := u.precheck()
	if refused != nil {
		return Examined{}, refused
	}
	o.Cache = x.cache
	pages, err := x.decode(context.Background(), patient(o), u.Data)
	if errors.As(err, &refused) {
		return Examined{}, refused
	}
	if err != nil {
		t.Fatal(err)
	}
	return u.examined(o, pages), nil
}

func mustExamine(t testing.TB, x *Examiner, u Upload) Examined {
	t.Helper()
	found, refused := examine(t, x, u)
	if refused != nil {
		t.Fatalf("refused: %v %v", refused, refused.Params)
	}
	return found
}
