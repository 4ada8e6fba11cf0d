package bench

import (
	"os"
	"slices"
	"testing"
)

func TestResidentMemoryIsReadFromAStatusFile(t *testing.T) {
	t.Parallel()
	got, err := residentIn("Name:\tbeian\nVmHWM:\t   90000 kB\nVmRSS:\t   71680 kB\nThreads:\t9\n")
	if err != nil || got != 70<<20 {
		t.Errorf("got %d, %v", got, err)
	}
	for _, text := range []string{"", "VmRSS:\tmany kB\n"} {
		if got, err := residentIn(text); err == nil {
			t.Errorf("%q gave %d", text, got)
		}
	}
}

func TestASpawnedProcessGetsNoneOfTheOperatorsSettings(t *testing.T) {
	t.Parallel()
	got := withoutSettings([]string{"PATH=/bin", "BEIAN_REDIS_URL=redis://theirs", "HOME=/root"})
	if want := []string{"PATH=/bin", "HOME=/root"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestSyncTimeLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	took, err := SyncTime(dir)
	if err != nil || took <= 0 {
		t.Errorf("got %s, %v", took, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
