package accounts

import (
	"context"
	"fmt"
	"time"

	"beian/tasks"
)

// Profile is a member of staff with what the staff's page shows: nothing in it
// opens a door.
type Profile struct {
	Member
	SignedInAt  time.Time // last complete sign-in; zero is never
	SetUpUntil  time.Time // end of a set-up link that was not used; zero is none
	HasPassword bool
	Factor      bool // an authenticator that was confirmed
	Elsewhere   bool // an identity at the provider of OpenID Connect
	Sessions    int  // living ones
}

// Profiles lists everybody, disabled ones too, by login.
func (s *Service) Profiles(ctx context.Context) (all []Profile, err error) {
	err = s.store.View(ctx, func(tx Tx) error {
		all, err = tx.Profiles(ctx, tx.Now().Add(-sessionIdle))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the staff: %w", err)
	}
	return all, nil
}

// EnableStaff lets a disabled member in again; once is as good as twice.
func (s *Service) EnableStaff(ctx context.Context, by tasks.Actor, login string) error {
	return s.change(ctx, by, login, func(_ Tx, m *Member) (Entry, error) {
		if m.DisabledAt.IsZero() {
			return Entry{}, nil
		}
		m.DisabledAt = time.Time{}
		return Entry{Action: "staff.enable"}, nil
	})
}

// EndStaffSessions signs a member out everywhere.
func (s *Service) EndStaffSessions(ctx context.Context, by tasks.Actor, login string) error {
	return s.change(ctx, by, login, func(tx Tx, m *Member) (Entry, error) {
		_, err := tx.EndSessions(ctx, Ending{StaffID: m.ID})
		return Entry{Action: "staff.sessions"}, err
	})
}
