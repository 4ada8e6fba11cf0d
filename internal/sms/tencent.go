package sms

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"beian/tasks"
)

const (
	tencentEndpoint = "https://sms.tencentcloudapi.com"
	tencentVersion  = "2021-01-11"
	tencentService  = "sms"
	tencentRegion   = "ap-guangzhou"
)

// Tencent sends SMS through Tencent Cloud (C2). Our id travels as SessionContext. It
// lists a message only once a carrier has reported on it, so a phone that is off can
// hide one whose answer was lost (ADR 19).
type Tencent struct {
	caller    caller
	account   Account
	templates *Templates
	now       func() time.Time
}

// NewTencent builds the provider.
func NewTencent(a Account) *Tencent {
	if a.Now == nil {
		a.Now = time.Now
	}
	a.Endpoint, a.Region = cmp.Or(strings.TrimRight(a.Endpoint, "/"), tencentEndpoint), cmp.Or(a.Region, tencentRegion)
	return &Tencent{caller: newCaller(a.Timeout), account: a, templates: a.Templates, now: a.Now}
}

// Send hands one message over (SendSms). Errors are *tasks.SendError by the classes
// of trust 4.2.
func (t *Tencent) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	if err := sendable(m); err != nil {
		return tasks.Sent{}, err
	}
	filled, err := t.templates.of(m)
	if err != nil {
		return tasks.Sent{}, errors.Join(&tasks.SendError{Class: tasks.SendPermanent, Code: codeNoText}, err)
	}
	answer, err := t.call(ctx, "SendSms", map[string]any{"PhoneNumberSet": []string{"+86" + m.Phone.Reveal()}, "SmsSdkAppId": t.account.AppID,
		"SignName": filled.sign, "TemplateId": filled.code, "TemplateParamSet": filled.values, "SessionContext": m.OutID})
	if err != nil {
		return tasks.Sent{}, err
	}
	if len(answer.SendStatusSet) != 1 {
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendUnknown, Code: codeMalformed}
	}
	if status := answer.SendStatusSet[0]; status.Code != "Ok" {
		return tasks.Sent{}, tencentRefusal(status.Code)
	}
	return tasks.Sent{ProviderID: answer.SendStatusSet[0].SerialNo}, nil
}

// Find asks by phone for the message with our id (PullSmsSendStatusByPhoneNumber,
// seven days back).
func (t *Tencent) Find(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	if err := sendable(m); err != nil {
		return tasks.Sent{}, err
	}
	const most, slack = 100, time.Minute // clocks may differ
	ask := map[string]any{"PhoneNumber": "+86" + m.Phone.Reveal(), "SmsSdkAppId": t.account.AppID,
		"BeginTime": m.At.Add(-slack).Unix(), "EndTime": t.now().Add(slack).Unix(), "Limit": most}
	for page := range tencentPages {
		ask["Offset"] = page * most
		answer, err := t.call(ctx, "PullSmsSendStatusByPhoneNumber", ask)
		if err != nil {
			return tasks.Sent{}, err
		}
		for _, row := range answer.PullSmsSendStatusSet {
			if row.SessionContext == m.OutID {
				return row.sent(), nil
			}
		}
		if len(answer.PullSmsSendStatusSet) < most {
			break
		}
	}
	return tasks.Sent{}, unseen(m, t.now())
}

// tencentPages bounds how far one phone's messages are read: budgets let 40 a day
// leave, for seven days.
const tencentPages = 4

type tencentStatus struct{ SessionContext, SerialNo, ReportStatus, Description string }

func (s tencentStatus) sent() tasks.Sent {
	out := tasks.Sent{ProviderID: s.SerialNo, Delivered: s.ReportStatus == "SUCCESS"}
	if s.ReportStatus == "FAIL" {
		out.Refused = tencentUndelivered(s.Description)
	}
	return out
}

type tencentAnswer struct {
	Error                *struct{ Code string }
	SendStatusSet        []struct{ Code, SerialNo string }
	PullSmsSendStatusSet []tencentStatus
}

func (t *Tencent) call(ctx context.Context, action string, params map[string]any) (tencentAnswer, error) {
	body, err := json.Marshal(params)
	if err != nil {
		return tencentAnswer{}, fmt.Errorf("encoding a call of the SMS provider: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.account.Endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return tencentAnswer{}, fmt.Errorf("preparing a call of the SMS provider: %w", err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-TC-Action", action)
	r.Header.Set("X-TC-Version", tencentVersion)
	r.Header.Set("X-TC-Region", t.account.Region)
	signing{keys: t.account.Keys, at: t.now(), service: tencentService}.tencent(r, body)
	var answer struct{ Response *tencentAnswer }
	if err := t.caller.do(ctx, r, &answer); err != nil {
		return tencentAnswer{}, err
	}
	switch {
	case answer.Response == nil:
		return tencentAnswer{}, &tasks.SendError{Class: tasks.SendUnknown, Code: codeMalformed}
	case answer.Response.Error != nil:
		return tencentAnswer{}, tencentRefusal(answer.Response.Error.Code)
	}
	return *answer.Response, nil
}
