package filing

import (
	"strings"
	"time"
)

const (
	idLength     = 18
	idWeights    = "\x07\x09\x0a\x05\x08\x04\x02\x01\x06\x03\x07\x09\x0a\x05\x08\x04\x02"
	idCheckChars = "10X98765432"

	// Province codes of GB/T 2260; 81, 82 and 83 are residence permits of Hong Kong, Macao and Taiwan.
	idProvinces = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"

	minAge = 16
	maxAge = 120
)

// IDNumber is a citizen's identity number of 18 characters (GB 11643), the
// number of a residence permit of the same form, or that of a foreigner's
// permanent residence card of 2023, which begins with 9. It prints masked; the
// zero value is absent.
type IDNumber struct{ sensitive }

// ParseIDNumber checks length, characters, province, birth date, sequence and
// check character, in this order; a lower-case x is accepted and stored as X.
// It is a check of form: nobody is said to exist. The *FormatError gives pos,
// the place of the character that is wrong (L5), and refuses the 15-digit
// numbers of the first generation with ReasonOldForm.
func ParseIDNumber(typed string) (IDNumber, error) {
	text, err := compact(CodeIDNumber, typed)
	if err != nil {
		return IDNumber{}, err
	}
	text = strings.ReplaceAll(text, "-", "")
	for _, check := range []func(string) *FormatError{idForm, idProvince, idBirth, idSequence, idCheck} {
		if refused := check(text); refused != nil {
			return IDNumber{}, refused
		}
	}
	return IDNumber{conceal(text, maskEnds(text))}, nil
}

func idForm(text string) *FormatError {
	n := len([]rune(text))
	if n == 15 && oddRune(text, isDigit) == 0 {
		return refuse(CodeIDNumber, ReasonOldForm).with("n", n)
	}
	if n != idLength {
		return refuse(CodeIDNumber, ReasonLength).with("n", n)
	}
	odd := oddRune(text, isDigit)
	if odd == 0 || odd == idLength && text[idLength-1] == 'X' {
		return nil
	}
	return refuse(CodeIDNumber, ReasonFormat).with("pos", odd)
}

// Cards that begin with 9 name the accepting office instead of a home province.
func idProvince(text string) *FormatError {
	if text[0] == '9' || strings.Contains(idProvinces, text[:2]) {
		return nil
	}
	return refuse(CodeIDNumber, ReasonProvince).with("pos", 1)
}

// The year 1850 keeps the samples in the annex of the standard valid.
func idBirth(text string) *FormatError {
	born, err := time.Parse("20060102", text[6:14])
	if err != nil || born.Year() < 1850 {
		return refuse(CodeIDNumber, ReasonDate).with("pos", 7)
	}
	return nil
}

func idSequence(text string) *FormatError {
	if text[14:17] == "000" {
		return refuse(CodeIDNumber, ReasonSequence).with("pos", 15)
	}
	return nil
}

// ISO 7064 MOD 11-2.
func idCheck(text string) *FormatError {
	sum := 0
	for i := range len(idWeights) {
		sum += int(text[i]-'0') * int(idWeights[i])
	}
	if text[idLength-1] != idCheckChars[sum%11] {
		return refuse(CodeIDNumber, ReasonCheck).with("pos", idLength)
	}
	return nil
}

// BirthDate returns the date of birth at midnight UTC, or the zero time if absent.
func (n IDNumber) BirthDate() time.Time {
	if n.IsZero() {
		return time.Time{}
	}
	born, err := time.Parse("20060102", n.Reveal()[6:14])
	if err != nil {
		return time.Time{}
	}
	return born
}

// CheckAge refuses a birth date in the future and holders younger than 16 or
// older than 120 on the day of now, taken in now's location.
func (n IDNumber) CheckAge(now time.Time) error {
	born := n.BirthDate()
	year, month, day := now.Date()
	if born.After(time.Date(year, month, day, 0, 0, 0, 0, time.UTC)) {
		return refuse(CodeIDNumber, ReasonDate).with("pos", 7)
	}
	age := year - born.Year()
	if month < born.Month() || month == born.Month() && day < born.Day() {
		age--
	}
	if age < minAge || age > maxAge {
		return refuse(CodeIDNumber, ReasonAge).with("min", minAge).with("max", maxAge)
	}
	return nil
}

// Equal reports whether both are the same number.
func (n IDNumber) Equal(other IDNumber) bool { return n == other }
