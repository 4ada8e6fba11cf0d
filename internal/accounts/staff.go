package accounts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"beian/internal/filing"
	"beian/tasks"
)

// Codes of a refused member of staff.
const (
	CodeStaffLogin = "STAFF_LOGIN_INVALID"
	CodeStaffTaken = "STAFF_LOGIN_TAKEN"
	CodeStaffName  = "STAFF_NAME_INVALID"
	CodeStaffRole  = "STAFF_ROLE_INVALID"
	CodeStaffLast  = "STAFF_LAST" // nobody else who can sign in has the role
	CodeStaffSelf  = "STAFF_SELF" // what one does to colleagues only
)

const maxStaffName = 64

// Member is a member of staff (V4). It prints as its login under every verb.
type Member struct {
	ID         string
	Login      string
	Name       string
	Role       tasks.ActorKind
	Hash       string `json:"-"`
	DisabledAt time.Time
	CreatedAt  time.Time
}

// Format prints the login whatever the verb, so that no hash reaches a log.
func (m Member) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.Login) }

// NewStaff describes a member of staff to be. It prints as its login.
type NewStaff struct {
	Login    string // 3 to 64 of a-z 0-9 . _ - @, in any case
	Name     string
	Role     tasks.ActorKind
	Password string
}

// Format prints the login whatever the verb.
func (n NewStaff) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.Login) }

// StaffRoles lists the roles of V4.
func StaffRoles() []tasks.ActorKind {
	return []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorSupervisor, tasks.ActorOperator, tasks.ActorAuditor}
}

// AddStaff takes somebody on; by is who decided it, for the journal. Every fault
// of the fields comes at once as *tasks.Invalid.
func (s *Service) AddStaff(ctx context.Context, by tasks.Actor, n NewStaff) (Member, error) {
	n.Login, n.Name = fold(n.Login), strings.TrimSpace(n.Name)
	faults := n.faults()
	var weak *tasks.Invalid
	if errors.As(CheckPassword(n.Password), &weak) {
		faults = append(faults, weak.Faults...)
	}
	if len(faults) > 0 {
		return Member{}, &tasks.Invalid{Faults: faults}
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	if err != nil {
		return Member{}, err
	}
	m := Member{ID: s.random.ID(), Login: n.Login, Name: n.Name, Role: n.Role, Hash: hash}
	err = s.store.Update(ctx, func(tx Tx) error { return take(ctx, tx, by, &m) })
	if err != nil {
		return Member{}, fmt.Errorf("adding a member of staff: %w", err)
	}
	return m, nil
}

// take enters a new member, whose login must be free.
func take(ctx context.Context, tx Tx, by tasks.Actor, m *Member) error {
	_, err := tx.Member(ctx, m.Login)
	if err == nil {
		return staffFault("login", CodeStaffTaken)
	}
	if err := ignoreNotFound(err); err != nil {
		return err
	}
	m.CreatedAt = tx.Now()
	if err := tx.AddMember(ctx, *m); err != nil {
		return err
	}
	return tx.Audit(ctx, Entry{Actor: by, Action: "staff.add", Object: m.ID, Reason: "as " + string(m.Role)})
}

func staffFault(field, code string) error {
	return &tasks.Invalid{Faults: []tasks.Fault{{Field: field, Code: code}}}
}

// faults are those of everything but the password.
func (n NewStaff) faults() []tasks.Fault {
	var faults []tasks.Fault
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{2,63}$`).MatchString(n.Login) {
		faults = append(faults, tasks.Fault{Field: "login", Code: CodeStaffLogin})
	}
	if n.Name == "" || utf8.RuneCountInString(n.Name) > maxStaffName {
		faults = append(faults, tasks.Fault{Field: "name", Code: CodeStaffName})
	}
	if !slices.Contains(StaffRoles(), n.Role) {
		faults = append(faults, tasks.Fault{Field: "role", Code: CodeStaffRole})
	}
	return faults
}

// DisableStaff ends somebody's access, sessions and set-up link; once is as good
// as twice. The last who can act as supervisor or operator stays (CodeStaffLast).
func (s *Service) DisableStaff(ctx context.Context, by tasks.Actor, login string) error {
	return s.changeRank(ctx, by, login, func(tx Tx, m *Member) (Entry, error) {
		if !m.DisabledAt.IsZero() {
			return Entry{}, nil
		}
		m.DisabledAt = tx.Now()
		if err := ignoreNotFound(tx.DropSetUp(ctx, m.ID)); err != nil {
			return Entry{}, err
		}
		_, err := tx.EndSessions(ctx, Ending{StaffID: m.ID})
		return Entry{Action: "staff.disable"}, err
	})
}

// SetRole gives somebody another role, which counts from their next request on.
// The last who can act as supervisor or operator keeps it (CodeStaffLast).
func (s *Service) SetRole(ctx context.Context, by tasks.Actor, login string, role tasks.ActorKind) error {
	if !slices.Contains(StaffRoles(), role) {
		return staffFault("role", CodeStaffRole)
	}
	return s.changeRank(ctx, by, login, func(_ Tx, m *Member) (Entry, error) {
		if m.Role == role {
			return Entry{}, nil
		}
		e := Entry{Action: "staff.role", Reason: string(m.Role) + " to " + string(role)}
		m.Role = role
		return e, nil
	})
}

// SetStaffPassword replaces the password of a member of staff and ends their
// sessions. Errors: *tasks.Invalid, tasks.ErrNotFound.
func (s *Service) SetStaffPassword(ctx context.Context, by tasks.Actor, login, password string) error {
	hash, err := s.newHash(ctx, password)
	if err != nil {
		return err
	}
	return s.change(ctx, by, login, func(tx Tx, m *Member) (Entry, error) {
		m.Hash = hash
		if err := forgive(ctx, tx, staffKey(m.Login)); err != nil {
			return Entry{}, err
		}
		_, err := tx.EndSessions(ctx, Ending{StaffID: m.ID})
		return Entry{Action: "staff.password"}, err
	})
}

// Staff lists everybody, disabled ones too, by login.
func (s *Service) Staff(ctx context.Context) (all []Member, err error) {
	err = s.store.View(ctx, func(tx Tx) error {
		all, err = tx.Members(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the staff: %w", err)
	}
	return all, nil
}

// SetPassword sets an account's password for an operator or the demonstration
// and ends its sessions. Errors: *tasks.Invalid, tasks.ErrNotFound.
func (s *Service) SetPassword(ctx context.Context, by tasks.Actor, login, password string) error {
	mail, err := filing.ParseEmail(login)
	if err != nil {
		return fmt.Errorf("setting a password: %w", tasks.ErrNotFound)
	}
	hash, err := s.newHash(ctx, password)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx Tx) error {
		c, err := tx.Credential(ctx, mail)
		if err != nil {
			return err
		}
		if err := tx.SetHash(ctx, c.AccountID, hash); err != nil {
			return err
		}
		if err := forgive(ctx, tx, accountKey(mail.Reveal())); err != nil {
			return err
		}
		if _, err := tx.EndSessions(ctx, Ending{AccountID: c.AccountID}); err != nil {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: by, Action: "account.password", Object: c.AccountID})
	})
}

// NewHash judges a new password and hashes it, for whoever stores it in a
// transaction of their own (F2). The error is a *tasks.Invalid when it is refused.
func (s *Service) NewHash(ctx context.Context, password string) (string, error) {
	return s.newHash(ctx, password)
}

func (s *Service) newHash(ctx context.Context, password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, password)
}

// change edits one member and tells the journal; an entry without an action
// means that there was nothing to change.
func (s *Service) change(ctx context.Context, by tasks.Actor, login string, edit func(Tx, *Member) (Entry, error)) error {
	return s.store.Update(ctx, func(tx Tx) error { return changeIn(ctx, tx, by, login, edit) })
}

// changeRank is change where somebody may lose a role that the house can't be
// without, or an operator the password: a supervisor gets a new link from an
// operator, an operator from nobody but another. The check is made on members whom nobody else changes meanwhile: two
// operators who disable each other must not both succeed.
func (s *Service) changeRank(ctx context.Context, by tasks.Actor, login string, edit func(Tx, *Member) (Entry, error)) error {
	return s.store.Update(ctx, func(tx Tx) error {
		able, err := tx.AbleStaff(ctx)
		if err != nil {
			return err
		}
		return changeIn(ctx, tx, by, login, func(tx Tx, m *Member) (Entry, error) {
			before := *m
			e, err := edit(tx, m)
			if err == nil && e.Action != "" && isLast(able, before) && m.lost(before) {
				err = staffFault("member", CodeStaffLast)
			}
			return e, err
		})
	})
}

func (m Member) lost(before Member) bool {
	return m.Role != before.Role || !m.DisabledAt.IsZero() || (m.Hash == "" && m.Role == tasks.ActorOperator)
}

// isLast tells whether m, and nobody else, can act in its role. Reviewers and
// auditors may run out: whoever is left can take on others.
func isLast(able []Member, m Member) bool {
	alike := slices.DeleteFunc(slices.Clone(able), func(a Member) bool { return a.Role != m.Role })
	return len(alike) == 1 && alike[0].ID == m.ID
}

// changeIn is change within a transaction. Nobody changes oneself: who sits at
// somebody else's desk could otherwise take it over for good.
func changeIn(ctx context.Context, tx Tx, by tasks.Actor, login string, edit func(Tx, *Member) (Entry, error)) error {
	m, err := tx.Member(ctx, fold(login))
	if err != nil {
		return err
	}
	if by.ID == m.ID {
		return staffFault("member", CodeStaffSelf)
	}
	e, err := edit(tx, &m)
	if err != nil || e.Action == "" {
		return err
	}
	if err := tx.SaveMember(ctx, m); err != nil {
		return err
	}
	e.Actor, e.Object = by, m.ID
	return tx.Audit(ctx, e)
}
