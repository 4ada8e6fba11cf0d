package api

import (
	"strconv"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// reportData is the reconciliation of an import, item by item (I8).
type reportData struct {
	Receipt, CSV string
	Over         bool
	Counts       []page.Row
	Open         []page.Task // what did not come
	All          []page.Task
}

// importReport shows what became of every item, as far as the import has come.
func (p *pages) importReport(v *visit) error {
	tv, err := p.reported(v)
	if err != nil || tv.Legacy == nil {
		return err
	}
	d := reportData{Receipt: tv.Job.Receipt, CSV: reportPath(tv.Job.Receipt) + ".csv", Over: tv.Job.State.Ended(), Counts: p.countRows(v, tv.Legacy.Facts.Counts)}
	for _, item := range tv.Legacy.Items {
		row := p.reportRow(v, item)
		d.All = append(d.All, row)
		if item.State == tasks.LegacyFailed || item.State == tasks.LegacySkipped {
			d.Open = append(d.Open, row)
		}
	}
	view := p.view(v)
	view.Back, view.Data = "/jobs/"+tv.Job.Receipt, d
	return p.show(v, "import/report", view)
}

// reported is an import that has a report; before it was confirmed there is none,
// and the visitor is at its status page.
func (p *pages) reported(v *visit) (tasks.View, error) {
	tv, err := p.ownImport(v)
	if err != nil || confirmed(tv) {
		return tv, err
	}
	return tasks.View{}, v.to("/jobs/" + tv.Job.Receipt)
}

func (p *pages) reportRow(v *visit, item tasks.LegacyItem) page.Task {
	tone := map[tasks.LegacyItemState]page.Tone{tasks.LegacyImported: page.Good, tasks.LegacyKept: page.Good, tasks.LegacySkipped: page.Neutral,
		tasks.LegacyFailed: page.Bad, tasks.LegacyPending: page.Info}[item.State]
	return page.Task{Hint: p.itemWhy(v, item), Badge: p.badge(v, "import.item."+string(item.State), tone), Title: v.words(p, "import.report.named",
		text.Params{"no": item.No, "kind": v.words(p, "import.kind."+string(item.Kind)), "title": p.itemTitle(v, item)})}
}

// itemTitle is what an item is called: a domain in its own letters, a picture's
// kind, the masked subject, or the id of what can't be read.
func (p *pages) itemTitle(v *visit, item tasks.LegacyItem) string {
	return p.s.itemTitle(v.call.lang, item)
}

func (s *Server) itemTitle(lang text.Lang, item tasks.LegacyItem) string {
	switch item.Kind {
	case tasks.LegacySite:
		return shownDomain(item.Title)
	case tasks.LegacyPicture:
		if key := "import.material." + item.Title; s.parts.Catalog.Has(lang, key) {
			return s.parts.Catalog.T(lang, key)
		}
	case tasks.LegacyUnusable:
		return item.ID
	}
	return item.Title
}

func (p *pages) itemWhy(v *visit, item tasks.LegacyItem) string {
	return p.s.itemWhy(v.call.lang, item)
}

// itemWhy says why an item did not come; empty when it did, or will.
func (s *Server) itemWhy(lang text.Lang, item tasks.LegacyItem) string {
	catalog := s.parts.Catalog
	params := text.Params{"domain": shownDomain(item.Title), "title": s.itemTitle(lang, item)}
	if key := "import.field." + item.Field; item.Field != "" && catalog.Has(lang, key) {
		params["field"] = catalog.T(lang, key)
	}
	switch {
	case item.State == tasks.LegacySkipped && item.Code == "":
		return catalog.T(lang, "import.why.chosen")
	case item.State != tasks.LegacySkipped && item.State != tasks.LegacyFailed:
		return ""
	case item.Kind == tasks.LegacyUnusable:
		return catalog.T(lang, "import.why.unusable", params)
	case item.Kind == tasks.LegacyPicture && item.State == tasks.LegacySkipped:
		return catalog.T(lang, "import.why.parent")
	}
	for _, key := range []string{"import.why." + item.Code, "blocker." + item.Code + ".message"} {
		if catalog.Has(lang, key) {
			return catalog.T(lang, key, params)
		}
	}
	return catalog.T(lang, "import.why.unknown")
}

// importCSV hands the report out for a spreadsheet (I8).
func (p *pages) importCSV(v *visit) error {
	tv, err := p.reported(v)
	if err != nil || tv.Legacy == nil {
		return err
	}
	spreadsheet(v.Response(), tv.Job.Receipt+".csv")
	return csvOf(v.Response(), p.s.reportCells(v.call.lang, *tv.Legacy))
}

// reportCells are the report's rows; the names of the columns are permanent.
func (s *Server) reportCells(lang text.Lang, l tasks.LegacyView) [][]string {
	rows := [][]string{{"no", "kind", "legacy_id", "title", "belongs_to", "result", "code", "reason", "at"}}
	for _, item := range l.Items {
		row := []string{strconv.Itoa(item.No), string(item.Kind), item.ID, s.itemTitle(lang, item), "", string(item.State), item.Code, s.itemWhy(lang, item), ""}
		if item.Parent > 0 {
			row[4] = strconv.Itoa(item.Parent)
		}
		if !item.At.IsZero() {
			row[8] = office(item.At).Format(time.RFC3339)
		}
		rows = append(rows, row)
	}
	return rows
}
