package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnOrphanIsOursAndOlderThanADay(t *testing.T) {
	t.Parallel()
	const old, fresh = "01900000-0000-7000-8000-000000000001", "01a21500-0000-7000-8000-000000000001"
	before := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	got := grown([]string{old + "-1", old + "-thumb", fresh + "-1", "backup-of-somebody", "00000000-0000-4000-8000-000000000001-1", "x"}, before)
	if diff := cmp.Diff([]string{old + ".1", old + ".thumb"}, got); diff != "" {
		t.Errorf("old enough (-want +got):\n%s", diff)
	}
}
