package filing

import (
	"strings"

	"golang.org/x/net/idna"
)

const maxDomain = 253

// Domain is a domain name in lower-case ASCII without a final dot. The zero
// value is absent. It is public data and prints clear.
type Domain struct{ ascii string }

// ParseDomain accepts a bare name with at least one dot, international names
// included (UTS 46); labels have 1 to 63 characters, the whole at most 253. An
// address with a scheme, a path or a port, and an IP address, are refused with
// a *FormatError.
func ParseDomain(typed string) (Domain, error) {
	text, err := fold(CodeDomain, typed)
	if err != nil {
		return Domain{}, err
	}
	if strings.Contains(text, "://") {
		return Domain{}, refuse(CodeDomain, ReasonScheme)
	}
	ascii, err := domainProfile().ToASCII(text)
	if err != nil {
		return Domain{}, refuse(CodeDomain, ReasonFormat)
	}
	ascii = strings.TrimSuffix(ascii, ".")
	if n := len(ascii); n > maxDomain {
		return Domain{}, refuse(CodeDomain, ReasonLength).with("n", n).with("max", maxDomain)
	}
	if !isHostname(ascii) {
		return Domain{}, refuse(CodeDomain, ReasonFormat)
	}
	return Domain{ascii: ascii}, nil
}

// Hyphens are checked by isHostname: names with hyphens in places three and four are in use.
func domainProfile() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckHyphens(false))
}

func isHostname(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(labels) > 1 && leadingDigits(last) < len(last)
}

func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return oddRune(label, func(r rune) bool { return isDigit(r) || 'a' <= r && r <= 'z' || r == '-' }) == 0
}

// String returns the name in ASCII, the form to store and to compare.
func (d Domain) String() string { return d.ascii }

// Unicode returns the name for display, its xn-- labels in their own script.
func (d Domain) Unicode() string {
	shown, err := domainProfile().ToUnicode(d.ascii)
	if err != nil {
		return d.ascii
	}
	return shown
}

// IsZero reports whether the domain is absent.
func (d Domain) IsZero() bool { return d == Domain{} }

// Equal reports whether both are the same name.
func (d Domain) Equal(other Domain) bool { return d == other }

// MarshalText returns the name in ASCII.
func (d Domain) MarshalText() ([]byte, error) { return []byte(d.ascii), nil }

// UnmarshalText parses like ParseDomain; an empty text gives the zero value.
func (d *Domain) UnmarshalText(text []byte) error {
	return unmarshal(d, text, ParseDomain)
}
