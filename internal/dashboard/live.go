package dashboard

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

const (
	liveFor   = 3 * time.Second
	liveLimit = 2 * time.Second
	liveMost  = 2000
)

// Live is the state of one task as SQL has it now, in words, masked. Zero fields
// are not shown.
type Live struct {
	Receipt  string // left out unless it is a well-formed receipt
	Kind     string
	State    string
	Claimed  string // by which role, never a name
	Attempts int
	Due      time.Time
	Left     string // until Due, in the words of Span; of the wall's time when empty
	Note     string
	Card     bool // a review card: its line begins with what a reviewer looks for
}

// shown is the line that stands in the dashboard; the keys are Chinese because
// the staff is.
type shown struct {
	Receipt  string `json:"受理编号,omitempty"`
	Kind     string `json:"类型,omitempty"`
	State    string `json:"状态"`
	Claimed  string `json:"认领,omitempty"`
	Attempts int    `json:"次数,omitempty"`
	Due      string `json:"截止,omitempty"`
	Left     string `json:"剩余,omitempty"`
	Note     string `json:"说明,omitempty"`
}

// shownCard is the line of a review card (queue.md, the review card).
type shownCard struct {
	State   string `json:"状态"`
	Claimed string `json:"认领,omitempty"`
	Due     string `json:"截止,omitempty"`
	Left    string `json:"剩余,omitempty"`
	Receipt string `json:"受理编号,omitempty"`
}

const (
	lineUnknown  = `{"状态":"未知"}`
	lineNoResult = `{"结果":"无"}`
)

// A formatter of asynqmon sees neither request nor page. It leaves a mark, and
// fill puts the state of all marks in place with one query per page.
const (
	markBegin = "\ue000"
	markEnd   = "\ue001"
)

var mark = regexp.MustCompile("\ue000([A-Za-z0-9._-]{1,160})\ue001")

// board remembers what was shown for a few seconds.
type board struct {
	parts Parts
	mu    sync.Mutex
	kept  map[string]keptLine
}

type keptLine struct {
	live  Live
	known bool
	until time.Time
}

func newBoard(p Parts) *board { return &board{parts: p, kept: map[string]keptLine{}} }

// payload marks where a task's state goes. The type is ignored: asynqmon's
// detail page does not always hand it over.
func (b *board) payload(_ string, payload []byte) string {
	ref, err := b.parts.Decode(payload)
	if err != nil || !plainName.MatchString(ref.ID) {
		return lineUnknown
	}
	return markBegin + ref.ID + markEnd
}

// result reads what a review card left: its receipt and how it ended, and nothing
// that somebody else may have put there.
func (b *board) result(_ string, result []byte) string {
	if len(result) == 0 {
		return lineNoResult
	}
	var card tasks.CardResult
	if json.Unmarshal(result, &card) != nil || outcomeWords(card.Outcome) == "" {
		return b.payload("", result)
	}
	receipt, err := filing.ParseReceipt(card.Receipt)
	if err != nil {
		return lineUnknown
	}
	encoded, err := json.Marshal(shownResult{Outcome: outcomeWords(card.Outcome), Receipt: receipt.String()})
	if err != nil {
		return lineUnknown
	}
	return string(encoded)
}

type shownResult struct {
	Outcome string `json:"结论"`
	Receipt string `json:"受理编号"`
}

func outcomeWords(outcome string) string {
	switch outcome {
	case string(tasks.ReviewApproved):
		return "通过"
	case string(tasks.ReviewRejected):
		return "不通过"
	case string(tasks.ReviewClosed):
		return "未审结：申请已撤回、过期或终止"
	case string(tasks.VerdictNeedMore):
		return "退回补充"
	}
	return ""
}

// fill replaces all marks in a JSON document.
func (b *board) fill(ctx context.Context, body []byte) []byte {
	found := mark.FindAllSubmatch(body, -1)
	if len(found) == 0 {
		return body
	}
	ids := make([]string, 0, len(found))
	seen := map[string]bool{}
	for _, m := range found {
		if id := string(m[1]); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	lines := b.lines(ctx, ids)
	return mark.ReplaceAllFunc(body, func(m []byte) []byte {
		id := strings.TrimSuffix(strings.TrimPrefix(string(m), markBegin), markEnd)
		return quoted(lines[id])
	})
}

// quoted is a text as it stands between the quotes of a JSON string.
func quoted(text string) []byte {
	encoded, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	return encoded[1 : len(encoded)-1]
}

func (b *board) lines(ctx context.Context, ids []string) map[string]string {
	now := b.parts.Now()
	known, missing := b.recall(now, ids)
	if len(missing) > 0 {
		for id, k := range b.query(ctx, now, missing) {
			known[id] = k
		}
	}
	lines := map[string]string{}
	for _, id := range ids {
		lines[id] = lineUnknown
		if k := known[id]; k.known {
			lines[id] = k.live.line(now)
		}
	}
	return lines
}

func (b *board) recall(now time.Time, ids []string) (known map[string]keptLine, missing []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	known = map[string]keptLine{}
	for _, id := range ids {
		if k, ok := b.kept[id]; ok && now.Before(k.until) {
			known[id] = k
		} else {
			missing = append(missing, id)
		}
	}
	return known, missing
}

// query asks SQL; a failure is not remembered.
func (b *board) query(ctx context.Context, now time.Time, ids []string) map[string]keptLine {
	if b.parts.State == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, liveLimit)
	defer cancel()
	states, err := b.parts.State(ctx, ids)
	if err != nil {
		b.parts.Log.Warn().Err(err).Msg("the dashboard shows no live state")
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.kept)+len(ids) > liveMost {
		clear(b.kept)
	}
	fresh := map[string]keptLine{}
	for _, id := range ids {
		live, known := states[id]
		fresh[id] = keptLine{live: live, known: known, until: now.Add(liveFor)}
		b.kept[id] = fresh[id]
	}
	return fresh
}

func (l Live) line(now time.Time) string {
	receipt, due, remains := "", "", ""
	if r, err := filing.ParseReceipt(l.Receipt); err == nil {
		receipt = r.String()
	}
	if !l.Due.IsZero() {
		due = l.Due.In(chinaTime()).Format("2006-01-02 15:04")
		remains = cmp.Or(scrub(l.Left), Span(l.Due.Sub(now)))
	}
	var s any = shown{Receipt: receipt, Kind: scrub(l.Kind), State: scrub(l.State), Claimed: scrub(l.Claimed), Attempts: l.Attempts,
		Due: due, Left: remains, Note: scrub(l.Note)}
	if l.Card {
		s = shownCard{State: scrub(l.State), Claimed: scrub(l.Claimed), Due: due, Left: remains, Receipt: receipt}
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		return lineUnknown
	}
	return string(encoded)
}

// Span says how much time there is, or how much too late it is.
func Span(d time.Duration) string {
	if d < 0 {
		return "已超" + span(-d)
	}
	return span(d)
}

func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d天", int(d.Hours())/24)
	case d >= time.Hour:
		return fmt.Sprintf("%d小时%d分", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d分", int(d.Minutes()))
}
