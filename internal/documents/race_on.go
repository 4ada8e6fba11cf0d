//go:build race

package documents

// underRace: the race detector maps terabytes of address space and is ten times
// slower, so a child under it can't be held to limits. Tests alone build it.
const (
	underRace = true
	slower    = 20
)
