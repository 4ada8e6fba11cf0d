package filing

import "strings"

// tailLength is how much of a certificate number F1 asks for.
const tailLength = 6

// CertificateTail is the last six characters of a certificate number (F1). It is
// behind Reveal and prints masked; the zero value is absent.
type CertificateTail struct{ sensitive }

// ParseCertificateTail accepts small letters, blanks and full width forms. A
// *FormatError with ReasonTail says that it is not six characters of a number.
func ParseCertificateTail(typed string) (CertificateTail, error) {
	text, err := compact(CodeCertificate, typed)
	if err != nil {
		return CertificateTail{}, err
	}
	if len([]rune(text)) != tailLength || oddRune(text, isOtherRune) > 0 {
		return CertificateTail{}, refuse(CodeCertificate, ReasonTail)
	}
	return CertificateTail{conceal(text, "******")}, nil
}

// IsZero reports whether the tail is absent.
func (t CertificateTail) IsZero() bool { return t == CertificateTail{} }

// EndsIn reports whether the number ends in a tail; an absent one ends no number.
func (c Certificate) EndsIn(t CertificateTail) bool {
	return !t.IsZero() && strings.HasSuffix(c.Reveal(), t.Reveal())
}
