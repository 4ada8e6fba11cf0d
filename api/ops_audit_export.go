package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"beian/tasks"
)

// exportBatch is how many rows of the journal are read at once.
const exportBatch = 500

// exportedEntry is a row of the journal as a file has it.
type exportedEntry struct {
	Seq       int64  `json:"seq"`
	At        string `json:"at"`
	ActorKind string `json:"actor_kind"`
	ActorID   string `json:"actor_id,omitempty"`
	Actor     string `json:"actor,omitempty"` // the login
	Action    string `json:"action"`
	Object    string `json:"object"`
	Reason    string `json:"reason,omitempty"`
	Outcome   string `json:"outcome,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

func entryOf(e OpsEntry, names map[string]string) exportedEntry {
	return exportedEntry{Seq: e.Seq, At: office(e.At).Format(time.RFC3339), ActorKind: string(e.Actor.Kind), ActorID: e.Actor.ID, Actor: names[e.Actor.ID],
		Action: e.Action, Object: e.Object, Reason: e.Reason, Outcome: e.Outcome, RequestID: e.RequestID}
}

func (e exportedEntry) cells() []string {
	return []string{strconv.FormatInt(e.Seq, 10), e.At, e.ActorKind, e.ActorID, e.Actor, e.Action, e.Object, e.Reason, e.Outcome, e.RequestID}
}

// auditCSV hands the rows of a filter out for a spreadsheet, newest first.
func (o *Ops) auditCSV(v *opsVisit) error {
	return o.export(v, "csv", func() { spreadsheet(v.w, "journal.csv") }, func(rows []exportedEntry, first bool) error {
		var cells [][]string
		if first {
			cells = append(cells, []string{"seq", "at", "actor_kind", "actor_id", "actor", "action", "object", "reason", "outcome", "request_id"})
		}
		for _, row := range rows {
			cells = append(cells, row.cells())
		}
		return csvOf(v.w, cells)
	})
}

// auditLines hands them out one JSON object a line.
func (o *Ops) auditLines(v *opsVisit) error {
	begin := func() {
		v.w.Header().Set("Content-Type", ndjson)
		v.w.Header().Set("Content-Disposition", `attachment; filename="journal.ndjson"`)
		v.w.Header().Set("Cache-Control", "no-store")
	}
	return o.export(v, "ndjson", begin, func(rows []exportedEntry, _ bool) error {
		lines := json.NewEncoder(v.w)
		lines.SetEscapeHTML(false)
		for _, row := range rows {
			if err := lines.Encode(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// export is itself a row of the journal, written before anything leaves, with the
// filter as its reason. A file that can't be finished ends short of its last line,
// and the log says so.
func (o *Ops) export(v *opsVisit, form string, begin func(), write func(rows []exportedEntry, first bool) error) error {
	query := v.r.URL.Query()
	staff, err := o.parts.Porter.Staff(v.r.Context())
	if err != nil {
		return err
	}
	filter, fault := journalQuery(query, staff)
	if fault != "" {
		return &tasks.Invalid{Faults: []tasks.Fault{{Field: fault, Code: faultValue}}}
	}
	filter.Limit, filter.BlindTo = exportBatch, blindTo(v.actor())
	rows, err := o.parts.Journal.FindAudit(v.r.Context(), filter)
	if err != nil {
		return err
	}
	if err := o.note(v, OpsEntry{Action: "audit.export", Object: form, Reason: journalTold(query), Outcome: "done"}); err != nil {
		return err
	}
	names := map[string]string{}
	for _, m := range staff {
		names[m.ID] = m.Login
	}
	_ = http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(verifyTime)) // recorders of tests have none
	begin()
	for first := true; ; first = false {
		out := make([]exportedEntry, len(rows))
		for i, e := range rows {
			out[i] = entryOf(e, names)
		}
		if err == nil {
			err = write(out, first)
		}
		if err != nil {
			o.parts.Log.Warn().Err(err).Str("request_id", v.call.id).Msg("an export of the journal ended early")
			return nil
		}
		if len(rows) < exportBatch {
			return nil
		}
		filter.Below = rows[len(rows)-1].Seq
		rows, err = o.parts.Journal.FindAudit(v.r.Context(), filter)
	}
}
