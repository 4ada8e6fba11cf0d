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
	"beian/tasks"
)

func TestPagesUseOnlyWhatTheirHandlersGive(t *testing.T) {
	t.Parallel()
	r := hallRenderer(t, hallMust(text.Load())(t))
	pagetest.Check[any](t, r, "router")
	pagetest.Check[[]answer](t, r, "help")
	pagetest.Check[signInData](t, r, "signin")
	pagetest.Check[accountData](t, r, "account")
	pagetest.Check[startData](t, r, "transfer/start")
	pagetest.Check[targetData](t, r, "transfer/target")
	pagetest.Check[blockedData](t, r, "transfer/blocked")
	pagetest.Check[checkData](t, r, "transfer/check")
	pagetest.Check[phoneChangeData](t, r, "phone/start")
	pagetest.Check[blockedData](t, r, "phone/blocked")
	pagetest.Check[lookupData](t, r, "jobs/lookup")
	pagetest.Check[lookupData](t, r, "jobs/phone")
	pagetest.Check[phoneData](t, r, "jobs/phone_code")
	pagetest.Check[jobData](t, r, "jobs/job")
	pagetest.Check[confirmData](t, r, "jobs/confirm")
	pagetest.Check[string](t, r, "jobs/receive")
	pagetest.Check[any](t, r, "import/absent")
	pagetest.Check[importStartData](t, r, "import/start")
	pagetest.Check[any](t, r, "import/which")
	pagetest.Check[lostData](t, r, "import/lost")
	pagetest.Check[credentialsData](t, r, "import/account")
	pagetest.Check[importBlockedData](t, r, "import/blocked")
	pagetest.Check[diffData](t, r, "import/diff")
	pagetest.Check[reportData](t, r, "import/report")
	pagetest.Check[importData](t, r, "jobs/import")
	pagetest.Check[lookupData](t, r, "notme")
	pagetest.Check[frozenData](t, r, "notme_done")
	pagetest.Check[resetStartData](t, r, "reset/start")
	pagetest.Check[whoData](t, r, "reset/who")
	pagetest.Check[factsData](t, r, "reset/facts")
	pagetest.Check[contactData](t, r, "reset/contact")
	pagetest.Check[listData](t, r, "reset/list")
	pagetest.Check[handoffData](t, r, "reset/handoff")
	pagetest.Check[proofData](t, r, "reset/phone")
	pagetest.Check[proofData](t, r, "reset/mailbox")
	pagetest.Check[linkData](t, r, "reset/mailbox_link")
	pagetest.Check[changeData](t, r, "reset/change")
	pagetest.Check[documentData](t, r, "reset/document")
	pagetest.Check[resetCheckData](t, r, "reset/check")
	pagetest.Check[resetBlockedData](t, r, "reset/blocked")
	pagetest.Check[doneData](t, r, "reset/done")
	pagetest.Check[supplementData](t, r, "reset/supplement")
	pagetest.Check[resetData](t, r, "jobs/reset")
}

// steady replaces what differs from run to run.
func steady(main string) string {
	for pattern, by := range map[string]string{
		`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`: "ID",
		`TR[0-9A-Z]{8}\b`: "TR", `CC[0-9A-Z]{8}\b`: "CC", `LI[0-9A-Z]{8}\b`: "LI", `<span>LI</span><span>[0-9A-Z]{4}</span><span>[0-9A-Z]{4}</span>`: "LI", `<span>CC</span><span>[0-9A-Z]{4}</span><span>[0-9A-Z]{4}</span>`: "CC", `LR[0-9A-Z]{8}\b`: "LR", `<span>LR</span><span>[0-9A-Z]{4}</span><span>[0-9A-Z]{4}</span>`: "LR",
		`(?s)<ol class="days".*?</ol>`: "<ol/>", `LR [0-9A-Z]{4} [0-9A-Z]{4}`: "LR", `handoff/[\w-]{22}`: "handoff/TOKEN", `mailbox/[\w-]{22}`: "mailbox/TOKEN", `<span>TR</span><span>[0-9A-Z]{4}</span><span>[0-9A-Z]{4}</span>`: "TR",
		`\d{4}-\d\d-\d\d \d\d:\d\d`: "DATE", `datetime="[^"]*"`: `datetime=""`, `data-copy="[0-9A-Z]{8}"`: `data-copy=""`, `<code>[0-9A-Z]{8}</code>`: "<code></code>",
		`\d\d:\d\d on \w+ \d+ \w+`: "DATE", `\d+ 月 \d+ 日（..）\d\d:\d\d`: "DATE", `mark=[0-9a-f]+`: "mark=", `data-resend="\d+"`: `data-resend=""`,
		`(?s)<svg.*?</svg>`: "<svg/>", `LP[0-9A-Z]{8}\b`: "LP", `LP [0-9A-Z]{4} [0-9A-Z]{4}`: "LP", `<span>LP</span><span>[0-9A-Z]{4}</span><span>[0-9A-Z]{4}</span>`: "LP",
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

func TestResetPagesLookAsAgreed(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunIndividual(t)
	root, front := "/reset/"+receipt, documentPath(receipt, tasks.SlotIDFront)
	link := h.mailboxLink(t)
	g.uploads(t, front, drawn(800, 700, 10)).at(t, front)
	look := func(pages map[string]string) {
		for _, lang := range text.Langs() {
			for name, path := range pages {
				got := steady(g.get(t, path+"?lang="+string(lang)).is(t, 200).main())
				golden(t, filepath.Join("testdata", "pages", "reset-"+name+"."+string(lang)+".html"), got)
			}
		}
	}
	look(map[string]string{"start": "/reset", "list": root, "phone": root + "/phone", "mailbox": root + "/mailbox", "mailbox-link": link,
		"document": front, "facts": root + "/change/facts", "check": root + "/check", "handoff": root + "/handoff"})
	g.confirmed(t, receipt)
	g.filled(t, receipt, tasks.SlotsOf("individual", true)...)
	g.send(t, g.get(t, root+"/check"), root+"/submit", nil).at(t, root+"/done")
	look(map[string]string{"done": root + "/done"})
	h.asks(t, receipt)
	look(map[string]string{"supplement": root + "/supplement", "status": "/jobs/" + receipt})
}
