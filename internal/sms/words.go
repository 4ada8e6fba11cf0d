package sms

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"beian/internal/text"
	"beian/tasks"
)

// Site is where the fixed pages stand that messages name. A host of up to 17
// characters keeps every Chinese SMS within one part of 70.
type Site struct {
	PublicURL  string // scheme and host, perhaps a path: links in mail
	PublicHost string // the same as one types it, for SMS; default: PublicURL without its scheme
}

// Words puts messages into words. Every provider that sends whole texts, and
// every preview, uses the same.
type Words struct {
	catalog    *text.Catalog
	base, host string
}

// Text is a message in words. An SMS has no subject; its body begins with the
// signature.
type Text struct{ Subject, Body string }

var errNoText = errors.New("no text for this message")

// NewWords prepares the texts for a site. The URL must be absolute.
func NewWords(catalog *text.Catalog, site Site) (*Words, error) {
	u, err := url.Parse(site.PublicURL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("messages need a public URL of scheme and host, such as https://beian.example.com")
	}
	host := site.PublicHost
	if host == "" {
		host = u.Host + u.Path
	}
	return &Words{catalog: catalog, base: strings.TrimRight(site.PublicURL, "/"), host: strings.TrimRight(host, "/")}, nil
}

// Text words a message in its language; Chinese when it is in none we speak. An
// unknown template, or a parameter that the text needs and the message lacks, is
// an error, so that nobody gets half a sentence.
func (w *Words) Text(m tasks.Message) (Text, error) {
	lang, ok := text.Parse(m.Lang)
	if !ok {
		lang = text.Chinese
	}
	keys, ok := keysOf(m)
	if !ok {
		return Text{}, fmt.Errorf("template %q by %q: %w", m.Template, m.Channel, errNoText)
	}
	params := w.params(lang, m)
	body, err := w.say(lang, keys.body, params)
	if m.Channel == tasks.ChannelSMS {
		return Text{Body: w.catalog.T(lang, "sms.signature") + body}, err
	}
	subject, subjectErr := w.say(lang, keys.subject, params)
	return Text{Subject: subject, Body: body}, errors.Join(err, subjectErr)
}

func (w *Words) params(lang text.Lang, m tasks.Message) text.Params {
	params := text.Params{"base": w.base, "host": w.host}
	for name, value := range m.Params {
		params[name] = value
	}
	if state := m.Params["state"]; state != "" {
		params["state"] = w.catalog.T(lang, "state."+state)
	}
	return params
}

// say fills one text; the catalog marks a gap as !{name}!. A subject without an
// ICP number leaves two blanks, or one before a stop, where it would stand.
func (w *Words) say(lang text.Lang, key string, params text.Params) (string, error) {
	said := w.catalog.T(lang, key, params)
	inValue := slices.ContainsFunc(slices.Collect(maps.Values(params)), func(v any) bool { return strings.Contains(fmt.Sprint(v), "!{") })
	if said == "!"+key+"!" || strings.Contains(said, "!{") && !inValue {
		return "", fmt.Errorf("text %s: %w", key, errNoText)
	}
	return strings.NewReplacer("  ", " ", " ，", "，").Replace(said), nil
}

type keys struct{ subject, body string }

// keysOf spells every key out, so that a search for a key finds its use.
func keysOf(m tasks.Message) (keys, bool) {
	if m.Template == tasks.TemplateCode {
		key, ok := codeKeys()[tasks.Purpose(m.Params["purpose"])]
		return keys{body: key}, ok && m.Channel == tasks.ChannelSMS
	}
	found, ok := noticeKeys()[m.Template]
	switch {
	case ok && m.Channel == tasks.ChannelSMS:
		return keys{body: found[0]}, found[0] != ""
	case ok && m.Channel == tasks.ChannelMail:
		return keys{subject: found[1], body: found[2]}, found[1] != ""
	}
	return keys{}, false
}

// codeKeys: a code says what it signs, so each purpose has its own words (C1).
func codeKeys() map[tasks.Purpose]string {
	return map[tasks.Purpose]string{
		tasks.PurposeGive:  "sms.code.transfer_give",
		tasks.PurposeTake:  "sms.code.transfer_take",
		tasks.PurposeTrack: "sms.code.track",

		tasks.PurposePassword: "sms.code.password",
		tasks.PurposeReset:    "sms.code.reset_contact",
		tasks.PurposePapers:   "sms.code.papers_contact",
		tasks.PurposeOldPhone: "sms.code.contact_old",
		tasks.PurposeNewPhone: "sms.code.contact_new",
		tasks.PurposeLegacy:   "sms.code.legacy_contact",
	}
}

func noticeKeys() map[tasks.Template][3]string {
	return map[tasks.Template][3]string{
		tasks.TemplateWarned:   {"sms.transfer_submitted", "mail.transfer_submitted.subject", "mail.transfer_submitted.body"},
		tasks.TemplateInvited:  {"sms.transfer_invited", "mail.transfer_invited.subject", "mail.transfer_invited.body"},
		tasks.TemplateDone:     {"sms.transfer_done", "mail.transfer_done.subject", "mail.transfer_done.body"},
		tasks.TemplateReceived: {"sms.transfer_received", "mail.transfer_received.subject", "mail.transfer_received.body"},
		tasks.TemplateStopped:  {"sms.transfer_stopped", "mail.transfer_stopped.subject", "mail.transfer_stopped.body"},
		tasks.TemplateFailed:   {"sms.transfer_failed", "mail.transfer_failed.subject", "mail.transfer_failed.body"},
		tasks.TemplateDisputed: {"sms.transfer_disputed", "mail.transfer_disputed.subject", "mail.transfer_disputed.body"},

		tasks.TemplatePassword: {"sms.password_changed", "mail.password_changed.subject", "mail.password_changed.body"},
		tasks.TemplateLogin:    {"sms.login_found", "", ""},
		tasks.TemplateRecovery: {"", "mail.password_link.subject", "mail.password_link.body"},

		tasks.TemplateImportReady:   {"sms.import_ready", "mail.import_ready.subject", "mail.import_ready.body"},
		tasks.TemplateImportStarted: {"sms.import_started", "mail.import_started.subject", "mail.import_started.body"},
		tasks.TemplateImportTaken:   {"sms.import_taken", "", ""},
		tasks.TemplateImportDone:    {"sms.import_done", "mail.import_done.subject", "mail.import_done.body"},
		tasks.TemplateImportFailed:  {"sms.import_failed", "mail.import_failed.subject", "mail.import_failed.body"},
		tasks.TemplateImportStopped: {"sms.import_stopped", "mail.import_stopped.subject", "mail.import_stopped.body"},
		tasks.TemplateImportAsked:   {"sms.import_papers", "mail.import_papers.subject", "mail.import_papers.body"},
		tasks.TemplateImportGranted: {"sms.import_granted", "mail.import_granted.subject", "mail.import_granted.body"},
		tasks.TemplateImportGoes:    {"sms.import_goes", "mail.import_goes.subject", "mail.import_goes.body"},
		tasks.TemplateImportHeld:    {"sms.import_held", "mail.import_held.subject", "mail.import_held.body"},
		tasks.TemplateImportRefused: {"sms.import_refused", "mail.import_refused.subject", "mail.import_refused.body"},
		tasks.TemplateImportFrozen:  {"sms.import_disputed", "mail.import_disputed.subject", "mail.import_disputed.body"},

		tasks.TemplateMailbox:       {"", "mail.reset_mailbox.subject", "mail.reset_mailbox.body"},
		tasks.TemplateResetWarned:   {"sms.reset_submitted", "mail.reset_submitted.subject", "mail.reset_submitted.body"},
		tasks.TemplateResetQueued:   {"sms.reset_queued", "mail.reset_queued.subject", "mail.reset_queued.body"},
		tasks.TemplateResetAsked:    {"sms.reset_need_more", "mail.reset_need_more.subject", "mail.reset_need_more.body"},
		tasks.TemplateResetDelayed:  {"sms.reset_delayed", "mail.reset_delayed.subject", "mail.reset_delayed.body"},
		tasks.TemplateResetApproved: {"sms.reset_approved", "mail.reset_approved.subject", "mail.reset_approved.body"},
		tasks.TemplateResetHeld:     {"sms.reset_held", "mail.reset_held.subject", "mail.reset_held.body"},
		tasks.TemplateResetRejected: {"sms.reset_rejected", "mail.reset_rejected.subject", "mail.reset_rejected.body"},
		tasks.TemplateResetStopped:  {"sms.reset_stopped", "mail.reset_stopped.subject", "mail.reset_stopped.body"},
		tasks.TemplateResetFailed:   {"sms.reset_failed", "mail.reset_failed.subject", "mail.reset_failed.body"},
		tasks.TemplateResetFrozen:   {"sms.reset_disputed", "mail.reset_disputed.subject", "mail.reset_disputed.body"},
		tasks.TemplateResetDone:     {"sms.reset_done", "mail.reset_done.subject", "mail.reset_done.body"},
		tasks.TemplateResetReady:    {"sms.reset_ready", "", ""},
		tasks.TemplateResetMoved:    {"sms.reset_moved", "mail.reset_moved.subject", "mail.reset_moved.body"},

		tasks.TemplatePapersWarned:   {"sms.reviewed_submitted", "mail.reviewed_submitted.subject", "mail.reviewed_submitted.body"},
		tasks.TemplatePapersApproved: {"sms.reviewed_approved", "mail.reviewed_approved.subject", "mail.reviewed_approved.body"},
		tasks.TemplatePapersRejected: {"sms.reviewed_rejected", "", ""},
		tasks.TemplatePapersDone:     {"sms.reviewed_done", "", ""},
		tasks.TemplateReversed:       {"sms.transfer_reversed", "mail.transfer_reversed.subject", "mail.transfer_reversed.body"},
		tasks.TemplateNotReversed:    {"sms.reversal_failed", "mail.reversal_failed.subject", "mail.reversal_failed.body"},

		tasks.TemplateContactWarned:   {"sms.contact_submitted", "mail.contact_submitted.subject", "mail.contact_submitted.body"},
		tasks.TemplateContactDone:     {"sms.contact_done", "mail.contact_done.subject", "mail.contact_done.body"},
		tasks.TemplateContactStopped:  {"sms.contact_stopped", "mail.contact_stopped.subject", "mail.contact_stopped.body"},
		tasks.TemplateContactFailed:   {"sms.contact_failed", "mail.contact_failed.subject", "mail.contact_failed.body"},
		tasks.TemplateContactFrozen:   {"sms.contact_disputed", "mail.contact_disputed.subject", "mail.contact_disputed.body"},
		tasks.TemplateContactApproved: {"sms.contact_approved", "mail.contact_approved.subject", "mail.contact_approved.body"},
		tasks.TemplateContactRefused:  {"sms.contact_refused", "", ""},
		tasks.TemplateContactRestored: {"sms.contact_restored", "mail.contact_restored.subject", "mail.contact_restored.body"},
	}
}
