package api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// documentData is the page of one document: what it must show, the file to
// choose, and the picture as the reviewer will see it (L4).
type documentData struct {
	Slot              string
	Name              string
	Draw              string // which example is drawn: card, emblem, held, letter
	Letter, Printable bool
	Accept            string
	Doc               bool
	Pages             []string // addresses of the pictures
	Flags             []page.Notice
	Doubt             bool // flags that the applicant has not insisted on
	Kept, Wanted      bool
	Removable         bool
	Action            string
	KeepID, RemoveID  string
	Next, NextWords   string
	Home              string
}

// resetDocument is one slot of the matrix (L2).
func (p *pages) resetDocument(v *visit) error {
	return p.inSlot(v, func(tv tasks.View, slot tasks.SlotView, _ tasks.Viewer) error {
		return p.showDocument(v, tv, slot, p.view(v))
	})
}

// inSlot admits the applicant to a slot that the job has and that takes a document
// now.
func (p *pages) inSlot(v *visit, do func(tasks.View, tasks.SlotView, tasks.Viewer) error) error {
	return p.forApplicant(v, func(tv tasks.View, by tasks.Viewer) error {
		slot, err := tv.Case.Slot(v.Param("slot"))
		if err != nil {
			return err
		}
		return do(tv, slot, by)
	}, tasks.StateDraft, tasks.StateNeedMore)
}

// accepts are the media types of a slot; the bytes decide (L4).
func accepts(slot tasks.Slot) string {
	if slot == tasks.SlotLetter {
		return "image/jpeg,image/png,image/webp,application/pdf"
	}
	return "image/jpeg,image/png,image/webp"
}

// exampleOf is which example goes with a slot.
func exampleOf(slot tasks.Slot) string {
	switch slot {
	case tasks.SlotIDFront, tasks.SlotApplicantFront:
		return "card"
	case tasks.SlotIDBack, tasks.SlotApplicantBack:
		return "emblem"
	case tasks.SlotLetter:
		return "letter"
	}
	return "held"
}

func (p *pages) showDocument(v *visit, tv tasks.View, slot tasks.SlotView, view page.View) error {
	doc, root := slot.Document, documentPath(tv.Job.Receipt, slot.Slot)
	d := documentData{Slot: string(slot.Slot), Name: v.words(p, "field."+string(slot.Slot)), Draw: exampleOf(slot.Slot),
		Letter: slot.Slot == tasks.SlotLetter, Printable: p.s.parts.Letters != nil, Accept: accepts(slot.Slot), Action: root,
		Doc: doc.ID != "", Kept: doc.Insisted && len(doc.Flags) > 0, Doubt: len(doc.Flags) > 0 && !doc.Insisted, Wanted: slot.Wanted,
		Removable: doc.ID != "" && tv.Job.State == tasks.StateDraft, KeepID: formID(tv, tasks.VerbKeep), RemoveID: formID(tv, tasks.VerbRemove),
		Home: resetHome(tv)}
	for n := range doc.Pages {
		d.Pages = append(d.Pages, picturePath(tv.Job.Receipt, doc.ID, n+1))
	}
	for _, flag := range doc.Flags {
		d.Flags = append(d.Flags, p.doubt(v, flag))
	}
	d.Next, d.NextWords = p.nextStep(v, tv, slot.Slot)
	view.Back, view.Path, view.Title, view.Data = d.Home, root, d.Name, d
	return p.show(v, "reset/document", view)
}

func picturePath(receipt, documentID string, n int) string {
	return caseRoot(receipt) + "/pictures/" + documentID + "/" + strconv.Itoa(n)
}

// doubt words what was measured, as advice.
func (p *pages) doubt(v *visit, flag tasks.DocumentFlag) page.Notice {
	params := text.ParamsOf(flag.Params)
	if other := flag.Params["slot"]; other != "" {
		params["document"] = p.s.parts.Catalog.Field(v.call.lang, other)
	}
	return page.Notice{Tone: page.Warn, Title: v.say(p, "reset.doubt."+flag.Code, params), Text: v.say(p, "reset.doubt."+flag.Code+".do", params)}
}

// nextStep leads to the next document that is missing, else back to the list.
func (p *pages) nextStep(v *visit, tv tasks.View, now tasks.Slot) (href, words string) {
	for _, slot := range tv.Case.Slots {
		if slot.Slot != now && !slot.Filled() && (slot.Wanted || tv.Job.State == tasks.StateDraft) {
			return documentPath(tv.Job.Receipt, slot.Slot), v.say(p, "reset.document.next", text.Params{"document": p.s.parts.Catalog.Field(v.call.lang, string(slot.Slot))})
		}
	}
	return resetHome(tv), v.say(p, "reset.document.back")
}

// upload takes a file into a slot. Who may is asked before a byte of the body is
// read.
func (p *pages) upload(v *visit) error {
	return p.inSlot(v, func(tv tasks.View, slot tasks.SlotView, by tasks.Viewer) error {
		done, err := p.s.uploading(v.Response())
		if err != nil {
			return err
		}
		defer done()
		r := v.Request()
		f, err := fileOf(r.Body, r.Header.Get("Content-Type"))
		if err == nil {
			_, err = p.s.parts.Desk.Upload(v.ctx(), tasks.Upload{Receipt: tv.Job.Receipt, By: by, Slot: slot.Slot, Data: f.data,
				Media: f.media, Name: f.name})
		}
		if err != nil {
			return p.notUploaded(v, err)
		}
		return v.to(documentPath(tv.Job.Receipt, slot.Slot))
	})
}

// notUploaded shows why a file was not taken, beside the one that is there.
func (p *pages) notUploaded(v *visit, cause error) error {
	again := func(view page.View) error {
		return p.inSlot(v, func(tv tasks.View, slot tasks.SlotView, _ tasks.Viewer) error {
			for i := range view.Errors {
				if view.Errors[i].Field == string(slot.Slot) {
					view.Errors[i].Field = fileField
				}
			}
			return p.showDocument(v, tv, slot, view)
		})
	}
	view := p.view(v)
	var large *http.MaxBytesError
	switch {
	case errors.Is(cause, errNoFile):
		view.Errors = []page.FieldError{{Field: fileField, Key: "msg.required.file", Params: text.Params{"document": v.words(p, "field."+v.Param("slot"))}}}
		v.call.code = string(errInvalid)
		return again(view)
	case errors.Is(cause, errTooLarge), errors.As(cause, &large):
		view.Status = http.StatusRequestEntityTooLarge
		view.Errors = []page.FieldError{{Field: fileField, Key: "reset.file.size"}}
		v.call.code = string(errTooLarge)
		return again(view)
	}
	return p.resetRefused(v, cause, again)
}

// backToDocument is what the address of a form shows when it is opened.
func (p *pages) backToDocument(v *visit) error {
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil {
		return err
	}
	return v.to(documentPath(receipt, tasks.Slot(v.Param("slot"))))
}

// keepDocument insists on a picture although there are doubts (L4).
func (p *pages) keepDocument(v *visit) error { return p.onDocument(v, tasks.VerbKeep) }

// removeDocument takes it out again.
func (p *pages) removeDocument(v *visit) error { return p.onDocument(v, tasks.VerbRemove) }

func (p *pages) onDocument(v *visit, verb tasks.Verb) error {
	return p.inSlot(v, func(tv tasks.View, slot tasks.SlotView, _ tasks.Viewer) error {
		_, err := p.s.parts.Desk.Act(v.ctx(), p.action(v, tv.Job.Receipt, verb, map[string]string{tasks.FieldSlot: string(slot.Slot)}))
		if err != nil {
			return p.resetRefused(v, err, func(view page.View) error { return p.showDocument(v, tv, slot, view) })
		}
		if href, _ := p.nextStep(v, tv, slot.Slot); verb == tasks.VerbKeep {
			return v.to(href)
		}
		return v.to(documentPath(tv.Job.Receipt, slot.Slot))
	})
}

// ownPicture is one page of a document, for the applicant and nobody else.
func (p *pages) ownPicture(v *visit) error {
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.Param("page"))
	if err != nil {
		return errNotFound
	}
	by := tasks.Viewer{Tracking: p.kept(v, trackingCookie)}
	var picture []byte
	err = p.s.fenced(v.ctx(), func() (err error) {
		picture, err = p.s.parts.Desk.OwnPicture(v.ctx(), receipt, v.Param("document"), n, by)
		return err
	})
	if err != nil {
		return err
	}
	return sendPrivate(v.Context, "image/jpeg", "", picture)
}

// sendPrivate answers with something personal: it is kept nowhere.
func sendPrivate(c echo.Context, media, name string, data []byte) error {
	head := c.Response().Header()
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	if name != "" {
		head.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	return c.Blob(http.StatusOK, media, data)
}

// blankLetter is the template of the kind's letter, for everybody (L3). It says that
// it serves nothing else.
func (p *pages) blankLetter(v *visit) error {
	if p.s.parts.Letters == nil {
		return errNotFound
	}
	pdf, err := p.s.parts.Letters.Blank(v.at().kind)
	if err != nil {
		return err
	}
	return sendPrivate(v.Context, pdfType, "authorisation-letter.pdf", pdf)
}

// ownLetter is the letter filled in for the applicant's job (L3).
func (p *pages) ownLetter(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, by tasks.Viewer) error {
		pdf, err := p.s.letter(v.ctx(), tv, by, p.parts.Now())
		if err != nil {
			return err
		}
		return sendPrivate(v.Context, pdfType, "authorisation-letter-"+tv.Job.Receipt+".pdf", pdf)
	}, tasks.StateDraft, tasks.StateNeedMore)
}
