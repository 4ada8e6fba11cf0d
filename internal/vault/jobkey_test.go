package vault_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"beian/internal/vault"
)

func newKey(t *testing.T, v *vault.Vault, context string) ([]byte, vault.Key) {
	t.Helper()
	wrapped, key, err := v.NewKey(context)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped, key
}

func TestL10AJobsKeyComesBackFromItsWrappedFormOnly(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	wrapped, key := newKey(t, v, "jobs.key|1")
	sealed, err := key.Seal("documents|1|front", []byte("picture"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := v.OpenKey("jobs.key|1", wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open("documents|1|front", sealed); err != nil || string(plain) != "picture" {
		t.Errorf("got %q, %v", plain, err)
	}
	_, other := newKey(t, v, "jobs.key|1")
	for name, open := range map[string]func() ([]byte, error){
		"another job's key":      func() ([]byte, error) { return other.Open("documents|1|front", sealed) },
		"another context":        func() ([]byte, error) { return key.Open("documents|1|back", sealed) },
		"the vault itself":       func() ([]byte, error) { return v.Open("documents|1|front", sealed) },
		"no key":                 func() ([]byte, error) { return vault.Key{}.Open("documents|1|front", sealed) },
		"the key, damaged bytes": func() ([]byte, error) { return key.Open("documents|1|front", append(bytes.Clone(sealed), 0)) },
	} {
		if plain, err := open(); err == nil {
			t.Errorf("%s opened %q", name, plain)
		}
	}
	if _, err := (vault.Key{}).Seal("c", nil); err == nil {
		t.Error("no key sealed")
	}
}

func TestAWrappedKeyOpensInItsContextAndVaultOnly(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	wrapped, _ := newKey(t, v, "jobs.key|1")
	if _, err := v.OpenKey("jobs.key|2", wrapped); err == nil {
		t.Error("opened for another job")
	}
	if _, err := newVault(t).OpenKey("jobs.key|1", wrapped); err == nil {
		t.Error("opened by another vault")
	}
	for i := range wrapped {
		damaged := bytes.Clone(wrapped)
		damaged[i] ^= 0x55
		key, err := v.OpenKey("jobs.key|1", damaged)
		if err != nil {
			continue // the keyset's public info may change unnoticed, the key itself may not
		}
		sealed, err := key.Seal("c", []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		same, err := v.OpenKey("jobs.key|1", wrapped)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := same.Open("c", sealed); err != nil {
			t.Errorf("byte %d was changed and gave another key", i)
		}
	}
}

func TestNoPrintShowsAJobsKey(t *testing.T) {
	t.Parallel()
	_, key := newKey(t, newVault(t), "jobs.key|1")
	type holder struct{ inner vault.Key }
	type Shown struct{ Key vault.Key }
	for _, value := range []any{key, &key, holder{key}, &holder{key}, Shown{key}} {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{fmt.Sprintf("%v", value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value),
			fmt.Sprintf("%s", value), fmt.Sprintf("%x", value), string(encoded)} {
			if len(text) > 80 || strings.Contains(text, "[]") || strings.Contains(text, "Aead") {
				t.Errorf("printed %q", text)
			}
		}
	}
	if got := fmt.Sprint(key); got != "key" {
		t.Errorf("printed %q", got)
	}
}

func TestATokenIs128BitsForOnePurposeAndID(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	seen := map[string]bool{}
	for i := range 2_000 {
		token := v.Token("mailbox", strconv.Itoa(i))
		if len(token) != 22 || strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Fatalf("%q is not 22 characters of base64url", token)
		}
		seen[token] = true
	}
	if len(seen) != 2_000 || v.Token("mailbox", "1") != v.Token("mailbox", "1") {
		t.Errorf("%d of 2000 tokens, or the same id gave another one", len(seen))
	}
	if v.Token("mailbox", "1") == v.Token("recovery", "1") || v.Token("mailbox", "1") == newVault(t).Token("mailbox", "1") {
		t.Error("another purpose or key gave the same token")
	}
}
