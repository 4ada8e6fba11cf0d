package filing_test

import (
	"strings"
	"testing"

	"beian/internal/filing"
)

func TestParsePhoneAcceptsWhatPeopleType(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"18612341402", "186 1234 1402", "186-1234-1402", "+8618612341402", "+86 186 1234 1402", "(+86)186-1234-1402",
		"008618612341402", "8618612341402", "１８６１２３４１４０２", "＋８６ １８６１２３４１４０２", "\u202d18612341402\u202c", "186\u00a01234\u20111402",
	} {
		phone, err := filing.ParsePhone(typed)
		if err != nil || phone.Reveal() != "18612341402" {
			t.Errorf("%q: got %q, %v", typed, phone.Reveal(), err)
		}
	}
	phone := must(filing.ParsePhone("18612341402"))
	if phone.E164() != "+8618612341402" || phone.LastFour() != "1402" {
		t.Errorf("got %s and %s", phone.E164(), phone.LastFour())
	}
	if absent := (filing.Phone{}); absent.E164() != "" || absent.LastFour() != "" {
		t.Error("an absent phone has digits")
	}
}

func TestParsePhoneTellsLengthFromPrefix(t *testing.T) {
	t.Parallel()
	checkRefusals(t, filing.ParsePhone, filing.CodePhone, []refusal{
		{"one digit short", "1861234140", "length", "n=10"},
		{"one digit more", "186123414022", "length", "n=12"},
		{"country code alone", "+86", "length", "n=0"},
		{"not a mobile", "12612341402", "prefix", ""},
		{"landline", "01012345678", "prefix", ""},
		{"Hong Kong", "+852 5123 4567", "prefix", ""},
		{"America by 00", "0012025550143", "prefix", ""},
		{"letters", "1861234140a", "format", ""},
		{"masked", "186 **** 1402", "format", ""},
		{"Arabic digits", "١٨٦١٢٣٤١٤٠٢", "format", ""},
	})
}

func TestParseEmailFoldsWhatMayDiffer(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		" ZhangSan@163.COM ":         "zhangsan@163.com",
		"zhang.san+beian@Example.cn": "zhang.san+beian@example.cn",
		"ｚｈａｎｇ＠１６３．ｃｏｍ":              "zhang@163.com",
		"info@例子.中国":                 "info@xn--fsqu00a.xn--fiqs8s",
		"a@b.co\n":                   "a@b.co",
	} {
		email, err := filing.ParseEmail(typed)
		if err != nil || email.Reveal() != want {
			t.Errorf("%q: got %q, %v", typed, email.Reveal(), err)
		}
	}
}

func TestParseEmailRefusesWhatIsNoPlainAddress(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("d", 61) + "."
	checkRefusals(t, filing.ParseEmail, filing.CodeEmail, []refusal{
		{"no at", "zhangsan.163.com", "format", ""},
		{"nothing before at", "@163.com", "format", ""},
		{"header injection", "a@163.com\r\nBcc: b@163.com", "domain", ""},
		{"line break in front", "a\r\nb@163.com", "format", ""},
		{"null", "a\x00b@163.com", "format", ""},
		{"display name", "Zhang <zhang@163.com>", "format", ""},
		{"quoted", `"zhang san"@163.com`, "format", ""},
		{"blank inside", "zhang san@163.com", "format", ""},
		{"two dots", "zhang..san@163.com", "format", ""},
		{"dot in front", ".zhang@163.com", "format", ""},
		{"dot at the end", "zhang.@163.com", "format", ""},
		{"Chinese local part", "张三@163.com", "format", ""},
		{"dotless i", "m\u0131ke@163.com", "format", ""},
		{"two ats", "a@b@163.com", "domain", ""},
		{"no dot in the domain", "a@localhost", "domain", ""},
		{"address literal", "a@[127.0.0.1]", "domain", ""},
		{"long local part", strings.Repeat("l", 65) + "@163.com", "length", "max=64 n=65"},
	})
	address := strings.Repeat("l", 64) + "@" + long + long + long + "comm"
	_, err := filing.ParseEmail(address)
	if err == nil || err.Error() != "EMAIL_INVALID: length max=254 n=255" {
		t.Errorf("%d bytes: %v", len(address), err)
	}
	if _, err := filing.ParseEmail(address[:254]); err != nil {
		t.Errorf("254 bytes: %v", err)
	}
}

func TestParseDomainGivesASCIIAndUnicode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][2]string{
		"Example.COM":            {"example.com", "example.com"},
		" www.example.com. ":     {"www.example.com", "www.example.com"},
		"例子.中国":                  {"xn--fsqu00a.xn--fiqs8s", "例子.中国"},
		"例子。中国":                  {"xn--fsqu00a.xn--fiqs8s", "例子.中国"},
		"XN--FSQU00A.xn--fiqs8s": {"xn--fsqu00a.xn--fiqs8s", "例子.中国"},
		"ｅｘａｍｐｌｅ．ｃｎ":             {"example.cn", "example.cn"},
		"r3---sn-a5.example.com": {"r3---sn-a5.example.com", "r3---sn-a5.example.com"},
		"163.com":                {"163.com", "163.com"},
	} {
		domain, err := filing.ParseDomain(typed)
		if got := [2]string{domain.String(), domain.Unicode()}; err != nil || got != want {
			t.Errorf("%q: got %q, %v", typed, got, err)
		}
	}
}

func TestParseDomainRefusesWhatIsNoBareName(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("d", 63) + "."
	checkRefusals(t, filing.ParseDomain, filing.CodeDomain, []refusal{
		{"scheme", "https://example.com", "scheme", ""},
		{"path", "example.com/index", "format", ""},
		{"port", "example.com:8080", "format", ""},
		{"user", "a@example.com", "format", ""},
		{"no dot", "localhost", "format", ""},
		{"only a dot", "com.", "format", ""},
		{"empty label", "a..example.com", "format", ""},
		{"dot in front", ".example.com", "format", ""},
		{"two final dots", "example.com..", "format", ""},
		{"underscore", "a_b.example.com", "format", ""},
		{"blank", "exam ple.com", "format", ""},
		{"hyphen in front", "-a.example.com", "format", ""},
		{"hyphen at the end", "a-.example.com", "format", ""},
		{"IPv4 address", "192.0.2.1", "format", ""},
		{"long label", "d" + label + "com", "format", ""},
		{"long name", label + label + label + label + "com", "length", "max=253 n=259"},
		{"broken punycode", "xn--a-ecp.xn--0.cn", "format", ""},
	})
}

func FuzzParsePhone(f *testing.F) {
	for _, seed := range []string{"18612341402", "+86 186-1234-1402", "008618612341402", "8618612341402"} {
		f.Add(seed)
	}
	fuzzParse(f, filing.ParsePhone, filing.Phone.Reveal)
}

func FuzzParseEmail(f *testing.F) {
	for _, seed := range []string{"zhang.san@163.com", "INFO@例子.中国", "a+b@example.co.uk", "a@163.com\r\nBcc: b@c.d"} {
		f.Add(seed)
	}
	fuzzParse(f, filing.ParseEmail, filing.Email.Reveal)
}

func FuzzParseDomain(f *testing.F) {
	for _, seed := range []string{"example.com", "例子.中国", "xn--fsqu00a.xn--fiqs8s", "faß.de", "أهلا.com", "a--b.c-d"} {
		f.Add(seed)
	}
	fuzzParse(f, filing.ParseDomain, filing.Domain.String)
}
