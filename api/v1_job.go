package api

import (
	"encoding/json"
	"strconv"
	"time"

	"beian/internal/text"
	"beian/tasks"
)

// jobBody is a job as its parties see it; everything about people is masked.
type jobBody struct {
	Receipt    string           `json:"receipt" example:"TR8F4KQX7M" doc:"Public number of the job."`
	Kind       string           `json:"kind" doc:"transfer, transfer_reviewed, reversal, login_reset, contact_change, contact_papers, legacy_import or legacy_papers; more may come."`
	State      string           `json:"state" doc:"source_verify, target_confirm, old_phone, new_phone, applying, draft, email_confirm, queued, approved_1, need_more, hold, checking, diff, importing, disputed, done, rejected, withdrawn, expired or failed; more may come."`
	Version    int64            `json:"version" doc:"Rises with every change; also the ETag."`
	Role       string           `json:"role,omitempty" doc:"As whom you see it: source, target, tracker, contact, staff or program."`
	CreatedAt  *time.Time       `json:"created_at,omitempty"`
	UpdatedAt  *time.Time       `json:"updated_at,omitempty"`
	EndedAt    *time.Time       `json:"ended_at,omitempty"`
	DisputedAt *time.Time       `json:"disputed_at,omitempty" doc:"Somebody said it was not them; a supervisor decides."`
	NextAction *nextAction      `json:"next_action,omitempty" doc:"Absent when the job has ended."`
	Actions    []string         `json:"actions,omitempty" doc:"What you may do now; each is a path below the job."`
	Subject    *subjectBody     `json:"subject,omitempty"`
	Source     *partyBody       `json:"source,omitempty"`
	Target     *partyBody       `json:"target,omitempty"`
	Reset      *resetBody       `json:"login_reset,omitempty" doc:"Of a login reset."`
	Import     *importBody      `json:"legacy_import,omitempty" doc:"Of a legacy import."`
	Reviewed   *resetBody       `json:"reviewed_transfer,omitempty" doc:"Of a transfer on papers."`
	Reverses   string           `json:"reverses,omitempty" doc:"Of a reversal: the receipt of the transfer."`
	Contact    *contactBody     `json:"contact_change,omitempty" doc:"Of a contact change."`
	Papers     *papersBody      `json:"legacy_papers,omitempty" doc:"Of a legacy import on papers."`
	Blockers   []BlockerProblem `json:"blockers,omitempty" doc:"Why it failed."`
	Tracking   string           `json:"tracking,omitempty" doc:"With the receipt it opens the job without a sign-in. Send it as X-Tracking-Code."`
	Links      links            `json:"links"`
}

type nextAction struct {
	By        string     `json:"by" enum:"source,target,applicant,system,staff"`
	Type      string     `json:"type" enum:"verify_code,accept,apply,decide,complete,confirm_mailbox,review,supplement,verify_old_phone,verify_new_phone,check,confirm,import"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When the job ends by itself."`
}

type subjectBody struct {
	Name     string   `json:"name" doc:"Masked."`
	ICPNo    string   `json:"icp_no" example:"京ICP备12345678号"`
	Websites int      `json:"websites"`
	Records  int      `json:"records" doc:"Documents and review records."`
	Domains  []string `json:"domains,omitempty"`
	Foreign  int      `json:"foreign_purchases" doc:"Websites whose domain or server another account bought; that is accepted."`
}

type partyBody struct {
	Login string `json:"login" doc:"Masked." example:"zha***@163.com"`
}

type links struct {
	Self   string `json:"self"`
	Events string `json:"events"`
	Stream string `json:"stream"`
	Page   string `json:"page"`
}

// office is China's clock, in which every time is written.
func office(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	local := t.In(time.FixedZone("CST", 8*60*60))
	return &local
}

func (s *Server) linksOf(receipt string) links {
	self := "/v1/jobs/" + receipt
	return links{Self: resourceOf(receipt), Events: self + "/events", Stream: self + "/stream",
		Page: s.parts.PublicURL + "/jobs/" + receipt}
}

func (s *Server) jobOf(lang text.Lang, j tasks.Job, p tasks.Preview) jobBody {
	b := jobBody{
		Receipt: j.Receipt, Kind: string(j.Kind), State: string(j.State), Version: j.Version,
		CreatedAt: office(j.CreatedAt), UpdatedAt: office(j.UpdatedAt), EndedAt: office(j.EndedAt), DisputedAt: office(j.DisputedAt),
		NextAction: nextOf(j.State, j.ExpiresAt), Links: s.linksOf(j.Receipt),
	}
	switch j.Kind {
	case tasks.KindReset:
		b.Reset = resetIn(j)
	case tasks.KindContactPapers:
		b.Contact = contactOnPapers(j)
	case tasks.KindContact:
		b.Contact = contactIn(j)
	case tasks.KindLegacyPapers:
		b.Papers = papersIn(j)
	case tasks.KindLegacy:
		b.Import = importIn(j)
	case tasks.KindReviewed:
		b.Reviewed = resetIn(j)
		b.describe(p)
	default:
		b.describe(p)
	}
	for _, blocker := range j.Blockers {
		b.Blockers = append(b.Blockers, s.blockerProblem(lang, blocker))
	}
	return b
}

func (b *jobBody) describe(p tasks.Preview) {
	b.Subject, b.Source, b.Target = subjectOf(p), &partyBody{Login: p.Source}, &partyBody{Login: p.Target}
}

func subjectOf(p tasks.Preview) *subjectBody {
	return &subjectBody{Name: p.Subject, ICPNo: p.ICP, Websites: p.Websites, Records: p.Records, Domains: p.Domains, Foreign: p.Foreign}
}

func (s *Server) viewOf(lang text.Lang, v tasks.View) jobBody {
	b := s.jobOf(lang, v.Job, v.Preview)
	b.Role, b.Tracking = string(v.Role), v.Tracking
	for _, verb := range v.Verbs {
		b.Actions = append(b.Actions, string(verb))
	}
	switch {
	case v.Job.Kind == tasks.KindReviewed:
		b.Reviewed = s.resetOf(lang, v)
	case v.Job.Kind == tasks.KindReset:
		b.Reset = s.resetOf(lang, v)
	}
	if v.Reversal != nil {
		b.Reverses = v.Reversal.Of
	}
	return b
}

// acceptedOf is the answer to a request that changed a job. It is made of what
// the desk remembers under the key and of what never changes in a job, so that
// a replay reads the same however far the job has come.
func (s *Server) acceptedOf(acc tasks.Accepted, v tasks.View) jobBody {
	b := jobBody{Receipt: acc.Receipt, Kind: kindOf(acc.Receipt), State: string(acc.State), Version: acc.Version,
		Tracking: acc.Tracking, Links: s.linksOf(acc.Receipt)}
	b.NextAction = nextOf(acc.State, acc.ExpiresAt)
	if v.Job.Receipt != "" {
		b.CreatedAt = office(v.Job.CreatedAt)
	}
	switch v.Job.Kind {
	case tasks.KindTransfer, tasks.KindReversal:
		b.describe(v.Preview)
	case tasks.KindContact:
		b.Contact = contactIn(v.Job)
	}
	return b
}

func nextOf(state tasks.State, until time.Time) *nextAction {
	switch state {
	case tasks.StateSourceVerify:
		return &nextAction{By: "source", Type: "verify_code", ExpiresAt: office(until)}
	case tasks.StateTargetConfirm:
		return &nextAction{By: "target", Type: "accept", ExpiresAt: office(until)}
	case tasks.StateOldPhone:
		return &nextAction{By: "source", Type: "verify_old_phone", ExpiresAt: office(until)}
	case tasks.StateNewPhone:
		return &nextAction{By: "source", Type: "verify_new_phone", ExpiresAt: office(until)}
	case tasks.StateApplying:
		return &nextAction{By: "system", Type: "apply"}
	case tasks.StateDisputed:
		return &nextAction{By: "staff", Type: "decide"}
	case tasks.StateDraft:
		return &nextAction{By: "applicant", Type: "complete", ExpiresAt: office(until)}
	case tasks.StateEmailConfirm:
		return &nextAction{By: "applicant", Type: "confirm_mailbox", ExpiresAt: office(until)}
	case tasks.StateQueued, tasks.StateSecondReview:
		return &nextAction{By: "staff", Type: "review"}
	case tasks.StateNeedMore:
		return &nextAction{By: "applicant", Type: "supplement", ExpiresAt: office(until)}
	case tasks.StateChecking:
		return &nextAction{By: "system", Type: "check", ExpiresAt: office(until)}
	case tasks.StateDiff:
		return &nextAction{By: "source", Type: "confirm", ExpiresAt: office(until)}
	case tasks.StateImporting:
		return &nextAction{By: "system", Type: "import"}
	case tasks.StateHold:
		return &nextAction{By: "system", Type: "apply"}
	}
	return nil
}

// previewIn reads the preview that a job keeps among its facts.
func previewIn(j tasks.Job) tasks.Preview {
	var p struct {
		tasks.Preview
		Own *tasks.Preview `json:"own"` // of a transfer on papers
	}
	_ = json.Unmarshal(j.Facts, &p) // a list shows what can be shown
	if p.Own != nil {
		return *p.Own
	}
	return p.Preview
}

// resetIn reads the masked facts of a login reset in a list.
func resetIn(j tasks.Job) *resetBody {
	var f tasks.CaseFacts
	_ = json.Unmarshal(j.Facts, &f) // a list shows what can be shown
	return maskedReset(f, false)
}

func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }
