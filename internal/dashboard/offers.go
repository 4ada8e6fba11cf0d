package dashboard

import (
	"slices"

	"beian/tasks"
)

// Offer is an action that the guard would let a role do: what another page may put
// on a button. The guard judges again when it comes in.
type Offer struct {
	Verb   string
	Reason bool // staff must say why
}

// Offers lists what a role may do to a task of a queue in a state; with an empty
// state, to the queue itself.
func Offers(role tasks.ActorKind, q tasks.Queue, state string) []Offer {
	var out []Offer
	for _, r := range allowed() {
		if slices.Contains(r.states, state) && slices.Contains(r.roles, role) && !slices.Contains(r.notOn, q) {
			out = append(out, Offer{Verb: string(r.verb), Reason: r.reason})
		}
	}
	return out
}
