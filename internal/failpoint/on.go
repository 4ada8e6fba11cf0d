//go:build failpoints

// Package failpoint names the instants at which the fault laboratory kills a process (queue.md, R2). Only a program
// built with the tag failpoints has them; in every other one Hit is nothing.
package failpoint

import (
	"os"
	"path/filepath"
)

// Hit kills this process, as kill -9 does, when a file with the point's name lies in the folder that Variable names.
// Removing the file is what decides: of all processes that come by, one dies.
func Hit(p Point) {
	dir := os.Getenv(Variable)
	if dir == "" || os.Remove(filepath.Join(dir, string(p))) != nil {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // not one instruction more
}
