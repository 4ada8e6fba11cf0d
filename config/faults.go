package config

import "strings"

// Fault is one thing wrong with one setting. It never holds the value of a secret.
type Fault struct {
	Variable string // the BEIAN_* name
	Problem  string // reads on after the name: "is not a duration"
	Example  string // a value that would do; empty when there is none to give
}

// String is one line: the variable, the problem and an example.
func (f Fault) String() string {
	line := f.Variable + ": " + f.Problem
	if f.Example != "" {
		line += "; for example " + f.Variable + "=" + f.Example
	}
	return line
}

// Faults is everything wrong with a configuration at once, sorted by variable.
type Faults []Fault

// Error prints one line per fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// asError keeps an empty list from becoming a non-nil error.
func (f Faults) asError() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

func (f Faults) about(variable string) bool {
	for _, fault := range f {
		if fault.Variable == variable {
			return true
		}
	}
	return false
}
