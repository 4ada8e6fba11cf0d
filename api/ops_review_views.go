package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

const opsReviewViews = opsReviews + "/views"

// OpsViews keeps filters of the review queue under names, each member's own (V5).
type OpsViews interface {
	ReviewViews(ctx context.Context, staffID string) ([]ReviewView, error)
	// AddReviewView keeps one more, *tasks.Invalid when the name is taken or there
	// are too many.
	AddReviewView(ctx context.Context, v ReviewView) error
	// RenameReviewView gives one another name. Errors: *tasks.Invalid,
	// tasks.ErrNotFound.
	RenameReviewView(ctx context.Context, v ReviewView) error
	// DropReviewView forgets one; tasks.ErrNotFound when it is not the member's.
	DropReviewView(ctx context.Context, staffID, id string) error
}

// ReviewView is a named filter; Query is the part of the address behind the ?.
type ReviewView struct{ ID, StaffID, Name, Query string }

func (o *Ops) viewRoutes() []opsRoute {
	if o.parts.Reviews.Views == nil {
		return nil
	}
	return []opsRoute{
		{http.MethodGet, opsReviewViews, false, reviewReaders(), o.reviewViews},
		{http.MethodPost, opsReviewViews, false, reviewReaders(), o.changeViews},
	}
}

// opsViewsPage lists a member's views and, when it was led here with a filter,
// asks for the name of one more.
type opsViewsPage struct {
	opsFrame
	Rows       []opsViewRow
	Query      string // of the filter to save, or empty
	Words, All string
}

type opsViewRow struct {
	ID, Field, Name, Href, Words, Fault string
}

func (o *Ops) reviewViews(v *opsVisit) error {
	return o.showViews(v, o.filterQuery(v, v.r.URL.Query()), nil)
}

// filterQuery is the canonical address of a filter; what the queue does not know is
// left out, and a filter that it can't use is none.
func (o *Ops) filterQuery(v *opsVisit, asked url.Values) string {
	kept := url.Values{}
	for _, name := range []string{"tab", "kind", "nature", "risky", "due"} {
		if value := asked.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	if _, fault := o.reviewFilter(v, kept); fault != "" {
		return ""
	}
	return kept.Encode()
}

func (o *Ops) showViews(v *opsVisit, query string, faults []page.FieldError) error {
	views, err := o.parts.Reviews.Views.ReviewViews(v.r.Context(), v.member.StaffID)
	if err != nil {
		return err
	}
	view := o.view(v)
	view.Values, view.Errors = v.r.PostForm, faults
	view.Path = opsReviewViews + "?" + query
	data := opsViewsPage{opsFrame: o.frame(v, opsReviews), Query: query, Words: o.filterWords(v, query), All: opsReviews}
	data.Done = o.done(v, map[string]string{"renamed": "review.view.renamed", "deleted": "review.view.deleted"})
	for _, one := range views {
		row := opsViewRow{ID: one.ID, Field: "name-" + one.ID, Name: one.Name, Href: opsReviews + "?" + one.Query, Words: o.filterWords(v, one.Query)}
		for _, f := range faults {
			if f.Field == row.Field {
				row.Name, row.Fault = v.r.PostForm.Get("view_name"), f.Message
			}
		}
		data.Rows = append(data.Rows, row)
	}
	view.Data = data
	return o.show(v, "review-views", view)
}

// filterWords says what a filter shows.
func (o *Ops) filterWords(v *opsVisit, query string) string {
	asked, err := url.ParseQuery(query)
	if err != nil || query == "" {
		return ""
	}
	f, fault := o.reviewFilter(v, asked)
	if fault != "" {
		return ""
	}
	words := []string{o.say(v, "review.tab."+f.Tab)}
	if f.Kind != "" {
		words = append(words, o.say(v, "kind."+string(f.Kind)))
	}
	if f.Nature != "" {
		words = append(words, o.say(v, "review.nature."+string(f.Nature)))
	}
	if f.Risky {
		words = append(words, o.say(v, "review.filter.risky"))
	}
	if !f.DueBy.IsZero() {
		words = append(words, o.say(v, "review.filter.today"))
	}
	return strings.Join(words, " · ")
}

const maxViewName = 40 // characters

// viewName is a typed name on one line; its fault is empty when it will do.
func viewName(typed string) (name, fault string) {
	name = strings.Join(strings.Fields(typed), " ")
	switch {
	case name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return name, "REQUIRED"
	case utf8.RuneCountInString(name) > maxViewName:
		return name, "VIEW_NAME_LONG"
	}
	return name, ""
}

// changeViews saves, renames or deletes one of the member's own views.
func (o *Ops) changeViews(v *opsVisit) error {
	form, views, ctx := v.r.PostForm, o.parts.Reviews.Views, v.r.Context()
	one := ReviewView{ID: form.Get("id"), StaffID: v.member.StaffID}
	if form.Get("act") == "delete" {
		if err := views.DropReviewView(ctx, one.StaffID, one.ID); err != nil && !errors.Is(err, tasks.ErrNotFound) {
			return err
		}
		v.redirect(opsReviewViews + "?done=deleted")
		return nil
	}
	asked, err := url.ParseQuery(form.Get("query"))
	if err != nil {
		return errMalformed
	}
	var fault, field string
	one.Name, fault = viewName(form.Get("view_name"))
	to := opsReviewViews + "?done=renamed"
	switch form.Get("act") {
	case "rename":
		field = "name-" + one.ID
	case "add":
		if one.Query = o.filterQuery(v, asked); one.Query == "" {
			return errMalformed
		}
		field, one.ID, to = "view_name", o.parts.NewID(), opsReviews+"?"+one.Query+"&done=view"
	default:
		return errMalformed
	}
	if fault == "" {
		keep := views.RenameReviewView
		if one.Query != "" {
			keep = views.AddReviewView
		}
		err := keep(ctx, one)
		var invalid *tasks.Invalid
		if err != nil && !errors.As(err, &invalid) {
			return err
		}
		if invalid != nil {
			fault = invalid.Faults[0].Code
		}
	}
	if fault != "" {
		words := o.parts.Catalog.Fault(v.call.lang, text.Fault{Field: "view_name", Code: fault})
		return o.showViews(v, one.Query, []page.FieldError{{Field: field, Message: words}})
	}
	v.redirect(to)
	return nil
}

// savedViews are the links beside the filters of the queue.
func (o *Ops) savedViews(v *opsVisit, data *opsReviewsPage) error {
	if o.parts.Reviews.Views == nil {
		return nil
	}
	views, err := o.parts.Reviews.Views.ReviewViews(v.r.Context(), v.member.StaffID)
	if err != nil {
		return err
	}
	query := v.r.URL.Query()
	if query.Get("tab") == "" {
		query.Set("tab", tabWaiting)
	}
	present := o.filterQuery(v, query)
	for _, one := range views {
		data.Saved = append(data.Saved, opsTab{Text: one.Name, Href: opsReviews + "?" + one.Query, Current: one.Query == present})
	}
	data.SaveHref = opsReviewViews + "?" + present
	return nil
}
