package tasks

import (
	"context"
	"errors"
	"strings"
	"time"

	"beian/internal/filing"
)

// FieldTail is the last six characters of the certificate's number (F1). The other
// fields of a lookup are FieldFiling and FieldSubjectName.
const FieldTail = "certificate_last6"

// LookupFacts are the filing facts that find a login: an ICP number or a domain,
// or the subject's name with the last six of its certificate (F1). All that are
// given must fit.
type LookupFacts struct {
	ICPNumber filing.ICPNumber
	Domain    filing.Domain
	Name      string
	Tail      filing.CertificateTail
}

// Lookup is one question for a login, kept sealed until a worker has answered it.
type Lookup struct {
	ID    string
	Lang  string
	Facts LookupFacts
}

// LoginQuestion asks for the login of whoever holds a filing. Asker is a keyed
// digest of the caller's address.
type LoginQuestion struct {
	Fields map[string]string
	Lang   string
	Asker  string
	Once   Once
}

// Limits of people who look for their login (trust reference 4.8). The last one
// leaves no trace in the answer: it keeps one phone from many messages, by
// whatever facts they are asked for.
var (
	limitLookupClient  = Limit{Name: "lookup_client", Burst: 5, Period: 10 * time.Minute}
	limitLookupAll     = Limit{Name: "lookup_all", Burst: 60, Period: time.Minute}
	limitLookupFacts   = Limit{Name: "lookup_facts", Burst: 3, Period: 24 * time.Hour}
	limitLookupAccount = Limit{Name: "lookup_account", Burst: 3, Period: 24 * time.Hour}
)

const typeLookup = "lookup:find"

func lookupTask(id string) Task {
	return Task{ID: "lookup." + strings.ReplaceAll(id, "-", "") + ".find", Queue: QueueNotify, Type: typeLookup, Ref: id}
}

// FindLogin takes a question and answers nothing: whether there is such a filing is
// looked up later, by a worker, so that a hit and a miss run the same statements
// and cost the same limits (F1). The login goes to the phone on record only.
// Errors: *Invalid, *TooMany, ErrKeyReused.
func (d *Desk) FindLogin(ctx context.Context, q LoginQuestion) (Accepted, error) {
	facts, err := readLookup(q.Fields)
	if err != nil {
		return Accepted{}, err
	}
	return d.once(ctx, q.Once, func(tx Tx) (Accepted, error) {
		for _, spend := range []struct {
			limit Limit
			key   string
		}{{limitLookupClient, q.Asker}, {limitLookupFacts, facts.key()}, {limitLookupAll, "all"}} {
			if err := tx.Take(ctx, spend.limit, spend.key); err != nil {
				return Accepted{}, err
			}
		}
		l := Lookup{ID: d.random.ID(), Lang: q.Lang, Facts: facts}
		if err := tx.AddLookup(ctx, l); err != nil {
			return Accepted{}, err
		}
		return Accepted{}, tx.Post(ctx, lookupTask(l.ID))
	})
}

// readLookup reads the fields; every fault at once (A5). Where nothing was typed the
// filing is missed, the shortest of the ways, unless it was not asked for.
func readLookup(fields map[string]string) (LookupFacts, error) {
	r := reader{fields: fields}
	var f LookupFacts
	where, name, tail := tidy(fields[FieldFiling]), tidy(fields[FieldSubjectName]), tidy(fields[FieldTail])
	_, asked := fields[FieldFiling]
	byName := name != "" || tail != "" || !asked
	if where != "" || !byName {
		f.ICPNumber, f.Domain = r.filing()
	}
	if byName {
		f.Name = r.name(FieldSubjectName)
		f.Tail = parsed(&r, FieldTail, filing.ParseCertificateTail)
	}
	if len(r.faults) > 0 {
		return LookupFacts{}, &Invalid{Faults: r.faults}
	}
	return f, nil
}

// Fits reports whether a subject has the name and the end of the certificate's
// number.
func (f LookupFacts) Fits(s filing.Subject) bool {
	return filing.SameName(f.Name, s.Name) && s.Certificate.EndsIn(f.Tail)
}

// key is what the limit of a question counts by, as a keyed digest.
func (f LookupFacts) key() string {
	return strings.Join([]string{f.ICPNumber.String(), f.Domain.String(), filing.FoldName(f.Name), f.Tail.Reveal()}, "\n")
}

// findLogin answers a question: the message, the journal's row, and the end of what
// was typed are one transaction.
func (d *Desk) findLogin(ctx context.Context, c Claim) error {
	return d.store.Update(ctx, func(tx Tx) error {
		l, err := tx.Lookup(ctx, c.Ref)
		if errors.Is(err, ErrNotFound) { // too old, and swept
			return tx.Ack(ctx, c)
		}
		if err != nil {
			return err
		}
		if err := d.answer(ctx, tx, l); err != nil {
			return err
		}
		if err := tx.DropLookup(ctx, l.ID); err != nil {
			return err
		}
		return tx.Ack(ctx, c)
	})
}

// answer sends the login to the phone on record, if there is one. The journal keeps
// which account, by which facts and what came of it, never a value.
func (d *Desk) answer(ctx context.Context, tx Tx, l Lookup) error {
	p, err := tx.HolderBy(ctx, l.Facts)
	if ignore(err, ErrNotFound) != nil {
		return err
	}
	notice, became := p.loginNotice(), "sent"
	switch {
	case p.Account.ID == "":
		p.Account.ID, became = "unknown", "no match"
	case p.Account.Status == filing.AccountClosed:
		became = "closed"
	case p.Account.LoginEmail.IsZero():
		became = "no login"
	case notice.Phone.IsZero():
		became = "no phone"
	default:
		var often *TooMany
		err := tx.Take(ctx, limitLookupAccount, p.Account.ID)
		if errors.As(err, &often) {
			became = "too often"
		} else if err != nil {
			return err
		} else if err := d.mail(ctx, tx, l.Lang, notice); err != nil {
			return err
		}
	}
	return tx.Audit(ctx, Entry{Actor: Actor{Kind: ActorApplicant}, Action: "login.find", Object: p.Account.ID,
		Reason: "by " + l.Facts.way() + ": " + became})
}

// way names the facts that were given.
func (f LookupFacts) way() string {
	var ways []string
	for _, w := range []struct {
		name  string
		given bool
	}{{"icp number", !f.ICPNumber.IsZero()}, {"domain", !f.Domain.IsZero()}, {"name", f.Name != ""}} {
		if w.given {
			ways = append(ways, w.name)
		}
	}
	return strings.Join(ways, ", ")
}

// loginNotice goes to the account's security phone, else to the phone of the
// subject's principal. It does not carry the login: that is read when it is sent.
func (p Party) loginNotice() Notice {
	to := p.Account.SecurityPhone
	if to.IsZero() {
		to = p.Subject.Principal.Phone
	}
	return Notice{JobID: p.Account.ID, Channel: ChannelSMS, Template: TemplateLogin, Phone: to}
}

// ownLogin is the parameter of a message that tells somebody's own login. It exists
// in memory only: the ledger's parameters are not sealed.
func ownLogin(ctx context.Context, tx Tx, n Notice) (map[string]string, error) {
	if n.Template != TemplateLogin {
		return n.Params, nil
	}
	p, err := tx.Party(ctx, AccountRef{ID: n.JobID})
	return map[string]string{"own_login": p.Account.LoginEmail.Reveal()}, err
}
