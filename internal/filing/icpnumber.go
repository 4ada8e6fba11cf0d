package filing

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The 31 letters of provinces as the ministry prints them.
const provinceLetters = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝蜀黔滇藏陕陇青宁新"

// ICPNumber is a filing number (备案号), of a subject such as 京ICP备12345678号
// or of a website such as 京ICP备12345678号-1. The zero value is absent. It is
// public data and prints clear.
type ICPNumber struct {
	subject string
	suffix  string
}

// ParseICPNumber accepts a missing 号, 号 after the suffix, blanks, full width
// forms, 7 to 12 digits, suffixes such as -1 and -3A, and either letter of a
// province (R9, R10); 川, 贵, 云, 甘 and 秦 become 蜀, 黔, 滇, 陇 and 陕, so that
// equal filings compare equal. A *FormatError tells commercial licences (R11)
// and public security numbers apart from mistakes.
func ParseICPNumber(typed string) (ICPNumber, error) {
	text, err := compact(CodeICPNumber, typed)
	if err != nil {
		return ICPNumber{}, err
	}
	if reason := otherNumber(text); reason != "" {
		return ICPNumber{}, refuse(CodeICPNumber, reason)
	}
	letter, size := utf8.DecodeRuneInString(text)
	province := officialLetter(letter)
	if !strings.ContainsRune(provinceLetters, province) {
		return ICPNumber{}, refuse(CodeICPNumber, ReasonProvince).with("pos", 1)
	}
	body, found := strings.CutPrefix(text[size:], "ICP备")
	if !found {
		return ICPNumber{}, refuse(CodeICPNumber, ReasonFormat).with("pos", 2)
	}
	return parseICPBody(string(province), body)
}

func parseICPBody(province, body string) (ICPNumber, error) {
	n := leadingDigits(body)
	if n < 7 || n > 12 {
		return ICPNumber{}, refuse(CodeICPNumber, ReasonLength).with("n", n)
	}
	digits, rest := body[:n], body[n:]
	after, found := strings.CutPrefix(rest, "号")
	if !found {
		after = strings.TrimSuffix(rest, "号")
	}
	suffix, ok := parseSuffix(after)
	if !ok {
		return ICPNumber{}, refuse(CodeICPNumber, ReasonSuffix).with("pos", n+6)
	}
	return ICPNumber{subject: province + "ICP备" + digits + "号", suffix: suffix}, nil
}

// parseSuffix reads "", or a hyphen, a number from 1 to 99999 and perhaps a letter.
func parseSuffix(text string) (string, bool) {
	if text == "" {
		return "", true
	}
	suffix, found := strings.CutPrefix(text, "-")
	n := leadingDigits(suffix)
	if !found || n < 1 || n > 5 || suffix[0] == '0' {
		return "", false
	}
	letter := suffix[n:]
	return suffix, letter == "" || len(letter) == 1 && isCapital(rune(letter[0]))
}

func officialLetter(letter rune) rune {
	switch letter {
	case '川':
		return '蜀'
	case '贵':
		return '黔'
	case '云':
		return '滇'
	case '甘':
		return '陇'
	case '秦':
		return '陕'
	}
	return letter
}

// otherNumber recognises what people confuse with a filing number.
func otherNumber(text string) string {
	switch {
	case strings.Contains(text, "公网安备"):
		return ReasonPolice
	case strings.Contains(text, "ICP证"), strings.Contains(text, "许可证"), isLicence(text):
		return ReasonLicence
	}
	return ""
}

// isLicence recognises 粤B2-20090059号-13, 辽B-2-4-20080039, 皖B1.B2-20070020 and 合字B2-20210001.
func isLicence(text string) bool {
	text = strings.TrimPrefix(text, "合字")
	letter, size := utf8.DecodeRuneInString(text)
	if strings.ContainsRune(provinceLetters, officialLetter(letter)) {
		text = text[size:]
	}
	if !strings.HasPrefix(text, "A") && !strings.HasPrefix(text, "B") {
		return false
	}
	if oddRune(text, func(r rune) bool { return strings.ContainsRune("AB0123456789.-号", r) }) > 0 {
		return false
	}
	digits := 0
	for _, r := range text {
		if isDigit(r) {
			digits++
		}
	}
	return digits >= 6
}

// String returns the canonical form, or "" if absent.
func (n ICPNumber) String() string {
	if n.suffix == "" {
		return n.subject
	}
	return n.subject + "-" + n.suffix
}

// Subject returns the number of the subject, without the website suffix (R12).
func (n ICPNumber) Subject() ICPNumber { return ICPNumber{subject: n.subject} }

// HasSuffix reports whether the number is that of one website.
func (n ICPNumber) HasSuffix() bool { return n.suffix != "" }

// Suffix returns what follows the hyphen, such as 1 or 3A, or "".
func (n ICPNumber) Suffix() string { return n.suffix }

// WithSuffix returns the number of the subject's website i; i below 1 gives the subject number.
func (n ICPNumber) WithSuffix(i int) ICPNumber {
	if n.IsZero() || i < 1 {
		return n.Subject()
	}
	return ICPNumber{subject: n.subject, suffix: strconv.Itoa(i)}
}

// IsZero reports whether the number is absent.
func (n ICPNumber) IsZero() bool { return n == ICPNumber{} }

// Equal reports whether both are the same number, suffix included.
func (n ICPNumber) Equal(other ICPNumber) bool { return n == other }

// MarshalText returns the canonical form.
func (n ICPNumber) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText parses like ParseICPNumber; an empty text gives the zero value.
func (n *ICPNumber) UnmarshalText(text []byte) error {
	return unmarshal(n, text, ParseICPNumber)
}

func unmarshal[T any](into *T, text []byte, parse func(string) (T, error)) error {
	var value T
	if len(text) > 0 {
		parsed, err := parse(string(text))
		if err != nil {
			return err
		}
		value = parsed
	}
	*into = value
	return nil
}
