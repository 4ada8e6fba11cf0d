package api

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"beian/tasks"
)

// ticketLife is how long the address of a picture works (trust.md, broken access).
const ticketLife = 60 * time.Second

// pictureURL is the address of one page of a document for this session and the
// next minute. A copied address opens nothing for anybody else.
func (o *Ops) pictureURL(v *opsVisit, receipt, id string, number int) string {
	path := reviewPath(receipt) + "/documents/" + url.PathEscape(id) + "/" + itoa(number)
	until := strconv.FormatInt(o.parts.Now().Add(ticketLife).Unix(), 10)
	return path + "?t=" + until + "." + o.ticket(v, path, until)
}

func (o *Ops) ticket(v *opsVisit, path, until string) string {
	return o.parts.Reviews.Ticket(strings.Join([]string{v.member.ID, path, until}, " "))
}

// admits tells whether the request carries a ticket for its picture.
func (o *Ops) admits(v *opsVisit, p tasks.Picture) bool {
	until, mark, _ := strings.Cut(v.r.URL.Query().Get("t"), ".")
	seconds, err := strconv.ParseInt(until, 10, 64)
	if err != nil || o.parts.Now().Unix() > seconds || seconds > o.parts.Now().Add(ticketLife).Unix() {
		return false
	}
	path := reviewPath(p.Receipt) + "/documents/" + url.PathEscape(p.DocumentID) + "/" + itoa(p.Page)
	return subtle.ConstantTimeCompare([]byte(mark), []byte(o.ticket(v, path, until))) == 1
}

func (v *opsVisit) picture() (tasks.Picture, error) {
	receipt, err := v.typedReceipt()
	if err != nil {
		return tasks.Picture{}, err
	}
	number, err := strconv.Atoi(v.r.PathValue("page"))
	if err != nil || itoa(number) != v.r.PathValue("page") || number < 0 {
		return tasks.Picture{}, errNotFound
	}
	return tasks.Picture{Receipt: receipt, DocumentID: v.r.PathValue("id"), Page: number}, nil
}

// reviewPicture hands out one page, marked with who sees it and when. The desk
// writes the journal before the picture leaves; fetched ahead it does not count
// as opened.
func (o *Ops) reviewPicture(v *opsVisit) error {
	p, err := v.picture()
	if err != nil {
		return err
	}
	if !o.admits(v, p) {
		return errForbidden
	}
	open := o.parts.Reviews.Desk.OpenPicture
	if v.r.URL.Query().Get("ahead") != "" {
		open = o.parts.Reviews.Desk.PrefetchPicture
	}
	picture, err := open(v.r.Context(), p, v.actor())
	if err != nil {
		return err
	}
	if p.Page > 0 {
		if picture, err = o.marked(v, p.Receipt, picture); err != nil {
			return err
		}
	}
	head := v.w.Header()
	head.Set("Content-Type", "image/jpeg")
	head.Set("Content-Length", strconv.Itoa(len(picture)))
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Disposition", "inline")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	_, err = v.w.Write(picture)
	return err
}

// marked draws who sees the picture, of which job and when, over it.
func (o *Ops) marked(v *opsVisit, receipt string, picture []byte) ([]byte, error) {
	names, err := o.staffNames(v)
	if err != nil {
		return nil, err
	}
	return o.parts.Reviews.Watermark(picture, names[v.member.StaffID], receipt, o.parts.Catalog.Date(o.parts.Now()))
}

// reviewSeen notes that a page fetched ahead is looked at now.
func (o *Ops) reviewSeen(v *opsVisit) error {
	p, err := v.picture()
	if err != nil {
		return err
	}
	if p.Page == 0 {
		return errNotFound
	}
	if err := o.parts.Reviews.Desk.MarkOpened(v.r.Context(), p, v.actor()); err != nil {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// reviewTickets gives a script new addresses for the pictures of a job; those on
// the page are good for a minute only.
func (o *Ops) reviewTickets(v *opsVisit) error {
	receipt, err := v.typedReceipt()
	if err != nil {
		return err
	}
	out := map[string]string{}
	for _, key := range v.r.URL.Query()["of"] {
		id, number, _ := strings.Cut(key, ".")
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			out[key] = o.pictureURL(v, receipt, id, n)
		}
	}
	return v.tell(http.StatusOK, out)
}
