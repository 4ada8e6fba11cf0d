package config

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// Origin is a web origin as a browser sends it: scheme://host[:port], lower case, nothing after it.
type Origin string

var errOrigin = errors.New("is not an origin of the form scheme://host[:port]")

// UnmarshalText accepts http and https origins; wildcards and "null" are refused.
func (o *Origin) UnmarshalText(text []byte) error {
	lower := strings.ToLower(strings.TrimSuffix(string(text), "/"))
	parsed, err := url.Parse(lower)
	if err != nil || !isWebAddress(parsed) || parsed.Path != "" || strings.Contains(parsed.Host, "*") {
		return errOrigin
	}
	*o = Origin(lower)
	return nil
}

// isWebAddress reports http or https with a host and without credentials, query or fragment.
func isWebAddress(u *url.URL) bool {
	web := u.Scheme == "http" || u.Scheme == "https"
	bare := u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
	return web && bare && u.Hostname() != ""
}

// isLoopback reports whether a host name can only mean this machine.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
