package sms_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
	"beian/internal/sms"
	"beian/internal/sms/smstest"
	"beian/tasks"
)

var update = flag.Bool("update", false, "write the golden file anew")

const (
	onePart  = 70  // characters of an SMS in Chinese
	twoParts = 134 // two of 67; our signature is Chinese, so English is counted so too
)

func words(t *testing.T, s sms.Site) *sms.Words {
	t.Helper()
	w, err := sms.NewWords(catalog(t), s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// each calls fn for every message in both languages.
func each(t *testing.T, w *sms.Words, fn func(m tasks.Message, said sms.Text)) {
	t.Helper()
	for _, m := range smstest.Samples(t) {
		for _, lang := range []string{"zh-CN", "en"} {
			m.Lang = lang
			said, err := w.Text(m)
			if err != nil {
				t.Fatalf("%s by %s in %s: %v", m.Template, m.Channel, lang, err)
			}
			fn(m, said)
		}
	}
}

func TestEveryMessageReadsAsRecorded(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	each(t, words(t, site()), func(m tasks.Message, said sms.Text) {
		fmt.Fprintf(&all, "== %s %s %s %s\n%s\n\n", m.Template, m.Params["purpose"], m.Channel, m.Lang, said)
	})
	const golden = "testdata/messages.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAChineseSMSFitsOnePartAndAnEnglishOneTwo(t *testing.T) {
	t.Parallel()
	each(t, words(t, site()), func(m tasks.Message, said sms.Text) {
		if m.Channel != tasks.ChannelSMS {
			return
		}
		length, limit := len(utf16.Encode([]rune(said.Body))), onePart
		if m.Lang == "en" {
			limit = twoParts
		}
		if length > limit {
			t.Errorf("%s %s in %s: %d characters: %s", m.Template, m.Params["purpose"], m.Lang, length, said.Body)
		}
		if !strings.HasPrefix(said.Body, "【备案服务台】") || said.Subject != "" {
			t.Errorf("%s: signature or subject: %+v", m.Template, said)
		}
	})
}

func TestAMailHasASubjectOfOneLineAndLinksOnlyToTheSite(t *testing.T) {
	t.Parallel()
	each(t, words(t, site()), func(m tasks.Message, said sms.Text) {
		if m.Channel != tasks.ChannelMail {
			return
		}
		if said.Subject == "" || strings.Contains(said.Subject, "\n") || utf8.RuneCountInString(said.Subject) > 60 {
			t.Errorf("%s: subject %q", m.Template, said.Subject)
		}
		for _, word := range strings.Fields(said.Body) {
			if strings.Contains(word, "://") && !strings.HasPrefix(word, "https://beian.example.com/") {
				t.Errorf("%s links to %s", m.Template, word)
			}
		}
	})
}

func TestAVetoCodeIsGivenButNeverInsideALink(t *testing.T) {
	t.Parallel()
	each(t, words(t, site()), func(m tasks.Message, said sms.Text) {
		if got := strings.Contains(said.String(), "ABCD2345"); got != m.Template.Objects() {
			t.Errorf("%s by %s in %s: the veto code is there: %t", m.Template, m.Channel, m.Lang, got)
		}
		for _, word := range strings.Fields(said.String()) {
			if strings.Contains(word, "ABCD2345") && strings.Contains(word, "/") {
				t.Errorf("%s: the code stands in %s", m.Template, word)
			}
		}
	})
}

func TestACodeNamesWhatItSigns(t *testing.T) {
	t.Parallel()
	signed := map[tasks.Purpose]string{
		tasks.PurposeGive: "zha***@example-corp.com.cn", tasks.PurposeTake: "粤ICP备2021123456号", tasks.PurposeTrack: "TR8F4KQX7M",
		tasks.PurposePassword: "wan***@example-corp.com.cn", tasks.PurposeReset: "LR8F4KQX7M", tasks.PurposeLegacy: "LI8F4KQX7M",
	}
	each(t, words(t, site()), func(m tasks.Message, said sms.Text) {
		purpose := tasks.Purpose(m.Params["purpose"])
		if m.Template == tasks.TemplateCode && (!strings.Contains(said.Body, signed[purpose]) || !strings.Contains(said.Body, "402917")) {
			t.Errorf("%s in %s: %s", purpose, m.Lang, said.Body)
		}
	})
}

func TestAStoppedTransferNamesHowItEnded(t *testing.T) {
	t.Parallel()
	w := words(t, site())
	for state, want := range map[tasks.State]string{
		tasks.StateRejected: "未通过", tasks.StateWithdrawn: "已撤回", tasks.StateExpired: "已过期",
	} {
		m := smstest.SMS(t, tasks.TemplateStopped, map[string]string{"receipt": "TR8F4KQX7M", "state": string(state)})
		if said, err := w.Text(m); err != nil || !strings.Contains(said.Body, want) {
			t.Errorf("%s: %q, %v", state, said.Body, err)
		}
	}
}

func TestASubjectWithoutAnICPNumberLeavesNoGap(t *testing.T) {
	t.Parallel()
	w := words(t, site())
	for _, m := range smstest.Samples(t) {
		m.Params = maps.Clone(m.Params)
		m.Params["icp"] = ""
		for _, lang := range []string{"zh-CN", "en"} {
			m.Lang = lang
			said, err := w.Text(m)
			if err != nil || strings.Contains(said.String(), "  ") || strings.Contains(said.String(), " ，") {
				t.Errorf("%s in %s: %q, %v", m.Template, lang, said, err)
			}
		}
	}
}

func TestHalfASentenceIsNeverSent(t *testing.T) {
	t.Parallel()
	w := words(t, site())
	for name, m := range map[string]tasks.Message{
		"a missing parameter": smstest.SMS(t, tasks.TemplateWarned, map[string]string{"receipt": "TR8F4KQX7M"}),
		"an unknown purpose":  smstest.SMS(t, tasks.TemplateCode, map[string]string{"code": "402917", "purpose": "other"}),
		"an unknown template": smstest.SMS(t, "other", nil),
		"an unknown channel":  {Channel: "fax", Template: tasks.TemplateFailed},
		"a link by SMS":       smstest.SMS(t, tasks.TemplateRecovery, map[string]string{"login": "a", "key": "k"}),
		"a code by mail":      {Channel: tasks.ChannelMail, Template: tasks.TemplateCode, Params: map[string]string{"purpose": "track"}},
	} {
		if said, err := w.Text(m); err == nil || said.Body != "" && strings.Contains(said.Body, "!{") {
			t.Errorf("%s: %q, %v", name, said, err)
		}
	}
}

func TestAnUnknownLanguageIsAnsweredInChinese(t *testing.T) {
	t.Parallel()
	m := smstest.SMS(t, tasks.TemplateFailed, map[string]string{"receipt": "TR8F4KQX7M"})
	m.Lang = "fr"
	if said, err := words(t, site()).Text(m); err != nil || !strings.Contains(said.Body, "办理失败") {
		t.Errorf("%q, %v", said.Body, err)
	}
}

func TestAMaskedMailboxMayLookLikeAGap(t *testing.T) {
	t.Parallel()
	mail, err := filing.ParseEmail("!{a}@example.com")
	if err != nil {
		t.Fatal(err)
	}
	m := message(t)
	m.Params["target"] = mail.Masked()
	if _, err := words(t, site()).Text(m); err != nil {
		t.Error(err)
	}
}

func TestPagesAreNamedAsTheSiteIsConfigured(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		site sms.Site
		want string
	}{
		{sms.Site{PublicURL: "http://127.0.0.1:8080"}, "到 127.0.0.1:8080/jobs"},
		{sms.Site{PublicURL: "https://www.example.com/beian/"}, "到 www.example.com/beian/jobs"},
		{sms.Site{PublicURL: "https://www.example.com/beian", PublicHost: "ba.cn"}, "到 ba.cn/jobs"},
	} {
		m := smstest.SMS(t, tasks.TemplateFailed, map[string]string{"receipt": "TR8F4KQX7M"})
		if said, err := words(t, test.site).Text(m); err != nil || !strings.Contains(said.Body, test.want) {
			t.Errorf("%+v: %q, %v", test.site, said.Body, err)
		}
	}
}

func TestASiteWithoutAnAbsoluteURLIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "beian.example.com", "/jobs", "https://user:secret@host", "https://host?a=b", "http://[::1"} {
		if _, err := sms.NewWords(catalog(t), sms.Site{PublicURL: bad}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
