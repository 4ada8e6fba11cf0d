// Package letter prints the authorisation letter of a request on papers (L2, L3): one A4 page in Chinese, filled in for one
// application or blank, with the characters it uses embedded. It knows nothing of jobs; its caller says what to print.
package letter

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// About is what a letter authorises to.
type About int

// What letters are about.
const (
	Mailbox  About = iota // another sign-in email
	Transfer              // the filing goes to another account
	Phone                 // another security phone
	Import                // a filing of the legacy platform comes to an account
)

// ErrTooLong says that the values don't fit on one page even in the smallest type that can be read.
var ErrTooLong = errors.New("the values are too long for one page")

// Fields is what a letter is filled in with, as plain text in the form people read. An empty field becomes a ruled
// blank to be filled in by hand. The values are personal; the letter's errors never hold one.
type Fields struct {
	Receipt           string // as printed on screen; in text beside the QR code
	SubjectName       string // the organisation's full name
	CertificateType   string // in words, such as 营业执照
	CertificateNumber string
	ICPNumber         string // the subject's, without the site's suffix
	NewEmail          string
	Target            string // the account that receives the filing; empty: the letter is for a new sign-in email
	NewPhone          string // the security phone to come; empty: the letter is for something else
	Import            string // the account into which a legacy filing comes; empty: the letter is for something else
	Applicant         string // who is authorised
	ApplicantIDNumber string
	ApplicantPhone    string
	Date              time.Time // the first day of the 30, Shanghai time; zero leaves the dates blank
	StatusURL         string    // goes into the QR code; must hold no secret. Empty: no QR code
}

// Sheet is a printed letter.
type Sheet struct {
	PDF []byte
	// Missing are the characters, each once, that no font of ours has. The page shows 〓 in their place and asks for
	// them by hand; the caller should say so too. They are part of a name: keep them out of logs.
	Missing []rune
}

// Press prints letters. It is safe for concurrent use and holds nothing between two letters: the Chinese font takes
// 4 MB unpacked and several times that while it is cut down, which an idle process shouldn't keep and two letters at
// once shouldn't double.
type Press struct {
	printing sync.Mutex
}

// New returns a Press; it reads no font yet.
func New() *Press { return &Press{} }

// Letter prints a filled-in letter (L3). Equal fields give equal bytes. It fails with ErrTooLong, or when StatusURL
// doesn't fit into a QR code.
func (p *Press) Letter(f Fields) (Sheet, error) { return p.print(f, f.about()) }

// about is what the fields that are filled in ask for.
func (f Fields) about() About {
	switch {
	case f.Target != "":
		return Transfer
	case f.NewPhone != "":
		return Phone
	case f.Import != "":
		return Import
	}
	return Mailbox
}

func (p *Press) print(f Fields, about About) (Sheet, error) {
	p.printing.Lock()
	defer p.printing.Unlock()
	fonts, err := openFonts()
	if err != nil {
		return Sheet{}, err
	}
	f, missing := f.printable(fonts)
	sheet, err := compose(fonts, form{Fields: f, about: about, handwriting: len(missing) > 0})
	if err != nil {
		return Sheet{}, err
	}
	pdf, err := sheet.render(fonts, f)
	if err != nil {
		return Sheet{}, fmt.Errorf("print an authorisation letter: %w", err)
	}
	return Sheet{PDF: pdf, Missing: missing}, nil
}

// Blank prints the letter as a template, with a ruled blank for every value and no QR code (L3).
func (p *Press) Blank(about About) ([]byte, error) {
	sheet, err := p.print(Fields{}, about)
	return sheet.PDF, err
}

// printable returns the fields with every character that can't be drawn replaced, and those characters.
func (f Fields) printable(fonts *fonts) (Fields, []rune) {
	var missing []rune
	for _, value := range []*string{
		&f.Receipt, &f.SubjectName, &f.CertificateType, &f.CertificateNumber, &f.ICPNumber,
		&f.NewEmail, &f.Target, &f.NewPhone, &f.Import, &f.Applicant, &f.ApplicantIDNumber, &f.ApplicantPhone,
	} {
		*value = fonts.printable(*value, &missing)
	}
	return f, missing
}
