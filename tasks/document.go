package tasks

import (
	"context"
	"time"

	"beian/internal/filing"
)

// Slot names one document that a job needs (L2); permanent strings.
type Slot string

// The slots of L2.
const (
	SlotIDFront            Slot = "id_front"            // ID card, the side with the picture
	SlotIDBack             Slot = "id_back"             // ID card, the side with the emblem
	SlotHoldingID          Slot = "holding_id"          // half-length photo holding the ID card
	SlotHoldingCertificate Slot = "holding_certificate" // half-length photo holding the organisation's certificate
	SlotLetter             Slot = "letter"              // authorisation letter with the company seal (L3)
	SlotApplicantFront     Slot = "applicant_id_front"  // the applicant's ID card
	SlotApplicantBack      Slot = "applicant_id_back"   // the applicant's ID card
)

// SlotsOf is the document matrix of L2.
func SlotsOf(nature filing.SubjectNature, principal bool) []Slot {
	switch {
	case nature == filing.NatureIndividual:
		return []Slot{SlotIDFront, SlotIDBack, SlotHoldingID}
	case principal:
		return []Slot{SlotHoldingCertificate}
	}
	return []Slot{SlotHoldingCertificate, SlotLetter, SlotApplicantFront, SlotApplicantBack}
}

// Document is one uploaded document of a job. Its pictures lie in the cabinet,
// sealed with the job's key; the upload itself is not kept (ADR 0012).
type Document struct {
	ID         string
	JobID      string
	Slot       Slot
	Round      int    // of the review it was uploaded for, from 1
	Media      string // what was uploaded: image/jpeg, image/png, application/pdf …
	Width      int    // pixels of the first page
	Height     int
	Pages      []string // blob names, a re-encoded JPEG each
	Thumb      string   // blob name
	Flags      []DocumentFlag
	Insisted   bool   // the applicant was told of the flags and keeps it (L4)
	Digest     string // keyed digest of the uploaded bytes
	Likeness   uint64 // perceptual hash
	Replaced   bool   // a newer one stands in its slot
	CreatedAt  time.Time
	ShreddedAt time.Time // its pictures can't be opened any more (L10)
}

// DocumentFlag is a doubt about a picture: a code of product.md (DOC_BLURRED,
// DOC_DARK, DOC_GLARE, DOC_DUPLICATE) with measures; a warning, never a refusal
// (L4).
type DocumentFlag struct {
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}

// Examined is an upload after the checks of L4: safe pictures and what was
// measured.
type Examined struct {
	Media         string
	Width, Height int
	Pages         [][]byte // JPEG
	Thumb         []byte   // JPEG
	Flags         []DocumentFlag
	Sum           [32]byte // SHA-256 of the uploaded bytes
	Likeness      uint64
}

// Upload is a file for one slot. Data is at most MaxUpload bytes.
type Upload struct {
	Receipt string
	By      Viewer
	Slot    Slot
	Data    []byte
	Media   string // as declared, not trusted
	Name    string // as declared, not trusted, not kept
	Keep    bool   // keep it although it has flags (L4)
}

// MaxUpload bounds one uploaded file: 10 MB (L4).
const MaxUpload = 10 << 20

// maxUploads bounds the uploads of one job, replaced ones included.
const maxUploads = 40

// Cabinet examines uploads and keeps their pictures sealed with the job's key.
type Cabinet interface {
	// Examine checks and re-encodes an upload; what is not allowed is an *Invalid
	// with the slot as field and a DOC_ code (L4).
	Examine(ctx context.Context, u Upload) (Examined, error)
	// Put keeps one picture under a new name.
	Put(ctx context.Context, jobID, name string, picture []byte) error
	// Picture opens one; ErrNotFound when it was shredded.
	Picture(ctx context.Context, jobID, name string) ([]byte, error)
}
