package sms

import (
	"strings"
	"time"

	"beian/tasks"
)

// tencentRefusal classes a code of Tencent Cloud SMS by trust 4.2. A code that
// nobody wrote down is held, and an operator told.
func tencentRefusal(code string) *tasks.SendError {
	refusal := &tasks.SendError{Code: named(code)}
	is := func(beginnings ...string) bool {
		for _, beginning := range beginnings {
			if strings.HasPrefix(code, beginning) {
				return true
			}
		}
		return false
	}
	switch {
	case is("InternalError.Timeout"):
		refusal.Class = tasks.SendUnknown
	case is("InternalError", "RequestLimitExceeded"):
		refusal.Class = tasks.SendRetry
	case is("LimitExceeded.App", "LimitExceeded.DailyLimit"): // our own cap at the provider
		refusal.Class, refusal.After = tasks.SendHeld, time.Hour
	case is("LimitExceeded"):
		refusal.Class, refusal.After = tasks.SendThrottled, tencentWindow(code)
	case is("FailedOperation.PhoneNumberInBlacklist", "InvalidParameterValue.IncorrectPhoneNumber", "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber"):
		refusal.Class = tasks.SendBadNumber
	default:
		refusal.Class, refusal.After = tasks.SendHeld, heldFor
	}
	return refusal
}

// tencentWindow is how long a limit lasts that a phone has hit.
func tencentWindow(code string) time.Duration {
	switch {
	case strings.Contains(code, "ThirtySecond"):
		return 30 * time.Second
	case strings.Contains(code, "OneHour"):
		return time.Hour
	case strings.Contains(code, "Daily"):
		return 24 * time.Hour
	}
	return time.Minute
}

// tencentUndelivered classes the description of a receipt that says no.
func tencentUndelivered(code string) *tasks.SendError {
	return undelivered(code, "NOT_IN_SERVICE", "INVALID_NUMBER", "UNKNOWN_SUBSCRIBER")
}
