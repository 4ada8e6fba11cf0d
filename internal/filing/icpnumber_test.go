package filing_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"beian/internal/filing"
)

func TestParseICPNumberGivesTheCanonicalForm(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"京ICP备12345678号":             "京ICP备12345678号",
		"京ICP备12345678":              "京ICP备12345678号",
		"京icp备12345678号-1":           "京ICP备12345678号-1",
		"京ICP备12345678-1":            "京ICP备12345678号-1",
		"京ICP备05004093-1号":           "京ICP备05004093号-1",
		"京ICP备12345678号-3A":          "京ICP备12345678号-3A",
		"京ICP备12345678号-3a":          "京ICP备12345678号-3A",
		"京ICP备12345678号-12X":         "京ICP备12345678号-12X",
		" 京 ICP 备 1234 5678 号 - 1 ":  "京ICP备12345678号-1",
		"京ＩＣＰ备１２３４５６７８号－１":           "京ICP备12345678号-1",
		"京ICP备12345678号–1":           "京ICP备12345678号-1",
		"京ICP备12345678号—1":           "京ICP备12345678号-1",
		"\u202d京ICP备12345678号\u202c": "京ICP备12345678号",
		"浙ICP备1234567号":              "浙ICP备1234567号",
		"粤ICP备2023012345号-2":         "粤ICP备2023012345号-2",
		"粤ICP备202301234567号":         "粤ICP备202301234567号",
		"川ICP备12345678号":             "蜀ICP备12345678号",
		"贵ICP备12345678号":             "黔ICP备12345678号",
		"云ICP备12345678号":             "滇ICP备12345678号",
		"甘ICP备12345678号":             "陇ICP备12345678号",
		"秦ICP备12345678号":             "陕ICP备12345678号",
	} {
		number, err := filing.ParseICPNumber(typed)
		if err != nil || number.String() != want {
			t.Errorf("%q: got %s, %v, want %s", typed, number, err, want)
		}
	}
}

func TestParseICPNumberKnowsEveryProvince(t *testing.T) {
	t.Parallel()
	letters := []rune("京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新" + "蜀黔滇秦陇")
	if len(letters) != 31+5 {
		t.Fatalf("the test knows %d letters", len(letters))
	}
	provinces := map[filing.ICPNumber]bool{}
	for _, letter := range letters {
		number, err := filing.ParseICPNumber(string(letter) + "ICP备12345678号")
		if err != nil {
			t.Errorf("%c: %v", letter, err)
		}
		provinces[number] = true
	}
	if len(provinces) != 31 {
		t.Errorf("%d provinces, want 31", len(provinces))
	}
}

func TestParseICPNumberNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	checkRefusals(t, filing.ParseICPNumber, filing.CodeICPNumber, []refusal{
		{"licence of the first kind", "京ICP证150476号", "licence", ""},
		{"licence without province", "ICP证150476", "licence", ""},
		{"licence B2", "粤B2-20090059", "licence", ""},
		{"licence B2 with 号 and suffix", "粤B2-20090059号-13", "licence", ""},
		{"licence A2", "粤A2-20044005号", "licence", ""},
		{"licence with spread class", "辽B-2-4-20080039", "licence", ""},
		{"licence with two classes", "皖B1.B2-20070020", "licence", ""},
		{"licence of the whole country", "合字B2-20210001", "licence", ""},
		{"licence without province letter", "b2-20210001", "licence", ""},
		{"public security number", "京公网安备 11010502030143号", "police", ""},
		{"no province", "ICP备12345678号", "province", "pos=1"},
		{"unknown province", "港ICP备12345678号", "province", "pos=1"},
		{"no ICP", "京备12345678号", "format", "pos=2"},
		{"six digits", "京ICP备123456号", "length", "n=6"},
		{"thirteen digits", "京ICP备1234567890123号", "length", "n=13"},
		{"no digits", "京ICP备号", "length", "n=0"},
		{"suffix without hyphen", "京ICP备12345678号1", "suffix", "pos=14"},
		{"suffix zero", "京ICP备12345678号-0", "suffix", "pos=14"},
		{"suffix without number", "京ICP备12345678号-", "suffix", "pos=14"},
		{"suffix of letters", "京ICP备12345678号-1AB", "suffix", "pos=14"},
		{"号 twice", "京ICP备12345678号-1号", "suffix", "pos=14"},
		{"a domain", "example.com", "province", "pos=1"},
	})
}

func TestTheSubjectNumberHasNoSuffix(t *testing.T) {
	t.Parallel()
	site := must(filing.ParseICPNumber("京ICP备12345678号-3A"))
	if !site.HasSuffix() || site.Suffix() != "3A" {
		t.Errorf("suffix %q", site.Suffix())
	}
	subject := site.Subject()
	if subject.HasSuffix() || subject.String() != "京ICP备12345678号" {
		t.Errorf("subject %s", subject)
	}
	if got := subject.WithSuffix(2).String(); got != "京ICP备12345678号-2" {
		t.Errorf("website %s", got)
	}
	if got := site.WithSuffix(0); !got.Equal(subject) {
		t.Errorf("website 0 is %s", got)
	}
	if absent := (filing.ICPNumber{}); !absent.WithSuffix(1).IsZero() || absent.String() != "" {
		t.Error("an absent number got a suffix")
	}
}

func TestPublicValuesTravelAsText(t *testing.T) {
	t.Parallel()
	type facts struct {
		Number  filing.ICPNumber
		Domain  filing.Domain
		Receipt filing.Receipt
	}
	want := facts{
		Number:  must(filing.ParseICPNumber("京ICP备12345678号-1")),
		Domain:  must(filing.ParseDomain("例子.中国")),
		Receipt: must(filing.ParseReceipt("TR8F4KQX7M")),
	}
	for _, value := range []facts{want, {}} {
		text := must(json.Marshal(value))
		got := want
		if err := json.Unmarshal(text, &got); err != nil || got != value {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	if got := fmt.Sprintf("%v", want); got != "{京ICP备12345678号-1 xn--fsqu00a.xn--fiqs8s TR8F4KQX7M}" {
		t.Error(got)
	}
	if err := json.Unmarshal([]byte(`{"Number":"1234","Domain":"x"}`), &want); err == nil {
		t.Error("a wrong number was read")
	}
}

func FuzzParseICPNumber(f *testing.F) {
	for _, seed := range []string{"京ICP备12345678号-3A", "川icp备1234567-1号", "粤B2-20090059号-13", "京ICP证150476号"} {
		f.Add(seed)
	}
	fuzzParse(f, filing.ParseICPNumber, filing.ICPNumber.String)
}
