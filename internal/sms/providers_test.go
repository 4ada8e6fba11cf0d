package sms_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"beian/internal/sms"
	"beian/internal/sms/smstest"
	"beian/internal/text"
	"beian/tasks"
)

// provider is one of the two, before its fake.
type provider struct {
	server *smstest.Server
	sender tasks.Sender
}

// each provider is opened with a clock and a time-out of its own.
func eachProvider(t *testing.T, check func(t *testing.T, open func(t *testing.T, now func() time.Time) provider)) {
	t.Helper()
	for name, open := range map[string]func(t *testing.T, now func() time.Time) provider{
		"aliyun": func(t *testing.T, now func() time.Time) provider {
			keys := sms.Keys{ID: "id", Secret: "aliyun-secret"}
			templates, approved := smstest.Templates(t, keys)
			approved.Now = now
			server := smstest.NewAliyun(t, approved)
			return provider{server: server, sender: sms.NewAliyun(sms.Account{Keys: keys, Templates: templates,
				Endpoint: server.URL, Timeout: 2 * time.Second, Now: now})}
		},
		"tencent": func(t *testing.T, now func() time.Time) provider {
			keys := sms.Keys{ID: "id", Secret: "tencent-secret"}
			templates, approved := smstest.Templates(t, keys)
			approved.Now = now
			server := smstest.NewTencent(t, approved)
			return provider{server: server, sender: sms.NewTencent(sms.Account{Keys: keys, Templates: templates,
				Endpoint: server.URL, Timeout: 2 * time.Second, Now: now, AppID: "1400006666"})}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open)
		})
	}
}

const (
	badPhone, hangingPhone, throttledPhone = "13900000002", "13900000004", "13900000005"
	plainPhone                             = "18600001402"
)

func TestBothProvidersKeepWhatEveryProviderPromises(t *testing.T) {
	t.Parallel()
	eachProvider(t, func(t *testing.T, open func(*testing.T, func() time.Time) provider) {
		smstest.Exercise(t, func(t *testing.T) smstest.Provider {
			p := open(t, nil)
			p.server.Always(badPhone, smstest.BadNumber)
			p.server.Always(hangingPhone, smstest.Hangs)
			p.server.Always(throttledPhone, smstest.Throttled)
			return smstest.Provider{Sender: p.sender, Copies: p.server.Copies, Bad: smstest.Phone(t, badPhone),
				Hanging: smstest.Phone(t, hangingPhone), Throttled: smstest.Phone(t, throttledPhone)}
		})
	})
}

func TestC2_every_fault_gets_its_class(t *testing.T) {
	t.Parallel()
	eachProvider(t, func(t *testing.T, open func(*testing.T, func() time.Time) provider) {
		p := open(t, nil)
		for fault, want := range map[smstest.Fault]tasks.SendClass{
			smstest.Throttled: tasks.SendThrottled, smstest.BadNumber: tasks.SendBadNumber, smstest.OutOfBalance: tasks.SendHeld,
			smstest.Strange: tasks.SendHeld, smstest.Busy: tasks.SendRetry, smstest.Broken: tasks.SendUnknown, smstest.BrokenTaken: tasks.SendUnknown,
			smstest.Hangs: tasks.SendUnknown, smstest.HangsTaken: tasks.SendUnknown, smstest.Cut: tasks.SendUnknown,
			smstest.CutTaken: tasks.SendUnknown, smstest.Malformed: tasks.SendUnknown,
		} {
			p.server.Plays(plainPhone, fault)
			m := message(t)
			m.OutID += string(fault)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			_, err := p.sender.Send(ctx, m)
			cancel()
			var refusal *tasks.SendError
			if !errors.As(err, &refusal) || refusal.Class != want || refusal.Code == "" {
				t.Errorf("%s: %v, want class %s", fault, err, want)
			}
			if held := want == tasks.SendHeld || want == tasks.SendThrottled; held && (refusal == nil || refusal.After <= 0) {
				t.Errorf("%s: says no time", fault)
			}
			if err != nil && (strings.Contains(err.Error(), plainPhone) || strings.Contains(err.Error(), "402917")) {
				t.Errorf("%s: the error shows phone or code", fault)
			}
		}
		if calls := p.server.Calls("SendSms"); calls != 12 {
			t.Errorf("12 messages were sent by %d calls: nothing is tried again behind our back", calls)
		}
	})
}

func TestC2_a_provider_that_is_not_there_may_be_tried_again(t *testing.T) {
	t.Parallel()
	templates, _ := smstest.Templates(t, sms.Keys{})
	gone := sms.Account{Keys: sms.Keys{ID: "a", Secret: "b"}, Templates: templates, Endpoint: "http://127.0.0.1:1", AppID: "1"}
	for name, sender := range map[string]tasks.Sender{"aliyun": sms.NewAliyun(gone), "tencent": sms.NewTencent(gone)} {
		_, err := sender.Send(t.Context(), message(t))
		var refusal *tasks.SendError
		if !errors.As(err, &refusal) || refusal.Class != tasks.SendRetry {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestC2_wrong_keys_are_the_operators_matter(t *testing.T) {
	t.Parallel()
	templates, approved := smstest.Templates(t, sms.Keys{ID: "id", Secret: "right"})
	server, tencent := smstest.NewAliyun(t, approved), smstest.NewTencent(t, approved)
	wrong := sms.Account{Keys: sms.Keys{ID: "id", Secret: "wrong"}, Templates: templates, Endpoint: server.URL, AppID: "1"}
	elsewhere := wrong
	elsewhere.Endpoint = tencent.URL
	for code, sender := range map[string]tasks.Sender{"SignatureDoesNotMatch": sms.NewAliyun(wrong), "AuthFailure.SignatureFailure": sms.NewTencent(elsewhere)} {
		_, err := sender.Send(t.Context(), message(t))
		var refusal *tasks.SendError
		if !errors.As(err, &refusal) || refusal.Class != tasks.SendHeld || refusal.Code != code {
			t.Errorf("%v", err)
		}
	}
}

func TestC3_a_lost_message_is_found_by_our_id(t *testing.T) {
	t.Parallel()
	eachProvider(t, func(t *testing.T, open func(*testing.T, func() time.Time) provider) {
		p := open(t, nil)
		p.server.Plays(plainPhone, smstest.CutTaken)
		m := message(t)
		m.TriedAt = time.Now()
		if _, err := p.sender.Send(t.Context(), m); err == nil {
			t.Fatal("the answer was not lost")
		}
		if sent, err := p.sender.Find(t.Context(), m); err != nil || !sent.Delivered {
			t.Errorf("%+v, %v", sent, err)
		}
	})
}

func TestC3_nobody_saw_a_message_only_once_that_is_settled(t *testing.T) {
	t.Parallel()
	tried := time.Date(2026, 11, 26, 23, 59, 58, 0, time.FixedZone("CST", 8*60*60)) // and over midnight
	eachProvider(t, func(t *testing.T, open func(*testing.T, func() time.Time) provider) {
		c := &clock{at: tried}
		p, m := open(t, c.now), message(t)
		m.At, m.TriedAt = tried.Add(-time.Second), tried
		for _, step := range []struct{ after, wait time.Duration }{
			{0, time.Minute}, {59 * time.Second, time.Second}, {time.Minute, 9 * time.Minute}, {9*time.Minute + 59*time.Second, time.Second},
		} {
			c.at = tried.Add(step.after)
			_, err := p.sender.Find(t.Context(), m)
			var refusal *tasks.SendError
			if !errors.As(err, &refusal) || refusal.Class != tasks.SendUnknown || refusal.After != step.wait {
				t.Errorf("after %s: %v", step.after, err)
			}
		}
		c.at = tried.Add(10 * time.Minute)
		if _, err := p.sender.Find(t.Context(), m); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("settled: %v", err)
		}
		c.at = tried.Add(3 * time.Second) // the provider takes it past midnight
		if _, err := p.sender.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if sent, err := p.sender.Find(t.Context(), m); err != nil || !sent.Delivered {
			t.Errorf("over midnight: %+v, %v", sent, err)
		}
	})
}

func TestC3_a_receipt_that_says_no_says_whose_matter_it_is(t *testing.T) {
	t.Parallel()
	eachProvider(t, func(t *testing.T, open func(*testing.T, func() time.Time) provider) {
		p, m := open(t, nil), message(t)
		p.server.Plays(plainPhone, smstest.Undelivered)
		if _, err := p.sender.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		sent, err := p.sender.Find(t.Context(), m)
		if err != nil || sent.Delivered || sent.Refused == nil || sent.Refused.Class != tasks.SendBadNumber {
			t.Errorf("%+v, %v", sent, err)
		}
	})
}

func TestC3_a_late_message_is_not_delivered_before_it_arrives(t *testing.T) {
	t.Parallel()
	eachProvider(t, func(t *testing.T, open func(*testing.T, func() time.Time) provider) {
		p, m := open(t, nil), message(t)
		p.server.Plays(plainPhone, smstest.Late)
		if sent, err := p.sender.Send(t.Context(), m); err != nil || sent.Delivered {
			t.Fatalf("%+v, %v", sent, err)
		}
		if sent, _ := p.sender.Find(t.Context(), m); sent.Delivered {
			t.Error("delivered too early")
		}
		p.server.Arrives(m.OutID)
		if sent, err := p.sender.Find(t.Context(), m); err != nil || !sent.Delivered {
			t.Errorf("%+v, %v", sent, err)
		}
	})
}

func TestTheSecondFiftyMessagesToAPhoneAreLookedThrough(t *testing.T) {
	t.Parallel()
	eachProvider(t, func(t *testing.T, open func(*testing.T, func() time.Time) provider) {
		p, m := open(t, nil), message(t)
		for i := range 60 {
			m.OutID = fmt.Sprintf("out-%03d", i)
			if _, err := p.sender.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		if sent, err := p.sender.Find(t.Context(), m); err != nil || !sent.Delivered {
			t.Errorf("%+v, %v", sent, err)
		}
	})
}

func TestASubjectWithoutAnICPNumberFillsItsVariable(t *testing.T) {
	t.Parallel()
	eachProvider(t, func(t *testing.T, open func(*testing.T, func() time.Time) provider) {
		p := open(t, nil)
		m := smstest.SMS(t, tasks.TemplateReceived, map[string]string{"receipt": "TR8F4KQX7M", "icp": "", "source": "a", "target": "b"})
		if _, err := p.sender.Send(t.Context(), m); err != nil {
			t.Error(err)
		}
	})
}

func TestKeysPrintNothing(t *testing.T) {
	t.Parallel()
	keys := sms.Keys{ID: "planted-id", Secret: "planted-secret"}
	if said := fmt.Sprintf("%v %+v %#v %s", keys, keys, keys, keys); strings.Contains(said, "planted") {
		t.Error(said)
	}
}

func TestPushesOfReceiptsAreReadForTheirIDs(t *testing.T) {
	t.Parallel()
	p := smstest.NewAliyun(t, smstest.Approved{})
	hints, err := sms.AliyunReceipts().Read(p.AliyunPush("a", "b"))
	if err != nil || len(hints) != 2 || hints[1] != (tasks.Hint{OutID: "b", ProviderID: "unknown"}) {
		t.Errorf("%+v, %v", hints, err)
	}
	hints, err = sms.TencentReceipts().Read(p.TencentPush("a"))
	if err != nil || len(hints) != 1 || hints[0] != (tasks.Hint{ProviderID: "unknown"}) {
		t.Errorf("%+v, %v", hints, err)
	}
	for _, bad := range []string{"", "{}", `{"phone_number":"13900000000"}`, "[", `["x"]`} {
		for _, receipts := range []sms.Receipts{sms.AliyunReceipts(), sms.TencentReceipts()} {
			if _, err := receipts.Read([]byte(bad)); err == nil || strings.Contains(err.Error(), "139") {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
}

func FuzzPushesOfReceipts(f *testing.F) {
	f.Add([]byte(`[{"out_id":"a","biz_id":"b"},{"sid":"c"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, receipts := range []sms.Receipts{sms.AliyunReceipts(), sms.TencentReceipts()} {
			if hints, err := receipts.Read(body); err != nil && hints != nil {
				t.Error("hints beside an error")
			}
		}
	})
}

func TestEveryFaultOfATemplateFileIsToldAtOnce(t *testing.T) {
	t.Parallel()
	broken := smstest.File(t, func(all map[string]any) {
		all["signs"] = map[string]any{"zh-CN": "备案服务台"}
		all["parts"] = map[string]any{"en": 9}
		codes := all["templates"].(map[string]any)
		delete(codes, "code.track")
		codes["code.trakc"] = map[string]any{"zh-CN": "SMS_1"}
		codes["transfer_failed"] = map[string]any{"zh-CN": "SMS_1", "en": " ", "fr": "SMS_2"}
		all["texts"] = map[string]any{"transfer_done": map[string]any{"zh-CN": "备案已转出 {receipt}，密码 {password}"},
			"transfer_received": map[string]any{"zh-CN": strings.Repeat("备", 60) + "{icp}"}}
	})
	_, err := sms.ReadTemplates(strings.NewReader(broken), words(t, site()))
	var faults sms.TemplateFaults
	if !errors.As(err, &faults) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		`templates has "code.trakc", which is no message of ours`, `templates of transfer_failed has language "fr", which we don't speak`,
		"signs has none for en", "parts for en is 9, not from 1 to 7", "templates of code.track has none for zh-CN", "templates of code.track has none for en",
		"templates of transfer_failed has none for en", "texts of transfer_done for zh-CN asks for {password}, which this message does not carry",
		"transfer_received for zh-CN takes up to 83 characters with its signature, more than the 70 of 1 part(s)",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in\n%s", want, err)
		}
	}
	if len(faults) != 9 {
		t.Errorf("%d faults:\n%s", len(faults), err)
	}
	for _, bad := range []string{"", "[]", `{"signs":{},"template":{}}`} {
		if _, err := sms.ReadTemplates(strings.NewReader(bad), words(t, site())); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestALongHostNeedsMoreParts(t *testing.T) {
	t.Parallel()
	long := words(t, sms.Site{PublicURL: "https://account-desk.filing.example.com.cn"})
	if _, err := sms.ReadTemplates(strings.NewReader(smstest.File(t, nil)), long); err == nil || !strings.Contains(err.Error(), "more than the 70 of 1 part(s)") {
		t.Errorf("got %v", err)
	}
	more := smstest.File(t, func(all map[string]any) { all["parts"] = map[string]any{"zh-CN": 2, "en": 3} })
	if _, err := sms.ReadTemplates(strings.NewReader(more), long); err != nil {
		t.Error(err)
	}
}

func TestTheLongestValuesAreThoseOfTheSamples(t *testing.T) {
	t.Parallel()
	longest, used := sms.Longest(), map[string]bool{"source": true} // which only mail names so far
	for _, m := range smstest.Samples(t) {
		for param, value := range m.Params {
			if m.Channel == tasks.ChannelSMS && longest[param] != "" {
				used[param] = true
				if len(value) > len(longest[param]) {
					t.Errorf("%s has a longer {%s} than sms.Longest", m.Template, param)
				}
			}
		}
	}
	for param := range longest {
		if !used[param] {
			t.Errorf("no SMS carries {%s}", param)
		}
	}
}

func TestApprovalsAskForWhatTheFileFills(t *testing.T) {
	t.Parallel()
	w := words(t, site())
	named, numbered := w.Approvals(false), w.Approvals(true)
	if len(named) != 2*len(sms.Names()) || len(numbered) != len(named) {
		t.Fatalf("%d and %d texts for %d messages", len(named), len(numbered), len(sms.Names()))
	}
	for i, a := range named {
		if strings.Contains(a.Text, "!{") || strings.Contains(numbered[i].Text, "!{") {
			t.Errorf("%s in %s has a variable without a longest value (sms.Longest): %s", a.Name, a.Lang, a.Text)
		}
		if a.Name == "transfer_submitted" && a.Lang == text.Chinese {
			if a.Text != "备案将转出，非您操作？到 beian.example.com/not-me 填 ${receipt}、${veto} 冻结" {
				t.Errorf("got %s", a.Text)
			}
			if numbered[i].Text != "备案将转出，非您操作？到 beian.example.com/not-me 填 {1}、{2} 冻结" {
				t.Errorf("got %s", numbered[i].Text)
			}
		}
	}
}
