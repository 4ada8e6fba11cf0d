package main

import (
	"encoding/json"
	"strings"
	"testing"

	"beian/tasks"
)

func TestAKeyIsShownOnceAndListedByItsPrefix(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.sees("--fix")
	code, out := p.runs("apikeys", "add", "Billing", "--scope", "jobs:read", "--scope", "facts:write", "--days", "30")
	token := strings.TrimSpace(out)
	if code != exitOK || len(token) != 58 || !strings.HasPrefix(token, "beian_") {
		t.Fatalf("add: %d, %d characters", code, len(token))
	}
	o := p.opened()
	if key, err := o.accounts.APIKey(t.Context(), token); err != nil || key.Name != "billing" {
		t.Errorf("%+v, %v", key, err)
	}
	list := func() (row apiKeyRow) {
		_, out := p.runs("apikeys", "list", "--json")
		if err := json.Unmarshal([]byte(out), &row); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		return row
	}
	if row := list(); row.State != "active" || len(row.Scopes) != 2 || row.UsedAt == nil || row.ExpiresAt == nil || !strings.HasPrefix(token, row.Prefix+"_") {
		t.Errorf("%+v", row)
	}
	_, told := p.runs("apikeys", "list")
	if secret := token[len(token)-43:]; strings.Contains(told, secret) || !strings.Contains(told, "facts:write jobs:read") {
		t.Errorf("list: %q", told)
	}
	for _, c := range []struct {
		want int
		args []string
	}{
		{exitUsage, []string{"add", "billing", "--scope", "jobs:read"}},
		{exitUsage, []string{"add", "x", "--scope", "jobs:read"}},
		{exitUsage, []string{"add", "other", "--scope", "jobs:write"}},
		{exitUsage, []string{"add", "other"}},
		{exitNotFound, []string{"disable", "other"}},
		{exitOK, []string{"disable", "billing"}},
		{exitOK, []string{"disable", "billing"}},
	} {
		if code, _ := p.runs(append([]string{"apikeys"}, c.args...)...); code != c.want {
			t.Errorf("%v exits with %d, want %d", c.args, code, c.want)
		}
	}
	if row := list(); row.State != "disabled" {
		t.Errorf("%+v", row)
	}
	rows, err := o.store.FindAudit(t.Context(), tasks.EntryFilter{Action: "apikey.", Limit: 10})
	if err != nil || len(rows) != 2 || rows[0].Action != "apikey.disable" || rows[1].Action != "apikey.add" || rows[1].Object != "billing" {
		t.Errorf("journal: %+v, %v", rows, err)
	}
}
