package config

import (
	"net/url"
	"regexp"
	"strconv"
)

// Legacy is where the legacy platform is (I2) and what we sign requests to it with. Without a URL legacy imports are
// not offered.
type Legacy struct {
	URL    string `name:"legacy-url" var:"BEIAN_LEGACY_URL" example:"https://legacy.example.cn/beian" help:"Address of the legacy platform; empty offers no legacy import."`
	KeyID  string `name:"legacy-key-id" var:"BEIAN_LEGACY_KEY_ID" example:"beian" help:"Name of our key there."`
	Secret Secret `kong:"-" var:"BEIAN_LEGACY_SECRET" example:"(32 or more random characters)" help:"Our key there; requests are signed with it, it is never sent."`
}

var keyID = regexp.MustCompile(`^[!#-\[\]-~]{1,64}$`)

// legacyPlatform wants all three or none, and https but on this machine: passwords go there.
func legacyPlatform(c Config) Fault {
	fault := Fault{Variable: "BEIAN_LEGACY_URL", Example: "https://legacy.example.cn/beian"}
	parsed, err := url.Parse(c.Legacy.URL)
	switch {
	case c.Legacy.URL == "" && (c.Legacy.KeyID != "" || !c.Legacy.Secret.IsZero()):
		fault.Problem = "is needed with a key"
	case c.Legacy.URL == "":
	case err != nil || !isWebAddress(parsed):
		fault.Problem = "is not a web address"
	case parsed.Scheme != "https" && !isLoopback(parsed.Hostname()):
		fault.Problem = "must be https"
	case !keyID.MatchString(c.Legacy.KeyID):
		fault = Fault{Variable: "BEIAN_LEGACY_KEY_ID", Problem: "must be 1 to 64 visible ASCII characters without quotes and backslashes", Example: "beian"}
	case len(c.Legacy.Secret.Reveal()) < shortestKey:
		fault = Fault{Variable: "BEIAN_LEGACY_SECRET", Problem: "is shorter than " + strconv.Itoa(shortestKey) + " characters", Example: "(32 or more random characters)"}
	}
	return fault
}
