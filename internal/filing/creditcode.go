package filing

import "strings"

const (
	creditLength   = 18
	creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	organisationAt = 8
)

// CreditCode is a unified social credit code of 18 characters (GB 32100). It
// prints masked; the zero value is absent.
type CreditCode struct{ sensitive }

// ParseCreditCode checks length, alphabet and check character; small letters
// are accepted and stored as capitals. The *FormatError gives pos, the place of
// the first character that is wrong (L5), or n for a wrong length.
func ParseCreditCode(typed string) (CreditCode, error) {
	text, err := compact(CodeCreditCode, typed)
	if err != nil {
		return CreditCode{}, err
	}
	text = strings.ReplaceAll(text, "-", "")
	if n := len([]rune(text)); n != creditLength {
		return CreditCode{}, refuse(CodeCreditCode, ReasonLength).with("n", n)
	}
	if odd := oddRune(text, isCreditRune); odd > 0 {
		return CreditCode{}, refuse(CodeCreditCode, ReasonFormat).with("pos", odd)
	}
	if text[creditLength-1] != creditCheck(text) {
		return CreditCode{}, refuse(CodeCreditCode, ReasonCheck).with("pos", creditLength)
	}
	return CreditCode{conceal(text, maskEnds(text))}, nil
}

func isCreditRune(r rune) bool { return strings.ContainsRune(creditAlphabet, r) }

// The weights are the powers of 3 modulo 31. A remainder of 0 gives the check
// character 0, not 31, which many programs forget.
func creditCheck(text string) byte {
	sum, weight := 0, 1
	for i := range creditLength - 1 {
		sum += strings.IndexByte(creditAlphabet, text[i]) * weight
		weight = weight * 3 % 31
	}
	return creditAlphabet[(31-sum%31)%31]
}

// HasValidOrganisationCode reports whether characters 9 to 17 satisfy their own
// check digit (GB 11714). Real codes exist that don't, so it is a hint for the
// reviewer and never a reason to refuse.
func (c CreditCode) HasValidOrganisationCode() bool {
	if c.IsZero() {
		return false
	}
	const weights = "\x03\x07\x09\x0a\x05\x08\x04\x02"
	code := c.Reveal()[organisationAt:]
	sum := 0
	for i := range len(weights) {
		sum += organisationValue(code[i]) * int(weights[i])
	}
	return code[len(weights)] == "0X987654321"[sum%11]
}

// GB 11714 counts all 36 letters and digits, unlike GB 32100.
func organisationValue(char byte) int {
	if isDigit(rune(char)) {
		return int(char - '0')
	}
	return int(char-'A') + 10
}

// Equal reports whether both are the same code.
func (c CreditCode) Equal(other CreditCode) bool { return c == other }
