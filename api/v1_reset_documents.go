package api

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"beian/tasks"
)

type putInput struct {
	Receipt     string `path:"receipt" maxLength:"40"`
	Slot        string `path:"slot" maxLength:"40"`
	Keep        bool   `query:"keep" doc:"Keep it although there are doubts."`
	ContentType string `header:"Content-Type" doc:"image/jpeg, image/png, image/webp, application/pdf for the letter, or multipart/form-data with a part named file."`
	RawBody     []byte `contentType:"application/octet-stream"`
}

type putOutput struct {
	Language string `header:"Content-Language"`
	Body     slotBody
}

type slotInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Slot    string `path:"slot" maxLength:"40"`
}

type pictureInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Slot    string `path:"slot" maxLength:"40"`
	Page    int    `query:"page" minimum:"0" maximum:"20" default:"1" doc:"0 is the thumbnail."`
}

type fileOutput struct {
	Type  string `header:"Content-Type"`
	Cache string `header:"Cache-Control"`
	Name  string `header:"Content-Disposition"`
	Body  []byte
}

func (s *Server) documentRoutes(at place) {
	slot, suffix := at.resource+"/{receipt}/documents/{slot}", ""
	if at.kind != tasks.KindReset { // the first kind's ids came before there was a second
		suffix = "-of-" + at.noun()
	}
	o := func(id, method, path, summary string) operation {
		return operation{id: id + suffix, method: method, path: path, tag: at.tag(), summary: summary, who: tracked, status: http.StatusOK}
	}
	put := o("put-document", http.MethodPut, slot, "api.op.put_document")
	put.doc = "There is no collection of documents of its own: a file belongs to one slot of one job, is sealed with that job's key and deleted with it."
	put.upload, put.patience = true, uploadTime+time.Minute
	register(s, put, s.putDocument)
	remove := o("delete-document", http.MethodDelete, slot, "api.op.delete_document")
	remove.keyed, remove.match = true, mayMatch
	register(s, remove, s.onSlot(at, tasks.VerbRemove))
	keep := o("keep-document", http.MethodPost, slot+"/keep", "api.op.keep_document")
	keep.keyed, keep.match = true, mayMatch
	register(s, keep, s.onSlot(at, tasks.VerbKeep))
	register(s, o("read-document", http.MethodGet, slot, "api.op.read_document"), s.readDocument)
	register(s, o("read-letter", http.MethodGet, at.resource+"/{receipt}/letter", "api.op.read_letter"), s.readLetter)
}

// admitUpload asks who may before a byte of the body is read, and gives a slow
// phone its time.
func (s *Server) admitUpload(ctx context.Context, typed string) (func(), error) {
	if err := s.known(ctx, normalised(typed), tasks.Viewer{Tracking: trackingCode(callOf(ctx).request)}); err != nil {
		return nil, err
	}
	return s.uploading(callOf(ctx).writer)
}

// putDocument takes a file into a slot and answers with what was measured (L4).
// Putting the same file twice leaves one document.
func (s *Server) putDocument(ctx context.Context, in *putInput) (*putOutput, error) {
	f := file{data: in.RawBody, media: in.ContentType}
	if isMultipart(in.ContentType) {
		var err error
		if f, err = fileOf(bytes.NewReader(in.RawBody), in.ContentType); err != nil {
			return nil, asFault(err)
		}
	}
	doc, err := s.parts.Desk.Upload(ctx, tasks.Upload{Receipt: normalised(in.Receipt), By: tasks.Viewer{Tracking: trackingCode(callOf(ctx).request)},
		Slot: tasks.Slot(in.Slot), Data: f.data, Media: f.media, Name: f.name, Keep: in.Keep})
	if err != nil {
		return nil, err
	}
	lang := langOf(ctx)
	return &putOutput{Language: string(lang), Body: s.slotOf(lang, tasks.SlotView{Slot: doc.Slot, Document: doc})}, nil
}

// asFault makes a form without a file the fault of a field.
func asFault(err error) error {
	if err == errNoFile { //nolint:errorlint // it is never wrapped
		return &tasks.Invalid{Faults: []tasks.Fault{{Field: fileField, Code: "DOC_MISSING"}}}
	}
	return err
}

func (s *Server) onSlot(at place, verb tasks.Verb) func(context.Context, *slotInput) (*jobOutput, error) {
	return func(ctx context.Context, in *slotInput) (*jobOutput, error) {
		return s.actOnCase(ctx, caseAct{place: at, receipt: in.Receipt, verb: verb, fields: map[string]string{tasks.FieldSlot: in.Slot}})
	}
}

// readDocument is the picture as a reviewer will see it, without the watermark.
func (s *Server) readDocument(ctx context.Context, in *pictureInput) (*fileOutput, error) {
	v, by, err := s.lookTracked(ctx, in.Receipt)
	if err != nil {
		return nil, err
	}
	slot, err := v.Case.Slot(in.Slot)
	if err != nil || slot.Document.ID == "" {
		return nil, tasks.ErrNotFound
	}
	picture, err := s.parts.Desk.OwnPicture(ctx, v.Job.Receipt, slot.Document.ID, in.Page, by)
	return &fileOutput{Type: "image/jpeg", Cache: "no-store", Body: picture}, err
}

// lookTracked reads a login reset for its applicant.
func (s *Server) lookTracked(ctx context.Context, typed string) (v tasks.View, by tasks.Viewer, err error) {
	by = tasks.Viewer{Tracking: trackingCode(callOf(ctx).request)}
	err = s.fenced(ctx, func() (err error) {
		v, err = s.parts.Desk.Glance(ctx, normalised(typed), by)
		return err
	})
	if err == nil && v.Case == nil {
		err = tasks.ErrNotFound
	}
	return v, by, err
}

func (s *Server) readLetter(ctx context.Context, in *receiptInput) (*fileOutput, error) {
	v, by, err := s.lookTracked(ctx, in.Receipt)
	if err != nil {
		return nil, err
	}
	pdf, err := s.letter(ctx, v, by, v.Job.UpdatedAt)
	return letterOutput("authorisation-letter-"+v.Job.Receipt, pdf), err
}

type blankInput struct {
	Kind string `query:"kind" enum:"login_reset,transfer_reviewed,contact_papers,legacy_papers" default:"login_reset" doc:"Kind of the job for which the letter authorises."`
}

func (s *Server) readBlankLetter(_ context.Context, in *blankInput) (*fileOutput, error) {
	if s.parts.Letters == nil {
		return nil, errNotFound
	}
	pdf, err := s.parts.Letters.Blank(tasks.Kind(in.Kind))
	return letterOutput("authorisation-letter", pdf), err
}

func letterOutput(name string, pdf []byte) *fileOutput {
	return &fileOutput{Type: pdfType, Cache: "no-store", Name: `attachment; filename="` + name + `.pdf"`, Body: pdf}
}
