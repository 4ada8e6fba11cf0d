package vault_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"beian/internal/vault"
	"beian/tasks"
)

var _ tasks.Secrets = (*vault.Vault)(nil)

func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	v, err := vault.New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestASealedValueOpensInItsContextOnly(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	for _, plain := range []string{"", "13800138001", strings.Repeat("备案", 5000)} {
		sealed, err := v.Seal("accounts.login|1", []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := v.Open("accounts.login|1", sealed)
		if err != nil || string(opened) != plain {
			t.Fatalf("got %d bytes, %v; want the %d bytes back", len(opened), err, len(plain))
		}
		if _, err := v.Open("accounts.login|2", sealed); err == nil {
			t.Error("opened in another row's context")
		}
		if _, err := newVault(t).Open("accounts.login|1", sealed); err == nil {
			t.Error("opened with other keys")
		}
	}
}

func TestSealingTwiceGivesDifferentBytes(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	one, err1 := v.Seal("c", []byte("same"))
	two, err2 := v.Seal("c", []byte("same"))
	if err1 != nil || err2 != nil || bytes.Equal(one, two) {
		t.Errorf("equal sealed values tell that the plain ones are equal (%v, %v)", err1, err2)
	}
}

func TestEveryChangedOrMissingByteIsRefused(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	sealed, err := v.Seal("c", []byte("13800138001"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := v.Open("c", changed); err == nil {
			t.Errorf("byte %d was changed and it opened", i)
		}
		if _, err := v.Open("c", sealed[:i]); err == nil {
			t.Errorf("cut to %d bytes and it opened", i)
		}
	}
}

func TestAnIndexDependsOnKeyFieldAndValue(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	index := v.Index("login", "a@example.com")
	if len(index) != 32 || strings.Trim(index, "0123456789abcdef") != "" {
		t.Fatalf("%q is not 128 bit in hex", index)
	}
	if v.Index("login", "a@example.com") != index {
		t.Error("the same value gave another index")
	}
	for name, other := range map[string]string{
		"value":    v.Index("login", "b@example.com"),
		"field":    v.Index("phone", "a@example.com"),
		"boundary": v.Index("logina", "@example.com"),
		"key":      newVault(t).Index("login", "a@example.com"),
	} {
		if other == index {
			t.Errorf("another %s gave the same index", name)
		}
	}
}

func TestAChainDependsOnEveryPartAndItsBoundaries(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	prev := []byte{1, 2, 3}
	hash := v.Chain(prev, "ab", "c")
	if len(hash) != 32 || !bytes.Equal(hash, v.Chain(prev, "ab", "c")) {
		t.Fatal("the chain is not a stable 32 bytes")
	}
	for name, other := range map[string][]byte{
		"prev": v.Chain([]byte{1, 2}, "ab", "c"), "boundary": v.Chain(prev, "a", "bc"), "count": v.Chain(prev, "ab", "c", ""),
		"order": v.Chain(prev, "c", "ab"), "none": v.Chain(nil, "ab", "c"), "key": newVault(t).Chain(prev, "ab", "c"),
	} {
		if bytes.Equal(hash, other) {
			t.Errorf("another %s gave the same hash", name)
		}
	}
}

func TestDigitsAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	const draws, buckets = 50_000, 100
	var seen [buckets]float64
	for i := range draws {
		code := v.Digits("code-" + strconv.Itoa(i))
		n, err := strconv.Atoi(code)
		if err != nil || len(code) != 6 {
			t.Fatalf("%q is not six digits", code)
		}
		seen[n%buckets]++
	}
	chi := 0.0
	for _, n := range seen {
		chi += math.Pow(n-draws/buckets, 2) / (draws / buckets)
	}
	if chi > 200 { // 99 degrees of freedom: mean 99, this is 7 standard deviations
		t.Errorf("chi squared %.0f over %d buckets", chi, buckets)
	}
	if v.Digits("x") != v.Digits("x") {
		t.Error("the same id gave other digits")
	}
}

func TestWordsUseTheWholeAlphabetAndDifferByPurpose(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	used, words := map[rune]bool{}, map[string]bool{}
	for i := range 5_000 {
		word := v.Word("veto", strconv.Itoa(i))
		if len(word) != 8 || strings.ContainsAny(word, "ILOU") || vault.NormalizeWord(word) != word {
			t.Fatalf("%q is not a word", word)
		}
		for _, r := range word {
			used[r] = true
		}
		words[word] = true
	}
	if len(used) != 32 || len(words) != 5_000 {
		t.Errorf("%d characters and %d of 5000 words", len(used), len(words))
	}
	if v.Word("veto", "1") == v.Word("tracking", "1") || v.Word("veto", "1") != v.Word("veto", "1") {
		t.Error("a word depends on purpose and id, and on nothing else")
	}
}

func TestATypedWordIsReadAsItWasMeant(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"abcd2345": "ABCD2345", " ABCD 2345\n": "ABCD2345", "ab-cd-23-45": "ABCD2345", "ab–cd\u00a0\u300023": "ABCD23",
		"il1oO0": "111000", "ＡＢ－１２": "AB12", "": "", "壹": "壹",
	} {
		if got := vault.NormalizeWord(typed); got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
	}
}

func TestNoPrintShowsAKey(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	type holder struct{ inner vault.Vault }
	type Shown struct{ Vault *vault.Vault }
	for _, value := range []any{v, *v, holder{*v}, &holder{*v}, Shown{v}} {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{fmt.Sprintf("%v", value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value),
			fmt.Sprintf("%s", value), fmt.Sprintf("%x", value), fmt.Sprintf("%d", value), string(encoded)} {
			if len(text) > 80 || strings.Contains(text, "[]") || strings.Contains(text, "sealing") {
				t.Errorf("printed %q", text)
			}
		}
	}
}

func TestATokenIs128BitsAndDependsOnPurposeIdAndKey(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	one := v.Token("recovery", "id-1")
	if len(one) != 22 || one != v.Token("recovery", "id-1") || strings.ContainsAny(one, "+/=") {
		t.Errorf("%q", one)
	}
	for _, other := range []string{v.Token("recovery", "id-2"), v.Token("mailbox", "id-1"), newVault(t).Token("recovery", "id-1")} {
		if other == one {
			t.Error("two tokens are equal")
		}
	}
}
