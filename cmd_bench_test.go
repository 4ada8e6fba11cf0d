package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"beian/internal/bench"
)

// runBench runs the command in this process, with none of the caller's settings.
func runBench(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := program{args: append([]string{"bench"}, args...), in: strings.NewReader(""), out: &stdout, err: &stderr}
	code = p.run(t.Context())
	return code, stdout.String(), stderr.String()
}

func TestBenchJudgesSubmittingOnSQLite(t *testing.T) {
	t.Parallel()
	code, out, said := runBench(t, "--only", "submit", "--rounds", "1", "--pieces", "40")
	if code != exitOK || said != "" {
		t.Fatalf("exit code %d: %s", code, said)
	}
	for _, want := range []string{"load average before:", "| sqlite |", "| sqlite, without the relay |", "- goal sqlite ≥ 0.50 of the limit: **",
		"PostgreSQL was not measured"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
}

func TestBenchComparesAHangingProviderWithAHealthyOne(t *testing.T) {
	t.Parallel()
	code, out, said := runBench(t, "--only", "provider", "--rounds", "1", "--jobs", "10")
	if code != exitOK || said != "" {
		t.Fatalf("exit code %d: %s", code, said)
	}
	for _, want := range []string{"| sqlite |", "- goal sqlite ≥ 0.90 of the limit: **", "10 jobs a round, 1 rounds"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
}

func TestBenchPrintsOneObjectASection(t *testing.T) {
	t.Parallel()
	code, out, said := runBench(t, "--only", "worker", "--json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, said)
	}
	var names []string
	for line := range strings.Lines(out) {
		var s bench.Section
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		names = append(names, s.Name)
	}
	if len(names) != 3 || names[0] != "Setup" || names[2] != "Afterwards" {
		t.Errorf("sections %v", names)
	}
}

func TestBenchRefusesWhatItCannotMeasure(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--only", "everything"}, {"--rounds", "0"}, {"--lookups", "1"}, {"--pieces", "2501"}, {"--waiting", "10"}, {"--newcomers", "0"}, {"--postgres", "mysql://host/db"}} {
		if code, out, said := runBench(t, args...); code != exitUsage || out != "" || said == "" {
			t.Errorf("%v: exit code %d, printed %q, said %q", args, code, out, said)
		}
	}
}

func TestBenchMeasuresUploadsAndTheQueue(t *testing.T) {
	t.Parallel()
	code, out, said := runBench(t, "--only", "reviews", "--rounds", "1", "--reviews", "600")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, said)
	}
	for _, want := range []string{"Uploads of a 4 MB picture, sqlite", "with 600 open reviews, sqlite", "- goal a page of waiting, p95",
		"Over HTTP with 600 open reviews, sqlite", "- goal a 4 MB picture over HTTP, p95", "- goal the page of the queue over HTTP, p95"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
}

func TestBenchTellsHowEverythingGrowsWithTheJobsThatWait(t *testing.T) {
	t.Parallel()
	code, out, said := runBench(t, "--only", "waiting", "--waiting", "1500", "--newcomers", "10")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, said)
	}
	for _, want := range []string{"Jobs that wait, sqlite", "| 0 |", "| 1000 |", "| 1500 |", "- goal 1500 jobs: a new job is done, the slowest", "- goal 1500 jobs: Redis has at most 50 MB"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
}

// Whether the goal is met is for a quiet machine to say.
func TestBenchComparesFindingALoginByWelch(t *testing.T) {
	t.Parallel()
	code, out, said := runBench(t, "--only", "lookup", "--lookups", "20")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, said)
	}
	for _, want := range []string{"| sqlite |", "- goal sqlite: absolute t < 3: **", "20 requests of each kind"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
}
