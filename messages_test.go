package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"beian/config"
	"beian/internal/sms"
	"beian/internal/sms/smstest"
	"beian/tasks"
)

// providerOffice is an office whose SMS and mail leave for fakes.
func providerOffice(t *testing.T, environ ...string) (*office, *bytes.Buffer, error) {
	t.Helper()
	var log bytes.Buffer
	cfg, err := config.FromEnv(append([]string{"BEIAN_ENV=development", "BEIAN_DATA_DIR=" + t.TempDir(), "BEIAN_PUBLIC_URL=https://beian.example.com",
		"BEIAN_LOG_FORMAT=json"}, environ...))
	if err != nil {
		return nil, &log, err
	}
	o, err := openOffice(t.Context(), session{program: program{err: &log}, cfg: cfg, clock: wallClock()})
	if err == nil {
		t.Cleanup(o.close)
	}
	return o, &log, err
}

// counted is what the meters say of a provider and an outcome.
func (m messageMeters) counted(t *testing.T, provider, outcome string) (n float64) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.sent)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["provider"] == provider && labels["outcome"] == outcome {
				n += metric.GetCounter().GetValue()
			}
		}
	}
	return n
}

func templateFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sms.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAConfiguredOfficeSendsThroughItsProviders(t *testing.T) {
	t.Parallel()
	keys := sms.Keys{ID: "id", Secret: "planted-secret"}
	_, approved := smstest.Templates(t, keys)
	mail := smstest.NewMailServer(t, smstest.MailWay{})
	for name, server := range map[string]*smstest.Server{"aliyun": smstest.NewAliyun(t, approved), "tencent": smstest.NewTencent(t, approved)} {
		o, log, err := providerOffice(t, "BEIAN_SMS_PROVIDER="+name, "BEIAN_SMS_ACCESS_KEY=id", "BEIAN_SMS_SECRET_KEY=planted-secret", "BEIAN_SMS_APP_ID=1",
			"BEIAN_SMS_TEMPLATES="+templateFile(t, smstest.File(t, nil)), "BEIAN_SMS_ENDPOINT="+server.URL, "BEIAN_SMS_HOOK_SECRET="+strings.Repeat("h", 32),
			"BEIAN_MAIL=smtp", "BEIAN_MAIL_SERVER="+mail.Addr, "BEIAN_MAIL_TLS=none", "BEIAN_MAIL_FROM=noreply@example.cn")
		if err != nil {
			t.Fatal(err)
		}
		meters := newMessageMeters()
		sender, err := o.sender(meters)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range smstest.Samples(t) {
			m.Lang = "zh-CN"
			if _, err := sender.Send(t.Context(), m); err != nil {
				t.Errorf("%s: %s by %s: %v", name, m.Template, m.Channel, err)
			}
		}
		server.Always("", smstest.OutOfBalance)
		m := smstest.Samples(t)[0]
		if _, err := sender.Send(t.Context(), m); err == nil {
			t.Errorf("%s: sent without money", name)
		}
		if n := meters.counted(t, name, "held"); n != 1 {
			t.Errorf("%s: %v messages held", name, n)
		}
		if n := meters.counted(t, "smtp", "ok"); n < 20 {
			t.Errorf("%s: %v mails", name, n)
		}
		if said := log.String(); !strings.Contains(said, `"class":"held"`) || strings.Contains(said, "planted") || strings.Contains(said, m.Phone.Reveal()) {
			t.Errorf("%s: the log says %s", name, said)
		}
		if hooks := o.hooks(); len(hooks) != 1 || hooks[name].Read == nil {
			t.Errorf("%s: hooks %v", name, hooks)
		}
		if b := o.budget(); len(b.PhoneCodes) != 2 || len(b.Codes) != 2 || b.Notices[1].Burst != 50000 {
			t.Errorf("%s: budget %+v", name, b)
		}
	}
}

func TestTheInboxHasNeitherBudgetNorHooks(t *testing.T) {
	t.Parallel()
	o, _, err := providerOffice(t, "BEIAN_SMS_HOOK_SECRET="+strings.Repeat("h", 32))
	if err != nil {
		t.Fatal(err)
	}
	if b := o.budget(); o.hooks() != nil || len(b.PhoneCodes)+len(b.Codes)+len(b.Notices) != 0 {
		t.Errorf("%v, %+v", o.hooks(), b)
	}
}

func TestAWrongTemplateFileStopsTheStartWithEveryFault(t *testing.T) {
	t.Parallel()
	path := templateFile(t, smstest.File(t, func(file map[string]any) {
		delete(file["templates"].(map[string]any), "code.track")
		file["signs"] = map[string]any{"en": "备案服务台"}
	}))
	_, _, err := providerOffice(t, "BEIAN_SMS_PROVIDER=aliyun", "BEIAN_SMS_ACCESS_KEY=id", "BEIAN_SMS_SECRET_KEY=s", "BEIAN_SMS_TEMPLATES="+path)
	var faults config.Faults
	if !errors.As(err, &faults) || len(faults) != 3 || faults[0].Variable != "BEIAN_SMS_TEMPLATES" {
		t.Errorf("got %v", err)
	}
}

func TestTheCommandLinePreparesAProvider(t *testing.T) {
	t.Parallel()
	run := func(args ...string) string {
		t.Helper()
		var out, talk bytes.Buffer
		code := program{args: append([]string{"sms"}, args...), environ: []string{"BEIAN_PUBLIC_URL=https://beian.example.com"}, out: &out, err: &talk}.run(t.Context())
		if code != exitOK {
			t.Fatalf("%v: %d %s", args, code, talk.String())
		}
		return out.String()
	}
	if texts := run("texts"); !strings.Contains(texts, "备案将转出，非您操作？到 beian.example.com/not-me 填 ${receipt}、${veto} 冻结") {
		t.Errorf("got %s", texts)
	}
	if texts := run("texts", "--for", "tencent"); !strings.Contains(texts, "填 {1}、{2} 冻结") {
		t.Errorf("got %s", texts)
	}
	var file map[string]any
	if err := json.Unmarshal([]byte(run("templates")), &file); err != nil {
		t.Fatal(err)
	}
	fill := func(byLang any) {
		for lang := range byLang.(map[string]any) {
			byLang.(map[string]any)[lang] = "SMS_1"
		}
	}
	fill(file["signs"])
	for _, byLang := range file["templates"].(map[string]any) {
		fill(byLang)
	}
	filled, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	o, _, err := providerOffice(t, "BEIAN_SMS_PROVIDER=aliyun", "BEIAN_SMS_ACCESS_KEY=id", "BEIAN_SMS_SECRET_KEY=s", "BEIAN_SMS_TEMPLATES="+templateFile(t, string(filled)))
	if err != nil {
		t.Fatal(err)
	}
	if sender, err := o.sender(newMessageMeters()); err != nil || sender.(sms.Router)[tasks.ChannelSMS] == nil {
		t.Errorf("%v", err)
	}
}
