package filing

import (
	"strings"
	"unicode"
)

// CertificateType is the kind of paper that identifies a person or an organisation.
type CertificateType string

// The certificate types; their strings are permanent.
const (
	CertificateIDCard     CertificateType = "id_card"
	CertificateCreditCode CertificateType = "credit_code"
	CertificatePassport   CertificateType = "passport"
	CertificateOther      CertificateType = "other"
)

// Certificate is a paper's type and number. The number is behind Reveal and
// prints masked; the zero value is absent.
type Certificate struct {
	Type CertificateType
	sensitive
}

// ParseCertificate checks number by the rules of its type: ParseIDNumber for
// id_card, ParseCreditCode for credit_code, 5 to 20 letters and digits for a
// passport, and 4 to 40 letters, digits, hyphens, dots, slashes and brackets
// for other. The *FormatError has the code of the type's own rule.
func ParseCertificate(certificate CertificateType, number string) (Certificate, error) {
	value, err := parseCertificateNumber(certificate, number)
	if err != nil {
		return Certificate{}, err
	}
	return Certificate{Type: certificate, sensitive: value}, nil
}

func parseCertificateNumber(certificate CertificateType, number string) (sensitive, error) {
	switch certificate {
	case CertificateIDCard:
		id, err := ParseIDNumber(number)
		return id.sensitive, err
	case CertificateCreditCode:
		code, err := ParseCreditCode(number)
		return code.sensitive, err
	case CertificatePassport:
		return parsePassport(number)
	case CertificateOther:
		return parseOther(number)
	}
	return sensitive{}, refuse(CodeCertificate, ReasonType)
}

func parsePassport(number string) (sensitive, error) {
	text, err := compact(CodeCertificate, number)
	if err != nil {
		return sensitive{}, err
	}
	text = strings.ReplaceAll(text, "-", "")
	return plainNumber{text: text, min: 5, max: 20, ok: isPassportRune}.conceal()
}

func parseOther(number string) (sensitive, error) {
	text, err := compact(CodeCertificate, number)
	if err != nil {
		return sensitive{}, err
	}
	return plainNumber{text: text, min: 4, max: 40, ok: isOtherRune}.conceal()
}

type plainNumber struct {
	text     string
	min, max int
	ok       func(rune) bool
}

func (p plainNumber) conceal() (sensitive, error) {
	if n := len([]rune(p.text)); n < p.min || n > p.max {
		return sensitive{}, refuse(CodeCertificate, ReasonLength).with("n", n)
	}
	if odd := oddRune(p.text, p.ok); odd > 0 {
		return sensitive{}, refuse(CodeCertificate, ReasonFormat).with("pos", odd)
	}
	return conceal(p.text, maskEnds(p.text)), nil
}

func isPassportRune(r rune) bool { return isDigit(r) || isCapital(r) }

func isOtherRune(r rune) bool {
	return isPassportRune(r) || unicode.Is(unicode.Han, r) || strings.ContainsRune("-./()", r)
}

// IsZero reports whether the certificate is absent.
func (c Certificate) IsZero() bool { return c == Certificate{} }

// Equal reports whether type and number are the same.
func (c Certificate) Equal(other Certificate) bool { return c == other }
