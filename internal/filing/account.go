package filing

import "time"

// Site is the part of the provider's world that an account belongs to; only china accounts transfer (T3).
type Site string

// The sites; their strings are permanent.
const (
	SiteChina         Site = "china"
	SiteInternational Site = "international"
)

// AccountStatus says whether an account may act; only active ones give or take a subject (T6).
type AccountStatus string

// The account states; their strings are permanent.
const (
	AccountActive AccountStatus = "active"
	AccountFrozen AccountStatus = "frozen"
	AccountClosed AccountStatus = "closed"
)

// Account is who signs in (备案账号). ID is ours, ExternalID the filing
// system's. HoldUntil is the end of a login-reset hold (L8), zero if there is
// none. RealName is clear: show it through MaskPersonName.
type Account struct {
	ID                  string
	ExternalID          string
	Site                Site
	Status              AccountStatus
	LoginEmail          Email
	SecurityPhone       Phone
	RealName            string
	RealNameCertificate Certificate
	RealNameVerified    bool
	HoldUntil           time.Time
}

// Order kinds; their strings are permanent.
const (
	OrderFirst  = "first"
	OrderChange = "change"
	OrderCancel = "cancel"
)

// Order is a filing order (备案订单); here it matters only whether it is in progress (T2, T4).
type Order struct {
	ID         string
	ExternalID string
	AccountID  string
	Kind       string
	InProgress bool
}
