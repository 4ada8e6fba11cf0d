package filing

import "strings"

const (
	maxEmail     = 254
	maxLocalPart = 64
)

// Email is a mailbox in lower case, its domain in ASCII, so that equal
// mailboxes compare equal. It prints masked, zha***@163.com; the zero value is
// absent.
type Email struct{ sensitive }

// ParseEmail accepts one plain address: no display name, quotes, comments or
// address literals, the part before the @ at most 64 bytes, all at most 254
// (RFC 5321), no control characters inside. An international domain is turned
// into ASCII.
func ParseEmail(typed string) (Email, error) {
	text, err := fold(CodeEmail, typed)
	if err != nil {
		return Email{}, err
	}
	local, host, found := strings.Cut(strings.ToLower(text), "@")
	if !found || !isLocalPart(local) {
		return Email{}, refuse(CodeEmail, ReasonFormat)
	}
	domain, err := ParseDomain(host)
	if err != nil {
		return Email{}, refuse(CodeEmail, ReasonDomain)
	}
	address := local + "@" + domain.String()
	if len(local) > maxLocalPart {
		return Email{}, refuse(CodeEmail, ReasonLength).with("n", len(local)).with("max", maxLocalPart)
	}
	if len(address) > maxEmail {
		return Email{}, refuse(CodeEmail, ReasonLength).with("n", len(address)).with("max", maxEmail)
	}
	return Email{conceal(address, maskLocalPart(local)+"@"+domain.String())}, nil
}

// isLocalPart accepts the dot-atom of RFC 5322.
func isLocalPart(local string) bool {
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	return local != "" && oddRune(local, isLocalRune) == 0
}

func isLocalRune(r rune) bool {
	return isDigit(r) || 'a' <= r && r <= 'z' || strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
}

func maskLocalPart(local string) string {
	if len(local) > 3 {
		return local[:3] + "***"
	}
	return local[:1] + "***"
}

// Equal reports whether both are the same mailbox.
func (e Email) Equal(other Email) bool { return e == other }
