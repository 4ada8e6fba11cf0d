package api

import (
	"encoding/json"
	"time"

	"beian/internal/text"
	"beian/tasks"
)

// importBody is a legacy import as its account sees it; everything about people is
// masked.
type importBody struct {
	Login       string       `json:"legacy_login,omitempty" doc:"Masked; absent when it began with papers."`
	Target      string       `json:"target" doc:"The account that receives; masked."`
	Subject     string       `json:"subject,omitempty" doc:"Of the legacy platform; masked."`
	Certificate string       `json:"certificate,omitempty" doc:"Masked."`
	ICPNo       string       `json:"icp_no,omitempty"`
	FiledAt     *time.Time   `json:"filed_at,omitempty"`
	Merges      bool         `json:"merges" doc:"Into the subject that the account holds."`
	Conflicts   int          `json:"conflicts" doc:"Rows that need a choice."`
	ConfirmedAt *time.Time   `json:"confirmed_at,omitempty"`
	HoldUntil   *time.Time   `json:"hold_until,omitempty" doc:"After papers: nothing comes before."`
	Papers      string       `json:"papers,omitempty" doc:"The receipt of the approved papers that it began with."`
	Unanswered  *unanswered  `json:"unanswered,omitempty" doc:"Only while the legacy platform does not answer."`
	Counts      importCounts `json:"counts"`
}

type unanswered struct {
	Since   *time.Time `json:"since"`
	NextTry *time.Time `json:"next_try"`
}

// importCounts is the reconciliation: every item is in exactly one of them.
type importCounts struct {
	Pending  int `json:"pending"`
	Imported int `json:"imported"`
	Kept     int `json:"kept" doc:"Here already, and nothing of it changed."`
	Skipped  int `json:"skipped"`
	Failed   int `json:"failed"`
}

type diffOutput struct {
	Language string `header:"Content-Language"`
	ETag     string `header:"ETag" doc:"What confirm names as If-Match."`
	Body     importDiff
}

type importDiff struct {
	Receipt   string       `json:"receipt"`
	State     string       `json:"state"`
	Version   int64        `json:"version"`
	Merges    bool         `json:"merges" doc:"Into the subject that the account holds."`
	Conflicts int          `json:"conflicts" doc:"Rows that need a choice."`
	Equal     int          `json:"equal" doc:"Rows that are the same on both sides."`
	Items     []importItem `json:"items"`
}

type importReport struct {
	Receipt string       `json:"receipt"`
	State   string       `json:"state"`
	Counts  importCounts `json:"counts"`
	Items   []importItem `json:"items"`
}

type importItem struct {
	No        int         `json:"no" doc:"Its number in this import."`
	Kind      string      `json:"kind" enum:"subject,website,material,fault"`
	LegacyID  string      `json:"legacy_id" doc:"The legacy platform's, permanent."`
	BelongsTo int         `json:"belongs_to,omitempty" doc:"Of a material: the no of its subject or website."`
	Title     string      `json:"title"`
	Action    string      `json:"action" enum:"create,merge,skip"`
	State     string      `json:"state" enum:"pending,imported,kept,skipped,failed"`
	Choosable bool        `json:"choosable" doc:"It can be left out."`
	Choice    string      `json:"choice,omitempty" enum:"skip"`
	Code      string      `json:"code,omitempty" doc:"Why it is skipped or failed."`
	Reason    string      `json:"reason,omitempty" doc:"The same in words."`
	At        *time.Time  `json:"at,omitempty"`
	Rows      []importRow `json:"rows,omitempty"`
}

// importRow is one field on both sides, masked: two values that differ may look the
// same.
type importRow struct {
	Field  string `json:"field"`
	Legacy string `json:"legacy"`
	Here   string `json:"here,omitempty"`
	State  string `json:"state" enum:"equal,new,conflict,fixed,unreadable" doc:"conflict: choose keep or take. fixed: they differ, and ours stays."`
	Choice string `json:"choice,omitempty" enum:"keep,take"`
}

// importIn reads the masked facts of a legacy import.
func importIn(j tasks.Job) *importBody {
	var f tasks.LegacyFacts
	_ = json.Unmarshal(j.Facts, &f) // a list shows what can be shown
	b := &importBody{Login: f.Login, Target: f.Target, Subject: f.Subject, Certificate: f.Certificate, ICPNo: f.ICP, FiledAt: office(f.FiledAt),
		Merges: f.Merges, Conflicts: f.Conflicts, ConfirmedAt: office(f.ConfirmedAt), HoldUntil: office(f.HoldUntil), Papers: f.Papers, Counts: importCountsOf(f.Counts)}
	if !f.DownSince.IsZero() {
		b.Unanswered = &unanswered{Since: office(f.DownSince), NextTry: office(f.NextTry)}
	}
	return b
}

func importCountsOf(c tasks.LegacyCounts) importCounts {
	return importCounts{Pending: c.Pending, Imported: c.Imported, Kept: c.Kept, Skipped: c.Skipped, Failed: c.Failed}
}

func (s *Server) itemsOf(lang text.Lang, items []tasks.LegacyItem, rows bool) []importItem {
	out := make([]importItem, len(items))
	for i, item := range items {
		out[i] = importItem{No: item.No, Kind: string(item.Kind), LegacyID: item.ID, BelongsTo: item.Parent, Title: s.itemTitle(lang, item),
			Action: string(item.Action), State: string(item.State), Choosable: item.Choosable(), Choice: item.Choice, Code: item.Code,
			Reason: s.itemWhy(lang, item), At: office(item.At)}
		if !rows {
			continue
		}
		for _, r := range item.Rows {
			out[i].Rows = append(out[i].Rows, importRow{Field: r.Field, Legacy: r.Legacy, Here: r.Here, State: string(r.State), Choice: r.Choice})
		}
	}
	return out
}
