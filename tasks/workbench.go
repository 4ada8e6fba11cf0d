package tasks

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Workbench is everything a reviewer has beside a job (V5), masked. The second
// reviewer of two sees neither the first nor the verdict (trust.md).
type Workbench struct {
	Job        Job
	Review     Review
	Facts      CaseFacts
	Remark     string // the applicant's words
	Compared   []Compared
	Documents  []Document // current ones in the matrix's order, then replaced ones
	Slots      []Slot
	Returnable []string // the facts that can be sent back
	Viewed     []string // the documents that the asker has opened
	Decisions  []Decision
	Related    []Related
	Checklist  []string
	Typed      []string // the numbers to type off the pictures
	Timeline   []Event
	Notices    []NoticeView
	Contacts   int    // how many old channels there are
	Receiver   string // masked; of a job that gives something to another account
	Websites   int
	Domains    []string
	Blind      bool // who looked first is hidden from the asker (L9)
	Mine       bool // the asker holds the claim
	May        bool // the asker may decide it
	Shredded   bool // documents and facts were deleted (L10)
}

// Compared is one fact as claimed and as on record, both masked.
type Compared struct {
	Field    string
	Claimed  string
	OnRecord string
	Same     bool
	Info     bool // they need not agree
}

// Workbench reads a job for a member of staff; every look is a journal row.
// ErrForbidden for operators, who run the machine and have no business with
// people's papers (V4).
func (d *Desk) Workbench(ctx context.Context, receipt string, staff Actor) (Workbench, error) {
	if staff.Kind == ActorOperator {
		return Workbench{}, ErrForbidden
	}
	var w Workbench
	err := d.store.View(ctx, func(tx Tx) (err error) {
		w, err = d.workbench(ctx, tx, receipt, staff)
		return err
	})
	if err != nil {
		return Workbench{}, err
	}
	err = d.store.Update(ctx, func(tx Tx) error {
		return tx.Audit(ctx, Entry{Actor: staff, Action: "review.open", Object: receipt})
	})
	return w, err
}

func (d *Desk) workbench(ctx context.Context, tx Tx, receipt string, staff Actor) (Workbench, error) {
	job, r, flow, err := d.reviewed(ctx, tx, receipt, staff.viewer())
	if err != nil {
		return Workbench{}, err
	}
	w := Workbench{Job: job, Review: r, Checklist: flow.Checklist(job), Mine: r.held(tx.Now()) && r.Holder == staff.ID,
		May: may(ctx, tx, r, staff) == nil}
	if w.Facts, err = caseFacts(&job); err != nil {
		return Workbench{}, err
	}
	w.Slots, w.Returnable = flow.Slots(w.Facts), flow.Returnable()
	if w.Viewed, err = tx.Viewed(ctx, job.ID, staff.ID); err != nil {
		return Workbench{}, err
	}
	if err := d.readFile(ctx, tx, flow, &w); err != nil {
		return Workbench{}, err
	}
	if err := d.readRecord(ctx, tx, &w); err != nil {
		return Workbench{}, err
	}
	if blind(ctx, tx, r, staff) {
		w.hideFirst()
	}
	return w, nil
}

// readFile reads what the applicant gave.
func (d *Desk) readFile(ctx context.Context, tx Tx, flow Reviewed, w *Workbench) error {
	documents, err := tx.Documents(ctx, w.Job.ID)
	if err != nil {
		return err
	}
	w.Documents = inOrder(documents, w.Slots)
	dossier, err := tx.Dossier(ctx, w.Job.ID)
	if errors.Is(err, ErrNotFound) {
		w.Shredded = true
		return nil
	}
	if err != nil {
		return err
	}
	w.Remark = dossier.Remark
	for field := range flow.Typed(dossier) {
		w.Typed = append(w.Typed, field)
	}
	slices.Sort(w.Typed)
	w.Compared, err = flow.Compare(ctx, tx, w.Job, dossier)
	return err
}

func inOrder(all []Document, slots []Slot) []Document {
	rank := func(doc Document) int {
		n := slices.Index(slots, doc.Slot)
		if doc.Replaced {
			n += len(slots)
		}
		return n
	}
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b Document) int { return rank(a) - rank(b) })
	return out
}

func (d *Desk) readRecord(ctx context.Context, tx Tx, w *Workbench) (err error) {
	if w.Decisions, err = tx.Decisions(ctx, w.Job.ID); err != nil {
		return err
	}
	if w.Related, err = tx.Related(ctx, w.Job); err != nil {
		return err
	}
	if w.Timeline, err = tx.Timeline(ctx, w.Job.ID); err != nil {
		return err
	}
	notices, err := tx.Notices(ctx, w.Job.ID)
	if err != nil {
		return err
	}
	w.Notices = shown(notices)
	held, err := tx.Contacts(ctx, w.Job.SourceAccountID, w.Job.SubjectID)
	if err != nil {
		return err
	}
	w.Contacts = len(held.Phones) + len(held.Mailboxes)
	if w.Job.TargetAccountID != "" {
		target, err := tx.Party(ctx, AccountRef{ID: w.Job.TargetAccountID})
		if err != nil {
			return err
		}
		w.Receiver = shownAs(target.Account)
	}
	holdings, err := tx.Holdings(ctx, w.Job.SubjectID)
	w.Websites = len(holdings.Websites)
	for _, site := range holdings.Websites {
		w.Domains = append(w.Domains, site.Domain.String())
	}
	told := slices.ContainsFunc(w.Compared, func(c Compared) bool { return c.Field == FieldFiling })
	if w.Facts.Domain != "" && !w.Shredded && !told {
		same := slices.Contains(w.Domains, w.Facts.Domain)
		w.Compared = append(w.Compared, Compared{Field: FieldFiling, Claimed: w.Facts.Domain, OnRecord: strings.Join(w.Domains, " "), Same: same})
	}
	return err
}

// hideFirst takes the first look out of what whoever may decide second sees (L9).
func (w *Workbench) hideFirst() {
	first := w.Review.First()
	w.Blind = true
	w.Decisions, w.Timeline = blindDecisions(w.Decisions, first), blindEvents(w.Timeline, first)
	w.Review.FirstBy = ""
	if w.Review.Holder == first {
		w.Review.Holder = ""
	}
}

// UnmaskReasons are why a masked value may be shown (V5); permanent strings.
func UnmaskReasons() []string {
	return []string{"compare_document", "call_applicant", "check_fraud", "answer_authority"}
}

// Unmask shows one fact of a job in clear, for a reason that is journaled. Only
// who holds the claim, or a supervisor, may. The fields are those of the form.
func (d *Desk) Unmask(ctx context.Context, receipt, field, reason string, staff Actor) (string, error) {
	if !slices.Contains(UnmaskReasons(), reason) {
		return "", &Invalid{Faults: []Fault{{Field: FieldReason, Code: "CHOICE_REQUIRED"}}}
	}
	var clear string
	err := d.store.Update(ctx, func(tx Tx) error {
		job, r, flow, err := d.reviewed(ctx, tx, receipt, staff.viewer())
		if err != nil {
			return err
		}
		if staff.Kind != ActorSupervisor && (!r.held(tx.Now()) || r.Holder != staff.ID) {
			return ErrForbidden
		}
		dossier, err := tx.Dossier(ctx, job.ID)
		if err != nil {
			return err
		}
		value, ok := flow.Fields(dossier)[field]
		if !ok {
			return ErrNotFound
		}
		clear = value
		return tx.Audit(ctx, Entry{Actor: staff, Action: "review.unmask", Object: receipt + "/" + field, Reason: reason})
	})
	return clear, err
}

// Reviews lists the console's queue, the earliest due first (V5).
func (d *Desk) Reviews(ctx context.Context, f ReviewFilter) (rows []ReviewRow, counts ReviewCounts, err error) {
	err = d.store.View(ctx, func(tx Tx) (err error) {
		if rows, err = tx.ReviewsOf(ctx, f); err != nil {
			return err
		}
		for i, row := range rows {
			if flow, ok := d.flows[row.Kind].(Reviewed); ok {
				rows[i].Wanted = len(flow.Slots(row.Facts))
			}
		}
		counts, err = tx.CountReviews(ctx, f.StaffID)
		return err
	})
	return rows, counts, err
}

// ReviewOf reads one review.
func (d *Desk) ReviewOf(ctx context.Context, receipt string) (r Review, err error) {
	err = d.store.View(ctx, func(tx Tx) (err error) {
		r, err = tx.Review(ctx, receipt)
		return err
	})
	return r, err
}

// ReviewStats measures the reviews between two moments (V7).
func (d *Desk) ReviewStats(ctx context.Context, from, to time.Time) (s ReviewStats, err error) {
	err = d.store.View(ctx, func(tx Tx) (err error) {
		s, err = tx.ReviewStats(ctx, from, to)
		return err
	})
	return s, err
}
