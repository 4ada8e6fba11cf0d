package smstest

import (
	"strings"
	"testing"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

// Samples lists every message the office sends, over each channel it uses, with
// the parameters it carries and the longest values that occur in practice. Lang
// is empty.
func Samples(t testing.TB) []tasks.Message {
	t.Helper()
	var out []tasks.Message
	for _, p := range []tasks.Purpose{tasks.PurposeGive, tasks.PurposeTake, tasks.PurposeTrack, tasks.PurposePassword, tasks.PurposeReset, tasks.PurposePapers,
		tasks.PurposeLegacy, tasks.PurposeOldPhone, tasks.PurposeNewPhone} {
		params := pick("receipt target icp code")
		switch p {
		case tasks.PurposeTrack, tasks.PurposePapers:
			params = pick("receipt code")
		case tasks.PurposeOldPhone, tasks.PurposeNewPhone:
			params = pick("contact phone code")
		case tasks.PurposeReset:
			params = pick("reset code")
		case tasks.PurposeLegacy:
			params = pick("import code")
		case tasks.PurposePassword:
			params = pick("login code")
		}
		params["purpose"] = string(p)
		out = append(out, SMS(t, tasks.TemplateCode, params))
	}
	for _, notice := range notices() {
		sms := SMS(t, notice.template, pick(notice.params))
		mail := sms
		if !notice.mailOnly {
			out = append(out, sms)
		}
		if notice.smsOnly {
			continue
		}
		mail.OutID, mail.Channel, mail.Phone, mail.Email = "out-mail-"+string(notice.template), tasks.ChannelMail, filing.Phone{}, Email(t)
		out = append(out, mail)
	}
	return out
}

type notice struct {
	template tasks.Template
	params   string
	mailOnly bool // no SMS carries a link
	smsOnly  bool
}

// notices: what the flows put into each message.
func notices() []notice {
	return []notice{
		{template: tasks.TemplateWarned, params: "receipt target icp veto"},
		{template: tasks.TemplateInvited, params: "receipt source icp until"},
		{template: tasks.TemplateDone, params: "receipt icp source target veto"},
		{template: tasks.TemplateReceived, params: "receipt icp source target"},
		{template: tasks.TemplateStopped, params: "receipt state"},
		{template: tasks.TemplateFailed, params: "receipt icp"},
		{template: tasks.TemplateDisputed, params: "receipt"},
		{template: tasks.TemplateRecovery, params: "login recovery key", mailOnly: true},
		{template: tasks.TemplatePassword, params: "login"},
		{template: tasks.TemplateLogin, params: "own_login", smsOnly: true},
		{template: tasks.TemplateMailbox, params: "reset mailbox token", mailOnly: true},
		{template: tasks.TemplateResetWarned, params: "reset icp new_email veto"},
		{template: tasks.TemplateResetQueued, params: "reset date"},
		{template: tasks.TemplateResetAsked, params: "reset date"},
		{template: tasks.TemplateResetDelayed, params: "reset date"},
		{template: tasks.TemplateResetApproved, params: "reset date new_email veto"},
		{template: tasks.TemplateResetHeld, params: "reset date new_email"},
		{template: tasks.TemplateResetRejected, params: "reset"},
		{template: tasks.TemplateResetStopped, params: "reset state"},
		{template: tasks.TemplateResetFailed, params: "reset"},
		{template: tasks.TemplateResetFrozen, params: "reset"},
		{template: tasks.TemplateResetDone, params: "reset new_email veto"},
		{template: tasks.TemplateResetReady, params: "reset new_email", smsOnly: true},
		{template: tasks.TemplateResetMoved, params: "reset date"},
		{template: tasks.TemplatePapersWarned, params: "receipt target icp veto"},
		{template: tasks.TemplatePapersApproved, params: "receipt target icp date veto"},
		{template: tasks.TemplatePapersRejected, params: "receipt", smsOnly: true},
		{template: tasks.TemplatePapersDone, params: "receipt target icp", smsOnly: true},
		{template: tasks.TemplateReversed, params: "receipt icp target of"},
		{template: tasks.TemplateNotReversed, params: "receipt icp target of"},
		{template: tasks.TemplateContactWarned, params: "contact phone veto"},
		{template: tasks.TemplateContactDone, params: "contact phone date veto"},
		{template: tasks.TemplateContactStopped, params: "contact phone state"},
		{template: tasks.TemplateContactFailed, params: "contact phone"},
		{template: tasks.TemplateContactFrozen, params: "contact phone"},
		{template: tasks.TemplateContactApproved, params: "contact phone date veto"},
		{template: tasks.TemplateContactRefused, params: "contact", smsOnly: true},
		{template: tasks.TemplateContactRestored, params: "contact phone date"},
		{template: tasks.TemplateImportReady, params: "import date"},
		{template: tasks.TemplateImportStarted, params: "import account icp veto"},
		{template: tasks.TemplateImportTaken, params: "import veto", smsOnly: true},
		{template: tasks.TemplateImportDone, params: "import account icp imported left"},
		{template: tasks.TemplateImportFailed, params: "import"},
		{template: tasks.TemplateImportStopped, params: "import state"},
		{template: tasks.TemplateImportFrozen, params: "import"},
		{template: tasks.TemplateImportAsked, params: "import certificate veto"},
		{template: tasks.TemplateImportGranted, params: "import certificate veto"},
		{template: tasks.TemplateImportGoes, params: "import certificate"},
		{template: tasks.TemplateImportHeld, params: "import date"},
		{template: tasks.TemplateImportRefused, params: "import"},
	}
}

func pick(names string) map[string]string {
	longest := map[string]string{
		"receipt": "TR8F4KQX7M", "of": "TR8F4KQX7M", "target": "zha***@example-corp.com.cn", "source": "wan***@example-corp.com.cn", "code": "402917", "phone": "136 **** 5678",
		"icp": "粤ICP备2021123456号", "until": "2026-11-25 18:00", "state": string(tasks.StateRejected), "veto": "ABCD2345",
		"own_login": "wangxiaoming@example-corp.com.cn",
		"login":     "wan***@example-corp.com.cn", "recovery": "01970000-0000-7000-8000-000000000001",
		"date": "2026-11-25 18:00", "new_email": "wan***@example-corp.com.cn", "mailbox": "01970000-0000-7000-8000-000000000001.1",
		"account": "zha***@example-corp.com.cn", "certificate": "1****************X", "imported": "2000", "left": "2000",
		"token": "AAECAwQFBgcICQoLDA0ODw", "key": "01970000-0000-7000-8000-000000000001.AAECAwQFBgcICQoLDA0ODw",
	}
	out := map[string]string{}
	for _, name := range strings.Fields(names) {
		if receipt, ok := map[string]string{"reset": "LR8F4KQX7M", "contact": "CC8F4KQX7M"}[name]; ok {
			out["receipt"] = receipt
			continue
		}
		if name == "import" {
			out["receipt"] = "LI8F4KQX7M"
			continue
		}
		out[name] = longest[name]
	}
	return out
}

// SMS is one message to an ordinary number, accepted a minute ago.
func SMS(t testing.TB, tpl tasks.Template, params map[string]string) tasks.Message {
	t.Helper()
	return tasks.Message{OutID: "out-sms-" + string(tpl) + params["purpose"], Channel: tasks.ChannelSMS, Template: tpl,
		Phone: Phone(t, "18600001402"), Params: params, At: time.Now().Add(-time.Minute)}
}

// Phone parses a number of a test.
func Phone(t testing.TB, number string) filing.Phone {
	t.Helper()
	phone, err := filing.ParsePhone(number)
	if err != nil {
		t.Fatal(err)
	}
	return phone
}

// Email is a mailbox of a test.
func Email(t testing.TB) filing.Email {
	t.Helper()
	mail, err := filing.ParseEmail("zhangsan@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return mail
}
