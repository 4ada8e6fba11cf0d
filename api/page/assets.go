package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

const assetPrefix = "/assets/"

// Assets are the files pages refer to, held in memory under names that change
// with their content, so that browsers may keep them for ever.
type Assets struct {
	urls  map[string]string
	files map[string]asset
}

type asset struct {
	plain, packed []byte
	media, etag   string
}

// NewAssets reads every file in the top folder of files.
func NewAssets(files fs.FS) (*Assets, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("list assets: %w", err)
	}
	a := &Assets{urls: map[string]string{}, files: map[string]asset{}}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		raw, err := fs.ReadFile(files, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read asset %s: %w", entry.Name(), err)
		}
		if err := a.add(entry.Name(), raw); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *Assets) add(name string, raw []byte) error {
	media, ok := mediaType(path.Ext(name))
	if !ok {
		return fmt.Errorf("asset %s: unknown kind of file", name)
	}
	sum := sha256.Sum256(raw)
	hash := hex.EncodeToString(sum[:])[:12]
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hash + ext
	packed, err := pack(raw)
	if err != nil {
		return fmt.Errorf("compress asset %s: %w", name, err)
	}
	a.urls[name] = assetPrefix + hashed
	a.files[hashed] = asset{plain: raw, packed: packed, media: media, etag: hash}
	return nil
}

// mediaType is a list of our own because mime.TypeByExtension answers with
// whatever the host has installed.
func mediaType(ext string) (string, bool) {
	media, ok := map[string]string{
		".css":  "text/css; charset=utf-8",
		".js":   "text/javascript; charset=utf-8",
		".svg":  "image/svg+xml",
		".png":  "image/png",
		".jpg":  "image/jpeg",
		".txt":  "text/plain; charset=utf-8",
		".json": "application/json",
	}[ext]
	return media, ok
}

func pack(raw []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// URL returns the address of an asset by its plain name, such as app.css.
func (a *Assets) URL(name string) (string, error) {
	url, ok := a.urls[name]
	if !ok {
		return "", fmt.Errorf("asset %s: no such file", name)
	}
	return url, nil
}

// ServeHTTP answers /assets/<hashed name>: immutable, compressed where the
// browser can read it, 404 for any other name.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	file, ok := a.files[strings.TrimPrefix(r.URL.Path, assetPrefix)]
	if !ok {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, http.StatusText(http.StatusNotFound), http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	file.serve(w, r)
}

// Favicon answers /favicon.ico, which browsers ask for without being told to.
func (a *Assets) Favicon() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file := a.files[strings.TrimPrefix(a.urls["favicon.svg"], assetPrefix)]
		w.Header().Set("Cache-Control", "public, max-age=86400")
		file.serve(w, r)
	})
}

func (f asset) serve(w http.ResponseWriter, r *http.Request) {
	head, body, tag := w.Header(), f.plain, f.etag
	if len(f.packed) < len(f.plain) && acceptsGzip(r) {
		body, tag = f.packed, f.etag+"-gz"
		head.Set("Content-Encoding", "gzip")
	}
	head.Set("Content-Type", f.media)
	head.Add("Vary", "Accept-Encoding")
	head.Set("ETag", `"`+tag+`"`)
	if strings.Contains(r.Header.Get("If-None-Match"), `"`+tag+`"`) {
		head.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body)
}

func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		_, q, given := strings.Cut(strings.ReplaceAll(weight, " ", ""), "q=")
		value, err := strconv.ParseFloat(q, 64)
		return !given || (err == nil && value > 0)
	}
	return false
}
