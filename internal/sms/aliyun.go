package sms

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"beian/tasks"
)

const (
	aliyunEndpoint = "https://dysmsapi.aliyuncs.com"
	aliyunVersion  = "2017-05-25"
)

// Aliyun sends SMS through Alibaba Cloud (C2). Parameters travel in the body, never
// in the URL; a call is made once, because SendSms is not idempotent (ADR 19).
type Aliyun struct {
	caller    caller
	endpoint  string
	keys      Keys
	templates *Templates
	now       func() time.Time
}

// Account is what a provider is called with. Now is time.Now by default, Timeout
// five seconds; Endpoint and Region are the provider's usual ones.
type Account struct {
	Keys      Keys
	Templates *Templates
	Endpoint  string
	Timeout   time.Duration
	Now       func() time.Time
	// AppID and Region are Tencent Cloud's.
	AppID, Region string
}

// NewAliyun builds the provider.
func NewAliyun(a Account) *Aliyun {
	if a.Now == nil {
		a.Now = time.Now
	}
	return &Aliyun{caller: newCaller(a.Timeout), endpoint: cmp.Or(strings.TrimRight(a.Endpoint, "/"), aliyunEndpoint), keys: a.Keys,
		templates: a.Templates, now: a.Now}
}

// Send hands one message over (SendSms). Errors are *tasks.SendError by the classes
// of trust 4.2.
func (a *Aliyun) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	if err := sendable(m); err != nil {
		return tasks.Sent{}, err
	}
	t, err := a.templates.of(m)
	if err != nil {
		return tasks.Sent{}, errors.Join(&tasks.SendError{Class: tasks.SendPermanent, Code: codeNoText}, err)
	}
	values, err := json.Marshal(t.byName())
	if err != nil {
		return tasks.Sent{}, fmt.Errorf("encoding a template's values: %w", err)
	}
	var answer struct{ Code, Message, BizId string }
	err = a.call(ctx, "SendSms", url.Values{"PhoneNumbers": {m.Phone.Reveal()}, "SignName": {t.sign}, "TemplateCode": {t.code},
		"TemplateParam": {string(values)}, "OutId": {m.OutID}}, &answer)
	switch {
	case err != nil:
		return tasks.Sent{}, err
	case answer.Code == "":
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendUnknown, Code: codeMalformed}
	case answer.Code == "OK":
		return tasks.Sent{ProviderID: answer.BizId}, nil
	}
	return tasks.Sent{}, aliyunRefusal(answer.Code, answer.Message)
}

// aliyunDetail is one row of QuerySendDetails.
type aliyunDetail struct {
	OutId, ErrCode string
	SendStatus     int
}

// What QuerySendDetails says about a message.
const (
	aliyunFailed    = 2
	aliyunDelivered = 3
)

// Find asks by phone and day for the message with our id (QuerySendDetails), since
// a lost answer took the provider's id with it.
func (a *Aliyun) Find(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	if err := sendable(m); err != nil {
		return tasks.Sent{}, err
	}
	for _, day := range daysOf(m) {
		found, err := a.listed(ctx, m, day)
		if err != nil || found != nil {
			return found.sent(), err
		}
	}
	return tasks.Sent{}, unseen(m, a.now())
}

// listed looks through one day's messages to a phone; nil when ours is not there.
func (a *Aliyun) listed(ctx context.Context, m tasks.Message, day string) (*aliyunDetail, error) {
	const perPage, mostPages = 50, 4 // a phone takes 40 a day over all senders
	for page := 1; page <= mostPages; page++ {
		var answer struct {
			Code, Message     string
			SmsSendDetailDTOs struct{ SmsSendDetailDTO []aliyunDetail }
		}
		err := a.call(ctx, "QuerySendDetails", url.Values{"PhoneNumber": {m.Phone.Reveal()}, "SendDate": {day},
			"PageSize": {strconv.Itoa(perPage)}, "CurrentPage": {strconv.Itoa(page)}}, &answer)
		if err != nil {
			return nil, err
		}
		if answer.Code != "OK" {
			return nil, aliyunRefusal(answer.Code, answer.Message)
		}
		rows := answer.SmsSendDetailDTOs.SmsSendDetailDTO
		for i := range rows {
			if rows[i].OutId == m.OutID {
				return &rows[i], nil
			}
		}
		if len(rows) < perPage {
			break
		}
	}
	return nil, nil
}

func (d *aliyunDetail) sent() tasks.Sent {
	switch {
	case d == nil:
		return tasks.Sent{}
	case d.SendStatus == aliyunFailed:
		return tasks.Sent{Refused: aliyunUndelivered(d.ErrCode)}
	}
	return tasks.Sent{Delivered: d.SendStatus == aliyunDelivered}
}

// daysOf are the days on which the last try may be listed: its own, and the next
// when it was made just before midnight.
func daysOf(m tasks.Message) []string {
	at := m.TriedAt
	if at.IsZero() {
		at = m.At
	}
	first, second := shanghai(at).Format("20060102"), shanghai(at.Add(usualTimeout*2)).Format("20060102")
	if first == second {
		return []string{first}
	}
	return []string{first, second}
}

func (a *Aliyun) call(ctx context.Context, action string, form url.Values, out any) error {
	body := form.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.endpoint+"/", strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("preparing a call of the SMS provider: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("x-acs-action", action)
	r.Header.Set("x-acs-version", aliyunVersion)
	signing{keys: a.keys, at: a.now(), nonce: rand.Text()}.aliyun(r, []byte(body))
	return a.caller.do(ctx, r, out)
}
