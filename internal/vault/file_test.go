package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"beian/internal/vault"
)

func TestACreatedFileIsForItsOwnerAloneAndLoadsTheSameKeys(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	path := filepath.Join(dir, "vault.json")
	created, err := vault.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{dir: 0o700, path: 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %o", filepath.Base(name), info.Mode(), err, want)
		}
	}
	loaded, err := vault.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := created.Seal("c", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := loaded.Open("c", sealed); err != nil || string(plain) != "value" {
		t.Errorf("the loaded vault opened %q, %v", plain, err)
	}
	if loaded.Index("f", "v") != created.Index("f", "v") || loaded.Digits("1") != created.Digits("1") ||
		loaded.Word("p", "1") != created.Word("p", "1") || string(loaded.Chain(nil, "x")) != string(created.Chain(nil, "x")) {
		t.Error("the loaded vault derives other values")
	}
}

func TestAnExistingFileIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.json")
	if _, err := vault.Create(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating again gave %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file changed (%v)", err)
	}
}

func TestAFileThatOthersCanReadIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.json")
	if _, err := vault.Create(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Load(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v, want advice to chmod", err)
	}
}

func TestAMissingFileIsNamedAsMissing(t *testing.T) {
	t.Parallel()
	if _, err := vault.Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestADamagedFileIsRefusedWithoutQuotingIt(t *testing.T) {
	t.Parallel()
	good := filepath.Join(t.TempDir(), "vault.json")
	if _, err := vault.Create(good); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	const planted = "c2VjcmV0LW1hdGVyaWFs"
	for name, damaged := range map[string]string{
		"empty":         "",
		"cut":           text[:len(text)/2],
		"other version": strings.Replace(text, `"version": 1`, `"version": 2`, 1),
		"short key":     strings.Replace(text, `"chain": "`, `"chain": "`+planted+`","old": "`, 1),
		"no JSON":       planted,
		"no keyset":     strings.Replace(text, `"sealing"`, `"`+planted+`"`, 1),
		"other keyset":  strings.Replace(text, "AesGcmKey", "HmacKey", 1),
	} {
		path := filepath.Join(t.TempDir(), "vault.json")
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.Load(path); err == nil || strings.Contains(err.Error(), planted) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
