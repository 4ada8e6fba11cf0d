package config

import (
	"crypto/subtle"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// Secret is a text that prints as "set", or as nothing when empty, under every verb and in JSON.
// The zero value is an unset secret.
type Secret struct{ text *string } // a pointer, so that even a print by reflection shows an address only

// NewSecret wraps a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal is the only way to the text. Never log, print or wrap its result.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether nothing is set.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal compares in constant time.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String is "set" or empty.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return "set"
}

// Format prints String whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText is String, so JSON shows the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the text as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// URL is an address that may hold a password. It prints with credentials masked, under every verb and in JSON.
// The zero value is an unset URL.
type URL struct{ secret Secret }

// NewURL wraps an address without checking it.
func NewURL(text string) URL { return URL{secret: NewSecret(text)} }

// Reveal is the address with its credentials, for the one who connects. Never log, print or wrap its result.
func (u URL) Reveal() string { return u.secret.Reveal() }

// IsZero reports whether nothing is set.
func (u URL) IsZero() bool { return u.secret.IsZero() }

// Equal compares in constant time.
func (u URL) Equal(other URL) bool { return u.secret.Equal(other.secret) }

// String is the address with "***" for a password, for a lone user name (some put the password there) and for query
// values; what cannot be parsed prints as "set".
func (u URL) String() string {
	if u.IsZero() {
		return ""
	}
	parsed, err := url.Parse(u.Reveal())
	if err != nil || parsed.Opaque != "" || parsed.Scheme == "" {
		return u.secret.String()
	}
	return parsed.Scheme + "://" + maskUser(parsed.User) + parsed.Host + parsed.EscapedPath() + maskQuery(parsed)
}

// Format prints String whatever the verb.
func (u URL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText is String, so JSON shows the mask.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText takes the text as it is; Config.Check judges it.
func (u *URL) UnmarshalText(text []byte) error {
	*u = NewURL(string(text))
	return nil
}

func maskUser(user *url.Userinfo) string {
	switch {
	case user == nil:
		return ""
	case user.Username() == "":
		return ":***@"
	}
	if _, hasPassword := user.Password(); hasPassword {
		return url.User(user.Username()).String() + ":***@"
	}
	return "***@"
}

// maskQuery keeps only which keys are there: lib/pq style URLs may carry password= and sslpassword=.
func maskQuery(parsed *url.URL) string {
	if parsed.RawQuery == "" {
		return ""
	}
	var keys []string
	for pair := range strings.SplitSeq(parsed.RawQuery, "&") {
		key, _, _ := strings.Cut(pair, "=")
		keys = append(keys, key+"=***")
	}
	return "?" + strings.Join(keys, "&")
}
