package documents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"beian/internal/vault"
	"beian/tasks"
)

const testSecret = "not-a-secret-of-anybody"

// newBucket starts a server of the S3 protocol that also checks signatures.
func newBucket(t *testing.T) *Bucket {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("documents"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(signed(gofakes3.New(backend).Server()))
	t.Cleanup(server.Close)
	return bucketAt(t, server.URL)
}

func bucketAt(t *testing.T, endpoint string) *Bucket {
	t.Helper()
	b, err := NewBucket(BucketOptions{Endpoint: endpoint, Region: "cn-north-1", Bucket: "documents", AccessKey: "key",
		SecretKey: func() string { return testSecret }, PathStyle: true, Client: &http.Client{Timeout: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signed signs what arrived once more: the signature must cover the request as
// it was on the wire.
func signed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		at, dateErr := time.Parse(sigTime, r.Header.Get("x-amz-date"))
		again, requestErr := http.NewRequestWithContext(r.Context(), r.Method, "http://"+r.Host+r.URL.String(), nil)
		if errors.Join(err, dateErr, requestErr) != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		signature{key: "key", secret: testSecret, region: "cn-north-1", at: at}.sign(again, body)
		if again.Header.Get("Authorization") != r.Header.Get("Authorization") {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<Error><Code>SignatureDoesNotMatch</Code></Error>")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func newFolder(t *testing.T) Folder {
	t.Helper()
	f, err := NewFolder(filepath.Join(t.TempDir(), "documents"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestEveryStoreKeepsItsPromises(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) Blobs{
		"folder": func(t *testing.T) Blobs { t.Helper(); return newFolder(t) },
		"bucket": func(t *testing.T) Blobs { t.Helper(); return newBucket(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conform(t, open)
		})
	}
}

// conform is what every implementation of Blobs must do.
func conform(t *testing.T, open func(*testing.T) Blobs) {
	t.Helper()
	for _, promise := range []struct {
		name string
		kept func(*testing.T, Blobs)
	}{
		{"what was put is got, and replaced as a whole", putAndGet},
		{"what is missing is not found, and may be deleted twice", missing},
		{"names that could lead elsewhere are refused", strangeNames},
		{"names are listed in order, by prefix, page after page", listing},
		{"one name written by many at once holds one of the whole blobs", manyWriters},
		{"a cancelled request is an error", cancelled},
	} {
		t.Run(promise.name, func(t *testing.T) {
			t.Parallel()
			promise.kept(t, open(t))
		})
	}
}

func put(t *testing.T, b Blobs, name string, data []byte) {
	t.Helper()
	if err := b.Put(t.Context(), name, data); err != nil {
		t.Fatal(err)
	}
}

func putAndGet(t *testing.T, b Blobs) {
	t.Helper()
	for _, data := range [][]byte{[]byte("first"), bytes.Repeat([]byte{0, 255, 13, 10}, 500_000), {}, []byte("last")} {
		put(t, b, "0199-blob-a", data)
		if got, err := b.Get(t.Context(), "0199-blob-a"); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("put %d bytes, got %d, %v", len(data), len(got), err)
		}
	}
}

func missing(t *testing.T, b Blobs) {
	t.Helper()
	put(t, b, "0199-blob-a", []byte("x"))
	for range 2 {
		if err := b.Delete(t.Context(), "0199-blob-a"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Get(t.Context(), "0199-blob-a"); !errors.Is(err, tasks.ErrNotFound) || errors.Is(err, tasks.ErrUnavailable) {
		t.Errorf("got %v, want not found", err)
	}
	if names, err := b.List(t.Context(), "", ""); err != nil || len(names) != 0 {
		t.Errorf("listed %v, %v", names, err)
	}
}

func strangeNames(t *testing.T, b Blobs) {
	t.Helper()
	for _, name := range []string{"", "short", "../../etc/passwd", "aaaa/bbbbbbb", "..........", "UPPERCASE", "blob\x00name", "blob\nname", "合影合影合影", strings.Repeat("a", 65), "blob name", ".new-12345678"} {
		_, err := b.Get(t.Context(), name)
		for _, err := range []error{b.Put(t.Context(), name, []byte("x")), err, b.Delete(t.Context(), name)} {
			if err == nil || errors.Is(err, tasks.ErrNotFound) || name != "" && strings.Contains(err.Error(), name) {
				t.Errorf("%q: got %v", name, err)
			}
		}
	}
}

func listing(t *testing.T, b Blobs) {
	t.Helper()
	var want []string
	for i := range ListAtMost + 5 {
		want = append(want, fmt.Sprintf("job-%05d-%s", i*7919%100_000, strings.Repeat("z", i%3)))
	}
	for _, name := range append([]string{"other-blob"}, want...) {
		put(t, b, name, []byte("x"))
	}
	slices.Sort(want)
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		names, err := b.List(t.Context(), "job-", after)
		if err != nil || len(names) > ListAtMost {
			t.Fatalf("%d names, %v", len(names), err)
		}
		got = append(got, names...)
		if len(names) < ListAtMost {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %d names, want %d in order", len(got), len(want))
	}
}

func manyWriters(t *testing.T, b Blobs) {
	t.Helper()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if err := b.Put(t.Context(), "0199-blob-a", bytes.Repeat([]byte{byte(i)}, 100_000)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got, err := b.Get(t.Context(), "0199-blob-a")
	if err != nil || len(got) != 100_000 || bytes.Count(got, got[:1]) != len(got) {
		t.Errorf("got a mixture of %d bytes, %v", len(got), err)
	}
}

func cancelled(t *testing.T, b Blobs) {
	t.Helper()
	put(t, b, "0199-blob-a", []byte("x"))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, got := b.Get(ctx, "0199-blob-a")
	_, listed := b.List(ctx, "", "")
	for _, err := range []error{got, listed, b.Put(ctx, "0199-blob-a", nil), b.Delete(ctx, "0199-blob-a")} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAFolderKeepsFilesForItsOwnerAloneAndNoHalves(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	put(t, f, "0199-blob-a", []byte("x"))
	info, err := os.Stat(f.path("0199-blob-a"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	old, fresh := filepath.Join(f.root, unfinished+"1"), filepath.Join(f.root, unfinished+"2")
	for _, path := range []string{old, fresh} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	again, err := NewFolder(f.root)
	if err != nil {
		t.Fatal(err)
	}
	_, oldErr := os.Stat(old)
	_, freshErr := os.Stat(fresh)
	if !errors.Is(oldErr, os.ErrNotExist) || freshErr != nil {
		t.Errorf("the abandoned half: %v; the one being written: %v", oldErr, freshErr)
	}
	if names, err := again.List(t.Context(), "", ""); err != nil || !slices.Equal(names, []string{"0199-blob-a"}) {
		t.Errorf("listed %v, %v", names, err)
	}
}

func TestAStoreThatIsDownIsUnavailable(t *testing.T) {
	t.Parallel()
	blocked := newFolder(t)
	if err := os.WriteFile(filepath.Dir(blocked.path("0199-blob-a")), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(busy.Close)
	for name, b := range map[string]Blobs{"blocked": blocked, "closed": bucketAt(t, closed.URL), "busy": bucketAt(t, busy.URL)} {
		if err := b.Put(t.Context(), "0199-blob-a", []byte("x")); !errors.Is(err, tasks.ErrUnavailable) {
			t.Errorf("%s: putting gave %v", name, err)
		}
		if _, err := b.Get(t.Context(), "0199-blob-a"); !errors.Is(err, tasks.ErrUnavailable) || strings.Contains(err.Error(), "0199") && name != "blocked" {
			t.Errorf("%s: getting gave %v", name, err)
		}
	}
}

func TestAStoreWithoutBucketOrRightIsAFaultAndNotAMissingBlob(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(server.Close)
	strangers := newBucket(t)
	strangers.options.SecretKey = func() string { return "another" }
	for name, b := range map[string]Blobs{"no bucket": bucketAt(t, server.URL), "another key": strangers} {
		_, err := b.Get(t.Context(), "0199-blob-a")
		if err == nil || errors.Is(err, tasks.ErrNotFound) || errors.Is(err, tasks.ErrUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestL10ADocumentOpensInItsPlaceWithItsKeyOnly(t *testing.T) {
	t.Parallel()
	v, err := vault.New()
	if err != nil {
		t.Fatal(err)
	}
	_, key, err1 := v.NewKey("jobs.key|1")
	_, other, err2 := v.NewKey("jobs.key|2")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	folder := newFolder(t)
	c, plain, at := NewCabinet(folder), []byte("canary 110101199003077213"), Place{Job: "1", Blob: "0199-blob-a"}
	if err := c.Put(t.Context(), at, key, plain); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Get(t.Context(), at, key); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("got %q, %v", got, err)
	}
	raw, err := folder.Get(t.Context(), at.Blob)
	if err != nil || bytes.Contains(raw, []byte("canary")) {
		t.Errorf("the blob holds the document in clear (%v)", err)
	}
	put(t, folder, "0199-blob-b", raw)
	for name, open := range map[string]func() ([]byte, error){
		"another job":    func() ([]byte, error) { return c.Get(t.Context(), Place{"2", at.Blob}, key) },
		"another blob":   func() ([]byte, error) { return c.Get(t.Context(), Place{"1", "0199-blob-b"}, key) },
		"another key":    func() ([]byte, error) { return c.Get(t.Context(), at, other) },
		"a shredded key": func() ([]byte, error) { return c.Get(t.Context(), at, vault.Key{}) },
	} {
		if got, err := open(); err == nil {
			t.Errorf("%s opened %d bytes", name, len(got))
		}
	}
	if err := errors.Join(c.Delete(t.Context(), at), c.Delete(t.Context(), at)); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(t.Context(), at, key); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("after deletion: %v", err)
	}
}
