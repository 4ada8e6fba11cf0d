package accounts

import (
	_ "embed" // the list of common passwords
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"beian/tasks"
)

// Codes of refused passwords, stable for clients.
const (
	CodePasswordShort  = "PASSWORD_SHORT"
	CodePasswordLong   = "PASSWORD_LONG"
	CodePasswordCommon = "PASSWORD_COMMON"
)

// FieldPassword is the field that a refused password is reported for.
const FieldPassword = "password"

const (
	minPassword = 12
	maxPassword = 128
)

//go:embed common.txt
var commonPasswords string

// CheckPassword judges a new password: 12 to 128 characters of any kind, and none
// that is tried first: the list of common ones in any case, one short piece
// repeated, or a plain sequence (trust.md; NIST SP 800-63B 3.1.1.2). The error is
// a *tasks.Invalid.
func CheckPassword(password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return refusePassword(CodePasswordShort, minPassword)
	case n > maxPassword || len(password) > maxPasswordBytes:
		return refusePassword(CodePasswordLong, maxPassword)
	}
	folded := []rune(strings.ToLower(password))
	if isCommon(string(folded)) || isRepeated(folded) || isSequence(folded) {
		return refusePassword(CodePasswordCommon, 0)
	}
	return nil
}

func refusePassword(code string, n int) error {
	fault := tasks.Fault{Field: FieldPassword, Code: code}
	if n > 0 {
		fault.Params = map[string]string{"n": strconv.Itoa(n)}
	}
	return &tasks.Invalid{Faults: []tasks.Fault{fault}}
}

func isCommon(folded string) bool {
	return slices.Contains(strings.Split(commonPasswords, "\n"), folded)
}

// isRepeated finds a piece of up to four characters said over and over.
func isRepeated(s []rune) bool {
	for piece := 1; piece <= 4; piece++ {
		if slices.Equal(s[piece:], s[:len(s)-piece]) {
			return true
		}
	}
	return false
}

// isSequence finds neighbours of the alphabet, of the digits or of the keyboard's
// rows from end to end, forwards or backwards, as in 123456789012.
func isSequence(s []rune) bool {
	for _, row := range []string{"01234567890123456789012345", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"} {
		back := []rune(row)
		slices.Reverse(back)
		if strings.Contains(row+row, string(s)) || strings.Contains(string(back)+string(back), string(s)) {
			return true
		}
	}
	return false
}
