package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"beian/internal/vault"
)

func TestANewKeySealsAndTheOldOneGoesOnOpening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	v, err := vault.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	seal := func(v *vault.Vault) []byte {
		t.Helper()
		sealed, err := v.Seal("place", []byte("value"))
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	opens := func(v *vault.Vault, sealed []byte) {
		t.Helper()
		if plain, err := v.Open("place", sealed); err != nil || string(plain) != "value" {
			t.Errorf("opened %q, %v", plain, err)
		}
	}
	old := seal(v)
	index, word := v.Index("phone", "1"), v.Word("veto", "1")
	wrapped, _, err := v.NewKey("job")
	if err != nil {
		t.Fatal(err)
	}
	id, err := vault.AddSealingKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Reload(path); err != nil {
		t.Fatal(err)
	}
	if added := seal(v); string(added[:5]) != string(old[:5]) {
		t.Error("a key that was only added seals already")
	}
	another, err := vault.Load(path) // a process that knows the key and has not read the promotion
	if err != nil {
		t.Fatal(err)
	}
	if err := vault.PromoteSealingKey(path, id); err != nil {
		t.Fatal(err)
	}
	if err := v.Reload(path); err != nil {
		t.Fatal(err)
	}
	fresh := seal(v)
	if string(fresh[:5]) == string(old[:5]) {
		t.Error("the promoted key does not seal")
	}
	opens(v, old)
	opens(v, fresh)
	opens(another, fresh)
	if _, err := v.OpenKey("job", wrapped); err != nil {
		t.Errorf("a job's key: %v", err)
	}
	if v.Index("phone", "1") != index || v.Word("veto", "1") != word {
		t.Error("indexes and codes moved")
	}
	keys, err := vault.SealingKeys(path)
	if err != nil || len(keys) != 2 || keys[0].Primary || !keys[1].Primary || keys[1].ID != id {
		t.Errorf("%+v, %v", keys, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAVaultGoesOnWithItsKeysWhenTheFileIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "keys.json"), filepath.Join(dir, "other.json")
	v, err := vault.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal("place", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Create(other); err != nil {
		t.Fatal(err)
	}
	if err := v.Reload(other); !errors.Is(err, vault.ErrOtherKeys) {
		t.Errorf("another installation's keys: %v", err)
	}
	if err := vault.PromoteSealingKey(path, 1); err == nil {
		t.Error("a key that is not there was promoted")
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := v.Reload(path); err == nil {
		t.Error("half a file was taken")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := v.Reload(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if plain, err := v.Open("place", sealed); err != nil || string(plain) != "value" {
		t.Errorf("opened %q, %v", plain, err)
	}
}
