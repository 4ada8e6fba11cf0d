package filing_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
)

const (
	clearPhone    = "18612341402"
	clearEmail    = "zhangsan@163.com"
	clearID       = "11010519491231002X"
	clearCode     = "91350100M000100Y43"
	clearPassport = "E12345678"
)

type personal interface {
	fmt.Stringer
	fmt.GoStringer
	fmt.Formatter
	encoding.TextMarshaler
	IsZero() bool
	Reveal() string
	Masked() string
}

func everySensitiveValue() map[string]personal {
	return map[string]personal{
		clearPhone:    must(filing.ParsePhone(clearPhone)),
		clearEmail:    must(filing.ParseEmail(clearEmail)),
		clearID:       must(filing.ParseIDNumber(clearID)),
		clearCode:     must(filing.ParseCreditCode(clearCode)),
		clearPassport: must(filing.ParseCertificate(filing.CertificatePassport, clearPassport)),
	}
}

func TestSensitiveValuesPrintMaskedByEveryVerb(t *testing.T) {
	t.Parallel()
	for clear, value := range everySensitiveValue() {
		hidden := struct{ value personal }{value}
		for _, verb := range strings.Split("%v %+v %#v %s %q %x %X %d %t %p %U %e %20s %-20v %z", " ") {
			for _, printed := range []any{value, &value, []personal{value}, map[string]personal{"k": value}, hidden, &hidden} {
				checkHidden(t, fmt.Sprintf(verb, printed), clear)
			}
		}
		if got := fmt.Sprintf("%v|%s|%+v", value, value, value); got != value.Masked()+"|"+value.Masked()+"|"+value.Masked() {
			t.Errorf("got %s", got)
		}
		if got, want := fmt.Sprintf("%#v", value), fmt.Sprintf("%q", value.Masked()); got != want || value.GoString() != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if value.Reveal() != clear {
			t.Errorf("reveals %q", value.Reveal())
		}
	}
}

func checkHidden(t *testing.T, text, clear string) {
	t.Helper()
	for _, form := range []string{clear, fmt.Sprintf("%x", clear), fmt.Sprintf("%X", clear)} {
		if strings.Contains(text, form) {
			t.Errorf("%q shows the clear value", text)
		}
	}
}

func TestWidthPadsTheMaskedForm(t *testing.T) {
	t.Parallel()
	phone := must(filing.ParsePhone(clearPhone))
	if got := fmt.Sprintf("[%15s][%-15v][%3s]", phone, phone, phone); got != "[  186 **** 1402][186 **** 1402  ][186 **** 1402]" {
		t.Error(got)
	}
}

// A struct with unexported fields is printed by reflection, without asking the field's methods.
func TestUnexportedFieldsStayOpaque(t *testing.T) {
	t.Parallel()
	type carrier struct {
		phone filing.Phone
		email filing.Email
		id    filing.IDNumber
		code  filing.CreditCode
		paper filing.Certificate
	}
	value := carrier{
		must(filing.ParsePhone(clearPhone)), must(filing.ParseEmail(clearEmail)), must(filing.ParseIDNumber(clearID)),
		must(filing.ParseCreditCode(clearCode)), must(filing.ParseCertificate(filing.CertificatePassport, clearPassport)),
	}
	for _, verb := range strings.Split("%v %+v %#v %s %q %x %d", " ") {
		for clear := range everySensitiveValue() {
			checkHidden(t, fmt.Sprintf(verb, value), clear)
			checkHidden(t, fmt.Sprintf(verb, &value), clear)
		}
	}
}

func TestSensitiveValuesAreEncodedMasked(t *testing.T) {
	t.Parallel()
	for clear, value := range everySensitiveValue() {
		text := must(json.Marshal(map[string]any{"value": value}))
		if want := `{"value":"` + value.Masked() + `"}`; string(text) != want {
			t.Errorf("got %s, want %s", text, want)
		}
		var out bytes.Buffer
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
		page := template.Must(template.New("").Parse(`<p title="{{.}}">{{.}}</p><script>x = {{.}}</script>`))
		if err := page.Execute(&out, value); err != nil {
			t.Fatal(err)
		}
		out.Write(must(xml.Marshal(value)))
		checkHidden(t, out.String(), clear)
	}
}

func TestAccountsAndSubjectsPrintTheirNumbersMasked(t *testing.T) {
	t.Parallel()
	account := filing.Account{
		LoginEmail:          must(filing.ParseEmail(clearEmail)),
		SecurityPhone:       must(filing.ParsePhone(clearPhone)),
		RealNameCertificate: must(filing.ParseCertificate(filing.CertificateIDCard, clearID)),
	}
	subject := filing.Subject{
		Certificate: must(filing.ParseCertificate(filing.CertificateCreditCode, clearCode)),
		Principal:   filing.Principal{Phone: account.SecurityPhone},
	}
	printed := fmt.Sprintf("%v %+v %#v %v %+v %#v", account, account, account, subject, subject, subject)
	printed += string(must(json.Marshal(account))) + string(must(json.Marshal(subject)))
	for clear := range everySensitiveValue() {
		checkHidden(t, printed, clear)
	}
}

func TestAbsentSensitiveValuesAreEmpty(t *testing.T) {
	t.Parallel()
	for _, value := range []personal{filing.Phone{}, filing.Email{}, filing.IDNumber{}, filing.CreditCode{}, filing.Certificate{}} {
		text := must(value.MarshalText())
		if !value.IsZero() || value.Reveal()+value.Masked()+value.String()+string(text) != "" {
			t.Errorf("%T is not empty", value)
		}
	}
	if !(filing.IDNumber{}).BirthDate().IsZero() {
		t.Error("an absent number has a birth date")
	}
}

func TestValuesCompareByContent(t *testing.T) {
	t.Parallel()
	account := func(phone string) filing.Account {
		return filing.Account{
			LoginEmail:          must(filing.ParseEmail(clearEmail)),
			SecurityPhone:       must(filing.ParsePhone(phone)),
			RealNameCertificate: must(filing.ParseCertificate(filing.CertificateIDCard, clearID)),
			HoldUntil:           time.Unix(1, 0),
		}
	}
	one, same, other := account(clearPhone), account("+86 186-1234-1402"), account("18612341403")
	if one != same || one == other {
		t.Error("== does not compare by content")
	}
	if diff := cmp.Diff(one, same); diff != "" {
		t.Error(diff)
	}
	diff := cmp.Diff(one, other)
	if diff == "" {
		t.Error("go-cmp sees no difference")
	}
	checkHidden(t, diff, clearPhone)
	if id := must(filing.ParseIDNumber(clearID)); !id.Equal(id) || id.Equal(filing.IDNumber{}) {
		t.Error("ID numbers do not compare")
	}
	if code := must(filing.ParseCreditCode(clearCode)); !code.Equal(code) || code.Equal(filing.CreditCode{}) {
		t.Error("credit codes do not compare")
	}
}
