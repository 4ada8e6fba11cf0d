package filing_test

import (
	"errors"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
)

// refusal is what a test expects of a *FormatError; numbers are key=value, sorted by key.
type refusal struct {
	name, typed, reason, numbers string
}

func checkRefusals[T any](t *testing.T, parse func(string) (T, error), code string, cases []refusal) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(tc.typed)
			want := strings.TrimSpace(code + ": " + tc.reason + " " + tc.numbers)
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
			checkHidesInput(t, err, tc.typed)
		})
	}
}

// checkHidesInput fails if err is not a *FormatError made of fixed words and small numbers, or repeats typed.
func checkHidesInput(t *testing.T, err error, typed string) {
	t.Helper()
	var refused *filing.FormatError
	if !errors.As(err, &refused) {
		t.Fatalf("got %T, want *FormatError", err)
	}
	words := &filing.FormatError{Code: refused.Code, Reason: refused.Reason, Params: maps.Clone(refused.Params)}
	for key, value := range refused.Params {
		if n, err := strconv.Atoi(value); err != nil || n > 18*1024 {
			t.Errorf("parameter %s is %q, want a small number", key, value)
		}
		words.Params[key] = ""
	}
	if len(typed) >= 4 && strings.Contains(err.Error(), typed) && !strings.Contains(words.Error(), typed) {
		t.Errorf("the error repeats the input: %s", err)
	}
}

// fuzzParse checks that parse never panics, hides what it refuses and reads its own canonical form.
func fuzzParse[T comparable](f *testing.F, parse func(string) (T, error), canonical func(T) string) {
	f.Helper()
	for _, seed := range []string{"", " ", "\x00", "\xff\xfe", "１２３４", "ß.ﬀ", "a\r\nb", strings.Repeat("9", 2000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		value, err := parse(typed)
		var zero T
		if err != nil {
			checkHidesInput(t, err, typed)
			if value != zero {
				t.Error("a refused input gave a value")
			}
			return
		}
		if value == zero {
			t.Error("an accepted input gave the zero value")
		}
		again, err := parse(canonical(value))
		if err != nil || again != value {
			t.Errorf("canonical form %q is read as %q, %v", canonical(value), canonical(again), err)
		}
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestAllParsersRefuseNothingHugeAndBroken(t *testing.T) {
	t.Parallel()
	parsers := map[string]func(string) error{
		"icp":      func(s string) error { _, err := filing.ParseICPNumber(s); return err },
		"id":       func(s string) error { _, err := filing.ParseIDNumber(s); return err },
		"credit":   func(s string) error { _, err := filing.ParseCreditCode(s); return err },
		"phone":    func(s string) error { _, err := filing.ParsePhone(s); return err },
		"email":    func(s string) error { _, err := filing.ParseEmail(s); return err },
		"domain":   func(s string) error { _, err := filing.ParseDomain(s); return err },
		"receipt":  func(s string) error { _, err := filing.ParseReceipt(s); return err },
		"passport": func(s string) error { _, err := filing.ParseCertificate(filing.CertificatePassport, s); return err },
		"other":    func(s string) error { _, err := filing.ParseCertificate(filing.CertificateOther, s); return err },
	}
	inputs := map[string]string{
		"": filing.ReasonEmpty, " \u3000\u200b\u202d": filing.ReasonEmpty,
		strings.Repeat("1", 1025): filing.ReasonLength, "\xff1234": filing.ReasonFormat,
	}
	for name, parse := range parsers {
		for typed, want := range inputs {
			var refused *filing.FormatError
			if err := parse(typed); !errors.As(err, &refused) || refused.Reason != want {
				t.Errorf("%s: got %v, want reason %s", name, err, want)
			}
		}
	}
}

func TestAFormatErrorListsItsNumbersInOrder(t *testing.T) {
	t.Parallel()
	err := &filing.FormatError{Code: "C", Reason: "r", Params: map[string]string{"n": "2", "max": "1"}}
	if diff := cmp.Diff("C: r max=1 n=2", err.Error()); diff != "" {
		t.Error(diff)
	}
}
