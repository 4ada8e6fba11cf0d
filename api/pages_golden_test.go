package api

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/api/page/pagetest"
	"beian/internal/text"
)

func TestPagesUseOnlyWhatTheirHandlersGive(t *testing.T) {
	t.Parallel()
	r := hallRenderer(t, hallMust(text.Load())(t))
	pagetest.Check[any](t, r, "router")
	pagetest.Check[[]answer](t, r, "help")
	pagetest.Check[signInData](t, r, "signin")
	pagetest.Check[accountData](t, r, "account")
	pagetest.Check[startData](t, r, "transfer/start")
	pagetest.Check[any](t, r, "transfer/target")
	pagetest.Check[blockedData](t, r, "transfer/blocked")
	pagetest.Check[checkData](t, r, "transfer/check")
	pagetest.Check[lookupData](t, r, "jobs/lookup")
	pagetest.Check[lookupData](t, r, "jobs/phone")
	pagetest.Check[phoneData](t, r, "jobs/phone_code")
	pagetest.Check[jobData](t, r, "jobs/job")
	pagetest.Check[confirmData](t, r, "jobs/confirm")
	pagetest.Check[string](t, r, "jobs/receive")
	pagetest.Check[lookupData](t, r, "notme")
	pagetest.Check[frozenData](t, r, "notme_done")
}

// steady replaces what differs from run to run.
func steady(main string) string {
	for pattern, by := range map[string]string{
		`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`: "ID",
		`TR[0-9A-Z]{8}\b`: "TR", `<span>TR</span><span>[0-9A-Z]{4}</span><span>[0-9A-Z]{4}</span>`: "TR",
		`\d{4}-\d\d-\d\d \d\d:\d\d`: "DATE", `datetime="[^"]*"`: `datetime=""`, `data-copy="[0-9A-Z]{8}"`: `data-copy=""`, `<code>[0-9A-Z]{8}</code>`: "<code></code>",
		`\d\d:\d\d on \w+ \d+ \w+`: "DATE", `\d+ 月 \d+ 日（..）\d\d:\d\d`: "DATE", `mark=[0-9a-f]+`: "mark=", `data-resend="\d+"`: `data-resend=""`,
		`(?s)<svg.*?</svg>`: "<svg/>",
	} {
		main = regexp.MustCompile(pattern).ReplaceAllString(main, by)
	}
	return main
}

func TestMainPagesLookAsAgreed(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	check := g.checked(t)
	blocked := g.send(t, g.get(t, "/transfer/target"), "/transfer/target", url.Values{"target": {"full@example.com"}, "target_phone4": {"9006"}})
	_, receipt := g.submitted(t)
	h.work(t)
	pages := map[string]string{"router": "/", "start": "/transfer", "check": check.path, "blocked": blocked.path, "job": "/jobs/" + receipt,
		"lookup": "/jobs", "not-me": "/not-me"}
	for _, lang := range text.Langs() {
		for name, path := range pages {
			got := steady(g.get(t, path+"?lang="+string(lang)).is(t, 200).main())
			golden(t, filepath.Join("testdata", "pages", name+"."+string(lang)+".html"), got)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if update := flag.Lookup("update"); update != nil && update.Value.String() == "true" {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s:\n%s", file, diff)
	}
}
