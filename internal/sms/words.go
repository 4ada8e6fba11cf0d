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
		return keys{body: found[0]}, true
	case ok && m.Channel == tasks.ChannelMail:
		return keys{subject: found[1], body: found[2]}, true
	}
	return keys{}, false
}

// codeKeys: a code says what it signs, so each purpose has its own words (C1).
func codeKeys() map[tasks.Purpose]string {
	return map[tasks.Purpose]string{
		tasks.PurposeGive:  "sms.code.transfer_give",
		tasks.PurposeTake:  "sms.code.transfer_take",
		tasks.PurposeTrack: "sms.code.track",
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
	}
}
