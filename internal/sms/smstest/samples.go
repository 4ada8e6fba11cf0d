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
	for _, p := range []tasks.Purpose{tasks.PurposeGive, tasks.PurposeTake, tasks.PurposeTrack} {
		params := pick("receipt code")
		if p != tasks.PurposeTrack {
			params = pick("receipt target icp code")
		}
		params["purpose"] = string(p)
		out = append(out, SMS(t, tasks.TemplateCode, params))
	}
	for _, notice := range notices() {
		sms := SMS(t, notice.template, pick(notice.params))
		mail := sms
		mail.OutID, mail.Channel, mail.Phone, mail.Email = "out-mail-"+string(notice.template), tasks.ChannelMail, filing.Phone{}, Email(t)
		out = append(out, sms, mail)
	}
	return out
}

type notice struct {
	template tasks.Template
	params   string
}

// notices: what the flows put into each message.
func notices() []notice {
	return []notice{
		{tasks.TemplateWarned, "receipt target icp veto"},
		{tasks.TemplateInvited, "receipt source icp until"},
		{tasks.TemplateDone, "receipt icp source target veto"},
		{tasks.TemplateReceived, "receipt icp source target"},
		{tasks.TemplateStopped, "receipt state"},
		{tasks.TemplateFailed, "receipt icp"},
		{tasks.TemplateDisputed, "receipt"},
	}
}

func pick(names string) map[string]string {
	longest := map[string]string{
		"receipt": "TR8F4KQX7M", "target": "zha***@example-corp.com.cn", "source": "wan***@example-corp.com.cn", "code": "402917",
		"icp": "粤ICP备2021123456号", "until": "2026-11-25 18:00", "state": string(tasks.StateRejected), "veto": "ABCD2345",
	}
	out := map[string]string{}
	for _, name := range strings.Fields(names) {
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
