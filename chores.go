package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"beian/internal/documents"
	"beian/internal/queue"
	"beian/internal/store"
)

// chores are the recurring duties; duties says how often.
func (o *office) chores() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"chore:seal": func(ctx context.Context) error {
			for {
				n, err := o.store.Seal(ctx)
				if err != nil || n == 0 {
					return err
				}
			}
		},
		"chore:purge": func(ctx context.Context) error {
			n, err := o.store.Purge(ctx)
			if n > 0 {
				o.log.Info().Int64("rows", n).Msg("purged what outlived its retention")
			}
			return errors.Join(err, o.forgetReceivers(ctx))
		},
		store.CalendarChore: o.applyCalendar,
		"chore:shred":       func(ctx context.Context) error { return errors.Join(o.shred(ctx), o.sweepBlobs(ctx)) },
	}
}

func duties() []queue.Duty {
	return []queue.Duty{{Name: "seal", Every: time.Minute}, {Name: "purge", Every: time.Hour}, {Name: "shred", Every: time.Hour}}
}

// forgetReceivers leaves the ledger of messages without phones and addresses.
func (o *office) forgetReceivers(ctx context.Context) error {
	n, err := o.store.ForgetReceivers(ctx)
	if n > 0 {
		o.log.Info().Int64("messages", n).Msg("forgot the receivers of old messages")
	}
	return err
}

// shred deletes the keys of login resets whose retention is over, then the blobs
// that nobody can open any more (L10). A blob that could not be deleted is an
// orphan, which the sweep takes.
func (o *office) shred(ctx context.Context) error {
	rules := o.policy()
	policy := store.ShredPolicy{Refused: rules.KeepRefused, Done: rules.KeepDone}
	for {
		report, err := o.store.Shred(ctx, policy)
		if err != nil {
			return err
		}
		if report.Jobs > 0 {
			o.log.Info().Int("jobs", report.Jobs).Int("blobs", len(report.Blobs)).Msg("shredded what outlived its retention")
		}
		if err := o.deleteBlobs(ctx, report.Blobs); err != nil {
			return err
		}
		if !report.More {
			return nil
		}
	}
}

func (o *office) deleteBlobs(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := o.cabinet.blobs.Delete(ctx, blobName(name)); err != nil {
			return fmt.Errorf("deleting a shredded picture: %w", err)
		}
	}
	return nil
}

// orphanAge is how old a blob must be before it can be an orphan: pictures are
// written before the row that names them.
const orphanAge = 24 * time.Hour

// sweepBlobs deletes pictures that no document names.
func (o *office) sweepBlobs(ctx context.Context) error {
	after, deleted := "", 0
	for {
		names, err := o.cabinet.blobs.List(ctx, "", after)
		if err != nil {
			return err
		}
		orphans, err := o.store.OrphanBlobs(ctx, grown(names, time.Now().Add(-orphanAge)))
		if err != nil {
			return err
		}
		if err := o.deleteBlobs(ctx, orphans); err != nil {
			return err
		}
		deleted += len(orphans)
		if len(names) < documents.ListAtMost {
			break
		}
		after = names[len(names)-1]
	}
	if deleted > 0 {
		o.log.Info().Int("blobs", deleted).Msg("deleted pictures that no document names")
	}
	return nil
}

// grown are the names of pictures that were made before a moment, as documents
// write them. The id of a document tells when; what has another name is not ours.
func grown(blobs []string, before time.Time) []string {
	var out []string
	for _, blob := range blobs {
		dash := strings.LastIndexByte(blob, '-')
		if dash < 0 {
			continue
		}
		id, err := uuid.Parse(blob[:dash])
		if err != nil || id.Version() != 7 {
			continue
		}
		seconds, nanos := id.Time().UnixTime()
		if time.Unix(seconds, nanos).Before(before) {
			out = append(out, blob[:dash]+"."+blob[dash+1:])
		}
	}
	return out
}
