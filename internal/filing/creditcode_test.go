package filing_test

import (
	"testing"

	"beian/internal/filing"
)

func TestParseCreditCodeAcceptsTheVectors(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"91350100M000100Y43":    "91350100M000100Y43",
		"91512081MA62K0260E":    "91512081MA62K0260E",
		"91110108MA6FW5DR30":    "91110108MA6FW5DR30",
		"91110108MALA2RYPX0":    "91110108MALA2RYPX0",
		"91512081ma62k0260e":    "91512081MA62K0260E",
		"9135 0100 M000 100Y43": "91350100M000100Y43",
		"９１３５０１００Ｍ０００１００Ｙ４３": "91350100M000100Y43",
	} {
		code, err := filing.ParseCreditCode(typed)
		if err != nil || code.Reveal() != want {
			t.Errorf("%q: got %q, %v", typed, code.Reveal(), err)
		}
	}
}

func TestParseCreditCodeNamesTheDigit(t *testing.T) {
	t.Parallel()
	checkRefusals(t, filing.ParseCreditCode, filing.CodeCreditCode, []refusal{
		{"Z is not in the alphabet", "91350100M000100Y4Z", "format", "pos=18"},
		{"wrong check character", "91350100M000100Y44", "check", "pos=18"},
		{"remainder 0 is not Y", "91110108MA6FW5DR3Y", "check", "pos=18"},
		{"letter O for 0", "9135O100M000100Y43", "format", "pos=5"},
		{"letter I for 1", "9I350100M000100Y43", "format", "pos=2"},
		{"too short", "91350100M000100Y4", "length", "n=17"},
		{"too long", "91350100M000100Y433", "length", "n=19"},
		{"old registration number", "110108012345678", "length", "n=15"},
		{"a Chinese character", "91350100M000100Y4三", "format", "pos=18"},
	})
}

func TestEveryWrongCharacterOfACreditCodeIsFound(t *testing.T) {
	t.Parallel()
	const good = "91110108MALA2RYPX0"
	for i := range good {
		for _, char := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
			bad := good[:i] + string(char) + good[i+1:]
			if _, err := filing.ParseCreditCode(bad); (err == nil) != (bad == good) {
				t.Errorf("position %d as %c: %v", i+1, char, err)
			}
		}
	}
}

func TestTheOrganisationCodeInsideIsAHintOnly(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]bool{
		"91350100M000100Y43": true,
		"91512081MA62K0260E": true,
		"91110108MA6FW5DR30": true,
		"91350100M000100Y56": false,
	} {
		if got := must(filing.ParseCreditCode(typed)).HasValidOrganisationCode(); got != want {
			t.Errorf("%s: got %t", typed, got)
		}
	}
	if (filing.CreditCode{}).HasValidOrganisationCode() {
		t.Error("an absent code is valid")
	}
}

func FuzzParseCreditCode(f *testing.F) {
	for _, seed := range []string{"91350100M000100Y43", "91512081ma62k0260e", "91110108MALA2RYPX0"} {
		f.Add(seed)
	}
	fuzzParse(f, filing.ParseCreditCode, filing.CreditCode.Reveal)
}
