package accounts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"beian/tasks"
)

// setUpLife is how long a set-up link works: an invitation may meet a weekend.
const setUpLife = 72 * time.Hour

// SetUpLink is how a member sets a password that nobody else ever knew. The token
// is nowhere else and can't be asked for again. It prints as "set-up link".
type SetUpLink struct {
	Member Member
	Token  string
	Until  time.Time
}

// Format prints "set-up link" whatever the verb.
func (l SetUpLink) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "set-up link") }

// InviteStaff takes somebody on who sets the password by a link; n.Password is not
// looked at. Errors: *tasks.Invalid with every fault.
func (s *Service) InviteStaff(ctx context.Context, by tasks.Actor, n NewStaff) (SetUpLink, error) {
	n.Login, n.Name = fold(n.Login), strings.TrimSpace(n.Name)
	if faults := n.faults(); len(faults) > 0 {
		return SetUpLink{}, &tasks.Invalid{Faults: faults}
	}
	l := SetUpLink{Member: Member{ID: s.random.ID(), Login: n.Login, Name: n.Name, Role: n.Role}}
	var err error
	if l.Token, err = s.token(); err != nil {
		return SetUpLink{}, err
	}
	err = s.store.Update(ctx, func(tx Tx) error {
		if err := take(ctx, tx, by, &l.Member); err != nil {
			return err
		}
		l.Until = tx.Now().Add(setUpLife)
		return tx.SaveSetUp(ctx, l.Member.ID, tokenHash(l.Token), l.Until)
	})
	if err != nil {
		return SetUpLink{}, fmt.Errorf("inviting a member of staff: %w", err)
	}
	return l, nil
}

// RenewSetUp gives a member a new link. The password and the older link are void
// at once and the sessions end. Errors: tasks.ErrNotFound, tasks.ErrConflict when
// the member is disabled, *tasks.Invalid with CodeStaffLast for the last operator.
func (s *Service) RenewSetUp(ctx context.Context, by tasks.Actor, login string) (SetUpLink, error) {
	var l SetUpLink
	var err error
	if l.Token, err = s.token(); err != nil {
		return SetUpLink{}, err
	}
	err = s.changeRank(ctx, by, login, func(tx Tx, m *Member) (Entry, error) {
		if !m.DisabledAt.IsZero() {
			return Entry{}, tasks.ErrConflict
		}
		m.Hash = ""
		l.Member, l.Until = *m, tx.Now().Add(setUpLife)
		if err := tx.SaveSetUp(ctx, m.ID, tokenHash(l.Token), l.Until); err != nil {
			return Entry{}, err
		}
		_, err := tx.EndSessions(ctx, Ending{StaffID: m.ID})
		return Entry{Action: "staff.invite"}, err
	})
	if err != nil {
		return SetUpLink{}, err
	}
	return l, nil
}

// SetUp says whose link it is and uses nothing up. Errors: tasks.ErrGone when it
// was used, is over or never was.
func (s *Service) SetUp(ctx context.Context, token string) (m Member, err error) {
	err = s.store.View(ctx, func(tx Tx) error {
		m, err = tx.SetUpOf(ctx, tokenHash(token))
		return err
	})
	return m, gone(err)
}

// FinishSetUp sets the password and uses the link up. Nobody is signed in by it.
// Errors: tasks.ErrGone, *tasks.Invalid about the password, *tasks.TooMany.
func (s *Service) FinishSetUp(ctx context.Context, token, password string, c Client) error {
	if _, err := s.SetUp(ctx, token); err != nil { // no hash is computed for strangers
		return err
	}
	if err := s.store.Update(ctx, func(tx Tx) error { return tx.Take(ctx, limitClient, c.Address) }); err != nil {
		return err
	}
	hash, err := s.newHash(ctx, password)
	if err != nil {
		return err
	}
	return gone(s.store.Update(ctx, func(tx Tx) error {
		m, err := tx.SetUpOf(ctx, tokenHash(token))
		if err != nil {
			return err
		}
		if err := tx.DropSetUp(ctx, m.ID); err != nil { // of two at once the second finds none
			return err
		}
		if err := forgive(ctx, tx, staffKey(m.Login)); err != nil {
			return err
		}
		m.Hash = hash
		if err := tx.SaveMember(ctx, m); err != nil {
			return err
		}
		if _, err := tx.EndSessions(ctx, Ending{StaffID: m.ID}); err != nil {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: tasks.Actor{Kind: m.Role, ID: m.ID}, Action: "staff.password", Object: m.ID, Reason: "by the set-up link"})
	}))
}

func gone(err error) error {
	if errors.Is(err, tasks.ErrNotFound) {
		return tasks.ErrGone
	}
	return err
}
