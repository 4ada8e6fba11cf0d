//go:build !race

package documents

const (
	underRace = false
	slower    = 1
)
