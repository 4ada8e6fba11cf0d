package accounts

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"beian/tasks"
)

// StaffEnrolment gives a person whose session waits for an authenticator the
// secret to put into it; asked again it is the same one, so that the page can be
// loaded twice. Errors: ErrNoSession.
func (s *Service) StaffEnrolment(ctx context.Context, token string) (Enrolment, error) {
	secret, err := s.drawSecret()
	if err != nil {
		return Enrolment{}, err
	}
	var out Enrolment
	err = s.store.Update(ctx, func(tx Tx) error {
		who, err := pendingOf(ctx, tx, token)
		if err != nil || who.Pending != PendingEnrol {
			return cmp.Or(err, ErrNoSession)
		}
		f, err := tx.Factor(ctx, who.StaffID)
		if err := ignoreNotFound(err); err != nil {
			return err
		}
		if f.StaffID == "" {
			f = Factor{StaffID: who.StaffID, Secret: secret}
			if err := tx.SaveFactor(ctx, f); err != nil {
				return err
			}
		}
		out = enrolmentOf(who.Login, f.Secret, nil)
		return nil
	})
	return out, err
}

// EnrolStaff gives a member a new authenticator and new recovery codes and ends
// the sessions; the old ones are void. Errors: tasks.ErrNotFound.
func (s *Service) EnrolStaff(ctx context.Context, by tasks.Actor, login string) (Enrolment, error) {
	secret, err := s.drawSecret()
	if err != nil {
		return Enrolment{}, err
	}
	codes, err := s.drawCodes()
	if err != nil {
		return Enrolment{}, err
	}
	err = s.change(ctx, by, login, func(tx Tx, m *Member) (Entry, error) {
		f, err := tx.Factor(ctx, m.ID)
		if err := ignoreNotFound(err); err != nil {
			return Entry{}, err
		}
		f = Factor{StaffID: m.ID, Secret: secret, Codes: hashCodes(codes), Confirmed: true, Version: f.Version}
		if err := tx.SaveFactor(ctx, f); err != nil {
			return Entry{}, err
		}
		_, err = tx.EndSessions(ctx, Ending{StaffID: m.ID})
		return Entry{Action: actionFactor, Reason: "enrolled by an operator"}, err
	})
	if err != nil {
		return Enrolment{}, err
	}
	return enrolmentOf(fold(login), secret, codes), nil
}

// DropFactor takes a member's authenticator away and ends the sessions; under the
// policy "required" the next sign-in asks for a new one. Errors:
// tasks.ErrNotFound, also when there is none.
func (s *Service) DropFactor(ctx context.Context, by tasks.Actor, login string) error {
	return s.change(ctx, by, login, func(tx Tx, m *Member) (Entry, error) {
		if err := tx.DropFactor(ctx, m.ID); err != nil {
			return Entry{}, err
		}
		_, err := tx.EndSessions(ctx, Ending{StaffID: m.ID})
		return Entry{Action: actionFactor, Reason: "removed"}, err
	})
}

func enrolmentOf(login string, secret []byte, codes []string) Enrolment {
	return Enrolment{URI: otpauth(factorIssuer, login, secret), Secret: base32Text(secret), Codes: codes}
}

func (s *Service) drawSecret() ([]byte, error) {
	secret := make([]byte, totpBytes)
	if _, err := io.ReadFull(s.entropy, secret); err != nil {
		return nil, fmt.Errorf("drawing a secret: %w", err)
	}
	return secret, nil
}

// drawCodes gives recovery codes in groups of four, as they are shown.
func (s *Service) drawCodes() ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		drawn := make([]byte, recoveryBytes)
		if _, err := io.ReadFull(s.entropy, drawn); err != nil {
			return nil, fmt.Errorf("drawing recovery codes: %w", err)
		}
		text := base32Text(drawn)
		for len(text) > 4 {
			codes[i] += text[:4] + "-"
			text = text[4:]
		}
		codes[i] += text
	}
	return codes, nil
}

func hashCodes(codes []string) []string {
	hashes := make([]string, len(codes))
	for i, c := range codes {
		hashes[i] = tokenHash(foldCode(c))
	}
	return hashes
}
