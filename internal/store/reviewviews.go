package store

import (
	"context"

	"beian/tasks"
)

// ReviewView is a filter of the review queue that a member of staff gave a name.
type ReviewView struct{ ID, StaffID, Name, Query string }

// maxReviewViews is how many one member keeps: more is a list to search in.
const maxReviewViews = 20

// Codes of a view that can't be kept.
const (
	viewsFull = "VIEWS_FULL"
	viewTaken = "VIEW_NAME_TAKEN"
)

// ReviewViews lists a member's views in the order in which they were added.
func (s *Store) ReviewViews(ctx context.Context, staffID string) (out []ReviewView, err error) {
	err = s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			v := ReviewView{StaffID: staffID}
			err := scan(&v.ID, &v.Name, &v.Query)
			out = append(out, v)
			return err
		}, `SELECT id, name, query FROM review_views WHERE staff_id = $1 ORDER BY created_at, id`, staffID)
	})
	return out, err
}

// AddReviewView keeps one more. Errors: *tasks.Invalid when the name is taken or
// the member has twenty.
func (s *Store) AddReviewView(ctx context.Context, v ReviewView) error {
	return s.update(ctx, func(t *tx) error {
		if err := t.ownViews(ctx, v, maxReviewViews); err != nil {
			return err
		}
		return t.q.later(ctx, `INSERT INTO review_views (id, staff_id, name, query, created_at) VALUES ($1,$2,$3,$4,$5)`,
			v.ID, v.StaffID, v.Name, v.Query, millis(t.Now()))
	})
}

// ownViews has a member's views to itself until the transaction ends, and checks
// the name and that there are fewer than most.
func (t *tx) ownViews(ctx context.Context, v ReviewView, most int) error {
	var id string
	if err := scanOne(t.q.row(ctx, `SELECT id FROM staff WHERE id = $1`+t.q.locks(), v.StaffID), &id); err != nil {
		return err
	}
	var n, taken int
	err := t.q.row(ctx, `SELECT count(*), coalesce(sum(CASE WHEN name = $2 AND id <> $3 THEN 1 ELSE 0 END), 0) FROM review_views
	  WHERE staff_id = $1`, v.StaffID, v.Name, v.ID).Scan(&n, &taken)
	switch {
	case err != nil:
		return err
	case taken > 0:
		return &tasks.Invalid{Faults: []tasks.Fault{{Field: "view_name", Code: viewTaken}}}
	case n >= most:
		return &tasks.Invalid{Faults: []tasks.Fault{{Field: "view_name", Code: viewsFull}}}
	}
	return nil
}

// RenameReviewView gives a member's view another name. Errors: *tasks.Invalid when
// it is taken, tasks.ErrNotFound.
func (s *Store) RenameReviewView(ctx context.Context, v ReviewView) error {
	return s.update(ctx, func(t *tx) error {
		if err := t.ownViews(ctx, v, maxReviewViews+1); err != nil {
			return err
		}
		return t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE review_views SET name = $1 WHERE id = $2 AND staff_id = $3`, v.Name, v.ID, v.StaffID)
	})
}

// DropReviewView forgets one; tasks.ErrNotFound when it is not the member's.
func (s *Store) DropReviewView(ctx context.Context, staffID, id string) error {
	return s.update(ctx, func(t *tx) error {
		return t.exactlyOne(ctx, tasks.ErrNotFound, `DELETE FROM review_views WHERE id = $1 AND staff_id = $2`, id, staffID)
	})
}
