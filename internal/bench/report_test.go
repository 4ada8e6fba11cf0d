package bench_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/bench"
)

func TestASectionIsAMarkdownTableWithItsGoals(t *testing.T) {
	t.Parallel()
	s := bench.Section{Name: "Speed", Head: []string{"", "p50"}, Notes: []string{"a note"},
		Goals: []bench.Goal{bench.Within("p50", 70*time.Millisecond, 60*time.Millisecond)}}
	s.Add("submit", bench.Millis(1500*time.Microsecond))
	var out strings.Builder
	if err := s.Markdown(&out); err != nil {
		t.Fatal(err)
	}
	want := "\n### Speed\n\n|  | p50 |\n| --- | --- |\n| submit | 1.50 ms |\n\n- a note\n- goal p50 ≤ 60 ms: **missed** (70 ms)\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestADoubtedGoalIsNotJudged(t *testing.T) {
	t.Parallel()
	got := bench.Judge("it", "1", true).Doubt("no disk")
	if want := (bench.Goal{What: "it", Got: "no disk", Verdict: bench.NotJudged}); got != want {
		t.Errorf("got %+v", got)
	}
}
