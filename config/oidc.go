package config

import (
	"net/url"
	"strings"
)

// OIDC is who else signs people in, by OpenID Connect (S1): one provider for staff, one for applicants. Without an issuer
// there is none.
type OIDC struct {
	StaffIssuer       string `name:"oidc-staff-issuer" var:"BEIAN_OIDC_STAFF_ISSUER" example:"https://login.example.cn" help:"Provider of OpenID Connect that signs staff in; empty is none."`
	StaffClientID     string `name:"oidc-staff-client-id" var:"BEIAN_OIDC_STAFF_CLIENT_ID" example:"beian-console" help:"Our client id there; its redirect address is PUBLIC_URL/ops/sign-in/elsewhere/callback."`
	StaffClientSecret Secret `kong:"-" var:"BEIAN_OIDC_STAFF_CLIENT_SECRET" example:"(as the provider gave it)" help:"Our client secret there."`
	StaffClaim        string `name:"oidc-staff-claim" var:"BEIAN_OIDC_STAFF_CLAIM" default:"preferred_username" help:"Claim that must be the login of an enabled member of staff; roles stay ours."`

	AccountIssuer       string `name:"oidc-account-issuer" var:"BEIAN_OIDC_ACCOUNT_ISSUER" example:"https://account.example.cn" help:"Provider of OpenID Connect that signs applicants in; empty is none."`
	AccountClientID     string `name:"oidc-account-client-id" var:"BEIAN_OIDC_ACCOUNT_CLIENT_ID" example:"beian" help:"Our client id there; its redirect address is PUBLIC_URL/sign-in/elsewhere/callback."`
	AccountClientSecret Secret `kong:"-" var:"BEIAN_OIDC_ACCOUNT_CLIENT_SECRET" example:"(as the provider gave it)" help:"Our client secret there."`
	AccountClaim        string `name:"oidc-account-claim" var:"BEIAN_OIDC_ACCOUNT_CLAIM" example:"account_id" help:"Claim that is an account's id in the filing system; empty goes by the verified mailbox, which must be the login."`
}

func staffProvider(c Config) Fault {
	return provider("BEIAN_OIDC_STAFF_", c.OIDC.StaffIssuer, c.OIDC.StaffClientID, c.OIDC.StaffClientSecret)
}

func accountProvider(c Config) Fault {
	return provider("BEIAN_OIDC_ACCOUNT_", c.OIDC.AccountIssuer, c.OIDC.AccountClientID, c.OIDC.AccountClientSecret)
}

// provider wants all three or none, and https but on this machine.
func provider(prefix, issuer, id string, secret Secret) Fault {
	fault := Fault{Variable: prefix + "ISSUER", Example: "https://login.example.cn"}
	parsed, err := url.Parse(issuer)
	switch {
	case issuer == "" && (id != "" || !secret.IsZero()):
		fault.Problem = "is needed with a client id and secret"
	case issuer == "":
	case err != nil || !isWebAddress(parsed) || parsed.RawQuery != "":
		fault.Problem = "is not a web address"
	case parsed.Scheme != "https" && !isLoopback(parsed.Hostname()):
		fault.Problem = "must be https"
	case strings.TrimSpace(id) == "":
		fault = Fault{Variable: prefix + "CLIENT_ID", Problem: "is needed with an issuer", Example: "beian"}
	case secret.IsZero():
		fault = Fault{Variable: prefix + "CLIENT_SECRET", Problem: "is needed with an issuer", Example: "(as the provider gave it)"}
	}
	return fault
}
