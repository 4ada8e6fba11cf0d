package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"beian/api"
	"beian/config"
	"beian/internal/sms"
	"beian/tasks"
)

// sender is who carries the messages, by configuration (C2): the inbox, or a
// provider for SMS and a mail server for mail, each behind a breaker.
func (o *office) sender(meters messageMeters) (tasks.Sender, error) {
	site := sms.Site{PublicURL: o.cfg.BaseURL()}
	words, err := sms.NewWords(o.catalog, site)
	if err != nil {
		return nil, fmt.Errorf("preparing messages: %w", err)
	}
	inbox, err := sms.NewInbox(o.store, o.catalog, sms.Options{Site: site, Now: o.clock})
	if err != nil {
		return nil, fmt.Errorf("preparing messages: %w", err)
	}
	meters.resting.WithLabelValues("inbox") // which never rests
	watched := o.watched("inbox", inbox, meters)
	router := sms.Router{tasks.ChannelSMS: watched, tasks.ChannelMail: watched}
	if o.cfg.CarriesSMS() {
		provider, err := o.smsProvider(words)
		if err != nil {
			return nil, err
		}
		router[tasks.ChannelSMS] = o.guarded(o.cfg.SMSProvider, provider, meters)
	}
	if o.cfg.Messages.Mail == "smtp" {
		provider, err := o.mailProvider(words)
		if err != nil {
			return nil, err
		}
		router[tasks.ChannelMail] = o.guarded("smtp", provider, meters)
	}
	return router, nil
}

func (o *office) smsProvider(words *sms.Words) (tasks.Sender, error) {
	templates, err := readTemplates(o.cfg.Messages.Templates, words)
	if err != nil {
		return nil, err
	}
	m := o.cfg.Messages
	account := sms.Account{Keys: sms.Keys{ID: m.AccessKey.Reveal(), Secret: m.SecretKey.Reveal()}, Templates: templates, Endpoint: m.Endpoint,
		Timeout: m.Timeout, Now: time.Now, AppID: m.AppID, Region: m.Region} // a provider goes by the wall's clock
	if o.cfg.SMSProvider == "tencent" {
		return sms.NewTencent(account), nil
	}
	return sms.NewAliyun(account), nil
}

// readTemplates tells every fault of the file at once, as for all settings.
func readTemplates(path string, words *sms.Words) (*sms.Templates, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the SMS templates: %w", err)
	}
	defer file.Close()
	templates, err := sms.ReadTemplates(file, words)
	var wrong sms.TemplateFaults
	if !errors.As(err, &wrong) {
		return templates, err
	}
	faults := make(config.Faults, len(wrong))
	for i, fault := range wrong {
		faults[i] = config.Fault{Variable: "BEIAN_SMS_TEMPLATES", Problem: fault}
	}
	return nil, faults
}

func (o *office) mailProvider(words *sms.Words) (tasks.Sender, error) {
	m := o.cfg.Messages
	provider, err := sms.NewMail(sms.Mailbox{Server: m.MailServer, TLS: m.MailTLS, User: m.MailUser, Secret: m.MailPassword.Reveal(), From: m.MailFrom}, words)
	if err != nil {
		return nil, fmt.Errorf("preparing mail: %w", err)
	}
	return provider, nil
}

// messageMeters are the figures of the providers.
type messageMeters struct {
	sent    *prometheus.CounterVec
	resting *prometheus.GaugeVec
}

func newMessageMeters() messageMeters {
	return messageMeters{
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "beian_messages_total",
			Help: "Messages handed to a provider, by its answer: ok or a class of refusal."}, []string{"provider", "outcome"}),
		resting: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "beian_message_provider_resting",
			Help: "1 while a provider that does not answer is left alone."}, []string{"provider"}),
	}
}

// watched counts what a provider answers and tells the operator what needs them.
func (o *office) watched(name string, provider tasks.Sender, meters messageMeters) tasks.Sender {
	meters.sent.WithLabelValues(name, "ok")
	return sms.Watched{Sender: provider, Told: func(outcome, code string) {
		meters.sent.WithLabelValues(name, outcome).Inc()
		if class := tasks.SendClass(outcome); class == tasks.SendHeld || class == tasks.SendPermanent {
			o.log.Error().Str("provider", name).Str("class", outcome).Str("code", code).
				Msg("the provider refuses messages until somebody mends something; docs/operations.md says what")
		}
	}}
}

// guarded is watched for a provider outside, which is left alone while it does not
// answer.
func (o *office) guarded(name string, provider tasks.Sender, meters messageMeters) tasks.Sender {
	resting := meters.resting.WithLabelValues(name)
	return o.watched(name, sms.NewGuard(provider, sms.Rest{Tell: func(rests bool) {
		resting.Set(0)
		if rests {
			resting.Set(1)
			o.log.Warn().Str("provider", name).Msg("the provider does not answer and is left alone for a while")
		}
	}}), meters)
}

// budget bounds what a provider is asked to carry; the inbox carries everything.
func (o *office) budget() tasks.Budget {
	if !o.cfg.CarriesSMS() {
		return tasks.Budget{}
	}
	m, day := o.cfg.Messages, 24*time.Hour
	b := tasks.PhoneBudget()
	b.Codes = []tasks.Limit{{Name: "sms_codes_hour", Burst: m.CodesPerHour, Period: time.Hour}, {Name: "sms_codes_day", Burst: m.CodesPerDay, Period: day}}
	b.Notices = []tasks.Limit{{Name: "sms_notices_hour", Burst: m.NoticesPerHour, Period: time.Hour}, {Name: "sms_notices_day", Burst: m.NoticesPerDay, Period: day}}
	return b
}

// hooks are the addresses that providers push receipts to.
func (o *office) hooks() map[string]api.Hook {
	secret := o.cfg.Messages.HookSecret.Reveal()
	if secret == "" || !o.cfg.CarriesSMS() {
		return nil
	}
	receipts := sms.AliyunReceipts()
	if o.cfg.SMSProvider == "tencent" {
		receipts = sms.TencentReceipts()
	}
	return map[string]api.Hook{o.cfg.SMSProvider: {Secret: secret, Read: receipts.Read, Thanks: receipts.Thanks}}
}
