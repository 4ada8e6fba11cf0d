// Package documents takes what strangers upload: it checks a picture or letter
// (L4), decodes it in a child process, keeps only a re-encoded view, seals it
// with the job's key and stores it as a blob (L10). Nothing an applicant sent is
// ever shown, and nothing is decoded inside the serving process.
package documents

import (
	"crypto/sha256"
	"strings"

	"beian/tasks"
)

// Kind is what a document is meant to be.
type Kind string

// The kinds of upload. A picture is JPEG, PNG or WebP; a letter may be a PDF too (L4).
const (
	KindPicture Kind = "picture"
	KindLetter  Kind = "letter"
)

// Upload is one file as it came. Data is bounded by the caller; MediaType and
// Name are what the sender claims, compared with the bytes and never trusted.
type Upload struct {
	Kind      Kind
	MediaType string
	Name      string
	Data      []byte
}

// Examined is an upload that was taken.
type Examined struct {
	Format Format
	Name   string            // the file's label, cleaned by Label
	Digest [sha256.Size]byte // SHA-256 of the upload: input of a keyed digest, to find equal files
	Pages  []Page            // one for a picture, up to 5 for a PDF letter
	Flags  []Flag            // every doubt about any page, for the applicant and the reviewer (L4)
}

// Page is one picture as it may be kept: JPEGs drawn anew, upright, without
// metadata. View is at most 3000 pixels on its longer side, Thumbnail 320.
type Page struct {
	View      []byte
	Thumbnail []byte
	Width     int // upright size of what was uploaded; of a PDF page: of its view
	Height    int
	Measures  Measures
	Hash      uint64 // perceptual; compare with Distance
}

// Flag is a doubt about quality. It never refuses: the applicant may insist and
// the reviewer sees it (L4). Params hold numbers only.
type Flag struct {
	Code   string            `json:"code"`
	Page   int               `json:"page"` // from 1
	Params map[string]string `json:"params,omitempty"`
}

// Codes of refusals and flags (product.md, blocker codes).
const (
	CodeFormat     = "DOC_FORMAT"
	CodeSize       = "DOC_SIZE"
	CodeDimensions = "DOC_DIMENSIONS"
	CodeBlurred    = "DOC_BLURRED"
	CodeDark       = "DOC_DARK"
	CodeGlare      = "DOC_GLARE"
	CodeDuplicate  = "DOC_DUPLICATE" // for the caller, who knows the other documents
)

// Reason is why an upload is refused, param "reason" of a Refusal.
type Reason string

// The reasons. All but the last three come with CodeFormat, whose param "format"
// names what the bytes are. Each has a sentence, fault.<code>.<reason>.
const (
	ReasonEmpty       Reason = "hollow"      // no bytes at all
	ReasonHEIC        Reason = "heic"        // a telephone's own format: its browser can hand over JPEG
	ReasonUnsupported Reason = "unsupported" // a format we don't take here
	ReasonContradicts Reason = "contradicts" // param "declared": the media type or name says another format
	ReasonDamaged     Reason = "damaged"     // it can't be decoded
	ReasonCostly      Reason = "costly"      // decoding it takes too much time or memory
	ReasonEncrypted   Reason = "encrypted"   // a PDF with a password or restrictions
	ReasonPages       Reason = "pages"       // param "max": a PDF with more pages, or with none
	ReasonSmall       Reason = "small"       // CodeDimensions, param "min": pixels of the shorter side
	ReasonLarge       Reason = "large"       // CodeDimensions, params "max" (pixels a side) and "max_mp"
	ReasonInterlaced  Reason = "interlaced"  // CodeDimensions, param "max_mp": a large interlaced PNG
)

// Refusal says why an upload was not taken. It is the applicant's to mend, holds
// nothing of the file, and is the error of Examiner.Examine.
type Refusal struct {
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}

func (r *Refusal) Error() string {
	return strings.TrimSpace("document refused: " + r.Code + " " + r.Params["reason"])
}

// Blocker is the refusal as the desk shows it, beside the field of the form.
func (r *Refusal) Blocker(field string) tasks.Blocker {
	return tasks.Blocker{Code: r.Code, Owner: tasks.OwnerSource, Field: field, Params: r.Params}
}

func refuseFormat(f Format, why Reason, pairs ...string) *Refusal {
	return refusal(CodeFormat, append([]string{"format", string(f), "reason", string(why)}, pairs...)...)
}

func refusal(code string, pairs ...string) *Refusal {
	params := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		params[pairs[i]] = pairs[i+1]
	}
	return &Refusal{Code: code, Params: params}
}
