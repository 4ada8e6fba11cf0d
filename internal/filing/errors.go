package filing

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The codes of refused values, stable for clients; the first five are blocker codes of the product.
const (
	CodeICPNumber   = "ICP_NUMBER_FORMAT"
	CodeIDNumber    = "ID_CHECK_DIGIT"
	CodeCreditCode  = "CREDIT_CODE_CHECK_DIGIT"
	CodePhone       = "PHONE_INVALID"
	CodeEmail       = "EMAIL_INVALID"
	CodeDomain      = "DOMAIN_INVALID"
	CodeCertificate = "CERTIFICATE_INVALID"
	CodeReceipt     = "RECEIPT_INVALID"
)

// The reasons that refine a code, so that a message can name the remedy.
const (
	// ReasonEmpty means that nothing was left after folding.
	ReasonEmpty = "empty"
	// ReasonLength comes with n, the number of characters or digits counted.
	ReasonLength = "length"
	// ReasonFormat means a character out of place; pos is given where one can be named.
	ReasonFormat = "format"
	// ReasonPrefix means a wrong beginning: not a mainland mobile, or not two letters for a receipt's kind.
	ReasonPrefix = "prefix"
	// ReasonCheck means that the check character does not fit the others.
	ReasonCheck = "check"
	// ReasonProvince means an unknown province letter or province code.
	ReasonProvince = "province"
	// ReasonLicence means a commercial licence (ICP证, B2-…) instead of a filing number (R11).
	ReasonLicence = "licence"
	// ReasonPolice means a public security filing number (公网安备) instead of an ICP number.
	ReasonPolice = "police"
	// ReasonSuffix means something other than a website suffix such as -1 or -3A after the number.
	ReasonSuffix = "suffix"
	// ReasonDate means a birth date that does not exist or lies in the future.
	ReasonDate = "date"
	// ReasonSequence means the sequence 000, which is never issued.
	ReasonSequence = "sequence"
	// ReasonOldForm means an ID number of the first generation, 15 digits.
	ReasonOldForm = "old_form"
	// ReasonAge means a holder outside the accepted ages min and max.
	ReasonAge = "age"
	// ReasonScheme means that an address with a scheme was given where a bare domain belongs.
	ReasonScheme = "scheme"
	// ReasonDomain means that the part of an email address after the @ is no domain.
	ReasonDomain = "domain"
	// ReasonTail means something other than the last six characters of a certificate number.
	ReasonTail = "tail"
	// ReasonType means an unknown certificate type.
	ReasonType = "type"
)

// FormatError says why a value was refused. Code and Reason choose the message;
// Params holds numbers only: n (how many), pos (which character, from 1, blanks
// and hyphens not counted), min and max. The refused value is in none of them.
type FormatError struct {
	Code   string
	Reason string
	Params map[string]string
}

// Error names the code, the reason and the numbers, never the value.
func (e *FormatError) Error() string {
	text := e.Code + ": " + e.Reason
	for _, key := range slices.Sorted(maps.Keys(e.Params)) {
		text += " " + key + "=" + e.Params[key]
	}
	return strings.TrimSpace(text)
}

func refuse(code, reason string) *FormatError {
	return &FormatError{Code: code, Reason: reason}
}

func (e *FormatError) with(key string, n int) *FormatError {
	if e.Params == nil {
		e.Params = make(map[string]string, 2)
	}
	e.Params[key] = strconv.Itoa(n)
	return e
}
