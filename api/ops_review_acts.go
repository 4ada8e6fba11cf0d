package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"beian/api/page"
	"beian/internal/filing"
	"beian/internal/text"
	"beian/tasks"
)

// typedReceipt is the receipt in the address, or not found.
func (v *opsVisit) typedReceipt() (string, error) {
	receipt, err := filing.ParseReceipt(v.r.PathValue("receipt"))
	if err != nil {
		return "", errNotFound
	}
	return receipt.String(), nil
}

// scripted reports whether a script asks, which wants data and no page.
func (v *opsVisit) scripted() bool {
	return strings.Contains(v.r.Header.Get("Accept"), "application/json")
}

func (v *opsVisit) tell(status int, data any) error {
	v.w.Header().Set("Content-Type", "application/json")
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.WriteHeader(status)
	return json.NewEncoder(v.w).Encode(data)
}

// reviewClaim claims, or renews what one holds. What was entered before a claim
// was lost comes along and stands on the page again.
func (o *Ops) reviewClaim(v *opsVisit) error {
	receipt, err := v.typedReceipt()
	if err != nil {
		return err
	}
	if _, err := o.parts.Reviews.Desk.Claim(v.r.Context(), receipt, v.actor()); err != nil {
		return o.claimRefused(v, err)
	}
	if v.r.PostForm.Get("kept") != "" {
		v.r.PostForm.Del("kept")
		return o.showReview(v, reviewAgain{entered: v.r.PostForm, status: http.StatusOK})
	}
	v.redirect(reviewPath(receipt))
	return nil
}

func (o *Ops) claimRefused(v *opsVisit, err error) error {
	var state *tasks.WrongState
	again := reviewAgain{entered: v.r.PostForm, status: http.StatusConflict}
	switch {
	case errors.As(err, &state):
		again.conflict = o.say(v, "review.conflict.state", text.Params{"state": o.say(v, "state."+string(state.State))})
	case errors.Is(err, tasks.ErrConflict):
		again.conflict = o.say(v, "review.conflict.taken")
	default:
		return err
	}
	return o.showReview(v, again)
}

func (o *Ops) reviewRenew(v *opsVisit) error {
	receipt, err := v.typedReceipt()
	if err != nil {
		return err
	}
	r, err := o.parts.Reviews.Desk.Renew(v.r.Context(), receipt, v.actor())
	lost := errors.Is(err, tasks.ErrConflict)
	switch {
	case lost && v.scripted():
		return v.tell(http.StatusConflict, map[string]string{"message": o.say(v, "review.conflict.lost")})
	case lost:
		return o.undecided(v, err)
	case err != nil:
		return err
	case v.scripted():
		return v.tell(http.StatusOK, map[string]int{"lease_seconds": int(r.LeaseUntil.Sub(o.parts.Now()).Seconds())})
	}
	v.redirect(reviewPath(receipt) + "?done=renew")
	return nil
}

func (o *Ops) reviewReturn(v *opsVisit) error {
	receipt, err := v.typedReceipt()
	if err != nil {
		return err
	}
	if err := o.parts.Reviews.Desk.Return(v.r.Context(), receipt, v.actor()); err != nil {
		return o.undecided(v, err)
	}
	v.redirect(opsReviews + "?done=returned")
	return nil
}

func (o *Ops) reviewUndo(v *opsVisit) error {
	receipt, err := v.typedReceipt()
	if err != nil {
		return err
	}
	_, err = o.parts.Reviews.Desk.Undo(v.r.Context(), receipt, v.actor())
	var state *tasks.WrongState
	switch {
	case errors.As(err, &state):
		return o.showReview(v, reviewAgain{status: http.StatusConflict, conflict: o.say(v, "review.conflict.undo")})
	case err != nil:
		return o.undecided(v, err)
	}
	v.redirect(reviewPath(receipt) + "?done=undo")
	return nil
}

// opsUnmasked shows one value in clear, once.
type opsUnmasked struct {
	opsFrame
	Path, Receipt, Label, Value string
}

// reviewUnmask shows a masked value for a reason that is journaled (V5). The
// answer is kept nowhere.
func (o *Ops) reviewUnmask(v *opsVisit) error {
	receipt, err := v.typedReceipt()
	if err != nil {
		return err
	}
	field, reason := v.r.PostForm.Get("field"), v.r.PostForm.Get("reason")
	if !slices.Contains(unmaskable(), field) {
		return errNotFound
	}
	value, err := o.parts.Reviews.Desk.Unmask(v.r.Context(), receipt, field, reason, v.actor())
	var invalid *tasks.Invalid
	switch {
	case errors.As(err, &invalid) && v.scripted():
		return v.tell(http.StatusUnprocessableEntity, map[string]string{"message": o.say(v, "review.unmask.reason")})
	case errors.As(err, &invalid):
		return o.showReview(v, reviewAgain{entered: v.r.PostForm, errors: []page.FieldError{{Field: "why-" + field, Key: "review.unmask.reason"}}})
	case err != nil:
		return err
	}
	if v.scripted() {
		return v.tell(http.StatusOK, map[string]string{"value": value})
	}
	view := o.view(v)
	view.Data = opsUnmasked{opsFrame: o.frame(v, opsReviews), Path: reviewPath(receipt), Receipt: receipt, Label: o.about(v.call.lang, field), Value: value}
	return o.show(v, "review-unmask", view)
}

// unmaskable are the facts that rest masked.
func unmaskable() []string {
	return []string{tasks.FieldSubjectName, tasks.FieldCertNumber, tasks.FieldApplicant, tasks.FieldApplicantID, tasks.FieldPhone,
		tasks.FieldNewEmail, tasks.FieldOldLogin}
}
