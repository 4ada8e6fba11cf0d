package sms

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"beian/internal/text"
	"beian/tasks"
)

// Approval is the text of one SMS as it is handed in at a provider, who must approve
// it as a template. The signature is not part of it.
type Approval struct {
	Name string
	Lang text.Lang
	Text string
}

// Approvals lists every SMS in both languages with variables as Aliyun writes them,
// ${receipt}, or as Tencent Cloud does, {1}.
func (w *Words) Approvals(numbered bool) []Approval {
	var out []Approval
	for _, name := range Names() {
		for _, lang := range text.Langs() {
			said := w.pattern(name, lang)
			for i, param := range placeholders(said) {
				variable := "${" + param + "}"
				if numbered {
					variable = "{" + strconv.Itoa(i+1) + "}"
				}
				said = strings.ReplaceAll(said, "{"+param+"}", variable)
			}
			out = append(out, Approval{Name: name, Lang: lang, Text: said})
		}
	}
	return out
}

// pattern is a message's text with the site's address filled in and its variables
// left open. One without a longest value shows as !{name}!, which no file passes.
func (w *Words) pattern(name string, lang text.Lang) string {
	open := text.Params{"host": w.host, "base": w.base, "state": "{state}"}
	for param := range Longest() {
		open[param] = "{" + param + "}"
	}
	return w.catalog.T(lang, smsKey+name, open)
}

// longestState is the longest name of a state that a message can tell.
func (w *Words) longestState(lang text.Lang) string {
	longest := ""
	for _, state := range []tasks.State{tasks.StateRejected, tasks.StateWithdrawn, tasks.StateExpired, tasks.StateFailed, tasks.StateDone} {
		if said := w.catalog.T(lang, fmt.Sprint("state.", state)); utf8.RuneCountInString(said) > utf8.RuneCountInString(longest) {
			longest = said
		}
	}
	return longest
}

// Longest gives the longest values that occur in an SMS, by parameter; a new
// parameter of a message needs its line here.
func Longest() map[string]string {
	return map[string]string{
		"receipt": "TR8F4KQX7M", "target": "zha***@example-corp.com.cn", "source": "wan***@example-corp.com.cn", "code": "402917",
		"icp": "粤ICP备2021123456号", "until": "2026-11-25 18:00", "veto": "ABCD2345",
		"login": "wan***@example-corp.com.cn", "date": "2026-11-25 18:00", "new_email": "wan***@example-corp.com.cn",
		"phone": "136 **** 5678", "own_login": "wangxiaoming@example-corp.com.cn", "of": "TR8F4KQX7M", "account": "zha***@example-corp.com.cn",
		"certificate": "1****************X", "imported": "2000", "left": "2000",
	}
}
