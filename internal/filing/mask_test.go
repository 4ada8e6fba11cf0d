package filing_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"beian/internal/filing"
)

func TestMaskPersonName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"": "", "  ": "", "张": "*", "张三": "张*", "仲尼妮": "仲*妮", " 欧阳娜娜 ": "欧**娜",
		"买买提·艾合买提": "买******提", "Alexander the Great": "A******t", "张\r\n三": "张*", "张\u202e三": "张*",
	} {
		if got := filing.MaskPersonName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestMaskOrganisationName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"": "", "某": "*", "某厂": "某*", "北京某厂": "北*", "北京某某厂": "北京*厂", "星河网络工作室": "星河*工作室",
		"北京星河科技有限公司": "北京*科技有限公司", "北京星河在线网络科技股份有限公司": "北京*股份有限公司",
	} {
		if got := filing.MaskOrganisationName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestEmailsAndPhonesAreMaskedTheUsualWay(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"zhangsan@163.com": "zha***@163.com", "zhan@163.com": "zha***@163.com", "zha@163.com": "z***@163.com",
		"z@163.com": "z***@163.com", "info@例子.中国": "inf***@xn--fsqu00a.xn--fiqs8s",
	} {
		if got := must(filing.ParseEmail(typed)).Masked(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := must(filing.ParsePhone("18612341402")).Masked(); got != "186 **** 1402" {
		t.Errorf("phone %q", got)
	}
}

func TestASubjectsNameIsMaskedByItsNature(t *testing.T) {
	t.Parallel()
	for nature, want := range map[filing.SubjectNature]string{
		filing.NatureOrganisation: "北京*科技有限公司", filing.NatureIndividual: "北******司", "": "北******司",
	} {
		subject := filing.Subject{Nature: nature, Name: "北京星河科技有限公司", Principal: filing.Principal{Name: "张三"}}
		if got := subject.MaskedName(); got != want {
			t.Errorf("%q: got %q", nature, got)
		}
		if got := subject.Principal.MaskedName(); got != "张*" {
			t.Errorf("principal %q", got)
		}
	}
}

func FuzzMaskNames(f *testing.F) {
	for _, seed := range []string{"张三", "北京星河科技有限公司", "\xff\xfe", "a\r\nb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		shown := strings.TrimSpace(name)
		for _, masked := range []string{filing.MaskPersonName(name), filing.MaskOrganisationName(name)} {
			if masked != "" && (!strings.Contains(masked, "*") || utf8.RuneCountInString(masked) > 9) {
				t.Errorf("%q hides nothing", masked)
			}
			if masked == shown && strings.Trim(shown, "*") != "" && !strings.Contains(shown, "*") {
				t.Errorf("%q is not masked", masked)
			}
		}
	})
}
