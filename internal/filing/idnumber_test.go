package filing_test

import (
	"testing"
	"time"

	"beian/internal/filing"
)

func TestParseIDNumberAcceptsTheVectors(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"11010519491231002X":   "11010519491231002X",
		"11010519491231002x":   "11010519491231002X",
		"440524188001010014":   "440524188001010014",
		"34052419800101001X":   "34052419800101001X",
		"110105 19491231 002X": "11010519491231002X",
		"110105-19491231-002X": "11010519491231002X",
		"１１０１０５１９４９１２３１００２Ｘ":        "11010519491231002X",
		"\u202d440524188001010014 ": "440524188001010014",
	} {
		number, err := filing.ParseIDNumber(typed)
		if err != nil || number.Reveal() != want {
			t.Errorf("%q: got %q, %v", typed, number.Reveal(), err)
		}
	}
}

// The numbers are made up; their check characters are computed by the rule of the standard.
func TestParseIDNumberAcceptsPermitsAndForeigners(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"81000019900307123", "82000019900307123", "83000019900307123", "93115619900307123"} {
		if _, err := filing.ParseIDNumber(withIDCheck(body)); err != nil {
			t.Errorf("%s…: %v", body[:6], err)
		}
	}
}

func TestParseIDNumberNamesTheDigit(t *testing.T) {
	t.Parallel()
	checkRefusals(t, filing.ParseIDNumber, filing.CodeIDNumber, []refusal{
		{"wrong check digit", "110105194912310021", "check", "pos=18"},
		{"wrong digit inside", "440524188001010024", "check", "pos=18"},
		{"old number", "110105491231002", "old_form", "n=15"},
		{"too short", "1101051949123100", "length", "n=16"},
		{"fifteen with letters", "11010549123100X", "length", "n=15"},
		{"letter inside", "1101051949123A002X", "format", "pos=14"},
		{"X too early", "X1010519491231002X", "format", "pos=1"},
		{"wrong last letter", "11010519491231002Y", "format", "pos=18"},
		{"unknown province", withIDCheck("17010519491231002"), "province", "pos=1"},
		{"30 February", withIDCheck("11010519490230002"), "date", "pos=7"},
		{"29 February of a common year", withIDCheck("11010519000229002"), "date", "pos=7"},
		{"month 13", withIDCheck("11010519491331002"), "date", "pos=7"},
		{"before 1850", withIDCheck("11010518491231002"), "date", "pos=7"},
		{"sequence 000", withIDCheck("11010519491231000"), "sequence", "pos=15"},
	})
}

func TestEveryWrongDigitOfAnIDNumberIsFound(t *testing.T) {
	t.Parallel()
	const good = "34052419800101001X"
	for i := range good {
		for _, digit := range "0123456789X" {
			bad := good[:i] + string(digit) + good[i+1:]
			if _, err := filing.ParseIDNumber(bad); (err == nil) != (bad == good) {
				t.Errorf("position %d as %c: %v", i+1, digit, err)
			}
		}
	}
}

func TestCheckAge(t *testing.T) {
	t.Parallel()
	number := must(filing.ParseIDNumber(withIDCheck("11010520040229123")))
	for day, want := range map[string]string{
		"2004-02-28": "ID_CHECK_DIGIT: date pos=7",
		"2004-02-29": "ID_CHECK_DIGIT: age max=120 min=16",
		"2020-02-28": "ID_CHECK_DIGIT: age max=120 min=16",
		"2020-02-29": "",
		"2022-02-28": "",
		"2125-02-27": "",
		"2125-03-01": "ID_CHECK_DIGIT: age max=120 min=16",
	} {
		got := ""
		if err := number.CheckAge(must(time.Parse(time.DateOnly, day))); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", day, got, want)
		}
	}
	if born := number.BirthDate().Format(time.DateOnly); born != "2004-02-29" {
		t.Errorf("born %s", born)
	}
}

// withIDCheck computes the check character from the definition of ISO 7064 MOD
// 11-2, not from the table of weights: 2 times the running sum plus the digit.
func withIDCheck(body string) string {
	sum := 0
	for _, digit := range body {
		sum = (sum + int(digit-'0')) * 2 % 11
	}
	return body + string("0123456789X"[(12-sum)%11])
}

func FuzzParseIDNumber(f *testing.F) {
	for _, seed := range []string{"11010519491231002X", "440524188001010014", "110105491231002", "34052419800101001x"} {
		f.Add(seed)
	}
	fuzzParse(f, filing.ParseIDNumber, filing.IDNumber.Reveal)
}
