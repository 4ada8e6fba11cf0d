package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"beian/config"
)

func TestSecretsNeverPrint(t *testing.T) {
	t.Parallel()
	cfg := config.Config{
		APIKey:      config.NewSecret(planted),
		DatabaseURL: config.NewURL("postgres://beian:" + planted + "@db:5432/beian?password=" + planted + "&sslmode=require"),
		RedisURL:    config.NewURL("redis://" + planted + "@cache:6379/0"),
	}
	for _, value := range []any{cfg, &cfg, cfg.APIKey, cfg.DatabaseURL, cfg.RedisURL, []any{cfg}, struct{ hidden config.Secret }{cfg.APIKey}, struct{ hidden config.URL }{cfg.DatabaseURL}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
			if printed := fmt.Sprintf(verb, value); strings.Contains(printed, planted) || strings.Contains(printed, fmt.Sprintf("%x", planted)) {
				t.Errorf("%s of %T shows the secret", verb, value)
			}
		}
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), planted) {
		t.Error("JSON shows the secret")
	}
	if !strings.Contains(string(text), `"APIKey":"set"`) {
		t.Errorf("JSON does not say that the key is set: %s", text)
	}
}

func TestURLsPrintWithoutCredentials(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"":                                "",
		"redis://cache:6379/1":            "redis://cache:6379/1",
		"redis://:pw@cache":               "redis://:***@cache",
		"redis://pw@cache":                "redis://***@cache",
		"postgres://u:pw@db/beian?a=pw&b": "postgres://u:***@db/beian?a=***&b=***",
		"sqlite:///var/lib/beian.db":      "sqlite:///var/lib/beian.db",
		"redis://u:p w%zz@cache":          "set",
		"just-a-password":                 "set",
		"user:password":                   "set",
	}
	for given, want := range cases {
		if got := config.NewURL(given).String(); got != want {
			t.Errorf("%q prints as %q, want %q", given, got, want)
		}
		if got := config.NewURL(given).Reveal(); got != given {
			t.Errorf("%q reveals %q", given, got)
		}
	}
}

func TestSecretsCompareByText(t *testing.T) {
	t.Parallel()
	a, b := config.NewSecret("a"), config.NewSecret("a")
	if !a.Equal(b) || a.Equal(config.NewSecret("b")) || a.Equal(config.Secret{}) || !config.NewSecret("").IsZero() {
		t.Error("secrets do not compare by their text")
	}
	var decoded config.Secret
	if err := decoded.UnmarshalText([]byte("x")); err != nil || decoded.Reveal() != "x" || decoded.String() != "set" {
		t.Errorf("decoded %v %v", decoded, err)
	}
}
