package tasks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"beian/internal/filing"
	"beian/internal/intake"
	"beian/tasks"
)

// line is one object of an import.
type line map[string]any

func (l line) with(changes line) line {
	out := maps.Clone(l)
	maps.Copy(out, changes)
	return out
}

// person is an account with the lines that made it.
type person struct {
	id, ext, email, phone, principal string
	account, subject                 line
	websites                         []line
}

func (p person) phone4() string { return p.phone[len(p.phone)-4:] }

func (p person) viewer() tasks.Viewer { return tasks.Viewer{AccountID: p.id} }

func (p person) subjectID() string { return p.subject["external_id"].(string) }

// take imports lines the way the filing system does.
func (o *office) take(lines ...line) {
	o.tb.Helper()
	report := o.offer(lines...)
	if report.Refused > 0 || report.MovedHere > 0 {
		o.tb.Fatalf("the import was refused: %+v", report.Faults)
	}
}

func (o *office) offer(lines ...line) intake.Report {
	o.tb.Helper()
	var text strings.Builder
	for _, l := range lines {
		raw, err := json.Marshal(l)
		if err != nil {
			o.tb.Fatal(err)
		}
		text.Write(append(raw, '\n'))
	}
	report, err := intake.Run(o.ctx(), o.store, strings.NewReader(text.String()), intake.Options{})
	if err != nil {
		o.tb.Fatal(err)
	}
	return report
}

// someone makes an account that holds nothing.
func (o *office) someone(changes ...line) person {
	o.tb.Helper()
	o.people++
	n := o.people
	p := person{ext: fmt.Sprintf("A%d", n), email: fmt.Sprintf("p%d@example.com", n), phone: fmt.Sprintf("139%08d", n*7+1000),
		principal: fmt.Sprintf("137%08d", n*7+1000)}
	p.account = line{"type": "account", "external_id": p.ext, "site": "china", "status": "active", "login_email": p.email,
		"security_phone": p.phone}
	for _, c := range changes {
		p.account = p.account.with(c)
	}
	o.take(p.account)
	p.id = o.party(p).Account.ID
	return p
}

// holder makes an account with a subject, two websites, a document and a review.
func (o *office) holder(changes ...line) person {
	o.tb.Helper()
	p := o.someone(changes...)
	n := o.people
	p.subject = subjectLine(n, p)
	o.take(p.subject)
	p.websites = []line{websiteLine(n, 1, p), websiteLine(n, 2, p)}
	o.take(p.websites...)
	o.take(line{"type": "record", "external_id": fmt.Sprintf("RD%d", n), "subject": p.subjectID(), "kind": "document", "title": "certificate"},
		line{"type": "record", "external_id": fmt.Sprintf("RR%d", n), "subject": p.subjectID(), "kind": "review", "title": "first filing"})
	return p
}

func subjectLine(n int, p person) line {
	return line{"type": "subject", "external_id": fmt.Sprintf("S%d", n), "account": p.ext, "nature": "individual", "name": "张小明",
		"certificate": line{"type": "passport", "number": fmt.Sprintf("E%08d", n)}, "icp_number": fmt.Sprintf("京ICP备%08d号", 10000000+n),
		"principal": line{"name": "张小明", "phone": p.principal}}
}

func websiteLine(n, suffix int, p person) line {
	return line{"type": "website", "external_id": fmt.Sprintf("W%d.%d", n, suffix), "subject": p.subjectID(), "name": "notes",
		"domain": fmt.Sprintf("site%d-%d.example.com", n, suffix), "suffix": suffix, "domain_account": p.ext, "server_account": p.ext,
		"principal": line{"name": "李小红", "phone": p.principal}}
}

func (o *office) order(p person, inProgress bool) {
	o.tb.Helper()
	o.take(line{"type": "order", "external_id": "O" + p.ext, "account": p.ext, "kind": "change", "in_progress": inProgress})
}

func (o *office) party(p person) tasks.Party {
	o.tb.Helper()
	var party tasks.Party
	o.view(func(tx tasks.Tx) (err error) {
		party, err = tx.Party(o.ctx(), tasks.AccountRef{ExternalID: p.ext})
		return err
	})
	return party
}

func (o *office) holdings(subjectID string) (h tasks.Holdings) {
	o.tb.Helper()
	o.view(func(tx tasks.Tx) (err error) {
		h, err = tx.Holdings(o.ctx(), subjectID)
		return err
	})
	return h
}

func (o *office) parsedPhone(number string) filing.Phone {
	o.tb.Helper()
	p, err := filing.ParsePhone(number)
	if err != nil {
		o.tb.Fatal(err)
	}
	return p
}
