package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"beian/tasks"
)

func TestAWebhookIsEnteredTriedAndEnded(t *testing.T) {
	t.Parallel()
	var checker atomic.Pointer[standardwebhooks.Webhook]
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || checker.Load().Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(receiver.Close)
	p := newPatient(t)
	p.sees("--fix")
	secret := func(args ...string) {
		t.Helper()
		code, out := p.runs(append([]string{"webhooks"}, args...)...)
		verifier, err := standardwebhooks.NewWebhook(strings.TrimSpace(out))
		if code != exitOK || err != nil || !strings.HasPrefix(out, "whsec_") {
			t.Fatalf("%v: %d, %q, %v", args, code, out, err)
		}
		checker.Store(verifier)
	}
	secret("add", "Billing", receiver.URL+"/secret-path", "--kind", "transfer")
	for _, c := range []struct {
		want int
		args []string
	}{
		{exitOK, []string{"test", "billing"}},
		{exitUsage, []string{"add", "billing", receiver.URL}},
		{exitUsage, []string{"add", "other", "nonsense"}},
		{exitUsage, []string{"add", "other", receiver.URL, "--kind", "nonsense"}},
		{exitNotFound, []string{"test", "other"}},
		{exitNotFound, []string{"deliveries", "other"}},
		{exitNotFound, []string{"replay", "other", "--since", "1h"}},
		{exitUsage, []string{"replay", "billing", "--since", "0s"}},
		{exitUsage, []string{"replay", "billing", "--since", "9000h"}},
		{exitOK, []string{"replay", "billing", "--since", "1h"}},
		{exitOK, []string{"deliveries", "billing"}},
		{exitOK, []string{"disable", "billing"}},
		{exitUsage, []string{"replay", "billing", "--since", "1h"}},
		{exitOK, []string{"enable", "billing"}},
		{exitOK, []string{"test", "billing"}},
	} {
		if code, out := p.runs(append([]string{"webhooks"}, c.args...)...); code != c.want {
			t.Errorf("%v exits with %d, want %d: %s", c.args, code, c.want, out)
		}
	}
	secret("rotate", "billing")
	if code, out := p.runs("webhooks", "test", "billing"); code != exitOK {
		t.Errorf("the new secret: %d, %s", code, out)
	}
	receiver.Close()
	if code, out := p.runs("webhooks", "test", "billing"); code != exitDown {
		t.Errorf("nobody there: %d, %s", code, out)
	}
	var row webhookRow
	if _, out := p.runs("webhooks", "list", "--json"); json.Unmarshal([]byte(out), &row) != nil || row.State != "active" || len(row.Kinds) != 1 {
		t.Errorf("list: %s", out)
	}
	if _, out := p.runs("webhooks", "list"); !strings.Contains(out, "never answered") || strings.Contains(out, "whsec_") {
		t.Errorf("list: %s", out)
	}
	rows, err := p.opened().store.FindAudit(t.Context(), tasks.EntryFilter{Action: "webhook.", Limit: 20})
	if err != nil || len(rows) != 5 {
		t.Errorf("journal: %+v, %v", rows, err)
	}
	for _, r := range rows {
		if strings.Contains(r.Reason, "secret-path") {
			t.Errorf("the journal has the address's path: %+v", r)
		}
	}
}
