//go:build !failpoints

// Package failpoint names the instants at which the fault laboratory kills a process (queue.md, R2). Only a program
// built with the tag failpoints has them; in every other one Hit is nothing.
package failpoint

// Hit does nothing: this program was built without fail points.
func Hit(Point) {}
