package smstest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"beian/internal/sms"
	"beian/internal/text"
)

// Sign is the signature that File has for both languages.
const Sign = "备案服务台"

// File is a whole template file, as an operator writes it, with a change of a test's.
func File(t testing.TB, change func(file map[string]any)) string {
	t.Helper()
	codes := map[string]any{}
	for i, name := range sms.Names() {
		codes[name] = map[string]any{"zh-CN": fmt.Sprint("SMS_", 1000+i), "en": fmt.Sprint("SMS_", 2000+i)}
	}
	all := map[string]any{"signs": map[string]any{"zh-CN": Sign, "en": Sign}, "templates": codes}
	if change != nil {
		change(all)
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// Templates reads File for a site whose every SMS fits, and says what a provider
// has approved then.
func Templates(t testing.TB, keys sms.Keys) (*sms.Templates, Approved) {
	t.Helper()
	catalog, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	words, err := sms.NewWords(catalog, sms.Site{PublicURL: "https://beian.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	read, err := sms.ReadTemplates(strings.NewReader(File(t, nil)), words)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, a := range words.Approvals(false) {
		counts[read.Code(a.Name, a.Lang)] = strings.Count(a.Text, "${")
	}
	return read, Approved{Keys: keys, Signs: []string{Sign}, Templates: counts}
}
