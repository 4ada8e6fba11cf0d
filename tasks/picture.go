package tasks

import "context"

// Picture names one page of a document of a job that is reviewed; page 0 is the
// thumbnail.
type Picture struct {
	Receipt    string
	DocumentID string
	Page       int
}

// OpenPicture opens one page of a document for a member of staff. Each page is a
// journal row, and counts as opened for Decide. ErrForbidden for everybody but
// reviewers and supervisors, ErrNotFound for what is not there or was shredded.
func (d *Desk) OpenPicture(ctx context.Context, p Picture, staff Actor) ([]byte, error) {
	return d.handOut(ctx, p, staff, d.opened)
}

// PrefetchPicture hands a page out before anybody looks at it, so that the next
// document is there at once. It left the house, so it is a journal row; it counts
// as opened only once MarkOpened says that it was shown. Errors as OpenPicture.
func (d *Desk) PrefetchPicture(ctx context.Context, p Picture, staff Actor) ([]byte, error) {
	return d.handOut(ctx, p, staff, func(ctx context.Context, tx Tx, doc Document, p Picture, staff Actor) error {
		return tx.Audit(ctx, Entry{Actor: staff, Action: "document.prefetch", Object: p.Receipt + "/" + string(doc.Slot)})
	})
}

// MarkOpened notes that a page handed out earlier is looked at now. Errors as
// OpenPicture.
func (d *Desk) MarkOpened(ctx context.Context, p Picture, staff Actor) error {
	_, err := d.handedOut(ctx, p, staff, d.opened)
	return err
}

// noting writes down that a page was handed out.
type noting func(ctx context.Context, tx Tx, doc Document, p Picture, staff Actor) error

func (d *Desk) handOut(ctx context.Context, p Picture, staff Actor, note noting) ([]byte, error) {
	doc, err := d.handedOut(ctx, p, staff, note)
	if err != nil {
		return nil, err
	}
	return d.picture(ctx, doc, p.Page)
}

func (d *Desk) handedOut(ctx context.Context, p Picture, staff Actor, note noting) (doc Document, err error) {
	if staff.Kind != ActorReviewer && staff.Kind != ActorSupervisor {
		return Document{}, ErrForbidden
	}
	err = d.store.Update(ctx, func(tx Tx) error {
		job, _, _, err := d.reviewed(ctx, tx, p.Receipt, staff.viewer())
		if err != nil {
			return err
		}
		if doc, err = documentOf(ctx, tx, job.ID, p.DocumentID); err != nil || p.Page == 0 {
			return err
		}
		if p.Page < 0 || p.Page > len(doc.Pages) {
			return ErrNotFound
		}
		return note(ctx, tx, doc, p, staff)
	})
	return doc, err
}

func (d *Desk) opened(ctx context.Context, tx Tx, doc Document, p Picture, staff Actor) error {
	if err := tx.MarkViewed(ctx, doc.ID, staff.ID); err != nil {
		return err
	}
	return tx.Audit(ctx, Entry{Actor: staff, Action: "document.view", Object: p.Receipt + "/" + string(doc.Slot)})
}
