package text

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// dynamicPrefixes are the keys that code composes from an id; everything else
// must appear in the sources as it is.
func dynamicPrefixes() []string {
	return []string{
		"action.", "actor.", "blocker.", "channel.", "date.month.", "date.weekday.", "day.", "delivery.", "doctor.",
		"error.", "event.message.", "fault.", "field.", "guide.end.", "hint.", "inbox.paper.", "kind.", "msg.", "ops.action.", "ops.denied.", "ops.outcome.", "ops.task.", "ops.template.", "ops.what.", "option.", "owner.", "queue.effect.", "queue.review.", "queue.state.", "queue.verb.", "reason.", "sla.", "state.",
		"transfer_reviewed.", "reversal.", "reset.change.", "reset.doubt.", "reset.facts.name.", "reset.head.", "reset.slot.", "reset.upload.hint.",
		"import.blocker.", "import.event.", "import.field.", "import.head.", "import.item.", "import.kind.", "import.lost.", "import.material.", "import.badge.", "import.row.", "import.say.", "import.step.", "import.why.",
		"review.check.", "review.decide.", "review.flag.", "review.nature.", "review.related.", "review.risk.", "review.state.", "review.tab.",
		"review.then.", "review.unmask.", "review.verdict.", "contact_change.", "contact_papers.", "legacy_papers.",
	}
}

func states() []string {
	return strings.Fields("draft email_confirm source_verify target_confirm queued claimed approved_1 need_more " +
		"hold old_phone new_phone checking diff importing disputed applying done rejected withdrawn expired failed")
}

func blockers() []string {
	return strings.Fields(`SOURCE_HAS_NO_SUBJECT SOURCE_ORDER_IN_PROGRESS SOURCE_FROZEN TARGET_NOT_FOUND TARGET_IS_SOURCE
		TARGET_HAS_SUBJECT TARGET_ORDER_IN_PROGRESS TARGET_FROZEN SITE_UNSUPPORTED TARGET_NOT_REALNAME REALNAME_MISMATCH
		HOLD_ACTIVE JOB_ALREADY_OPEN SUBJECT_HELD_ELSEWHERE DOMAIN_HELD_ELSEWHERE LEGACY_CREDENTIALS_WRONG LEGACY_LOCKED
		LEGACY_ALREADY_IMPORTED LEGACY_NOTHING_FOUND LEGACY_RECORD_BROKEN LEGACY_TOO_NEW LEGACY_UNAVAILABLE FACTS_DO_NOT_MATCH EMAIL_TAKEN CODE_WRONG CODE_EXPIRED
		CODE_LOCKED CODE_TOO_FREQUENT DOC_MISSING DOC_FORMAT DOC_SIZE DOC_DIMENSIONS DOC_BLURRED DOC_DARK DOC_GLARE
		DOC_DUPLICATE DOC_EXPIRED LETTER_DATE LETTER_SEAL ID_CHECK_DIGIT CREDIT_CODE_CHECK_DIGIT ICP_NUMBER_FORMAT
		PHONE_INVALID PHONE_NONE PHONE_REPLACED SUBJECT_NONE PHONE_UNCONFIRMED EMAIL_INVALID TOO_MANY_REQUESTS SNAPSHOT_EXPIRED HOLDINGS_CHANGED`)
}

func loaded(t *testing.T) *Catalog {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stem drops the plural suffix, in which the languages may differ.
func stem(key string) string {
	return strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
}

func stems(messages map[string]string) []string {
	var keys []string
	for key := range messages {
		keys = append(keys, stem(key))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func placeholders(message string) []string {
	names := regexp.MustCompile(`\{(\w+)\}`).FindAllString(message, -1)
	for i := range names {
		names[i] = strings.ToLower(names[i])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestBothLanguagesHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	if diff := cmp.Diff(stems(c.messages[Chinese]), stems(c.messages[English])); diff != "" {
		t.Error(diff)
	}
}

func TestBothLanguagesUseTheSamePlaceholders(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	for key, message := range c.messages[English] {
		chinese, ok := c.messages[Chinese][key]
		if !ok {
			chinese = c.messages[Chinese][stem(key)+".other"]
		}
		if diff := cmp.Diff(placeholders(chinese), placeholders(message)); diff != "" {
			t.Errorf("%s:\n%s", key, diff)
		}
	}
}

func TestEveryPluralHasBothForms(t *testing.T) {
	t.Parallel()
	english := loaded(t).messages[English]
	for key := range english {
		if english[stem(key)] != "" || strings.HasPrefix(key, "option.") { // an option may be called other
			continue
		}
		if english[stem(key)+".one"] == "" || english[stem(key)+".other"] == "" {
			t.Errorf("%s lacks its other form", key)
		}
	}
}

func TestEveryBlockerAndStateHasItsWords(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	var want []string
	for _, code := range blockers() {
		want = append(want, "blocker."+code+".message", "blocker."+code+".remedy")
	}
	for _, state := range states() {
		want = append(want, "state."+state, "state."+state+".meaning", "state."+state+".who")
	}
	for _, key := range want {
		if !c.Has(Chinese, key) || !c.Has(English, key) {
			t.Errorf("no words for %s", key)
		}
	}
	for key := range c.messages[Chinese] {
		known := strings.HasPrefix(key, "blocker.") || strings.HasPrefix(key, "state.")
		if known && !slices.Contains(want, strings.TrimSuffix(key, ".bare")) {
			t.Errorf("%s belongs to no blocker or state", key)
		}
	}
}

func TestWordsFollowTheHouseRules(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	rules := map[Lang]*regexp.Regexp{
		Chinese: regexp.MustCompile(`登陆|帐号|你|其它|[!！]|[０-９]`),
		English: regexp.MustCompile(`(?i)\b(please|invalid|oops|sorry about)\b|!`),
	}
	for lang, bad := range rules {
		for key, message := range c.messages[lang] {
			if strings.TrimSpace(message) == "" {
				t.Errorf("%s %s is empty", lang, key)
			}
			if found := bad.FindString(message); found != "" {
				t.Errorf("%s %s says %q", lang, key, found)
			}
		}
	}
}

// Errors say 请 only in the settled forms 请填写, 请选择 and 请上传.
func TestErrorsDoNotPlead(t *testing.T) {
	t.Parallel()
	settled := strings.NewReplacer("请填写", "", "请选择", "", "请上传", "", "申请", "", "请求", "")
	for key, message := range loaded(t).messages[Chinese] {
		isError := strings.HasPrefix(key, "msg.") || strings.HasPrefix(key, "fault.") || strings.HasPrefix(key, "blocker.") || strings.HasPrefix(key, "error.")
		if isError && strings.Contains(settled.Replace(message), "请") {
			t.Errorf("%s pleads: %s", key, message)
		}
		if strings.Contains(message, "抱歉") && !strings.HasPrefix(key, "error.50") {
			t.Errorf("%s apologises for what is not our fault", key)
		}
	}
}

func TestNoKeyIsUnused(t *testing.T) {
	t.Parallel()
	used := sources(t, filepath.Join("..", ".."))
	for _, key := range stems(loaded(t).messages[Chinese]) {
		composed := slices.ContainsFunc(dynamicPrefixes(), func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		if !composed && !strings.Contains(used, `"`+key+`"`) {
			t.Errorf("nothing says %s", key)
		}
	}
}

func TestTemplatesNameOnlyKeysThatExist(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	literal := regexp.MustCompile(`\bt "([a-z0-9_.]+)"|\.T\(\w+(?:\.\w+)?, "([a-z0-9_.]+)"`)
	for _, match := range literal.FindAllStringSubmatch(sources(t, filepath.Join("..", "..")), -1) {
		key := match[1] + match[2]
		if _, ok := c.find(Chinese, key, nil); !ok && !strings.HasSuffix(key, ".") {
			t.Errorf("no message for %s", key)
		}
	}
}

// sources joins all templates and Go files but tests.
func sources(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".git") || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		ext := filepath.Ext(file)
		if entry.IsDir() || strings.HasSuffix(file, "_test.go") || ext != ".go" && ext != ".html" {
			return nil
		}
		raw, err := os.ReadFile(file)
		all.Write(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestMessagesAreFilled(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	for _, test := range []struct {
		lang   Lang
		key    string
		params Params
		want   string
	}{
		{English, "fault.CODE_WRONG", Params{"n": 1}, "The code is not correct. You can try 1 more time"},
		{English, "fault.CODE_WRONG", Params{"n": 3}, "The code is not correct. You can try 3 more times"},
		{Chinese, "fault.CODE_WRONG", Params{"n": 1}, "验证码不正确，还可以再试 1 次"},
		{English, "msg.doc.mismatch", Params{"field": "name"}, "Name in the photo differs from what you entered"},
		{English, "fault.CODE_WRONG", nil, "The code is not correct"},
		{English, "fault.REQUIRED", nil, "Enter !{field}!"},
		{English, "fault.REQUIRED", Params{"field": "{n}"}, "Enter {n}"},
		{English, "no.such.key", nil, "!no.such.key!"},
		{"fr", "nav.back", nil, "!nav.back!"},
	} {
		if got := c.T(test.lang, test.key, test.params); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.lang, test.key, got, test.want)
		}
	}
}

// Rules do not always know the figures; a blocker must read well without them.
func TestBlockersAndFaultsReadWellWithoutParameters(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	for _, lang := range Langs() {
		for _, code := range blockers() {
			message, remedy := c.Blocker(lang, code, nil)
			fault := c.Fault(lang, Fault{Field: "cert_no", Code: code})
			if strings.Contains(message+remedy+fault, "!") {
				t.Errorf("%s %s: %s; %s; %s", lang, code, message, remedy, fault)
			}
		}
		for key := range c.messages[lang] {
			if rest, ok := strings.CutPrefix(stem(key), "fault."); ok {
				code, reason, _ := strings.Cut(strings.TrimSuffix(rest, ".bare"), ".")
				if said := c.Fault(lang, Fault{Field: "cert_no", Code: code, Reason: reason}); strings.Contains(said, "!") {
					t.Errorf("%s %s: %s", lang, key, said)
				}
			}
		}
	}
}

func TestFaultsTakeTheMostExactSentence(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	for _, test := range []struct {
		fault Fault
		want  string
	}{
		{Fault{Field: "cert_no", Code: "ID_CHECK_DIGIT", Reason: "length", Params: ParamsOf(map[string]string{"n": "17"})}, "ID number must have 18 characters; it has 17"},
		{Fault{Field: "cert_no", Code: "CREDIT_CODE_CHECK_DIGIT", Reason: "check", Params: Params{"pos": 18}}, "The credit code's check character does not match. Check it against the licence"},
		{Fault{Field: "cert_no", Code: "FACTS_DO_NOT_MATCH"}, "We could not confirm the filing details"},
		{Fault{Field: "cert_no", Code: "ID_CHECK_DIGIT", Reason: "empty"}, "Enter certificate number"},
		{Fault{Field: "cert_no", Code: "REQUIRED"}, "Enter certificate number"},
	} {
		if got := c.Fault(English, test.fault); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestFieldNamesReadWellInsideSentences(t *testing.T) {
	t.Parallel()
	c := &Catalog{messages: map[Lang]map[string]string{English: {"field.a": "Receiving account", "field.b": "ID number", "field.c": "X"}}}
	got := []string{c.Field(English, "a"), c.Field(English, "b"), c.Field(English, "c")}
	if diff := cmp.Diff([]string{"receiving account", "ID number", "x"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTimesAreShownOnTheOfficeClock(t *testing.T) {
	t.Parallel()
	c := loaded(t)
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	got := []string{c.Date(at), c.Day(at.Add(7 * time.Hour)), c.Promise(Chinese, at), c.Promise(English, at)}
	want := []string{"2026-11-25 18:00", "2026-11-26", "11 月 25 日（周三）18:00", "18:00 on Wednesday 25 November"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenCatalogsStopTheStart(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]fstest.MapFS{
		"not JSON": {"catalog/a.en.json": {Data: []byte(`{`)}},
		"twice":    {"catalog/a.en.json": {Data: []byte(`{"k":"v"}`)}, "catalog/b.en.json": {Data: []byte(`{"k":"v"}`)}},
	} {
		if _, err := load(files); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func FuzzMatchAlwaysAnswersALanguage(f *testing.F) {
	f.Add("zh-CN,zh;q=0.9,en;q=0.8")
	f.Fuzz(func(t *testing.T, header string) {
		if _, ok := Parse(string(Match(header))); !ok {
			t.Errorf("%q gave no language", header)
		}
	})
}
