package documents

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"beian/tasks"
)

// Bucket keeps blobs in a bucket of a store that speaks the S3 protocol: MinIO,
// OSS, COS, AWS. Requests are signed with AWS Signature Version 4; bodies are
// part of the signature, so a changed body is refused.
type Bucket struct {
	options BucketOptions
	base    *url.URL
}

// BucketOptions say where the bucket is. Endpoint is an absolute http or https
// URL. PathStyle puts the bucket into the path, as MinIO wants it; OSS and COS
// want it in the host's name. Client needs a time-out. Now is the clock that
// requests are signed by, time.Now by default.
type BucketOptions struct {
	Endpoint, Region, Bucket string
	AccessKey                string
	SecretKey                func() string // a function, so that printing the options shows none
	PathStyle                bool
	Client                   *http.Client
	Now                      func() time.Time
}

// NewBucket checks the options; it asks the store nothing.
func NewBucket(o BucketOptions) (*Bucket, error) {
	base, err := url.Parse(o.Endpoint)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("the store's endpoint must be an absolute http or https URL")
	}
	if o.Region == "" || o.Bucket == "" || o.AccessKey == "" || o.SecretKey == nil || o.Client == nil {
		return nil, errors.New("a bucket needs region, name, keys and a client")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	base.Path = strings.TrimSuffix(base.Path, "/") + "/"
	if o.PathStyle {
		base.Path += o.Bucket + "/"
	} else {
		base.Host = o.Bucket + "." + base.Host
	}
	return &Bucket{options: o, base: base}, nil
}

// Put implements Blobs.
func (b *Bucket) Put(ctx context.Context, name string, sealed []byte) error {
	if err := checkName(name); err != nil {
		return err
	}
	_, err := b.ask(ctx, "storing a document", request{method: http.MethodPut, name: name, body: sealed})
	return err
}

// Get implements Blobs.
func (b *Bucket) Get(ctx context.Context, name string) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return b.ask(ctx, "reading a document", request{method: http.MethodGet, name: name})
}

// Delete implements Blobs.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	_, err := b.ask(ctx, "deleting a document", request{method: http.MethodDelete, name: name})
	if errors.Is(err, tasks.ErrNotFound) {
		return nil
	}
	return err
}

// List implements Blobs with ListObjectsV2.
func (b *Bucket) List(ctx context.Context, prefix, after string) ([]string, error) {
	query := url.Values{"list-type": {"2"}, "max-keys": {strconv.Itoa(ListAtMost)}}
	if prefix != "" {
		query.Set("prefix", prefix)
	}
	if after != "" {
		query.Set("start-after", after)
	}
	body, err := b.ask(ctx, "listing documents", request{method: http.MethodGet, query: query})
	if err != nil {
		return nil, err
	}
	var found struct {
		Contents []struct{ Key string }
	}
	if err := xml.Unmarshal(body, &found); err != nil {
		return nil, fmt.Errorf("listing documents: reading the store's answer: %w", err)
	}
	names := make([]string, len(found.Contents))
	for i, object := range found.Contents {
		names[i] = object.Key
	}
	return names, nil
}

type request struct {
	method string
	name   string
	query  url.Values
	body   []byte
}

// ask sends one signed request and classes the answer. The store's own words are
// left out of errors but for its code.
func (b *Bucket) ask(ctx context.Context, attempted string, r request) ([]byte, error) {
	where := *b.base
	where.Path += r.name
	where.RawQuery = strings.ReplaceAll(r.query.Encode(), "+", "%20")
	req, err := http.NewRequestWithContext(ctx, r.method, where.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", attempted, err)
	}
	signature{key: b.options.AccessKey, secret: b.options.SecretKey(), region: b.options.Region, at: b.options.Now()}.sign(req, r.body)
	resp, err := b.options.Client.Do(req)
	if err != nil {
		var address *url.Error
		if errors.As(err, &address) {
			err = address.Err // without the blob's name
		}
		return nil, down(attempted, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBlob+1))
	switch {
	case err != nil:
		return nil, down(attempted, err)
	case len(body) > maxBlob:
		return nil, fmt.Errorf("%s: the answer is larger than %d bytes", attempted, maxBlob)
	case resp.StatusCode/100 == 2:
		return body, nil
	}
	return nil, refusedBy(attempted, resp.StatusCode, body)
}

// refusedBy classes an error answer. A missing bucket is a fault of the
// installation, not of the blob.
func refusedBy(attempted string, status int, body []byte) error {
	var said struct{ Code string }
	_ = xml.Unmarshal(body, &said) // no XML, no code
	err := fmt.Errorf("the store answered %d %.40q", status, said.Code)
	switch {
	case status == http.StatusNotFound && said.Code != "NoSuchBucket":
		return fmt.Errorf("%s: %w", attempted, tasks.ErrNotFound)
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return down(attempted, err)
	}
	return fmt.Errorf("%s: %w", attempted, err)
}
