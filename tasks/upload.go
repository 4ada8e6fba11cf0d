package tasks

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// limitUpload bounds the uploads of one job (trust reference 4.8).
var limitUpload = Limit{Name: "upload", Burst: 60, Period: time.Hour}

// Upload examines a file and puts it into its slot (L4). Doubts about the picture
// come back as flags of the document; it is kept all the same, and the applicant
// mends or insists. The pictures are written before the row that names them; ones
// without a row are swept. Errors: *Invalid with a DOC_ code at the slot,
// ErrNotFound, *WrongState, *TooMany.
func (d *Desk) Upload(ctx context.Context, u Upload) (Document, error) {
	var job Job
	err := d.store.Update(ctx, func(tx Tx) (err error) {
		if job, _, err = d.slotOpen(ctx, tx, u); err != nil {
			return err
		}
		return tx.Take(ctx, limitUpload, job.ID)
	})
	if err != nil {
		return Document{}, err
	}
	doc, err := d.fileAway(ctx, job.ID, u)
	if err != nil {
		return Document{}, err
	}
	err = d.store.Update(ctx, func(tx Tx) error {
		job, round, err := d.slotOpen(ctx, tx, u)
		if err != nil {
			return err
		}
		doc.Round, doc.CreatedAt = round, tx.Now()
		if err := d.addDocument(ctx, tx, &doc); err != nil {
			return err
		}
		return d.record(ctx, tx, &job, Change{Events: []Event{{Actor: applicant(), What: WhatUploaded, Note: string(u.Slot)}}}, nil)
	})
	return doc, err
}

// fileAway examines an upload and seals its pictures in the cabinet.
func (d *Desk) fileAway(ctx context.Context, jobID string, u Upload) (Document, error) {
	found, err := d.cabinet.Examine(ctx, u)
	if err != nil {
		return Document{}, err
	}
	doc := Document{ID: d.random.ID(), JobID: jobID, Slot: u.Slot, Media: found.Media, Width: found.Width, Height: found.Height,
		Flags: found.Flags, Insisted: u.Keep, Digest: d.secrets.Word("picture", hex.EncodeToString(found.Sum[:])), Likeness: found.Likeness}
	return doc, d.file(ctx, &doc, found)
}

// file seals the pictures in the cabinet.
func (d *Desk) file(ctx context.Context, doc *Document, found Examined) error {
	for i, page := range found.Pages {
		name := doc.ID + "." + strconv.Itoa(i+1)
		if err := d.cabinet.Put(ctx, doc.JobID, name, page); err != nil {
			return fmt.Errorf("filing a page: %w", err)
		}
		doc.Pages = append(doc.Pages, name)
	}
	doc.Thumb = doc.ID + ".thumb"
	if err := d.cabinet.Put(ctx, doc.JobID, doc.Thumb, found.Thumb); err != nil {
		return fmt.Errorf("filing a thumbnail: %w", err)
	}
	return nil
}

// addDocument flags a picture that stands in another slot of the job already, and
// refuses the very one that a reviewer sent back.
func (d *Desk) addDocument(ctx context.Context, tx Tx, doc *Document) error {
	all, err := tx.Documents(ctx, doc.JobID)
	if err != nil {
		return err
	}
	if len(all) >= maxUploads {
		return &TooMany{Limit: limitUpload.Name, After: time.Hour}
	}
	if returned(all, *doc).Digest == doc.Digest {
		return &Invalid{Faults: []Fault{{Field: string(doc.Slot), Code: "DOC_DUPLICATE"}}}
	}
	for slot, other := range currentDocuments(all) {
		if slot != doc.Slot && other.Digest == doc.Digest {
			doc.Flags = append(slices.Clone(doc.Flags), DocumentFlag{Code: "DOC_DUPLICATE", Params: map[string]string{"slot": string(slot)}})
			break
		}
	}
	return tx.AddDocument(ctx, *doc)
}

// returned is the document of an earlier round that a supplement is to replace, zero
// in the first. The same file again would be the same answer to the same question.
func returned(all []Document, doc Document) Document {
	for _, other := range slices.Backward(all) {
		if other.Slot == doc.Slot && other.Round < doc.Round {
			return other
		}
	}
	return Document{}
}

// slotOpen admits the applicant to a slot that takes a document now: any of the
// matrix in a draft, the returned ones when more was asked for. It returns the
// round that the document is for.
func (d *Desk) slotOpen(ctx context.Context, tx Tx, u Upload) (Job, int, error) {
	job, err := tx.Job(ctx, u.Receipt, u.By)
	if err != nil {
		return Job{}, 0, err
	}
	flow, ok := d.flows[job.Kind].(Reviewed)
	if !ok || !flow.applies(job, u.By) {
		return Job{}, 0, ErrForbidden
	}
	f, err := caseFacts(&job)
	if err != nil {
		return Job{}, 0, err
	}
	if !slices.Contains(flow.Slots(f), u.Slot) {
		return Job{}, 0, ErrNotFound
	}
	if job.State != StateNeedMore {
		return job, 1, in(&job, "upload", StateDraft)
	}
	r, err := tx.Review(ctx, job.Receipt)
	if err != nil {
		return Job{}, 0, err
	}
	wanted, err := wantedNow(ctx, tx, &job, r)
	if err == nil && !slices.Contains(wanted, string(u.Slot)) {
		err = &WrongState{Verb: "upload", State: job.State}
	}
	return job, r.Round + 1, err
}

// OwnPicture opens one page of a document for the applicant, exactly as a
// reviewer will see it but for the watermark; page 0 is the thumbnail.
// ErrNotFound for a stranger, and for what was shredded.
func (d *Desk) OwnPicture(ctx context.Context, receipt, documentID string, page int, by Viewer) ([]byte, error) {
	var doc Document
	err := d.store.View(ctx, func(tx Tx) error {
		job, err := d.applied(ctx, tx, receipt, by)
		if err != nil {
			return err
		}
		doc, err = documentOf(ctx, tx, job.ID, documentID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d.picture(ctx, doc, page)
}

func documentOf(ctx context.Context, tx Tx, jobID, documentID string) (Document, error) {
	all, err := tx.Documents(ctx, jobID)
	if err != nil {
		return Document{}, err
	}
	i := slices.IndexFunc(all, func(doc Document) bool { return doc.ID == documentID })
	if i < 0 || !all[i].ShreddedAt.IsZero() {
		return Document{}, ErrNotFound
	}
	return all[i], nil
}

func (d *Desk) picture(ctx context.Context, doc Document, page int) ([]byte, error) {
	switch {
	case page == 0:
		return d.cabinet.Picture(ctx, doc.JobID, doc.Thumb)
	case page < 0 || page > len(doc.Pages):
		return nil, ErrNotFound
	}
	return d.cabinet.Picture(ctx, doc.JobID, doc.Pages[page-1])
}
