package api

import (
	"errors"
	"net/url"
	"slices"
	"strconv"

	"beian/api/page"
	"beian/tasks"
)

// redriveAtOnce bounds one submission: each letter is a transaction of its own.
// The page says how many are left.
const redriveAtOnce = 500

// opsDeadPage shows all groups, or one with its letters.
type opsDeadPage struct {
	opsFrame
	Groups  []opsGroupRow
	Total   int64
	Group   *opsGroupRow
	Letters []opsLetterRow
	More    string // address of the next page of letters, or empty
	Act     bool   // this member may re-drive
	AtOnce  int
}

type opsGroupRow struct {
	OpsDeadGroup
	Label, Words, QueueLabel, Href string
}

type opsLetterRow struct {
	OpsDeadLetter
	Href    string // of its job
	Checked bool
}

func (o *Ops) dead(v *opsVisit) error {
	data, err := o.lookDead(v, v.r.URL.Query())
	if err != nil {
		return err
	}
	data.Done = o.done(v, map[string]string{"all": "ops.dead.done.all", "some": "ops.dead.done.some"})
	return o.showDead(v, data, page.View{})
}

func (o *Ops) showDead(v *opsVisit, data opsDeadPage, wrong page.View) error {
	view := o.view(v)
	view.Errors, view.Values, view.Data = wrong.Errors, wrong.Values, data
	if data.Group != nil {
		view.Back = "/ops/dead"
	}
	return o.show(v, "dead", view)
}

// lookDead reads the groups and, when one is asked for, a page of its letters. A
// group that is no more is shown as the list of those that are.
func (o *Ops) lookDead(v *opsVisit, asked url.Values) (opsDeadPage, error) {
	data := opsDeadPage{opsFrame: o.frame(v, "/ops/dead"), Act: v.member.Role == tasks.ActorOperator, AtOnce: redriveAtOnce}
	groups, err := o.parts.Dead.DeadGroups(v.r.Context())
	if err != nil {
		return data, err
	}
	for _, g := range groups {
		row := o.groupRow(v, g)
		data.Groups = append(data.Groups, row)
		data.Total += g.Count
		if g.is(asked) {
			data.Group = &row
		}
	}
	if data.Group == nil {
		return data, nil
	}
	letters, err := o.parts.Dead.DeadIn(v.r.Context(), data.Group.OpsDeadGroup, asked.Get("after"), opsPage+1)
	if err != nil {
		return data, err
	}
	if len(letters) > opsPage {
		letters = letters[:opsPage]
		data.More = data.Group.Href + "&after=" + url.QueryEscape(letters[opsPage-1].ID)
	}
	for _, l := range letters {
		row := opsLetterRow{OpsDeadLetter: l, Checked: slices.Contains(asked["id"], l.ID)}
		if l.Receipt != "" {
			row.Href = "/ops/jobs/" + l.Receipt
		}
		data.Letters = append(data.Letters, row)
	}
	return data, nil
}

func (g OpsDeadGroup) is(asked url.Values) bool {
	return asked.Has("type") && string(g.Queue) == asked.Get("queue") && g.Type == asked.Get("type") && g.Reason == asked.Get("reason")
}

func (g OpsDeadGroup) query() url.Values {
	return url.Values{"queue": {string(g.Queue)}, "type": {g.Type}, "reason": {g.Reason}}
}

func (o *Ops) groupRow(v *opsVisit, g OpsDeadGroup) opsGroupRow {
	return opsGroupRow{OpsDeadGroup: g, Label: o.taskName(v, g.Type), Words: o.reasonWords(v, g.Reason),
		QueueLabel: o.queueName(v, g.Queue), Href: "/ops/dead?" + g.query().Encode()}
}

// redrive gives letters another life: those that were ticked, or all of a group.
// The intention is in the journal first; each letter adds a row of its own.
func (o *Ops) redrive(v *opsVisit) error {
	form := v.r.PostForm
	data, err := o.lookDead(v, form)
	if err != nil {
		return err
	}
	if data.Group == nil {
		v.redirect("/ops/dead?done=some&n=0&all=0") // somebody else was faster
		return nil
	}
	all, reason := form.Get("scope") == "all", cleanReason(form.Get("ops_reason"))
	faults := reasonFault(reason)
	if !all && len(form["id"]) == 0 {
		faults = append([]page.FieldError{{Field: "ids", Key: "ops.dead.choose"}}, faults...)
	}
	if len(faults) > 0 {
		return o.showDead(v, data, page.View{Errors: faults, Values: form})
	}
	ids, err := o.chosen(v, data.Group.OpsDeadGroup, all)
	if err != nil {
		return err
	}
	entry := OpsEntry{Action: "dead.redrive", Object: data.Group.Type + " ×" + strconv.Itoa(len(ids)), Reason: reason, Outcome: "asked"}
	if err := o.note(v, entry); err != nil {
		return err
	}
	done, err := o.redriveEach(v, ids, reason)
	if err != nil {
		entry.Outcome = "failed after " + strconv.Itoa(done)
		_ = o.note(v, entry) // the log has it otherwise
		return err
	}
	scope := "some"
	if all {
		scope = "all"
	}
	query := data.Group.query()
	query.Set("done", scope)
	query.Set("n", strconv.Itoa(done))
	query.Set("all", strconv.Itoa(len(ids)))
	v.redirect("/ops/dead?" + query.Encode())
	return nil
}

// chosen lists the ids to re-drive: of the ticked ones only what is in the group.
func (o *Ops) chosen(v *opsVisit, g OpsDeadGroup, all bool) (ids []string, err error) {
	if !all {
		ticked := v.r.PostForm["id"]
		return ticked[:min(len(ticked), redriveAtOnce)], nil
	}
	letters, err := o.parts.Dead.DeadIn(v.r.Context(), g, "", redriveAtOnce)
	for _, l := range letters {
		ids = append(ids, l.ID)
	}
	return ids, err
}

// redriveEach counts the letters that live again; one that is not dead any more is
// no failure.
func (o *Ops) redriveEach(v *opsVisit, ids []string, reason string) (done int, err error) {
	for _, id := range ids {
		err := o.parts.Dead.Redrive(v.r.Context(), id, OpsEntry{Actor: v.actor(), Reason: reason, RequestID: v.call.id})
		if errors.Is(err, tasks.ErrNotFound) {
			continue
		}
		if err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}
