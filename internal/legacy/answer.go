package legacy

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"beian/tasks"
)

// The codes that something here goes by; the others are only told. The first two are
// our own.
const (
	codeLeft = "CANCELLED"
	codeOpen = "BREAKER_OPEN"
	codeBusy = "TOO_MANY_REQUESTS"
	codeAway = "UNAVAILABLE"
)

// failure is a failed try: what the caller is told, whether the platform may have
// acted on the request, and what happened, for the log.
type failure struct {
	told  tasks.LegacyError
	acted bool // it may have been looked at, so that a sign-in must not be repeated
	cause error
}

func (f *failure) Error() string { return f.told.Error() }

func (f *failure) Unwrap() error { return f.cause }

// failed classes a try that got no answer.
func failed(err error) *failure {
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err // without the path, which names a material
	}
	f := &failure{told: tasks.LegacyError{Class: tasks.LegacyDown, Code: "CUT_OFF"}, acted: true, cause: err}
	var dial *net.OpError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.Canceled):
		f.told.Code = codeLeft
	case errors.As(err, &untrusted):
		f.told, f.acted = tasks.LegacyError{Class: tasks.LegacyRefused, Code: "TLS_UNTRUSTED"}, false
	case errors.As(err, &dial) && dial.Op == "dial":
		f.told.Code, f.acted = "UNREACHABLE", false
	case errors.Is(err, context.DeadlineExceeded):
		f.told.Code = "TIMEOUT"
	}
	return f
}

// broken is an answer that can't be read.
func broken(code string) *failure {
	return &failure{told: tasks.LegacyError{Class: tasks.LegacyBroken, Code: code}, acted: true}
}

// refused classes an answer that is not a success. Only codes of the protocol are
// repeated: everything else in such an answer is somebody else's text.
func refused(status int, header http.Header, body []byte) *failure {
	f := &failure{}
	f.told.Code, f.told.Class = codeOf(status, body), classOf(status)
	if class, known := codes()[f.told.Code]; known {
		f.told.Class = class
	}
	if f.told.Class == tasks.LegacyDown || f.told.Class == tasks.LegacyLocked {
		f.told.After = retryAfter(header.Get("Retry-After"))
	}
	// The protocol's promise: both are given before anything is looked at. Something in
	// between that answers 503 promises nothing.
	f.acted = f.told.Code != codeAway && f.told.Code != codeBusy
	return f
}

// codes are the protocol's.
func codes() map[string]tasks.LegacyClass {
	return map[string]tasks.LegacyClass{
		"CREDENTIALS_WRONG": tasks.LegacyWrong,
		"LOGIN_LOCKED":      tasks.LegacyLocked,
		"ACCOUNT_UNKNOWN":   tasks.LegacyUnknown,
		"MATERIAL_UNKNOWN":  tasks.LegacyUnknown,
		"TICKET_UNKNOWN":    tasks.LegacyUnknown,
		"KEY_UNKNOWN":       tasks.LegacyRefused,
		"SIGNATURE_WRONG":   tasks.LegacyRefused,
		"SIGNATURE_STALE":   tasks.LegacyRefused,
		"DIGEST_WRONG":      tasks.LegacyRefused,
		"REQUEST_INVALID":   tasks.LegacyRefused,
		codeBusy:            tasks.LegacyDown,
		codeAway:            tasks.LegacyDown,
	}
}

func codeOf(status int, body []byte) string {
	var said struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(body, &said) == nil {
		if _, known := codes()[said.Code]; known {
			return said.Code
		}
	}
	return "HTTP_" + strconv.Itoa(status)
}

// classOf is what an answer means that says no code of the protocol: it comes from
// something in between.
func classOf(status int) tasks.LegacyClass {
	switch {
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return tasks.LegacyDown
	case status >= 400:
		return tasks.LegacyRefused
	}
	return tasks.LegacyBroken
}

// longestWait bounds what a platform can make us wait.
const longestWait = 24 * time.Hour

// retryAfter reads seconds; the protocol has no dates.
func retryAfter(text string) time.Duration {
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, 1<<30))*time.Second, longestWait)
}
