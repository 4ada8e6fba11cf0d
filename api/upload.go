package api

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"beian/tasks"
)

const (
	// maxUploadBody is a file and the form around it.
	maxUploadBody = tasks.MaxUpload + 64<<10
	// uploadTime is how long a slow phone may take for 10 MB: 35 kB/s are enough.
	uploadTime = 5 * time.Minute
	// maxUploads bounds the bodies that a process reads at a time.
	maxUploads = 64
	fileField  = "file"
)

// takesUploads names the routes whose bodies may hold a file.
func takesUploads(method, route string) bool {
	for _, at := range withPapers() {
		if (method == http.MethodPost && route == at.papers+"/:receipt/documents/:slot") ||
			(method == http.MethodPut && route == at.resource+"/:receipt/documents/:slot") {
			return true
		}
	}
	return false
}

// file is one upload as it came: media type and name are what the sender claims.
type file struct {
	data        []byte
	media, name string
	fields      map[string]string // of the form around it
}

var errNoFile = errors.New("the form has no file")

// uploading admits one more body, with the time that a slow phone needs. The
// returned func ends it.
func (s *Server) uploading(w http.ResponseWriter) (func(), error) {
	if s.uploads.Add(1) > maxUploads {
		s.uploads.Add(-1)
		return nil, tasks.ErrUnavailable
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(uploadTime)) // recorders of tests have none
	_ = control.SetWriteDeadline(time.Now().Add(uploadTime + time.Minute))
	return func() { s.uploads.Add(-1) }, nil
}

// fileOf reads the one file of a multipart form. It stays in memory: a picture of
// a certificate must not touch a disk in clear.
func fileOf(body io.Reader, contentType string) (file, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return file{}, errContentType
	}
	out := file{fields: map[string]string{}}
	parts, found := multipart.NewReader(body, params["boundary"]), false
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return file{}, unread(err)
		}
		if err := out.take(part, &found); err != nil {
			return file{}, err
		}
	}
	if !found {
		return out, errNoFile
	}
	return out, nil
}

// take reads one part of the form.
func (f *file) take(part *multipart.Part, found *bool) error {
	limit := int64(1 << 10)
	isFile := part.FormName() == fileField
	if isFile {
		limit = tasks.MaxUpload
	}
	data, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return unread(err)
	}
	if int64(len(data)) > limit {
		return errTooLarge
	}
	if !isFile {
		f.fields[part.FormName()] = string(data)
		return nil
	}
	if len(data) == 0 && part.FileName() == "" { // nothing was chosen
		return nil
	}
	f.data, f.media, f.name, *found = data, part.Header.Get("Content-Type"), part.FileName(), true
	return nil
}

// unread tells a body over the limit and a broken connection from a damaged form.
func unread(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return fmt.Errorf("reading an upload: %w", errors.Join(errMalformed, err))
}

// isMultipart tells a form from a bare file.
func isMultipart(contentType string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(contentType)), "multipart/")
}
