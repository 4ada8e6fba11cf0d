package api_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"beian/api"
	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// inboxBox is a box that tests fill.
type inboxBox struct {
	mu      sync.Mutex
	letters []tasks.Letter
	fails   bool
}

func (b *inboxBox) Letters(_ context.Context, limit int) ([]tasks.Letter, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails {
		return nil, tasks.ErrUnavailable
	}
	return append([]tasks.Letter(nil), b.letters[:min(limit, len(b.letters))]...), nil
}

func (b *inboxBox) put(l tasks.Letter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters = append([]tasks.Letter{l}, b.letters...)
}

func inboxNow() time.Time { return time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC) }

// newInboxServer serves an inbox; without a box there is none.
func newInboxServer(t *testing.T, box *inboxBox) *httptest.Server {
	t.Helper()
	catalog, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := page.New(page.Options{Catalog: catalog})
	if err != nil {
		t.Fatal(err)
	}
	parts := api.Parts{Catalog: catalog, Renderer: pages, Log: zerolog.Nop(), PublicURL: "http://beian.example.cn:8080"}
	if box != nil {
		inbox, err := api.NewInbox(api.InboxParts{Letters: box, Renderer: pages, PublicURL: parts.PublicURL, Now: inboxNow, Log: zerolog.Nop(),
			Demo: []api.DemoSignIn{{Login: "li@example.com", Password: "demo-password", Purpose: map[text.Lang]string{text.Chinese: "转出", text.English: "gives"}},
				{Login: "supervisor", Password: "demo-password", Staff: true, Purpose: map[text.Lang]string{text.Chinese: "主管", text.English: "decides"}}}})
		if err != nil {
			t.Fatal(err)
		}
		parts.Pages = api.PagesOf(inbox.Routes)
	}
	server := httptest.NewServer(api.New(parts).Handler())
	t.Cleanup(server.Close)
	return server
}

func inboxGet(t *testing.T, s *httptest.Server, path, lang string) (int, string) {
	t.Helper()
	b := &opsBrowser{opsWorld: &opsWorld{t: t, http: s}, lang: lang, client: s.Client()}
	got := b.get(path)
	return got.status, got.body
}

func sampleBox() *inboxBox {
	at := inboxNow().Add(-time.Minute)
	letter := func(id, to, words string) tasks.Letter {
		return tasks.Letter{OutID: id, Channel: tasks.ChannelSMS, To: to, Text: words, At: at, DeliveredAt: at}
	}
	box := &inboxBox{}
	mail := letter("mail", "li@example.com", "备案即将转出，受理编号 TR8F4KQX7M\n\n打开页面并填写冻结码 7KQ2M9XA：\nhttp://beian.example.cn:8080/not-me?receipt=TR8F4KQX7M\n\n主体备案号 京ICP备20240011号")
	mail.Channel = tasks.ChannelMail
	box.put(mail)
	box.put(letter("code", "13900139001", "【备案服务台】验证码 048213，10 分钟内有效，用于转移备案。请勿告诉他人。"))
	box.put(letter("host", "13900139001", "【备案服务台】备案即将转出。若非本人操作，到 beian.example.cn:8080/not-me 填写 TR8F4KQX7M 和 7KQ2M9XA 冻结。"))
	late := letter("late", "13800138003", "【备案服务台】验证码 771100，10 分钟内有效。")
	late.At = inboxNow().Add(-2 * time.Minute)
	late.DeliveredAt = late.At.Add(90 * time.Second)
	box.put(late)
	waiting := letter("waiting", "13800138003", "【备案服务台】验证码 662244，10 分钟内有效。")
	waiting.DeliveredAt = inboxNow().Add(30 * time.Second)
	box.put(waiting)
	return box
}

func TestTheInboxExistsOnlyWhereItIsHungIn(t *testing.T) {
	t.Parallel()
	for path := range map[string]bool{"/inbox": true, "/inbox/stream": true} {
		if status, _ := inboxGet(t, newInboxServer(t, nil), path, "en"); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestTheInboxPlaysThePhone(t *testing.T) {
	t.Parallel()
	s := newInboxServer(t, sampleBox())
	for _, lang := range []string{"zh-CN", "en"} {
		status, got := inboxGet(t, s, "/inbox", lang)
		if status != http.StatusOK {
			t.Fatalf("%d", status)
		}
		for _, part := range []string{"<strong>048213</strong>", `data-copy="048213"`, "<strong>7KQ2M9XA</strong>",
			`<a href="/not-me">beian.example.cn:8080/not-me</a>`, `<a href="/not-me?receipt=TR8F4KQX7M">`, "13800138004",
			`href="/inbox?to=13900139001"`, `<option value="13900139001">`, "demo-password", `content="5"`, "京ICP备20240011号"} {
			if !strings.Contains(got, part) {
				t.Errorf("%s: the page lacks %s", lang, part)
			}
		}
		if strings.Contains(got, "662244") || strings.Contains(got, "!inbox") {
			t.Errorf("%s: it shows what has not arrived, or lacks a message", lang)
		}
		if first, second := strings.Index(got, "771100"), strings.Index(got, "048213"); first > second {
			t.Errorf("%s: the newest is not first", lang)
		}
		opsGolden(t, "inbox."+lang+".html", got)
	}
}

func TestTheInboxFiltersByReceiver(t *testing.T) {
	t.Parallel()
	s := newInboxServer(t, sampleBox())
	_, got := inboxGet(t, s, "/inbox?to=13900139001", "en")
	if !strings.Contains(got, "048213") || strings.Contains(got, "771100") || !strings.Contains(got, "2 messages") {
		t.Error("another receiver's messages, or not all of this one")
	}
	if !strings.Contains(got, `<option value="13900139001" selected>13900139001 (2)</option>`) {
		t.Error("the filter does not show what it filters by")
	}
	if !strings.Contains(got, `data-stream-url="/inbox/stream?to=13900139001"`) {
		t.Error("the stream forgets the filter")
	}
	hostile := `"><script>alert(1)</script>`
	if status, got := inboxGet(t, s, "/inbox?to="+url.QueryEscape(hostile), "en"); status != 200 || strings.Contains(got, "<script>alert") {
		t.Errorf("a hostile filter: %d", status)
	}
}

func TestAMessageCanNotBreakOutOrLeadAway(t *testing.T) {
	t.Parallel()
	box := &inboxBox{}
	for i, words := range []string{
		`<script>alert(1)</script> http://evil.example/123456`,
		`http://beian.example.cn:8080//evil.example/x`, `http://beian.example.cn:8080/\evil`,
		`javascript:alert(1) beian.example.cn:8080`, `http://beian.example.cn:8080@evil.example/`,
		`http://beian.example.cn:8080.evil.example/x`,
	} {
		box.put(tasks.Letter{OutID: `x"><b>` + string(rune('a'+i)), Channel: tasks.ChannelSMS, To: `<b>"`, Text: words, At: inboxNow(), DeliveredAt: inboxNow()})
	}
	_, got := inboxGet(t, newInboxServer(t, box), "/inbox", "en")
	for _, bad := range []string{"<script>alert", `href="//`, `href="http`, `href="javascript`, "<b>", `href="/\`} {
		if strings.Contains(got, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
}

func TestAnInboxThatCanNotBeReadSaysSo(t *testing.T) {
	t.Parallel()
	if status, _ := inboxGet(t, newInboxServer(t, &inboxBox{fails: true}), "/inbox", "en"); status != http.StatusServiceUnavailable {
		t.Errorf("%d", status)
	}
}

func TestTheStreamTellsOfANewMessage(t *testing.T) {
	t.Parallel()
	box := sampleBox()
	s := newInboxServer(t, box)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/inbox/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	told := false
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "retry:"):
			box.put(tasks.Letter{OutID: "new", To: "1", Text: "new", At: inboxNow(), DeliveredAt: inboxNow()})
		case strings.HasPrefix(line, "data:"):
			told = true
			cancel()
		}
	}
	if !told || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("told %v, %s", told, res.Header.Get("Content-Type"))
	}
}

func TestAnInboxNeedsAnAbsoluteAddress(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "/x", "beian.example.cn", "http://", "::"} {
		if _, err := api.NewInbox(api.InboxParts{PublicURL: bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
