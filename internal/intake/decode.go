package intake

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"beian/internal/filing"
)

// Limits of texts, in characters.
const (
	maxID     = 128
	maxText   = 200
	maxHash   = 256
	maxSuffix = 99999
)

// Decode checks one line and reports every fault that shows without the record.
// With faults the item has only type and external id, as far as they are known.
func Decode(line []byte) (Item, []Fault) {
	if !utf8.Valid(line) || !json.Valid(line) {
		return Item{}, []Fault{NewFault("", CodeJSON)}
	}
	var faults []Fault
	o, ok := newObject("", line, &faults)
	if !ok {
		return Item{}, []Fault{NewFault("", CodeJSON)}
	}
	item := Item{ExternalID: o.must("external_id", maxID), AsOf: o.moment("as_of")}
	item.Facts = o.facts(Type(o.must("type", maxText)))
	if item.Facts != nil {
		item.Type = item.Facts.about()
		o.end()
	}
	if len(faults) > 0 {
		return Item{Type: item.Type, ExternalID: item.ExternalID}, faults
	}
	return item, nil
}

func (o object) facts(t Type) Facts {
	switch t {
	case TypeAccount:
		return o.account()
	case TypeSubject:
		return o.subject()
	case TypeWebsite:
		return o.website()
	case TypeOrder:
		return o.filingOrder()
	case TypeRecord:
		return o.record()
	}
	if t != "" {
		o.fault("type", CodeType)
	}
	return nil
}

func (o object) account() Account {
	a := Account{
		Site:            oneOf(o, "site", filing.SiteChina, filing.SiteInternational),
		Status:          oneOf(o, "status", filing.AccountActive, filing.AccountFrozen, filing.AccountClosed),
		LoginEmail:      parsed(o, "login_email", filing.ParseEmail),
		SecurityPhone:   parsed(o, "security_phone", filing.ParsePhone),
		RealName:        o.text("real_name", maxText),
		RealCertificate: o.certificate("real_certificate"),
		HoldUntil:       o.moment("hold_until"),
		Lang:            o.text("lang", maxText),
		PasswordHash:    o.text("password_hash", maxHash),
	}
	a.RealVerified, _ = o.flag("real_verified")
	switch a.Lang {
	case "":
		a.Lang = "zh-CN"
	case "zh-CN", "en":
	default:
		o.fault("lang", CodeValue)
	}
	if a.PasswordHash != "" && !isArgon2id(a.PasswordHash) {
		o.fault("password_hash", CodePasswordHash)
	}
	return a
}

// isArgon2id accepts $argon2id$v=19$m=…,t=…,p=…$salt$hash. The cost is bounded,
// or one imported row could keep the sign-in busy.
func isArgon2id(s string) bool {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return false
	}
	var memory, times, lanes uint32
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &times, &lanes); err != nil ||
		parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", memory, times, lanes) {
		return false
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	hash, hashErr := base64.RawStdEncoding.DecodeString(parts[5])
	return saltErr == nil && hashErr == nil && len(salt) >= 8 && len(salt) <= 64 && len(hash) >= 16 && len(hash) <= 64 &&
		lanes >= 1 && lanes <= 16 && times >= 1 && times <= 16 && memory >= 8*lanes && memory <= 256*1024
}

func (o object) subject() Subject {
	s := Subject{
		Account:     o.must("account", maxID),
		Nature:      oneOf(o, "nature", filing.NatureIndividual, filing.NatureOrganisation),
		Name:        o.must("name", maxText),
		Certificate: o.mustCertificate("certificate"),
		ICPNumber:   parsed(o, "icp_number", filing.ParseICPNumber).Subject(),
		Principal:   o.principal("principal"),
	}
	return s
}

func (o object) mustCertificate(name string) filing.Certificate {
	before := len(*o.faults)
	c := o.certificate(name)
	if c.IsZero() && len(*o.faults) == before {
		o.fault(name, CodeRequired)
	}
	return c
}

func (o object) website() Website {
	w := Website{
		Subject:       o.must("subject", maxID),
		Name:          o.must("name", maxText),
		Suffix:        o.number("suffix", maxSuffix),
		DomainAccount: o.text("domain_account", maxID),
		ServerAccount: o.text("server_account", maxID),
		Principal:     o.principal("principal"),
	}
	before := len(*o.faults)
	w.Domain = parsed(o, "domain", filing.ParseDomain)
	if w.Domain.IsZero() && len(*o.faults) == before {
		o.fault("domain", CodeRequired)
	}
	return w
}

func (o object) filingOrder() Order {
	order := Order{
		Account: o.must("account", maxID),
		Kind:    oneOf(o, "kind", filing.OrderFirst, filing.OrderChange, filing.OrderCancel),
	}
	before := len(*o.faults)
	var given bool
	if order.InProgress, given = o.flag("in_progress"); !given && len(*o.faults) == before {
		o.fault("in_progress", CodeRequired)
	}
	return order
}

func (o object) record() Record {
	return Record{
		Subject: o.must("subject", maxID),
		Kind:    oneOf(o, "kind", filing.RecordDocument, filing.RecordReview),
		Title:   o.must("title", maxText),
	}
}
