package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// members lists the staff by login as the command line prints it.
func (p *patient) members() map[string]memberRow {
	p.t.Helper()
	_, out := p.runs("staff", "list", "--json")
	found := map[string]memberRow{}
	for line := range strings.Lines(out) {
		var m memberRow
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		found[m.Login] = m
	}
	return found
}

// Whoever is disabled can't work here until enabled again, with the same role; the last
// supervisor stays, and an unknown login is told as such (V4).
func TestV4_TheCommandLineDisablesAndEnablesStaff(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.sees("--fix")
	const password = "correct horse battery staple"
	for login, role := range map[string]string{"lina": "reviewer", "wang": "supervisor"} {
		if code, _ := p.tells(password+"\n", "staff", "add", login, "--name", login, "--role", role); code != exitOK {
			t.Fatalf("adding %s exits with %d", login, code)
		}
	}
	for _, step := range []struct {
		verb, login string
		want        int
		off         bool
	}{
		{"enable", "lina", exitOK, false}, {"disable", "lina", exitOK, true}, {"disable", "lina", exitOK, true}, {"enable", "lina", exitOK, false},
		{"disable", "wang", exitRefused, false}, {"disable", "nobody", exitNotFound, false}, {"enable", "nobody", exitNotFound, false}, {"enable", "", exitUsage, false},
	} {
		args := []string{"staff", step.verb}
		if step.login != "" {
			args = append(args, step.login)
		}
		code, _ := p.runs(args...)
		if code != step.want || p.members()[step.login].Disabled != step.off {
			t.Errorf("staff %s %s: exit %d, want %d; %+v", step.verb, step.login, code, step.want, p.members())
		}
	}
	if m := p.members()["lina"]; m.Role != "reviewer" {
		t.Errorf("the role is %q afterwards", m.Role)
	}
}
