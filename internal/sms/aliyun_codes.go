package sms

import (
	"strings"
	"time"

	"beian/tasks"
)

// aliyunRefusal classes a code of SendSms or QuerySendDetails by trust 4.2. A code
// that nobody wrote down is held, and an operator told: never blindly tried again.
func aliyunRefusal(code, message string) *tasks.SendError {
	refusal := &tasks.SendError{Code: named(code)}
	switch {
	case code == "isv.BUSINESS_LIMIT_CONTROL":
		refusal.Class, refusal.After = tasks.SendThrottled, windowOf(message)
	case code == "isv.DAY_LIMIT_CONTROL", code == "isv.MONTH_LIMIT_CONTROL": // our own cap at the provider
		refusal.Class, refusal.After = tasks.SendHeld, time.Hour
	case code == "isv.MOBILE_NUMBER_ILLEGAL", code == "isv.MOBILE_COUNT_OVER_LIMIT", code == "isv.DOMESTIC_NUMBER_NOT_SUPPORTED":
		refusal.Class = tasks.SendBadNumber
	case code == "isp.SYSTEM_ERROR", code == "isp.GATEWAY_ERROR", code == "isp.UNKNOWN", code == "InternalError",
		code == "ServiceUnavailable", strings.HasPrefix(code, "Throttling"):
		refusal.Class = tasks.SendRetry
	default:
		refusal.Class, refusal.After = tasks.SendHeld, heldFor
	}
	return refusal
}

// named bounds what of a provider's code reaches our record.
func named(code string) string {
	const most = 64
	code = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("._:-", r):
			return r
		}
		return -1
	}, code)
	if code == "" {
		return codeMalformed
	}
	return code[:min(len(code), most)]
}

// windowOf reads which of the limits was hit (1 a minute, 5 an hour, 10 a day) out
// of the message, which is all that tells.
func windowOf(message string) time.Duration {
	message = strings.ToLower(message)
	for _, window := range []struct {
		words []string
		span  time.Duration
	}{
		{[]string{"分钟", "minute"}, time.Minute},
		{[]string{"小时", "hour"}, time.Hour},
		{[]string{"天", "day"}, 24 * time.Hour},
	} {
		for _, word := range window.words {
			if strings.Contains(message, word) {
				return window.span
			}
		}
	}
	return time.Minute
}

// aliyunUndelivered classes the code of a receipt that says no: the number's matter,
// or between provider and carrier (document_detail/101346).
func aliyunUndelivered(code string) *tasks.SendError {
	return undelivered(code, "NOT_ON_SERVICE", "INVALID_NUMBER", "IS_CLOSED", "USER_REJECT", "TERMINAL_ERROR", "ACCOUNT_ABNORMAL")
}

// undelivered is a receipt that says no: the number's matter by one of the
// provider's words, by those of the carriers (MK: and MN: codes, blacklists), or
// else a matter between provider and carrier.
func undelivered(code string, words ...string) *tasks.SendError {
	upper := strings.ToUpper(code)
	for _, word := range append(words, "BLACK", "MK:", "MN:") {
		if strings.Contains(upper, word) {
			return &tasks.SendError{Class: tasks.SendBadNumber, Code: named(code)}
		}
	}
	return &tasks.SendError{Class: tasks.SendPermanent, Code: named(code)}
}
