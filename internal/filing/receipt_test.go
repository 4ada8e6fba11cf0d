package filing_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"beian/internal/filing"
)

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func TestParseReceiptReadsWhatPeopleType(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"TR8F4KQX7M":     "TR8F4KQX7M",
		"tr8f4kqx7m":     "TR8F4KQX7M",
		"TR 8F4K QX7M":   "TR8F4KQX7M",
		"tr-8f4k-qx7m":   "TR8F4KQX7M",
		"ＴＲ８Ｆ４ＫＱＸ７Ｍ":     "TR8F4KQX7M",
		" TR8F4K–QX7M\n": "TR8F4KQX7M",
	} {
		receipt, err := filing.ParseReceipt(typed)
		if err != nil || receipt.String() != want {
			t.Errorf("%q: got %s, %v", typed, receipt, err)
		}
	}
	receipt := must(filing.ParseReceipt("TR8F4KQX7M"))
	if receipt.Grouped() != "TR 8F4K QX7M" || receipt.Kind() != "TR" {
		t.Errorf("got %q of kind %q", receipt.Grouped(), receipt.Kind())
	}
	if absent := (filing.Receipt{}); absent.Grouped() != "" || absent.Kind() != "" || !absent.IsZero() {
		t.Error("an absent receipt prints")
	}
}

func TestLettersThatLookLikeDigitsAreReadAsDigits(t *testing.T) {
	t.Parallel()
	receipt := must(filing.NewReceipt("LI", bytes.NewReader([]byte{0, 0, 0, 0x84, 0x01})))
	if tail := receipt.String()[2:5]; tail != "101" {
		t.Fatalf("the drawn bits give %s", receipt)
	}
	tail := receipt.String()[5:]
	for _, typed := range []string{"LIi0l", "LILOI", "li1o1"} {
		if got, err := filing.ParseReceipt(typed + tail); err != nil || got != receipt {
			t.Errorf("%s…: got %s, %v", typed, got, err)
		}
	}
}

func TestParseReceiptNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	checkRefusals(t, filing.ParseReceipt, filing.CodeReceipt, []refusal{
		{"too short", "TR8F4KQX7", "length", "n=9"},
		{"too long", "TR8F4KQX7MM", "length", "n=11"},
		{"digit in front", "1R8F4KQX7M", "prefix", "pos=1"},
		{"digit in second place", "T18F4KQX7M", "prefix", "pos=2"},
		{"Chinese", "TR8F4KQX7号", "format", "pos=10"},
		{"U", "TR8F4UQX7M", "format", "pos=6"},
		{"wrong check character", "TR8F4KQX7N", "check", ""},
		{"exchanged letters of the kind", "RT8F4KQX7M", "check", ""},
	})
}

func TestNewReceiptNeedsAKindAndEntropy(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "T", "TRX", "tr", "T1", "张"} {
		_, err := filing.NewReceipt(kind, bytes.NewReader(make([]byte, 5)))
		checkHidesInput(t, err, kind)
	}
	if _, err := filing.NewReceipt("TR", strings.NewReader("four")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("short entropy: %v", err)
	}
}

func TestNewReceiptsAreReadBackAndDiffer(t *testing.T) {
	t.Parallel()
	entropy := rand.NewChaCha8([32]byte{1})
	seen := map[filing.Receipt]bool{}
	for range 10_000 {
		receipt := must(filing.NewReceipt("TR", entropy))
		if got, err := filing.ParseReceipt(receipt.Grouped()); err != nil || got != receipt {
			t.Fatalf("%s is read as %s, %v", receipt, got, err)
		}
		seen[receipt] = true
	}
	if len(seen) < 9_990 {
		t.Errorf("only %d of 10000 differ", len(seen))
	}
}

func TestEveryWrongCharacterOfAReceiptIsFound(t *testing.T) {
	t.Parallel()
	entropy := rand.NewChaCha8([32]byte{2})
	for _, kind := range []string{"TR", "LI", "LR", "OU"} {
		for range 50 {
			checkSingleErrors(t, must(filing.NewReceipt(kind, entropy)).String())
		}
	}
}

func checkSingleErrors(t *testing.T, good string) {
	t.Helper()
	for i := range good {
		alphabet := crockford
		if i < 2 {
			alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		}
		for _, char := range alphabet {
			bad := good[:i] + string(char) + good[i+1:]
			if _, err := filing.ParseReceipt(bad); (err == nil) != (bad == good) {
				t.Errorf("%s for %s: %v", bad, good, err)
			}
		}
	}
}

func TestEveryExchangeOfTwoCharactersOfAReceiptIsFound(t *testing.T) {
	t.Parallel()
	entropy := rand.NewChaCha8([32]byte{3})
	for _, kind := range []string{"TR", "LI", "LR", "OU"} {
		for range 500 {
			checkExchanges(t, must(filing.NewReceipt(kind, entropy)).String())
		}
	}
}

func checkExchanges(t *testing.T, good string) {
	t.Helper()
	for i := range good {
		for j := range i {
			if j == 0 && good[0] == 'L' && i > 1 {
				continue // An L of the kind counts 2 but reads as 1 in the tail; nobody exchanges so far apart.
			}
			bad := []byte(good)
			bad[i], bad[j] = bad[j], bad[i]
			if _, err := filing.ParseReceipt(string(bad)); (err == nil) != (string(bad) == good) {
				t.Errorf("%s for %s: %v", bad, good, err)
			}
		}
	}
}

func FuzzParseReceipt(f *testing.F) {
	for _, seed := range []string{"TR8F4KQX7M", "tr 8f4k qx7m", "LI-OOOO-OOOO", "LRILO"} {
		f.Add(seed)
	}
	fuzzParse(f, filing.ParseReceipt, filing.Receipt.String)
}
