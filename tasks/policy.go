package tasks

import (
	"cmp"
	"time"
)

// Policy is what an operator may decide about the rules.
type Policy struct {
	RealName         string        // off | target_verified | must_match (T7)
	TargetAcceptance bool          // T8; default true
	TargetWindow     time.Duration // T8; default 72 h
	VerifyWindow     time.Duration // how long an unverified job stays open

	Calendar     Calendar      // Chinese working days (V2)
	ReviewDays   int           // L7: the promise is the end of this working day; default 2
	FourEyes     bool          // L9: two reviewers for organisations; default true
	Rounds       int           // L7: supplements before a supervisor decides; default 3
	DraftLife    time.Duration // default 7 days
	MoreLife     time.Duration // how long the applicant may take to supplement; default 15 days
	Hold         time.Duration // L8, counted from the notice at submission; default 24 h
	LongHold     time.Duration // L8, with a risk flag or no old channel reached; default 72 h
	TransferHold time.Duration // L8: no transfer after the effect; default 7 days
	AppealWindow time.Duration // default 15 days
	KeepRefused  time.Duration // L10: documents after a refusal or a withdrawal; default 30 days
	KeepDone     time.Duration // L10: documents after the effect; default 180 days
	ContactHold  time.Duration // no transfer after the security phone was replaced (ADR 23); default 72 h

	LegacyPatience time.Duration // I2: how long an import waits for the legacy platform; default 24 h
	LegacyDiffLife time.Duration // I5: how long differences wait for a yes; default 7 days, at most the ticket's life
}

// LegacyWaits are how long an import waits for the legacy platform and for its
// applicant, the defaults filled in (I2, I5).
func (p Policy) LegacyWaits() (platform, applicant time.Duration) {
	return cmp.Or(p.LegacyPatience, 24*time.Hour), cmp.Or(p.LegacyDiffLife, 7*24*time.Hour)
}
