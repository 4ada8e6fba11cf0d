package config

import (
	"maps"
	"slices"
	"strings"
)

const (
	prefix     = "BEIAN_"
	testPrefix = "BEIAN_TEST_" // read by the tests, whose environment the program under test inherits
)

// refuseUnknown makes a fault of every BEIAN_* variable nobody reads: a misspelt setting must not pass for a default.
func (l *Loader) refuseUnknown() {
	for _, name := range slices.Sorted(maps.Keys(l.environ)) {
		if !strings.HasPrefix(name, prefix) || strings.HasPrefix(name, testPrefix) || l.known[name] {
			continue
		}
		problem := "is not a setting"
		if near := nearest(name, slices.Sorted(maps.Keys(l.known))); near != "" {
			problem += "; did you mean " + near + "?"
		}
		l.fault(name, problem, "")
	}
}

// nearest is the known name fewest edits away, or empty when none is near enough to be what was meant.
func nearest(name string, known []string) string {
	best, fewest := "", 1+max(2, (len(name)-len(prefix))/3)
	for _, candidate := range known {
		if edits := distance(name, candidate); edits < fewest {
			best, fewest = candidate, edits
		}
	}
	return best
}

// distance is Levenshtein's, over bytes: variable names are ASCII.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitution := diagonal
			if a[i] != b[j] {
				substitution++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitution, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
