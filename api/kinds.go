package api

import (
	"strings"

	"beian/internal/text"
	"beian/tasks"
)

// place says where the jobs of one kind are found. Their receipts begin with its
// letters. A new kind of job is a line in places.
type place struct {
	kind     tasks.Kind
	letters  string
	resource string // of the API
	papers   string // root of the applicant's pages, of a kind with papers
	aim      aim    // what these pages ask for besides the filing
	mine     bool   // they begin with a sign-in
}

// aim is what a job with papers is for, which the last page of its form asks.
type aim string

const (
	aimMailbox  aim = "mailbox"  // another sign-in email
	aimReceiver aim = "receiver" // the account that receives the filing
	aimPhone    aim = "phone"    // the contact phone itself
	aimImport   aim = "import"   // what the legacy platform holds for the certificate
)

func places() []place {
	return []place{
		{kind: tasks.KindTransfer, letters: "TR", resource: "/v1/transfers"},
		{kind: tasks.KindReviewed, letters: "TP", resource: "/v1/reviewed-transfers", papers: "/transfer/papers", aim: aimReceiver},
		{kind: tasks.KindReversal, letters: "RV", resource: "/v1/reversals"},
		{kind: tasks.KindReset, letters: "LR", resource: "/v1/login-resets", papers: "/reset", aim: aimMailbox},
		{kind: tasks.KindContact, letters: "CC", resource: "/v1/contact-changes"},
		{kind: tasks.KindContactPapers, letters: "CP", resource: "/v1/contact-papers", papers: "/account/phone/papers", aim: aimPhone, mine: true},
		{kind: tasks.KindLegacy, letters: "LI", resource: "/v1/legacy-imports"},
		{kind: tasks.KindLegacyPapers, letters: "LP", resource: "/v1/legacy-papers", papers: "/import/papers", aim: aimImport, mine: true},
	}
}

// placeOf is the place of a job; zero for letters that no kind has.
func placeOf(receipt string) place {
	for _, at := range places() {
		if strings.HasPrefix(receipt, at.letters) {
			return at
		}
	}
	return place{}
}

// withPapers are the places of the kinds that take documents.
func withPapers() []place {
	var out []place
	for _, at := range places() {
		if at.papers != "" {
			out = append(out, at)
		}
	}
	return out
}

// hasPapers reports whether a job is one whose applicant hands in documents.
func hasPapers(receipt string) bool { return placeOf(receipt).papers != "" }

// caseRoot is the address below which an applicant's pages of a job lie.
func caseRoot(receipt string) string { return placeOf(receipt).papers + "/" + receipt }

// resourceOf is where a job of its kind is read.
func resourceOf(receipt string) string { return placeOf(receipt).resource + "/" + receipt }

func kindOf(receipt string) string { return string(placeOf(receipt).kind) }

// at is the place of a visit: of the job that the address names, else of the pages
// that the address lies below.
func (v *visit) at() place {
	if receipt, err := parseReceipt(v.Param("receipt")); err == nil {
		return placeOf(receipt)
	}
	for _, at := range withPapers() {
		if strings.HasPrefix(v.Request().URL.Path, at.papers) {
			return at
		}
	}
	return place{}
}

// say is a sentence about papers in the words of the visit's kind: its own where the
// catalogs have some, else those of the login reset, which most kinds share.
func (v *visit) say(p *pages, key string, params ...text.Params) string {
	if own := text.Own(string(v.at().kind), key); p.s.parts.Catalog.Has(v.call.lang, own) {
		key = own
	}
	return v.words(p, key, params...)
}
