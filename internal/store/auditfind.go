package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"beian/tasks"
)

// maxEntries bounds one list of the journal.
const maxEntries = 1000

// FindAudit lists rows of the journal by a filter, newest first.
func (s *Store) FindAudit(ctx context.Context, f tasks.EntryFilter) ([]AuditEntry, error) {
	text, args := findAudit(f)
	var out []AuditEntry
	err := s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			var e AuditEntry
			err := scanAudit(scan, &e)
			out = append(out, e)
			return err
		}, text, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("searching the journal: %w", err)
	}
	return out, nil
}

// unblinded leaves out the rows of reviews and their documents about a first look whose
// second look is not decided yet (tasks.Review.First), but for its maker's own. An
// object begins with the receipt.
const unblinded = `(substr(action, 1, 7) <> 'review.' AND substr(action, 1, 9) <> 'document.' OR actor_id = $me OR NOT EXISTS (
  SELECT 1 FROM reviews r WHERE r.receipt = substr(audit.object, 1, 10) AND r.ended = 0
    AND audit.actor_id = CASE WHEN r.stage = 2 THEN r.first_by WHEN r.needs_two = 1 AND r.state = 'deciding' THEN r.holder END))`

func findAudit(f tasks.EntryFilter) (text string, args []any) {
	var where []string
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, condition+" $"+strconv.Itoa(len(args)))
	}
	if f.ActorID != "" {
		add("actor_id =", f.ActorID)
	}
	if f.ActorKind != "" {
		add("actor_kind =", string(f.ActorKind))
	}
	if group, ok := strings.CutSuffix(f.Action, "."); ok {
		add("action >=", group+".")
		add("action <", group+"/") // the character after the dot
	} else if f.Action != "" {
		add("action =", f.Action)
	}
	if f.Object != "" {
		add("substr(object, 1, 64) =", string([]rune(f.Object)[:min(64, utf8.RuneCountInString(f.Object))])) // as it is indexed
		add("object =", f.Object)
	}
	if !f.From.IsZero() {
		add("at >=", millis(f.From))
	}
	if !f.To.IsZero() {
		add("at <", millis(f.To))
	}
	if f.Below > 0 {
		add("seq <", f.Below)
	}
	if f.BlindTo != "" {
		args = append(args, f.BlindTo)
		where = append(where, strings.ReplaceAll(unblinded, "$me", "$"+strconv.Itoa(len(args))))
	}
	limit := f.Limit
	if limit < 1 || limit > maxEntries {
		limit = maxEntries
	}
	text = auditColumns
	if len(where) > 0 {
		text += "WHERE " + strings.Join(where, " AND ")
	}
	return text + " ORDER BY seq DESC LIMIT " + strconv.Itoa(limit), args
}
