package tasks_test

import (
	"strings"
	"testing"
	"time"

	"beian/tasks"
)

func TestFingerprint_tells_contents_apart_and_not_their_order(t *testing.T) {
	t.Parallel()
	one := tasks.Fingerprint(map[string]string{"a": "1", "b": "2", "c": "3"})
	for range 20 { // maps are walked in any order
		if tasks.Fingerprint(map[string]string{"c": "3", "b": "2", "a": "1"}) != one {
			t.Fatal("the order matters")
		}
	}
	seen := map[string]bool{}
	for _, parts := range []map[string]string{nil, {"a": ""}, {"a": "1"}, {"a": "1;b=2"}, {"a": "1", "b": "2"}, {"a1": ""}, {"": "a"}} {
		f := tasks.Fingerprint(parts)
		if seen[f] {
			t.Errorf("%v collides", parts)
		}
		seen[f] = true
	}
}

func TestErrors_name_codes_and_never_what_was_typed(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	s := form(source, target)
	s.Fields[tasks.FieldTarget] = ""
	_, invalid := o.desk.Precheck(t.Context(), s)
	_, blocked := o.precheck(source, source)
	for _, err := range []error{invalid, blocked, o.act(source, receipt, tasks.VerbVerify, wrong(o.code(source.principal))),
		o.act(source, receipt, tasks.VerbInvite), o.act(source, receipt, tasks.VerbResend), o.act(source, receipt, tasks.VerbDecline),
		&tasks.SendError{Class: tasks.SendRetry, Code: "BUSY"}, &tasks.Again{In: time.Second, Why: "busy"}} {
		if err == nil || err.Error() == "" {
			t.Fatalf("%v", err)
		}
		for _, value := range []string{source.email, source.phone, source.principal, target.email, target.phone, "000000"} {
			if strings.Contains(err.Error(), value) {
				t.Errorf("%q holds a value", err)
			}
		}
	}
}

func TestDesk_knows_no_other_kinds(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source := o.holder()
	s := tasks.Submission{Kind: "burn", AccountID: source.id, Once: o.once(source)}
	_, err := o.desk.Submit(t.Context(), s)
	wantIs(t, err, tasks.ErrNotFound)
	_, err = o.desk.Precheck(t.Context(), s)
	wantIs(t, err, tasks.ErrNotFound)
}
