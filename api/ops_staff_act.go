package api

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/tasks"
)

// opsSetUp is where a set-up link leads.
const opsSetUp = "/ops/set-up"

// inviteStaff takes somebody on, who gets a set-up link.
func (o *Ops) inviteStaff(v *opsVisit) error {
	form := v.r.PostForm
	l, err := o.parts.Staff.Desk.InviteStaff(v.r.Context(), v.actor(), accounts.NewStaff{Login: form.Get("new_login"),
		Name: form.Get("new_name"), Role: tasks.ActorKind(form.Get("staff_role"))})
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		names := map[string]string{"login": "new_login", "name": "new_name", "role": "staff_role"}
		return o.showStaff(v, form, staffFaults(invalid, names))
	}
	if err != nil {
		return err
	}
	return o.showLink(v, l)
}

func staffFaults(invalid *tasks.Invalid, names map[string]string) []page.FieldError {
	var out []page.FieldError
	for _, f := range invalid.Faults {
		out = append(out, page.FieldError{Field: names[f.Field], Code: f.Code})
	}
	return out
}

// opsLinkPage shows a set-up link, once.
type opsLinkPage struct {
	opsFrame
	Name, Login, URL, Next string
	Until                  time.Time
}

// showLink answers the form itself, as the recovery codes do: after a redirect the
// link would have to be kept somewhere. Sent again, the form makes another link or
// none.
func (o *Ops) showLink(v *opsVisit, l accounts.SetUpLink) error {
	view := o.view(v)
	next := opsStaffPath + "/" + url.PathEscape(l.Member.ID)
	view.Path, view.Data = next, opsLinkPage{opsFrame: o.frame(v, opsStaffPath), Name: l.Member.Name, Login: l.Member.Login,
		URL: o.parts.Staff.PublicURL + opsSetUp + "/" + l.Token, Until: l.Until, Next: next}
	return o.show(v, "staff-link", view)
}

// changeStaff carries out one act on one member. The service journals it with
// actor and member in the transaction that does it.
func (o *Ops) changeStaff(v *opsVisit) error {
	p, err := o.profileOf(v)
	if err != nil {
		return err
	}
	desk, ctx, by, act := o.parts.Staff.Desk, v.r.Context(), v.actor(), v.r.PostForm.Get("act")
	switch act {
	case "role":
		err = desk.SetRole(ctx, by, p.Login, tasks.ActorKind(v.r.PostForm.Get("staff_role")))
	case "disable":
		err = desk.DisableStaff(ctx, by, p.Login)
	case "enable":
		err = desk.EnableStaff(ctx, by, p.Login)
	case "factor":
		err = desk.DropFactor(ctx, by, p.Login)
	case "identity":
		err = desk.UnlinkStaff(ctx, by, p.Login)
	case "sessions":
		err = desk.EndStaffSessions(ctx, by, p.Login)
	case "link":
		l, err := desk.RenewSetUp(ctx, by, p.Login)
		if err != nil {
			return o.refuseChange(v, p, err)
		}
		return o.showLink(v, l)
	default:
		return errMalformed
	}
	if err != nil && !errors.Is(err, tasks.ErrNotFound) { // a second click finds nothing left to take away
		return o.refuseChange(v, p, err)
	}
	v.redirect(opsStaffPath + "/" + url.PathEscape(p.ID) + "?done=" + act)
	return nil
}

func (o *Ops) refuseChange(v *opsVisit, p accounts.Profile, err error) error {
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		return o.showMember(v, p, staffFaults(invalid, map[string]string{"role": "staff_role", "member": "member"}))
	}
	return err
}

// opsSetUpPage asks a member for a password that nobody else knows.
type opsSetUpPage struct{ Name, Login, Action string }

// setUpPage shows the form and uses nothing up: mail programs follow links, too.
func (o *Ops) setUpPage(v *opsVisit) error {
	m, err := o.parts.Staff.Desk.SetUp(v.r.Context(), v.r.PathValue("token"))
	if err != nil {
		return err
	}
	return o.showSetUp(v, m, nil)
}

func (o *Ops) showSetUp(v *opsVisit, m accounts.Member, faults []page.FieldError) error {
	view := o.view(v)
	view.Wide, view.Errors = false, faults
	view.Data = opsSetUpPage{Name: m.Name, Login: m.Login, Action: opsSetUp + "/" + v.r.PathValue("token")}
	return o.show(v, "set-up", view)
}

func (o *Ops) finishSetUp(v *opsVisit) error {
	token, password := v.r.PathValue("token"), v.r.PostForm.Get("new_password")
	m, err := o.parts.Staff.Desk.SetUp(v.r.Context(), token)
	if err != nil {
		return err
	}
	client := accounts.Client{Address: prefixOf(v.call.client), Label: v.r.UserAgent()}
	err = o.parts.Staff.Desk.FinishSetUp(v.r.Context(), token, password, client)
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		faults := staffFaults(invalid, map[string]string{accounts.FieldPassword: "new_password"})
		if password == "" {
			faults = []page.FieldError{{Field: "new_password", Code: "REQUIRED"}}
		}
		return o.showSetUp(v, m, faults)
	}
	if err != nil {
		return err
	}
	if err := o.endOld(v); err != nil {
		return err
	}
	http.SetCookie(v.w, o.cookie("", -1))
	v.redirect(opsSignIn + "?done=set-up")
	return nil
}
