package api

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

// journalExporters may take the journal out of the house (V4): auditors read for
// others, supervisors answer for their people.
func journalExporters() []tasks.ActorKind {
	return []tasks.ActorKind{tasks.ActorAuditor, tasks.ActorSupervisor}
}

// blindTo names who of the readers may still look second at somebody's review, and so
// must not learn here what the first look came to (L9).
func blindTo(reader tasks.Actor) string {
	if slices.Contains(reviewers(), reader.Kind) {
		return reader.ID
	}
	return ""
}

// journalActions are what can be searched for; one that ends with a dot stands for
// a group.
func journalActions() []string {
	return []string{"review.", "review.open", "review.approve", "review.reject", "review.need_more", "review.escalate", "review.undo", "review.unmask",
		"document.", "document.view", "job.", "job.release", "job.reject", "job.shred",
		"staff.", "staff.sign_in", "staff.code_wrong", "staff.add", "staff.role", "staff.disable", "staff.password", "staff.totp", "staff.unlink",
		"apikey.", "apikey.add", "apikey.disable",
		"account.", "account.password", "account.unlink", "password.", "password.request", "password.recover", "login.find",
		"dashboard.", "dashboard.run", "dashboard.archive", "dashboard.delete", "dashboard.pause", "dashboard.resume", "queue.", "dead.redrive",
		"calendar.save", "audit.", "audit.verify", "audit.export", "timeline.seal", "ops.denied"}
}

// Who may also be no person: the system, or any program with a key.
const (
	systemWho  = "system"
	programWho = "program"
)

// journalQuery reads a filter off an address: who, action, object, from and to
// (days in Asia/Shanghai, both included). The fault names the part it can't use.
func journalQuery(query url.Values, staff []accounts.Member) (f tasks.EntryFilter, fault string) {
	f.Action, f.Object = query.Get("action"), strings.TrimSpace(query.Get("object"))
	if receipt, err := filing.ParseReceipt(f.Object); err == nil {
		f.Object = receipt.String()
	}
	if f.Action != "" && !slices.Contains(journalActions(), f.Action) {
		return f, "action"
	}
	if len(f.Object) > maxObject {
		return f, "object"
	}
	if who := query.Get("who"); who == systemWho || who == programWho {
		f.ActorKind = tasks.ActorKind(who)
	} else if who != "" {
		i := slices.IndexFunc(staff, func(m accounts.Member) bool { return m.Login == who || m.ID == who })
		if i < 0 {
			return f, "who"
		}
		f.ActorID = staff[i].ID
	}
	var ok bool
	if f.From, ok = shanghaiDay(query.Get("from")); !ok {
		return f, "from"
	}
	if f.To, ok = shanghaiDay(query.Get("to")); !ok || !f.To.IsZero() && f.To.Before(f.From) {
		return f, "to"
	}
	if !f.To.IsZero() {
		f.To = f.To.AddDate(0, 0, 1)
	}
	return f, ""
}

const maxObject = 200

// shanghaiDay is the beginning of a day; nothing typed is no day.
func shanghaiDay(typed string) (time.Time, bool) {
	if typed == "" {
		return time.Time{}, true
	}
	at, err := time.ParseInLocation(time.DateOnly, typed, time.FixedZone("CST", 8*60*60))
	return at, err == nil
}

// journalTold is a filter in the words of its address, for the journal's row of an export.
func journalTold(query url.Values) string {
	var parts []string
	for _, name := range []string{"who", "action", "object", "from", "to"} {
		if value := query.Get(name); value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	return cleanReason(strings.Join(parts, " "))
}
