package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/tasks"
)

const opsStaffPath = "/ops/staff"

// OpsStaff keeps the staff for the console; *accounts.Service satisfies it.
type OpsStaff interface {
	Profiles(ctx context.Context) ([]accounts.Profile, error)
	InviteStaff(ctx context.Context, by tasks.Actor, n accounts.NewStaff) (accounts.SetUpLink, error)
	RenewSetUp(ctx context.Context, by tasks.Actor, login string) (accounts.SetUpLink, error)
	SetUp(ctx context.Context, token string) (accounts.Member, error)
	FinishSetUp(ctx context.Context, token, password string, c accounts.Client) error
	SetRole(ctx context.Context, by tasks.Actor, login string, role tasks.ActorKind) error
	DisableStaff(ctx context.Context, by tasks.Actor, login string) error
	EnableStaff(ctx context.Context, by tasks.Actor, login string) error
	DropFactor(ctx context.Context, by tasks.Actor, login string) error
	UnlinkStaff(ctx context.Context, by tasks.Actor, login string) error
	EndStaffSessions(ctx context.Context, by tasks.Actor, login string) error
}

// StaffParts is what the staff's pages are made of; without a desk there are none.
type StaffParts struct {
	Desk      OpsStaff
	PublicURL string // what a set-up link begins with
}

// staffReaders see who works here; staffKeepers change it. Whoever decides about
// papers must not make the second pair of eyes (V4, L9).
func staffReaders() []tasks.ActorKind {
	return []tasks.ActorKind{tasks.ActorOperator, tasks.ActorSupervisor, tasks.ActorAuditor}
}

func staffKeepers() []tasks.ActorKind { return []tasks.ActorKind{tasks.ActorOperator} }

func (o *Ops) staffRoutes() []opsRoute {
	if o.parts.Staff.Desk == nil {
		return nil
	}
	return []opsRoute{
		{http.MethodGet, opsStaffPath, false, staffReaders(), o.staffPage},
		{http.MethodPost, opsStaffPath, false, staffKeepers(), o.inviteStaff},
		{http.MethodGet, opsStaffPath + "/{member}", false, staffReaders(), o.staffMember},
		{http.MethodPost, opsStaffPath + "/{member}", false, staffKeepers(), o.changeStaff},
		{http.MethodGet, opsSetUp + "/{token}", true, nil, o.setUpPage},
		{http.MethodPost, opsSetUp + "/{token}", true, nil, o.finishSetUp},
	}
}

// opsStaffPage lists who works here and takes on others.
type opsStaffPage struct {
	opsFrame
	Rows []opsMemberRow
	Act  bool
}

type opsMemberRow struct {
	Name, Login, Role, Href string
	State                   page.Badge
	SignedInAt              time.Time
	Factor, Elsewhere       bool
	Sessions                int
	Self                    bool
}

func (o *Ops) staffPage(v *opsVisit) error { return o.showStaff(v, nil, nil) }

func (o *Ops) showStaff(v *opsVisit, typed url.Values, faults []page.FieldError) error {
	profiles, err := o.parts.Staff.Desk.Profiles(v.r.Context())
	if err != nil {
		return err
	}
	view := o.view(v)
	view.Values, view.Errors = typed, faults
	data := opsStaffPage{opsFrame: o.frame(v, opsStaffPath), Act: slices.Contains(staffKeepers(), v.member.Role)}
	for _, p := range profiles {
		data.Rows = append(data.Rows, o.memberRow(v, p))
	}
	view.Data = data
	return o.show(v, "staff", view)
}

func (o *Ops) memberRow(v *opsVisit, p accounts.Profile) opsMemberRow {
	return opsMemberRow{Name: p.Name, Login: p.Login, Role: o.say(v, "actor."+string(p.Role)), Href: opsStaffPath + "/" + url.PathEscape(p.ID),
		State: o.memberState(v, p), SignedInAt: p.SignedInAt, Factor: p.Factor, Elsewhere: p.Elsewhere, Sessions: p.Sessions,
		Self: p.ID == v.member.StaffID}
}

func (o *Ops) memberState(v *opsVisit, p accounts.Profile) page.Badge {
	switch {
	case !p.DisabledAt.IsZero():
		return page.Badge{Text: o.say(v, "staff.state.disabled"), Tone: page.Neutral}
	case !p.SetUpUntil.IsZero():
		return page.Badge{Text: o.say(v, "staff.state.invited"), Tone: page.Pause}
	case !p.HasPassword && !p.Elsewhere:
		return page.Badge{Text: o.say(v, "staff.state.locked"), Tone: page.Warn}
	}
	return page.Badge{Text: o.say(v, "staff.state.active"), Tone: page.Good}
}

// profileOf is the member of the address.
func (o *Ops) profileOf(v *opsVisit) (accounts.Profile, error) {
	profiles, err := o.parts.Staff.Desk.Profiles(v.r.Context())
	if err != nil {
		return accounts.Profile{}, err
	}
	i := slices.IndexFunc(profiles, func(p accounts.Profile) bool { return p.ID == v.r.PathValue("member") })
	if i < 0 {
		return accounts.Profile{}, errNotFound
	}
	return profiles[i], nil
}

// opsMemberPage is one member and what can be done.
type opsMemberPage struct {
	opsFrame
	opsMemberRow
	Path                string
	Created, Until      time.Time
	Act, Active, Linked bool
	Roles               []page.Option
}

func (o *Ops) staffMember(v *opsVisit) error {
	p, err := o.profileOf(v)
	if err != nil {
		return err
	}
	return o.showMember(v, p, nil)
}

func (o *Ops) showMember(v *opsVisit, p accounts.Profile, faults []page.FieldError) error {
	row := o.memberRow(v, p)
	data := opsMemberPage{opsFrame: o.frame(v, opsStaffPath), opsMemberRow: row, Path: row.Href, Created: p.CreatedAt, Until: p.SetUpUntil,
		Active: p.DisabledAt.IsZero(), Act: slices.Contains(staffKeepers(), v.member.Role) && !row.Self}
	data.Linked = !p.SetUpUntil.IsZero()
	for _, role := range accounts.StaffRoles() {
		data.Roles = append(data.Roles, page.Option{Value: string(role), Text: o.say(v, "actor."+string(role)),
			Hint: o.say(v, "option.staff_role."+string(role)+".hint"), Checked: role == p.Role})
	}
	data.Done = o.done(v, map[string]string{"role": "staff.done.role", "disable": "staff.done.disable", "enable": "staff.done.enable",
		"factor": "staff.done.factor", "identity": "staff.done.identity", "sessions": "staff.done.sessions"})
	view := o.view(v)
	view.Back, view.Errors, view.Data = opsStaffPath, faults, data
	return o.show(v, "staff-member", view)
}
