// Package accounts signs applicants and staff in, keeps their sessions (S1) and
// the roster of staff (V4). What a role may do is decided where it is done; this
// package only says who somebody is.
package accounts

import (
	"crypto/rand"
	"errors"
	"io"

	"beian/tasks"
)

var (
	// ErrRefused answers every sign-in that fails for the person's part: unknown
	// login, wrong password, none set, closed or disabled. All take equally long.
	ErrRefused = errors.New("login or password is not correct")
	// ErrNoSession: the token opens no session, or one that is over.
	ErrNoSession = errors.New("no session")
)

// Service is the porter. It is safe for concurrent use; make one per process,
// since it bounds how many passwords are hashed at once.
type Service struct {
	store   Store
	random  tasks.Random
	entropy io.Reader
	hasher  *hasher
	factor  string
}

// Parts is what a Service is made of. Entropy is crypto/rand and Cost
// DefaultCost when absent. StaffFactor is whether staff need a second factor, off
// when absent.
type Parts struct {
	Store   Store
	Random  tasks.Random
	Entropy io.Reader
	Cost    Cost

	StaffFactor string
}

// New builds a Service.
func New(p Parts) *Service {
	if p.Entropy == nil {
		p.Entropy = rand.Reader
	}
	if p.Cost == (Cost{}) {
		p.Cost = DefaultCost()
	}
	return &Service{store: p.Store, random: p.Random, entropy: p.Entropy, hasher: newHasher(p.Cost, p.Entropy), factor: p.StaffFactor}
}
