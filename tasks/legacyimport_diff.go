package tasks

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"beian/internal/filing"
)

// comparison is what came of looking at both sides (I5).
type comparison struct {
	held     LegacyHoldings
	party    Party
	approved bool           // a person judged the certificate (I6)
	here     filing.Subject // that the legacy subject becomes; zero when it will be new
	blockers blockers
	items    []LegacyItem
}

// compare looks at both sides and finds every blocker at once (A5). It is asked
// again on locked accounts before the first thing is written.
func (l *LegacyImport) compare(ctx context.Context, tx Tx, job *Job, held LegacyHoldings) (comparison, error) {
	c := comparison{held: held}
	var err error
	if c.party, err = tx.Party(ctx, AccountRef{ID: job.SourceAccountID}); err != nil {
		return c, err
	}
	if c.blockers, err = l.receiverBlockers(ctx, tx, c.party, job.Receipt); err != nil {
		return c, err
	}
	if err := c.judged(ctx, tx, job); err != nil {
		return c, err
	}
	for _, rule := range []func(context.Context, Tx) error{c.readable, c.tied, c.place, c.numbered} {
		if err := rule(ctx, tx); err != nil {
			return c, err
		}
	}
	if len(c.blockers) > 0 {
		return c, nil
	}
	return c, c.list(ctx, tx)
}

// judged: what people approved was one certificate, and the legacy platform must not
// answer with the account of another (I6).
func (c *comparison) judged(ctx context.Context, tx Tx, job *Job) error {
	f, err := legacyFacts(job)
	if err != nil || f.Papers == "" {
		return err
	}
	certificate, err := approvedCertificate(ctx, tx, job)
	c.approved = err == nil && certificate == c.held.Subject.Certificate
	c.blockers.when(!c.approved, "FACTS_DO_NOT_MATCH", OwnerPlatform, "certificate")
	return err
}

// readable: what can't be done without is there, and old enough (I1).
func (c *comparison) readable(context.Context, Tx) error {
	s := c.held.Subject
	switch {
	case s.Certificate.IsZero() && s.Name == "" && len(c.held.Websites) == 0:
		c.blockers.when(true, "LEGACY_NOTHING_FOUND", OwnerSource, "")
	case s.Certificate.IsZero():
		c.blockers.when(true, "LEGACY_RECORD_BROKEN", OwnerPlatform, "certificate")
	case s.Name == "":
		c.blockers.when(true, "LEGACY_RECORD_BROKEN", OwnerPlatform, "name")
	case s.Nature == "":
		c.blockers.when(true, "LEGACY_RECORD_BROKEN", OwnerPlatform, "nature")
	case c.held.FiledAt.IsZero():
		c.blockers.when(true, "LEGACY_RECORD_BROKEN", OwnerPlatform, "filed_at")
	}
	c.blockers.when(!c.held.FiledAt.Before(legacyCutoff()), "LEGACY_TOO_NEW", OwnerSource, "")
	return nil
}

// tied: one legacy account, one account (I4). Whose it is says the asker's own
// account only.
func (c *comparison) tied(ctx context.Context, tx Tx) error {
	into, err := tx.ImportedInto(ctx, c.held.ID)
	if ignore(err, ErrNotFound) != nil {
		return err
	}
	own, err := tx.Imported(ctx, c.party.Account.ID)
	switch {
	case err != nil:
		return err
	case own:
		c.blockers = append(c.blockers, Blocker{Code: "LEGACY_ALREADY_IMPORTED", Owner: OwnerTarget,
			Params: map[string]string{"account": shownAs(c.party.Account)}})
	case into != "":
		c.blockers.when(true, "LEGACY_ALREADY_IMPORTED", OwnerPlatform, "")
	}
	return nil
}

// place finds where the subject goes: into the one that is here (A2), or into a
// free slot (A1). A certificate that is not this account's is for people to judge
// (I6): when they approved, it is the account's one subject under another paper.
func (c *comparison) place(ctx context.Context, tx Tx) error {
	certificate, account := c.held.Subject.Certificate, c.party.Account
	if certificate.IsZero() {
		return nil
	}
	found, err := tx.HolderOf(ctx, certificate)
	switch {
	case ignore(err, ErrNotFound) != nil:
		return err
	case err == nil && found.AccountID != account.ID:
		c.blockers.when(true, "SUBJECT_HELD_ELSEWHERE", OwnerPlatform, "certificate")
		return nil
	case err == nil:
		c.here = found
		return nil
	}
	switch {
	case !c.party.Free && c.party.Held > 1:
		c.blockers.when(true, "TARGET_HAS_SUBJECT", OwnerTarget, "")
	case !c.party.Free:
		c.here = c.party.Subject
		c.blockers.when(!c.approved, "FACTS_DO_NOT_MATCH", OwnerSource, "certificate")
	case account.RealNameVerified && account.RealNameCertificate != certificate:
		c.blockers.when(!c.approved, "REALNAME_MISMATCH", OwnerSource, "certificate")
	}
	return nil
}

// numbered: a filing number belongs to one subject.
func (c *comparison) numbered(ctx context.Context, tx Tx) error {
	number := c.held.Subject.ICPNumber
	if number.IsZero() {
		return nil
	}
	found, err := tx.ICPHolder(ctx, number.Subject())
	if err != nil {
		return ignore(err, ErrNotFound)
	}
	c.blockers.when(found.ID != c.here.ID, "SUBJECT_HELD_ELSEWHERE", OwnerPlatform, "icp_number")
	return nil
}

// list makes the items: the subject, each website, their pictures, and what the
// legacy platform could not give.
func (c *comparison) list(ctx context.Context, tx Tx) error {
	h := c.held
	faults := map[string][]LegacyFault{}
	for _, f := range h.Faults {
		faults[f.ID] = append(faults[f.ID], f)
	}
	subject := LegacyItem{Kind: LegacySubject, ID: h.ID, Title: h.Subject.MaskedName(), Action: LegacyCreate, Rows: subjectRows(h.Subject, c.here)}
	if c.here.ID != "" {
		subject.Action, subject.HereID = LegacyMerge, c.here.ID
	}
	c.add(subject, h.Materials, faults)
	for _, w := range h.Websites {
		item, err := c.website(ctx, tx, w)
		if err != nil {
			return err
		}
		c.add(item, w.Materials, faults)
	}
	for _, f := range h.Faults {
		if _, left := faults[f.ID]; left {
			c.put(LegacyItem{Kind: LegacyUnusable, ID: f.ID, Action: LegacySkip, State: LegacyFailed, Code: f.Code, Field: f.Field})
			delete(faults, f.ID)
		}
	}
	return nil
}

// add puts an item and its pictures on the list, and takes its faults.
func (c *comparison) add(item LegacyItem, materials []LegacyMaterial, faults map[string][]LegacyFault) {
	for _, f := range faults[item.ID] {
		field := strings.ReplaceAll(strings.TrimPrefix(f.Field, "subject."), ".", "_")
		i := slices.IndexFunc(item.Rows, func(r LegacyRow) bool { return r.Field == field })
		if i < 0 {
			item.Rows = append(item.Rows, LegacyRow{Field: field})
			i = len(item.Rows) - 1
		}
		item.Rows[i].State = LegacyUnread
	}
	delete(faults, item.ID)
	parent := c.put(item)
	for _, m := range materials {
		picture := LegacyItem{Parent: parent, Kind: LegacyPicture, ID: m.ID, Title: m.Kind, Action: LegacyCreate}
		if item.Action == LegacySkip {
			picture.Action, picture.State, picture.Code = LegacySkip, LegacySkipped, item.Code
		}
		c.put(picture)
	}
}

// put numbers an item.
func (c *comparison) put(item LegacyItem) int {
	item.No = len(c.items) + 1
	if item.State == "" {
		item.State = LegacyPending
	}
	c.items = append(c.items, item)
	return item.No
}

// website compares one website with the one here that has its domain.
func (c *comparison) website(ctx context.Context, tx Tx, w LegacyWebsite) (LegacyItem, error) {
	item := LegacyItem{Kind: LegacySite, ID: w.ID, Title: w.Website.Domain.String(), Action: LegacyCreate}
	here, account, err := tx.WebsiteOf(ctx, w.Website.Domain)
	switch {
	case ignore(err, ErrNotFound) != nil:
		return item, err
	case err != nil:
		item.Rows = siteRows(w.Website, filing.Website{})
	case account != c.party.Account.ID || here.SubjectID != c.here.ID:
		item.Action, item.State, item.Code, item.Field = LegacySkip, LegacySkipped, "DOMAIN_HELD_ELSEWHERE", "domain"
		item.Rows = []LegacyRow{{Field: "domain", Legacy: item.Title, State: LegacyFixed}}
	default:
		item.Action, item.HereID, item.Rows = LegacyMerge, here.ID, siteRows(w.Website, here)
	}
	return item, nil
}

// note keeps what is shown of the comparison.
func (c comparison) note(f *LegacyFacts, now time.Time) {
	s := c.held.Subject
	f.Subject, f.Certificate, f.ICP, f.FiledAt = s.MaskedName(), s.Certificate.Masked(), s.ICPNumber.String(), c.held.FiledAt
	f.Merges, f.ReadAt, f.Conflicts, f.Equal = c.here.ID != "", now, 0, 0
	for _, item := range c.items {
		for _, r := range item.Rows {
			switch r.State {
			case LegacyConflict:
				f.Conflicts++
			case LegacyEqual:
				f.Equal++
			}
		}
	}
	f.Counts = countItems(c.items)
}

func countItems(items []LegacyItem) LegacyCounts {
	var c LegacyCounts
	for _, i := range items {
		switch i.State {
		case LegacyPending:
			c.Pending++
		case LegacyImported:
			c.Imported++
		case LegacyKept:
			c.Kept++
		case LegacySkipped:
			c.Skipped++
		case LegacyFailed:
			c.Failed++
		}
	}
	return c
}

// side is one field on one side: clear for comparing, masked for showing.
type side struct{ clear, masked string }

func plain(value string) side { return side{value, value} }

func person(name string) side { return side{filing.FoldName(name), filing.MaskPersonName(name)} }

func phoneSide(p filing.Phone) side { return side{p.Reveal(), p.Masked()} }

// rowOf compares one field; an absent one on the legacy side is no row.
func rowOf(rows []LegacyRow, field string, legacy, here side) []LegacyRow {
	row := LegacyRow{Field: field, Legacy: legacy.masked, Here: here.masked}
	switch {
	case legacy.clear == "":
		return rows
	case here.clear == "":
		row.State = LegacyNew
	case legacy.clear == here.clear:
		row.State = LegacyEqual
	default:
		row.State = LegacyConflict
	}
	return append(rows, row)
}

// subjectRows compares the subject's fields. Nature and certificate say who it is:
// they never come over a subject that is here.
func subjectRows(legacy, here filing.Subject) []LegacyRow {
	rows := rowOf(nil, "name", nameSide(legacy), nameSide(here))
	rows = rowOf(rows, "nature", plain(string(legacy.Nature)), plain(string(here.Nature)))
	rows = rowOf(rows, "certificate", certificateSide(legacy), certificateSide(here))
	for i := range rows {
		if rows[i].State == LegacyConflict && rows[i].Field != "name" {
			rows[i].State = LegacyFixed
		}
	}
	rows = rowOf(rows, "icp_number", plain(legacy.ICPNumber.String()), plain(here.ICPNumber.String()))
	return principalRows(rows, legacy.Principal, here.Principal)
}

func nameSide(s filing.Subject) side { return side{filing.FoldName(s.Name), s.MaskedName()} }

func certificateSide(s filing.Subject) side {
	if s.Certificate.IsZero() {
		return side{}
	}
	return side{string(s.Certificate.Type) + " " + s.Certificate.Reveal(), s.Certificate.Masked()}
}

func principalRows(rows []LegacyRow, legacy, here filing.Principal) []LegacyRow {
	rows = rowOf(rows, "principal_name", person(legacy.Name), person(here.Name))
	return rowOf(rows, "principal_phone", phoneSide(legacy.Phone), phoneSide(here.Phone))
}

// siteRows compares a website's fields. Who bought domain and server is no matter
// of ours (A3).
func siteRows(legacy, here filing.Website) []LegacyRow {
	rows := rowOf(nil, "domain", plain(legacy.Domain.String()), plain(here.Domain.String()))
	rows = rowOf(rows, "name", plain(legacy.Name), plain(here.Name))
	rows = rowOf(rows, "suffix", suffixSide(legacy.Suffix), suffixSide(here.Suffix))
	return principalRows(rows, legacy.Principal, here.Principal)
}

func suffixSide(n int) side {
	if n == 0 {
		return side{}
	}
	return plain(strconv.Itoa(n))
}
