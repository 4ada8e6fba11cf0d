package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Keys change under a running office: what was sealed before opens, what is sealed
// afterwards is sealed with the new key, and a broken file changes nothing.
func TestSealingKeysChangeWhileTheOfficeRuns(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.sees("--fix")
	o := p.opened()
	if err := o.seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.dir, "keys.json")
	before, err := o.vault.Seal("place", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	code, out := p.runs("keys", "add")
	id := strings.TrimSpace(out)
	if _, err := strconv.ParseUint(id, 10, 32); code != exitOK || err != nil {
		t.Fatalf("keys add: %d, %q", code, out)
	}
	o.reloadKeys(file)
	if code, _ := p.runs("keys", "promote", id); code != exitOK {
		t.Fatal("not promoted")
	}
	o.reloadKeys(file)
	after, err := o.vault.Seal("place", []byte("value"))
	if err != nil || string(after[:5]) == string(before[:5]) {
		t.Errorf("sealed with the old key, %v", err)
	}
	if plain, err := o.vault.Open("place", before); err != nil || string(plain) != "value" {
		t.Errorf("%q, %v", plain, err)
	}
	var keys []keyRow
	_, out = p.runs("keys", "list", "--json")
	for line := range strings.Lines(out) {
		var k keyRow
		if err := json.Unmarshal([]byte(line), &k); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	if len(keys) != 2 || keys[0].Seals || !keys[1].Seals || strconv.FormatUint(uint64(keys[1].ID), 10) != id {
		t.Errorf("keys list: %+v", keys)
	}
	if code, _ := p.runs("keys", "promote", "1"); code != exitFailed {
		t.Errorf("promoting a key that is not there exits with %d", code)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.reloadKeys(file)
	if _, err := o.vault.Open("place", after); err != nil {
		t.Errorf("a broken file took the keys away: %v", err)
	}
	if members, err := o.accounts.Staff(t.Context()); err != nil || len(members) == 0 {
		t.Errorf("the record is not read any more: %v", err)
	}
}
