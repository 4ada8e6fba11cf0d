package dashboard

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	_ "embed" // the guard's own script and style sheet
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed assets/guard.js
var guardScript []byte

//go:embed assets/guard.css
var guardStyle []byte

// assetVersion stands in the addresses of our two files, so that browsers may
// keep them for ever.
func assetVersion() string {
	sum := sha256.Sum256(append(append([]byte{}, guardScript...), guardStyle...))
	return hex.EncodeToString(sum[:6])
}

// contentType of the files that are served; others, source maps for one, are not.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	}
	return ""
}

// files serves what asynqmon's pages load, compressed once, 343 kB instead of
// 1.29 MB.
type files struct {
	root    string
	monitor http.Handler
	mu      sync.Mutex
	kept    map[string]file
}

type file struct{ plain, packed []byte }

func newFiles(root string, monitor http.Handler) *files {
	return &files{root: root, monitor: monitor, kept: map[string]file{
		"/guard.js": pack(guardScript), "/guard.css": pack(guardStyle),
	}}
}

// serve reports false when there is no such file.
func (f *files) serve(w http.ResponseWriter, r *http.Request, rest string) bool {
	kind := contentType(rest)
	found, ok := f.get(rest)
	if kind == "" || !ok {
		return false
	}
	body := found.plain
	h := w.Header()
	if len(found.packed) > 0 {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = found.packed
		}
	}
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "private, max-age=86400")
	if strings.HasPrefix(rest, "/static/") || r.URL.Query().Get("v") == assetVersion() {
		h.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return true
}

// get finds a file. Asynqmon answers with its page, and no content type, for a
// name it does not know; so only files that exist are kept.
func (f *files) get(rest string) (file, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if found, ok := f.kept[rest]; ok {
		return found, true
	}
	if contentType(rest) == "" {
		return file{}, false
	}
	a := ask(context.Background(), f.monitor, question{method: http.MethodGet, path: f.root + rest})
	if !a.ok() || a.header.Get("Content-Type") == "" {
		return file{}, false
	}
	f.kept[rest] = pack(a.body.Bytes())
	return f.kept[rest], true
}

// pack keeps the compressed form when it is worth it.
func pack(plain []byte) file {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(plain)
	if closed := z.Close(); err != nil || closed != nil || packed.Len() >= len(plain)*9/10 {
		return file{plain: plain}
	}
	return file{plain: plain, packed: packed.Bytes()}
}
