package documents

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"beian/internal/vault"
	"beian/tasks"
)

// Blobs keeps sealed bytes under names. Names are 8 to 64 lower-case letters,
// digits and hyphens, drawn at random by the caller; others are refused. All
// methods are safe for concurrent use and may run twice. A store that is down or
// full is tasks.ErrUnavailable, and nothing of the blob is kept then.
type Blobs interface {
	// Put stores a whole blob durably or not at all; the same name is replaced.
	Put(ctx context.Context, name string, sealed []byte) error
	// Get reads a whole blob; tasks.ErrNotFound when there is none.
	Get(ctx context.Context, name string) ([]byte, error)
	// Delete removes a blob; that there is none is no error.
	Delete(ctx context.Context, name string) error
	// List names at most ListAtMost blobs with a prefix, in the order of their
	// bytes, those after a name.
	List(ctx context.Context, prefix, after string) ([]string, error)
}

const (
	// ListAtMost is how many names one List gives; fewer say that it was the end.
	ListAtMost = 1000

	maxBlob = 64 << 20 // bytes that Get takes
)

var blobName = regexp.MustCompile(`^[a-z0-9-]{8,64}$`)

func checkName(name string) error {
	if !blobName.MatchString(name) {
		return errors.New("a blob's name must be 8 to 64 lower-case letters, digits and hyphens")
	}
	return nil
}

// Cabinet keeps documents of jobs as blobs, sealed with the job's key and bound
// to their place; deleting the key's wrapped form shreds them all (L10).
type Cabinet struct{ blobs Blobs }

// NewCabinet puts a cabinet before a store of blobs.
func NewCabinet(blobs Blobs) Cabinet { return Cabinet{blobs} }

// Place is where a document lies: the id of its job and the blob's name.
type Place struct{ Job, Blob string }

func (p Place) context() string { return "documents|" + p.Job + "|" + p.Blob }

// Put seals and stores; errors are those of Blobs.Put.
func (c Cabinet) Put(ctx context.Context, at Place, key vault.Key, plain []byte) error {
	sealed, err := key.Seal(at.context(), plain)
	if err != nil {
		return err
	}
	return c.blobs.Put(ctx, at.Blob, sealed)
}

// Get reads and opens. Errors are those of Blobs.Get; a blob that was swapped,
// changed or sealed for another place does not open.
func (c Cabinet) Get(ctx context.Context, at Place, key vault.Key) ([]byte, error) {
	sealed, err := c.blobs.Get(ctx, at.Blob)
	if err != nil {
		return nil, err
	}
	return key.Open(at.context(), sealed)
}

// Delete removes a document's blob; it may run twice.
func (c Cabinet) Delete(ctx context.Context, at Place) error { return c.blobs.Delete(ctx, at.Blob) }

// down marks what was attempted on a store that can't do it now.
func down(attempted string, err error) error {
	return fmt.Errorf("%s: %w: %w", attempted, tasks.ErrUnavailable, err)
}
