package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestProcfileCommandsExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("Procfile")
	if err != nil {
		t.Fatal(err)
	}
	processes := procfile(t, string(text))
	for _, name := range []string{"release", "api", "worker"} {
		if processes[name] == nil {
			t.Errorf("Procfile lacks %s", name)
		}
	}
	program := buildProgram(t)
	for name, command := range processes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if command[0] != "beian" {
				t.Fatalf("%s runs %s, not beian", name, command[0])
			}
			output, err := exec.CommandContext(t.Context(), program, append(command[1:], "--help")...).CombinedOutput()
			if err != nil {
				t.Errorf("beian %s --help: %v\n%s", strings.Join(command[1:], " "), err, output)
			}
		})
	}
}

func procfile(t *testing.T, text string) map[string][]string {
	t.Helper()
	processes := map[string][]string{}
	for line := range strings.Lines(text) {
		name, command, ok := strings.Cut(line, ":")
		if words := strings.Fields(command); ok && len(words) > 0 {
			processes[name] = words
			continue
		}
		t.Errorf("Procfile line %q is not name: command", line)
	}
	return processes
}

// buildProgram leaves version control out of it: a clone may belong to another user.
func buildProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "beian")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("build beian: %v\n%s", err, output)
	}
	return program
}
