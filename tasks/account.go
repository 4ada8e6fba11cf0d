package tasks

import (
	"context"
	"fmt"
	"time"

	"beian/internal/filing"
)

// Holder is an account as its owner sees it: contacts and names masked.
type Holder struct {
	ID         string // the filing system's
	Login      string
	Phone      string
	Site       filing.Site
	Status     filing.AccountStatus
	RealName   bool      // verified (T7)
	HoldUntil  time.Time // no transfer before then (L8); zero: none
	OpenOrders int
	Room       bool // for one more subject (A1)
	Subjects   []Held
}

// Held is a subject with what hangs on it.
type Held struct {
	ID       string
	Nature   filing.SubjectNature
	Name     string
	ICP      filing.ICPNumber
	Websites []HeldWebsite
	Records  int
}

// HeldWebsite is a website. Foreign says that another account bought its domain
// or server, which is accepted (A3).
type HeldWebsite struct {
	Domain                       filing.Domain
	ICP                          filing.ICPNumber // with the website's suffix, once it has one
	ForeignDomain, ForeignServer bool
}

// Foreign reports whether another account bought the domain or the server.
func (w HeldWebsite) Foreign() bool { return w.ForeignDomain || w.ForeignServer }

// Holder reads what an account is and holds; ErrNotFound when there is none.
func (d *Desk) Holder(ctx context.Context, accountID string) (Holder, error) {
	var h Holder
	err := d.store.View(ctx, func(tx Tx) error {
		party, err := tx.Party(ctx, AccountRef{ID: accountID})
		if err != nil {
			return err
		}
		h = holderOf(tx.Now(), party)
		subjects, err := tx.Subjects(ctx, accountID)
		if err != nil {
			return err
		}
		for _, s := range subjects {
			held, err := tx.Holdings(ctx, s.ID)
			if err != nil {
				return err
			}
			h.Subjects = append(h.Subjects, heldOf(s, held, party.Account.ExternalID))
		}
		return nil
	})
	if err != nil {
		return Holder{}, fmt.Errorf("reading what an account holds: %w", err)
	}
	return h, nil
}

func holderOf(now time.Time, p Party) Holder {
	a := p.Account
	h := Holder{ID: a.ExternalID, Login: a.LoginEmail.Masked(), Phone: a.SecurityPhone.Masked(), Site: a.Site, Status: a.Status,
		RealName: a.RealNameVerified, OpenOrders: p.Orders, Room: p.Free}
	if now.Before(a.HoldUntil) {
		h.HoldUntil = a.HoldUntil
	}
	return h
}

func heldOf(s filing.Subject, held Holdings, account string) Held {
	out := Held{ID: s.ID, Nature: s.Nature, Name: s.MaskedName(), ICP: s.ICPNumber, Records: len(held.Records)}
	for _, w := range held.Websites {
		out.Websites = append(out.Websites, HeldWebsite{Domain: w.Domain, ICP: s.ICPNumber.WithSuffix(w.Suffix),
			ForeignDomain: foreignTo(w.DomainAccount, account), ForeignServer: foreignTo(w.ServerAccount, account)})
	}
	return out
}

// foreignTo tells whether another account bought it, which is fine (A3).
func foreignTo(buyer, account string) bool { return buyer != "" && buyer != account }
