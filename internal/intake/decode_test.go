package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
)

const goodHash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"

const (
	accountHead = `{"type":"account","external_id":"A1","site":"china","status":"active"`
	subjectHead = `{"type":"subject","external_id":"S1","account":"A1","nature":"individual","name":"王小明"`
	websiteHead = `{"type":"website","external_id":"W1","subject":"S1","name":"主站"`
	orderHead   = `{"type":"order","external_id":"O1","account":"A1"`
	recordHead  = `{"type":"record","external_id":"R1","subject":"S1"`
	paper       = `,"certificate":{"type":"other","number":"ABC-1"}`
)

func TestAFullLineOfEachTypeIsUnderstood(t *testing.T) {
	t.Parallel()
	certificate, err := filing.ParseCertificate(filing.CertificateIDCard, "11010519491231002X")
	if err != nil {
		t.Fatal(err)
	}
	icp, err := filing.ParseICPNumber("京ICP备12345678号")
	if err != nil {
		t.Fatal(err)
	}
	phone, err := filing.ParsePhone("13800138000")
	if err != nil {
		t.Fatal(err)
	}
	email, err := filing.ParseEmail("a@example.com")
	if err != nil {
		t.Fatal(err)
	}
	domain, err := filing.ParseDomain("example.com")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 1, 19, 4, 5, 0, time.UTC)
	cases := map[string]Item{
		accountHead + `,"as_of":"2026-01-02T03:04:05+08:00","login_email":"A@example.com","security_phone":"+8613800138000","real_name":" 王小明 ","real_certificate":{"type":"id_card","number":"11010519491231002x"},"real_verified":true,"hold_until":"2026-01-01T19:04:05Z","lang":"en","password_hash":"` + goodHash + `"}`: {
			Type: TypeAccount, ExternalID: "A1", AsOf: at, Facts: Account{Site: filing.SiteChina, Status: filing.AccountActive, LoginEmail: email,
				SecurityPhone: phone, RealName: "王小明", RealCertificate: certificate, RealVerified: true, HoldUntil: at, Lang: "en", PasswordHash: goodHash}},
		accountHead + `,"login_email":null,"real_certificate":null}`: {Type: TypeAccount, ExternalID: "A1",
			Facts: Account{Site: filing.SiteChina, Status: filing.AccountActive, Lang: "zh-CN"}},
		subjectHead + `,"certificate":{"type":"id_card","number":"11010519491231002X"},"icp_number":"京icp备12345678-2","principal":{"name":"李四","phone":"138 0013 8000"}}`: {
			Type: TypeSubject, ExternalID: "S1", Facts: Subject{Account: "A1", Nature: filing.NatureIndividual, Name: "王小明",
				Certificate: certificate, ICPNumber: icp, Principal: filing.Principal{Name: "李四", Phone: phone}}},
		websiteHead + `,"domain":"EXAMPLE.com","suffix":3,"domain_account":"d","server_account":"s","principal":{"name":"李四"}}`: {
			Type: TypeWebsite, ExternalID: "W1", Facts: Website{Subject: "S1", Name: "主站", Domain: domain, Suffix: 3, DomainAccount: "d",
				ServerAccount: "s", Principal: filing.Principal{Name: "李四"}}},
		orderHead + `,"kind":"first","in_progress":false}`: {Type: TypeOrder, ExternalID: "O1", Facts: Order{Account: "A1", Kind: "first"}},
		recordHead + `,"kind":"review","title":"初审"}`: {Type: TypeRecord, ExternalID: "R1",
			Facts: Record{Subject: "S1", Kind: "review", Title: "初审"}},
	}
	for line, want := range cases {
		got, faults := Decode([]byte(line))
		if len(faults) > 0 || got != want {
			t.Errorf("%s:\nfaults %v\ngot  %+v\nwant %+v", line, faults, got, want)
		}
	}
}

func TestEveryFaultOfALineIsReported(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 201)
	cases := []struct {
		line string
		want []string
	}{
		{`nothing`, []string{" JSON_INVALID"}},
		{`"text"`, []string{" JSON_INVALID"}},
		{accountHead + `} {}`, []string{" JSON_INVALID"}},
		{accountHead + `,"real_name":"` + "\xff" + `"}`, []string{" JSON_INVALID"}},
		{`{}`, []string{"external_id REQUIRED", "type REQUIRED"}},
		{`{"type":"person","external_id":"A1"}`, []string{"type TYPE_UNKNOWN"}},
		{`{"type":7,"external_id":"A1"}`, []string{"type FIELD_TYPE"}},
		{`{"type":"account"}`, []string{"external_id REQUIRED", "site REQUIRED", "status REQUIRED"}},
		{`{"type":"subject","external_id":"S1"}`, []string{"account REQUIRED", "nature REQUIRED", "name REQUIRED", "certificate REQUIRED"}},
		{`{"type":"website","external_id":"W1"}`, []string{"subject REQUIRED", "name REQUIRED", "domain REQUIRED"}},
		{`{"type":"order","external_id":"O1"}`, []string{"account REQUIRED", "kind REQUIRED", "in_progress REQUIRED"}},
		{`{"type":"record","external_id":"R1"}`, []string{"subject REQUIRED", "kind REQUIRED", "title REQUIRED"}},
		{accountHead + `,"colour":1,"13800138000":2,"Site":"china","site":"china"}`,
			[]string{"site FIELD_DUPLICATE", "colour FIELD_UNKNOWN", "? FIELD_UNKNOWN", "? FIELD_UNKNOWN"}},
		{accountHead + `,"as_of":"yesterday","hold_until":"1001-01-01T00:00:00Z","lang":"de","password_hash":"secret"}`,
			[]string{"as_of TIME_FORMAT", "hold_until TIME_FORMAT", "lang VALUE_UNKNOWN", "password_hash PASSWORD_HASH_FORMAT"}},
		{accountHead + `,"login_email":"nobody","security_phone":"12","real_name":"` + long + `","real_certificate":{"type":"id_card","number":"110105194912310021","x":1}}`,
			[]string{"login_email EMAIL_INVALID", "security_phone PHONE_INVALID", "real_name TEXT_TOO_LONG",
				"real_certificate.x FIELD_UNKNOWN", "real_certificate.number ID_CHECK_DIGIT"}},
		{accountHead + `,"login_email":1,"security_phone":[],"real_verified":"yes","real_certificate":"x","hold_until":1}`,
			[]string{"login_email FIELD_TYPE", "security_phone FIELD_TYPE", "real_certificate FIELD_TYPE", "hold_until FIELD_TYPE", "real_verified FIELD_TYPE"}},
		{accountHead + `,"real_certificate":{}}`, []string{"real_certificate.type REQUIRED", "real_certificate.number REQUIRED"}},
		{`{"type":"subject","external_id":"S1","account":"A\u00001","nature":"animal","name":"x","certificate":{"type":"credit_code","number":"91350100M000100Y44"},"icp_number":"12345678","principal":{"name":"a\nb","phone":"010-12345678","mail":"x"}}`,
			[]string{"account TEXT_INVALID", "nature VALUE_UNKNOWN", "certificate.number CREDIT_CODE_CHECK_DIGIT", "icp_number ICP_NUMBER_FORMAT",
				"principal.name TEXT_INVALID", "principal.phone PHONE_INVALID", "principal.mail FIELD_UNKNOWN"}},
		{subjectHead + `,"certificate":{"type":"visa","number":"1"}}`, []string{"certificate.type VALUE_UNKNOWN"}},
		{subjectHead + `,"certificate":{"type":"passport","number":"1"}}`, []string{"certificate.number CERTIFICATE_INVALID"}},
		{subjectHead + paper + `,"principal":[]}`, []string{"principal FIELD_TYPE"}},
		{websiteHead + `,"domain":"http://x.com","suffix":-1}`, []string{"suffix NUMBER_RANGE", "domain DOMAIN_INVALID"}},
		{websiteHead + `,"domain":"x.com","suffix":1.5}`, []string{"suffix FIELD_TYPE"}},
		{orderHead + `,"kind":"party","in_progress":1}`, []string{"kind VALUE_UNKNOWN", "in_progress FIELD_TYPE"}},
		{recordHead + `,"kind":"rumour","title":" "}`, []string{"kind VALUE_UNKNOWN", "title REQUIRED"}},
	}
	for _, c := range cases {
		item, faults := Decode([]byte(c.line))
		var got []string
		for _, f := range faults {
			got = append(got, f.Field+" "+f.Code)
			if f.Message == "" || f.Message == message("") {
				t.Errorf("%s has no message of its own", f.Code)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.line, diff)
		}
		if item.Facts != nil {
			t.Errorf("%s: facts in spite of faults", c.line)
		}
	}
}

func TestOnlyArgon2idHashesOfModerateCostAreAccepted(t *testing.T) {
	t.Parallel()
	if !isArgon2id(goodHash) {
		t.Error("a good hash is refused")
	}
	for _, change := range [][2]string{{"argon2id", "argon2i"}, {"v=19", "v=16"}, {"m=19456", "m=999999999"}, {"t=2", "t=17"}, {"t=2", "t=0"},
		{"p=1", "p=0"}, {"p=1", "p=1,x=2"}, {"p=1", "p=17"}, {"m=19456", "m=1"}, {"c29tZXNhbHRzb21lc2FsdA", "c2Fs"}, {"c29tZ", "!!!!!"}, {"$argon2id", "argon2id"},
		{"$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE", ""}, {"t=2", "t=02"}, {"t=2", "t=-2"}} {
		if isArgon2id(strings.Replace(goodHash, change[0], change[1], 1)) {
			t.Errorf("accepted with %s for %s", change[1], change[0])
		}
	}
}

func TestEveryCodeHasAMessage(t *testing.T) {
	t.Parallel()
	for _, code := range []string{CodeJSON, CodeLineTooLong, CodeType, CodeField, CodeTwice, CodeKind, CodeRequired, CodeValue,
		CodeTooLong, CodeText, CodeRange, CodeTime, CodePasswordHash, CodeFuture, CodeUnknownAccount, CodeUnknownSubject,
		CodeEmailTaken, CodeAccountFull, CodeSubjectHeld, CodeICPHeld, CodeDomainHeld, CodeMovedHere} {
		if message(code) == message("") {
			t.Errorf("%s has none", code)
		}
	}
}

func TestALineOfRubbishIsToldSoAHundredTimesAtMost(t *testing.T) {
	t.Parallel()
	line := `{"type":"account","external_id":"A1"` + strings.Repeat(`,"a":1`, 10_000) + `}`
	if _, faults := Decode([]byte(line)); len(faults) != 100 {
		t.Errorf("%d faults", len(faults))
	}
}

func FuzzDecode(f *testing.F) {
	for _, line := range []string{accountHead + `,"login_email":"a@b.cn","security_phone":"13800138000","password_hash":"` + goodHash + `"}`,
		subjectHead + paper + `,"principal":{"name":"x","phone":"1"}}`, websiteHead + `,"domain":"x.com","suffix":1}`,
		orderHead + `,"kind":"first","in_progress":true}`, recordHead + `,"kind":"review","title":"x"}`, `{"type":null}`, `{"a":1,"a":2}`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		item, faults := Decode(bytes.Clone(line))
		again, same := Decode(line)
		if diff := cmp.Diff(faults, same); diff != "" || item != again {
			t.Fatalf("the same line, another answer:\n%s", diff)
		}
		if (item.Facts == nil) != (len(faults) > 0) {
			t.Fatalf("facts %v and faults %v", item.Facts != nil, faults)
		}
		if len(faults) == 0 && (item.ExternalID == "" || item.Type != item.Facts.about() || !json.Valid(line)) {
			t.Fatalf("taken in: %+v", item)
		}
		for _, fault := range faults {
			if fault.Code == "" || fault.Message == "" {
				t.Fatalf("a fault without code or message: %+v", fault)
			}
		}
	})
}

func TestFaultsRepeatNoValue(t *testing.T) {
	t.Parallel()
	planted := []string{"wang-at-example", "1380013800", "110105194912310021", "京ICP证", "secretname"}
	line := fmt.Sprintf(`{"type":"account","external_id":"A1","site":"%[5]s","status":"%[5]s","login_email":"%[1]s","security_phone":"%[2]s","real_certificate":{"type":"id_card","number":"%[3]s"},"lang":"%[4]s","as_of":"%[5]s","%[2]s":1,"x%[1]s":2}`,
		planted[0], planted[1], planted[2], planted[3], planted[4])
	_, faults := Decode([]byte(line))
	if len(faults) != 9 {
		t.Errorf("%d faults, want 9: %v", len(faults), faults)
	}
	for _, value := range planted {
		if strings.Contains(fmt.Sprint(faults), value) {
			t.Errorf("a fault repeats a value: %v", faults)
		}
	}
}
