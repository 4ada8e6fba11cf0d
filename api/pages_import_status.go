package api

import (
	"slices"
	"strconv"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// importData is a legacy import as one visitor sees it.
type importData struct {
	Receipt, State, Head, Say, Tracking string
	Changed, Objection                  bool
	Stream                              string
	Act, ActWords, ActSay               string // where the applicant goes on now
	Down                                string // the legacy platform does not answer, in words (I2)
	Retry, RetryID                      string
	Steps                               []page.Task
	Settled, Total                      int // items, while they come over
	Counts                              []page.Row
	Report, CSV                         string
	Blockers                            []page.Blocker
	Again                               string
	Waiting                             bool
	SignIn, NotMe                       string
	Cancel, Dispute                     string
	Events                              []page.Event
	Rows                                []page.Row
}

// showImport fills and writes the status page of a legacy import.
func (p *pages) showImport(v *visit, tv tasks.View, view page.View, changed bool) error {
	job, own := tv.Job, tv.Role == tasks.RoleSource
	d := importData{Receipt: job.Receipt, State: string(job.State), Tracking: tv.Tracking, Changed: changed,
		Objection: job.State.Ended() && !job.DisputedAt.IsZero(), Steps: p.importSteps(v, tv), Rows: p.importRows(v, tv),
		Events: p.importTimeline(v, tv)}
	d.Head, d.Say = p.importHeadline(v, tv)
	p.importWait(v, tv, &d)
	p.importCounts(v, tv, &d)
	if own {
		p.importDuty(v, tv, &d)
	}
	if tv.Role == tasks.RoleTracker {
		d.NotMe = "/not-me?receipt=" + job.Receipt
		if v.who.AccountID == "" && !job.State.Ended() {
			d.SignIn = "/sign-in?next=/jobs/" + job.Receipt
		}
	}
	if !settled(tv) {
		d.Stream, view.Refresh = "/jobs/"+job.Receipt+"/stream?mark="+markOf(tv), 30
		if working(job.State) {
			view.Refresh = 10
		}
	}
	d.Waiting = d.Act == "" && !job.State.Ended()
	view.Title, view.Data = d.Head, d
	if v.who.AccountID != "" {
		view.Back = "/account"
	}
	return p.show(v, "jobs/import", view)
}

// confirmed: the applicant said yes to the differences as they are, and the items
// tell what becomes of them.
func confirmed(tv tasks.View) bool {
	return !tv.Legacy.Facts.ConfirmedAt.IsZero() && tv.Job.State != tasks.StateDiff
}

// working: the state changes by itself before long.
func working(s tasks.State) bool { return s == tasks.StateChecking || s == tasks.StateImporting }

// importDuty says what the applicant has to do now, and what is possible.
func (p *pages) importDuty(v *visit, tv tasks.View, d *importData) {
	root := "/jobs/" + tv.Job.Receipt + "/"
	may := func(verb tasks.Verb) bool { return slices.Contains(tv.Verbs, verb) }
	if may(tasks.VerbConfirm) {
		d.Act, d.ActWords = diffPath(tv.Job.Receipt), v.words(p, "import.act.diff")
		d.ActSay = v.words(p, "import.act.diff.say", text.Params{"date": p.s.parts.Catalog.Promise(v.call.lang, tv.Job.ExpiresAt)})
	}
	if may(tasks.VerbRetry) {
		d.Retry, d.RetryID = root+string(tasks.VerbRetry), formID(tv, tasks.VerbRetry)
	}
	if may(tasks.VerbCancel) {
		d.Cancel = root + string(tasks.VerbCancel)
	}
	if may(tasks.VerbDispute) {
		d.Dispute = root + string(tasks.VerbDispute)
	}
	d.Blockers = p.importBlockers(v, tv.Job.Blockers, tv.Job.Receipt)
	if tv.Job.State.Ended() && tv.Job.State != tasks.StateDone {
		d.Again = importPath + "/account?again=" + tv.Job.Receipt
	}
	if confirmed(tv) {
		d.Report = reportPath(tv.Job.Receipt)
		d.CSV = d.Report + ".csv"
	}
}

func diffPath(receipt string) string   { return importPath + "/" + receipt + "/diff" }
func reportPath(receipt string) string { return importPath + "/" + receipt + "/report" }

// importWait tells that the legacy platform does not answer, and when it is asked
// again (I2).
func (p *pages) importWait(v *visit, tv tasks.View, d *importData) {
	f := tv.Legacy.Facts
	if !tv.Legacy.Waiting() || !working(tv.Job.State) {
		return
	}
	d.Down = v.words(p, "import.down.say", text.Params{"since": p.s.parts.Catalog.Date(f.DownSince), "next": p.s.parts.Catalog.Date(f.NextTry),
		"date": p.s.parts.Catalog.Promise(v.call.lang, tv.Job.ExpiresAt)})
}

// importCounts is the reconciliation (I8), once something was to be imported.
func (p *pages) importCounts(v *visit, tv tasks.View, d *importData) {
	c := tv.Legacy.Facts.Counts
	if !confirmed(tv) || c.Total() == 0 {
		return
	}
	if tv.Job.State == tasks.StateImporting {
		d.Settled, d.Total = c.Settled(), c.Total()
	}
	d.Counts = p.countRows(v, c)
}

func (p *pages) countRows(v *visit, c tasks.LegacyCounts) []page.Row {
	var rows []page.Row
	for _, one := range []struct {
		state tasks.LegacyItemState
		n     int
	}{{tasks.LegacyImported, c.Imported}, {tasks.LegacyKept, c.Kept}, {tasks.LegacySkipped, c.Skipped}, {tasks.LegacyFailed, c.Failed}, {tasks.LegacyPending, c.Pending}} {
		if one.n > 0 || one.state == tasks.LegacyImported {
			rows = append(rows, page.Row{Key: v.words(p, "import.item."+string(one.state)), Value: strconv.Itoa(one.n)})
		}
	}
	return rows
}

// importSteps are the stations of an import and how far it came.
func (p *pages) importSteps(v *visit, tv tasks.View) []page.Task {
	f := tv.Legacy.Facts
	stopped := tv.Job.State.Ended() || tv.Job.State == tasks.StateDisputed
	var out []page.Task
	open := true // the first that is not done is where it stands
	for _, step := range stationsOf(tv.Job.State, f) {
		badge, tone := "later", page.Neutral
		switch {
		case step.done:
			badge, tone = "done", page.Good
		case open && stopped:
			badge, tone = "stopped", page.Neutral
		case open && tv.Legacy.Waiting():
			badge, tone = "waiting", page.Pause
		case open:
			badge, tone = step.now, map[string]page.Tone{"now": page.Info, "you": page.Warn, "hold": page.Pause}[step.now]
		}
		open = open && step.done
		out = append(out, page.Task{Title: v.words(p, "import.step."+step.name), Badge: p.badge(v, "import.badge."+badge, tone)})
	}
	return out
}

// station is one step of an import as people see it; now is the badge while it is
// under way.
type station struct {
	name string
	done bool
	now  string
}

func stationsOf(state tasks.State, f tasks.LegacyFacts) []station {
	proof := "proof"
	if f.Papers != "" {
		proof = "proof_papers"
	}
	out := []station{{proof, !f.CheckedAt.IsZero(), "now"}, {"read", !f.ReadAt.IsZero(), "now"},
		{"confirm", !f.ConfirmedAt.IsZero() && state != tasks.StateDiff, "you"}}
	if !f.HoldUntil.IsZero() {
		out = append(out, station{"hold", !f.TiedAt.IsZero() || state == tasks.StateImporting, "hold"})
	}
	return append(out, station{"write", state == tasks.StateDone, "now"})
}

// importRows are the facts of the application, masked.
func (p *pages) importRows(v *visit, tv tasks.View) []page.Row {
	f, date := tv.Legacy.Facts, p.s.parts.Catalog.Date
	var rows []page.Row
	for _, one := range [][2]string{{"import.row.login", f.Login}, {"import.row.papers", f.Papers}, {"import.row.target", f.Target}, {"import.row.subject", f.Subject}, {"import.row.certificate", f.Certificate}, {"import.row.icp", f.ICP}} {
		if one[1] != "" {
			rows = append(rows, page.Row{Key: v.words(p, one[0]), Value: one[1]})
		}
	}
	if !f.FiledAt.IsZero() {
		rows = append(rows, page.Row{Key: v.words(p, "import.row.filed"), Value: p.s.parts.Catalog.Day(f.FiledAt)})
	}
	rows = append(rows, page.Row{Key: v.words(p, "status.submitted"), Value: date(tv.Job.CreatedAt)})
	switch {
	case !tv.Job.EndedAt.IsZero():
		rows = append(rows, page.Row{Key: v.words(p, "status.ended"), Value: date(tv.Job.EndedAt)})
	case tv.Job.State == tasks.StateHold:
		rows = append(rows, page.Row{Key: v.words(p, "import.row.hold"), Value: date(f.HoldUntil)})
	case !tv.Job.ExpiresAt.IsZero() && tv.Job.State != tasks.StateDisputed:
		rows = append(rows, page.Row{Key: v.words(p, "status.expires"), Value: date(tv.Job.ExpiresAt)})
	}
	return rows
}

// importHeadline is the state in words and what it means.
func (p *pages) importHeadline(v *visit, tv tasks.View) (head, say string) {
	f := tv.Legacy.Facts
	key, c := string(tv.Job.State), f.Counts
	switch {
	case working(tv.Job.State) && tv.Legacy.Waiting():
		key = "waiting"
	case tv.Job.State == tasks.StateChecking && !f.CheckedAt.IsZero():
		key = "reading"
	case tv.Job.State == tasks.StateDone && c.Skipped+c.Failed > 0:
		key = "done_partly"
	case tv.Job.State == tasks.StateRejected && !f.TiedAt.IsZero():
		key = "rejected_partly"
	}
	params := text.Params{"target": f.Target, "login": f.Login, "icp": f.ICP, "n": c.Imported + c.Kept, "left": c.Skipped + c.Failed, "conflicts": f.Conflicts,
		"date": p.s.parts.Catalog.Promise(v.call.lang, f.HoldUntil)}
	return v.words(p, "import.head."+key, params), v.words(p, "import.say."+key, params)
}

// importTimeline words the events; there is one account only, the applicant's.
func (p *pages) importTimeline(v *visit, tv tasks.View) []page.Event {
	events := p.timelineOf(v, tv, func(e tasks.Event) (string, string) { return p.importEvent(v, e) })
	for i := range events {
		if events[i].Actor == string(tasks.ActorSource) {
			events[i].Actor = string(tasks.ActorApplicant)
		}
	}
	return events
}

// importEvent words an event of the timeline.
func (p *pages) importEvent(v *visit, e tasks.Event) (title, note string) {
	key := "import.event." + string(e.What)
	if !p.s.parts.Catalog.Has(v.call.lang, key) {
		return v.words(p, eventKey(e)), p.eventNote(v, e)
	}
	switch {
	case e.What == tasks.WhatBlocked && p.s.parts.Catalog.Has(v.call.lang, "import.blocker."+e.Note+".message"):
		note = v.words(p, "import.blocker."+e.Note+".message")
	case e.What == tasks.WhatBlocked:
		note = p.eventNote(v, e)
	}
	return v.words(p, key), note
}

// importFrozenKeys say what an objection did to an import that is over.
func importFrozenKeys(done, disputed bool) [2]string {
	switch {
	case done && disputed:
		return [2]string{"veto.done.title", "import.veto.done"}
	case done:
		return [2]string{"veto.late.title", "import.veto.late"}
	}
	return [2]string{"veto.over.title", "import.veto.over"}
}

// importQuestion is the second look before an import is stopped or frozen.
func (p *pages) importQuestion(v *visit, verb tasks.Verb) confirmData {
	say := func(key string) string { return v.words(p, key) }
	if verb == tasks.VerbDispute {
		return confirmData{Title: say("status.dispute.title"), Text: say("import.dispute.body"), Kind: "warning",
			Button: say("status.dispute.button"), Back: say("status.dispute.back")}
	}
	return confirmData{Title: say("status.cancel.title"), Text: say("import.cancel.body"), Kind: "warning",
		Button: say("status.cancel"), Back: say("status.cancel.back")}
}
