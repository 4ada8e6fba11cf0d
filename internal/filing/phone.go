package filing

import "strings"

const mobileLength = 11

// Phone is a mobile number of mainland China, 11 digits without country code.
// It prints masked, 186 **** 1402; the zero value is absent.
type Phone struct{ sensitive }

// ParsePhone accepts +86, 0086 or 86 in front, blanks, hyphens, brackets and
// full width digits. The *FormatError tells a wrong count of digits (n, country
// code not counted) from a number that is no mainland mobile (prefix); only
// mainland mobiles receive codes.
func ParsePhone(typed string) (Phone, error) {
	text, err := compact(CodePhone, typed)
	if err != nil {
		return Phone{}, err
	}
	text = strings.NewReplacer("-", "", "(", "", ")", "").Replace(text)
	number, ok := withoutCountry(text)
	if !ok {
		return Phone{}, refuse(CodePhone, ReasonPrefix)
	}
	if odd := oddRune(number, isDigit); odd > 0 {
		return Phone{}, refuse(CodePhone, ReasonFormat)
	}
	if n := len(number); n != mobileLength {
		return Phone{}, refuse(CodePhone, ReasonLength).with("n", n)
	}
	if number[0] != '1' || number[1] < '3' {
		return Phone{}, refuse(CodePhone, ReasonPrefix)
	}
	return Phone{conceal(number, number[:3]+" **** "+number[7:])}, nil
}

// withoutCountry strips China's country code and reports false for any other.
func withoutCountry(text string) (string, bool) {
	for _, code := range []string{"+86", "0086"} {
		if number, found := strings.CutPrefix(text, code); found {
			return number, true
		}
	}
	if len(text) == mobileLength+2 && strings.HasPrefix(text, "86") {
		return text[2:], true
	}
	return text, !strings.HasPrefix(text, "+") && !strings.HasPrefix(text, "00")
}

// E164 returns the number with its country code, +86…, or "" if absent.
func (p Phone) E164() string {
	if p.IsZero() {
		return ""
	}
	return "+86" + p.Reveal()
}

// LastFour returns the last four digits, which a masked display may show, or "" if absent.
func (p Phone) LastFour() string {
	if p.IsZero() {
		return ""
	}
	return p.Reveal()[7:]
}

// Equal reports whether both are the same number.
func (p Phone) Equal(other Phone) bool { return p == other }
