package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// inboxLetters is how many of the newest messages the inbox looks at.
const inboxLetters = 300

// Letters is the embedded provider's box, newest first; *store.Store satisfies it.
type Letters interface {
	Letters(ctx context.Context, limit int) ([]tasks.Letter, error)
}

// InboxParts is what the inbox is made of. It belongs to development only: it
// shows codes and receivers in clear, because it plays their phones.
type InboxParts struct {
	Letters  Letters
	Renderer *page.Renderer
	// PublicURL is where people reach the pages: only links to there work.
	PublicURL string
	Demo      []DemoSignIn
	// Cases are made-up filings whose login is lost, to try a login reset with, and
	// Paper draws the picture that a case needs for a slot.
	Cases []DemoCase
	Paper func(key, slot string) ([]byte, error)
	// ClockNote says how the clock was moved, in each language; empty when it was not.
	ClockNote map[text.Lang]string
	Log       zerolog.Logger
	Now       func() time.Time
}

// DemoSignIn is one sign-in of the demonstration, listed beside the messages.
type DemoSignIn struct {
	Login, Password string
	Staff           bool
	Purpose         map[text.Lang]string
}

// DemoCase is what a login reset asks for, of somebody who does not exist.
type DemoCase struct {
	Key    string
	Fields map[string]string // by the names of the form
	Slots  []string
}

// Inbox is the page on which a developer reads what the desk sent (C2).
type Inbox struct {
	parts  InboxParts
	reader letterReader
	ending <-chan struct{}
}

// NewInbox builds the inbox; the public URL must be absolute.
func NewInbox(p InboxParts) (*Inbox, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	reader, err := newLetterReader(p.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("preparing the inbox: %w", err)
	}
	return &Inbox{parts: p, reader: reader}, nil
}

// Routes hangs the inbox into a server, for Parts.Pages of a development process.
func (i *Inbox) Routes(s *Server, e *echo.Echo) {
	i.ending = s.ending
	e.GET("/inbox", func(c echo.Context) error { return i.show(c.Response(), c.Request()) })
	e.GET("/inbox/stream", func(c echo.Context) error { return i.stream(c.Response(), c.Request()) })
	e.GET("/inbox/papers/:key/:slot", func(c echo.Context) error {
		return i.paper(c.Response(), inboxPaper{key: c.Param("key"), slot: strings.TrimSuffix(c.Param("slot"), ".jpg")})
	})
}

// inboxPage is the messages of all receivers or of one.
type inboxPage struct {
	Letters   []inboxLetter
	Receivers []inboxReceiver
	To        string
	Stream    string
	Numbers   []inboxNumber
	Staff     []inboxDemo
	Accounts  []inboxDemo
	Cases     []DemoCase
	ClockNote string
}

type inboxReceiver struct {
	To      string
	Count   int
	Current bool
}

// inboxNumber is a number with a fault of its own.
type inboxNumber struct{ Number, Key string }

type inboxDemo struct{ Login, Password, Purpose string }

// inboxLetter is one message. State is delivered, late or waiting; the text of one
// that has not arrived is not shown, as on a phone.
type inboxLetter struct {
	ID, To, Href string
	SMS          bool
	At           time.Time
	State        string
	Arrives      time.Time
	Seconds      int
	Pieces       []letterPiece
	Code         string // the first code, to copy
	CodeKey      string // of its label
}

func (i *Inbox) show(w http.ResponseWriter, r *http.Request) error {
	view := page.FromRequest(r, callOf(r.Context()).lang)
	view.RequestID, view.Wide, view.Refresh = callOf(r.Context()).id, true, 5
	data, err := i.look(r.Context(), r.URL.Query().Get("to"))
	if err != nil {
		return err
	}
	for _, d := range i.parts.Demo {
		row := inboxDemo{Login: d.Login, Password: d.Password, Purpose: d.Purpose[view.Lang]}
		if d.Staff {
			data.Staff = append(data.Staff, row)
		} else {
			data.Accounts = append(data.Accounts, row)
		}
	}
	data.Numbers = []inboxNumber{
		{"13800138001", "inbox.number.plain"}, {"13800138002", "inbox.number.blocked"}, {"13800138003", "inbox.number.late"},
		{"13800138004", "inbox.number.hangs"}, {"13800138005", "inbox.number.throttled"},
	}
	data.Cases, data.ClockNote = i.parts.Cases, i.parts.ClockNote[view.Lang]
	view.Data = data
	return i.parts.Renderer.Render(w, "inbox", view)
}

type inboxPaper struct{ key, slot string }

// paper draws a document of a demo case, to be uploaded again.
func (i *Inbox) paper(w http.ResponseWriter, p inboxPaper) error {
	known := slices.ContainsFunc(i.parts.Cases, func(c DemoCase) bool { return c.Key == p.key && slices.Contains(c.Slots, p.slot) })
	if !known || i.parts.Paper == nil {
		return tasks.ErrNotFound
	}
	picture, err := i.parts.Paper(p.key, p.slot)
	if err != nil {
		return fmt.Errorf("drawing a demo paper: %w", err)
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Disposition", `attachment; filename="specimen-`+p.key+`-`+p.slot+`.jpg"`)
	w.Header().Set("Cache-Control", "private, max-age=3600")
	_, err = w.Write(picture)
	return err
}

func (i *Inbox) look(ctx context.Context, to string) (inboxPage, error) {
	letters, err := i.parts.Letters.Letters(ctx, inboxLetters)
	if err != nil {
		return inboxPage{}, err
	}
	data := inboxPage{To: to, Stream: inboxAddress("/inbox/stream", to)}
	for _, l := range letters {
		data.count(l.To)
		if to == "" || l.To == to {
			data.Letters = append(data.Letters, i.letter(l))
		}
	}
	slices.SortStableFunc(data.Receivers, func(a, b inboxReceiver) int { return b.Count - a.Count })
	return data, nil
}

func (p *inboxPage) count(to string) {
	for i := range p.Receivers {
		if p.Receivers[i].To == to {
			p.Receivers[i].Count++
			return
		}
	}
	p.Receivers = append(p.Receivers, inboxReceiver{To: to, Count: 1, Current: to == p.To})
}

func inboxAddress(path, to string) string {
	if to == "" {
		return path
	}
	return path + "?to=" + url.QueryEscape(to)
}

// lateAfter tells a message that took its time from one that came at once.
const lateAfter = 5 * time.Second

func (i *Inbox) letter(l tasks.Letter) inboxLetter {
	shown := inboxLetter{ID: letterID(l.OutID), To: l.To, Href: inboxAddress("/inbox", l.To), SMS: l.Channel == tasks.ChannelSMS,
		At: l.At, State: "delivered", Arrives: l.DeliveredAt}
	late := l.DeliveredAt.Sub(l.At)
	switch {
	case l.DeliveredAt.IsZero() || i.parts.Now().Before(l.DeliveredAt):
		shown.State = "waiting"
		return shown
	case late >= lateAfter:
		shown.State, shown.Seconds = "late", int(late.Round(time.Second).Seconds())
	}
	shown.Pieces = i.reader.read(l.Text)
	for _, p := range shown.Pieces {
		if p.Code && shown.Code == "" {
			shown.Code, shown.CodeKey = p.Text, "inbox.code"
			if len(p.Text) == freezeCode {
				shown.CodeKey = "inbox.freeze_code"
			}
		}
	}
	return shown
}

// letterID is an id for the page, whatever the provider's ids are made of.
func letterID(outID string) string {
	sum := sha256.Sum256([]byte(outID))
	return "m" + hex.EncodeToString(sum[:6])
}

// stream tells the page when a message came or arrived.
func (i *Inbox) stream(w http.ResponseWriter, r *http.Request) error {
	to := r.URL.Query().Get("to")
	watch(&opsVisit{w: w, r: r}, i.ending, func() (string, bool) {
		data, err := i.look(r.Context(), to)
		if err != nil {
			i.parts.Log.Warn().Err(err).Msg("the inbox could not be read")
		}
		mark := ""
		for _, l := range data.Letters {
			mark += l.ID + l.State + " "
		}
		return mark, true
	})
	return nil
}
