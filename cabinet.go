package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"beian/config"
	"beian/internal/documents"
	"beian/internal/store"
	"beian/tasks"
)

// cabinet is the office's cabinet (L4, L10): uploads are examined in a child
// process, their pictures sealed with the job's key and kept as blobs.
type cabinet struct {
	examiner *documents.Examiner
	blobs    documents.Blobs
	keys     *store.Store
}

var _ tasks.Cabinet = cabinet{}

func openCabinet(cfg config.Config, keys *store.Store) (cabinet, error) {
	blobs, err := openBlobs(cfg)
	if err != nil {
		return cabinet{}, err
	}
	// Compiling the PDF sandbox takes seconds; the cache is for its result alone.
	cache := filepath.Join(cfg.DataDir, "cache", "pdf")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return cabinet{}, fmt.Errorf("making the cache of the picture decoder: %w", err)
	}
	if cache, err = filepath.Abs(cache); err != nil {
		return cabinet{}, fmt.Errorf("finding the cache of the picture decoder: %w", err)
	}
	examiner, err := documents.NewExaminer(documents.Options{Cache: cache})
	return cabinet{examiner: examiner, blobs: blobs, keys: keys}, err
}

// blobsPatience is how long a bucket may take for one picture.
const blobsPatience = 30 * time.Second

func openBlobs(cfg config.Config) (documents.Blobs, error) {
	if cfg.Blobs.URL.IsZero() {
		return documents.NewFolder(cfg.DocumentsPath())
	}
	endpoint, bucket := cfg.Blobs.Bucket()
	return documents.NewBucket(documents.BucketOptions{Endpoint: endpoint, Region: cfg.Blobs.Region, Bucket: bucket,
		AccessKey: cfg.Blobs.AccessKey.Reveal(), SecretKey: cfg.Blobs.SecretKey.Reveal, PathStyle: cfg.Blobs.Style == "path",
		Client: &http.Client{Timeout: blobsPatience}})
}

// Examine checks an upload; a letter may be a PDF, everything else is a picture.
func (c cabinet) Examine(ctx context.Context, u tasks.Upload) (tasks.Examined, error) {
	kind := documents.KindPicture
	if u.Slot == tasks.SlotLetter {
		kind = documents.KindLetter
	}
	found, err := c.examiner.Examine(ctx, documents.Upload{Kind: kind, MediaType: u.Media, Name: u.Name, Data: u.Data})
	var refused *documents.Refusal
	if errors.As(err, &refused) {
		return tasks.Examined{}, &tasks.Invalid{Faults: []tasks.Fault{{Field: string(u.Slot), Code: refused.Code,
			Reason: refused.Params["reason"], Params: refused.Params}}}
	}
	if err != nil {
		return tasks.Examined{}, err
	}
	return examined(found), nil
}

func examined(found documents.Examined) tasks.Examined {
	first := found.Pages[0]
	out := tasks.Examined{Media: mediaOf(found.Format), Width: first.Width, Height: first.Height, Thumb: first.Thumbnail,
		Sum: found.Digest, Likeness: first.Hash}
	for _, p := range found.Pages {
		out.Pages = append(out.Pages, p.View)
	}
	for _, f := range found.Flags {
		params := maps.Clone(f.Params)
		if len(found.Pages) > 1 {
			if params == nil {
				params = map[string]string{}
			}
			params["page"] = strconv.Itoa(f.Page)
		}
		out.Flags = append(out.Flags, tasks.DocumentFlag{Code: f.Code, Params: params})
	}
	return out
}

func mediaOf(f documents.Format) string {
	if f == documents.PDF {
		return "application/pdf"
	}
	return "image/" + string(f)
}

// blobName is a picture's name as stores of blobs take it.
func blobName(name string) string { return strings.ReplaceAll(name, ".", "-") }

// sealedAt binds a picture to its job and its place.
func sealedAt(jobID, name string) string { return "documents|" + jobID + "|" + blobName(name) }

// Put seals a picture and keeps it.
func (c cabinet) Put(ctx context.Context, jobID, name string, picture []byte) error {
	sealed, err := c.keys.SealFor(ctx, jobID, sealedAt(jobID, name), picture)
	if err != nil {
		return err
	}
	return c.blobs.Put(ctx, blobName(name), sealed)
}

// Picture opens one; without the job's key it is gone, whatever the store of
// blobs still has (L10).
func (c cabinet) Picture(ctx context.Context, jobID, name string) ([]byte, error) {
	sealed, err := c.blobs.Get(ctx, blobName(name))
	if err != nil {
		return nil, err
	}
	return c.keys.OpenFor(ctx, jobID, sealedAt(jobID, name), sealed)
}
