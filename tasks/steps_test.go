package tasks_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

func (o *office) key() string {
	o.keys++
	return fmt.Sprintf("key-%d", o.keys)
}

func form(source, target person) tasks.Submission {
	return tasks.Submission{Kind: tasks.KindTransfer, AccountID: source.id, Lang: "zh-CN", Fields: map[string]string{
		tasks.FieldTarget: target.email, tasks.FieldPhone4: target.phone4(), tasks.FieldConsent: "yes"}}
}

func (o *office) once(p person) tasks.Once {
	return tasks.Once{Scope: "transfer " + p.id, Key: o.key(), Fingerprint: "f"}
}

func (o *office) trySubmit(source, target person) (tasks.Accepted, error) {
	s := form(source, target)
	s.Once = o.once(source)
	return o.desk.Submit(o.ctx(), s)
}

// submit opens a job and lets the messages go out.
func (o *office) submit(source, target person) (receipt string) {
	o.tb.Helper()
	acc, err := o.trySubmit(source, target)
	if err != nil {
		o.tb.Fatalf("submitting: %v", err)
	}
	o.run()
	return acc.Receipt
}

func (o *office) precheck(source, target person) (tasks.Preview, error) {
	return o.desk.Precheck(o.ctx(), form(source, target))
}

// act tries a verb as a party; fields come in pairs.
func (o *office) act(p person, receipt string, verb tasks.Verb, code ...string) error {
	a := tasks.Action{Receipt: receipt, Verb: verb, By: p.viewer(), Once: o.once(p), Fields: map[string]string{}}
	if len(code) > 0 {
		a.Fields[tasks.FieldCode] = code[0]
	}
	_, err := o.desk.Act(o.ctx(), a)
	return err
}

func (o *office) staff(role tasks.ActorKind, receipt string, verb tasks.Verb) error {
	_, err := o.desk.Act(o.ctx(), tasks.Action{Receipt: receipt, Verb: verb, By: tasks.Viewer{Staff: role}, StaffID: "st-1",
		Once: tasks.Once{Scope: "staff", Key: o.key(), Fingerprint: "f"}})
	return err
}

func (o *office) veto(receipt, word string) error {
	_, err := o.desk.Act(o.ctx(), tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute, By: tasks.Viewer{Veto: word},
		Once: tasks.Once{Scope: "veto", Key: o.key(), Fingerprint: "f"}})
	return err
}

// must fails the test on an error and lets the consequences happen.
func (o *office) must(err error) {
	o.tb.Helper()
	if err != nil {
		o.tb.Fatal(err)
	}
	o.run()
}

// code is the newest code that reached a phone.
func (o *office) code(phone string) string {
	o.tb.Helper()
	got := o.wire.to(phone, tasks.TemplateCode)
	if len(got) == 0 {
		o.tb.Fatal("no code reached the phone")
	}
	return got[len(got)-1].Params["code"]
}

func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// verified brings a new job to target_confirm.
func (o *office) verified(source, target person) (receipt string) {
	o.tb.Helper()
	receipt = o.submit(source, target)
	o.must(o.act(source, receipt, tasks.VerbVerify, o.code(o.party(source).Subject.Principal.Phone.Reveal())))
	return receipt
}

// moved carries a whole transfer out.
func (o *office) moved(source, target person) (receipt string) {
	o.tb.Helper()
	receipt = o.verified(source, target)
	o.must(o.act(target, receipt, tasks.VerbAccept))
	o.is(receipt, tasks.StateDone)
	return receipt
}

func (o *office) look(receipt string) tasks.View {
	o.tb.Helper()
	v, err := o.desk.Look(o.ctx(), receipt, tasks.Viewer{System: true})
	if err != nil {
		o.tb.Fatal(err)
	}
	return v
}

func (o *office) is(receipt string, want tasks.State) {
	o.tb.Helper()
	if got := o.look(receipt).Job.State; got != want {
		o.tb.Fatalf("the job is in %s, want %s", got, want)
	}
}

func whats(events []tasks.Event) []tasks.What {
	var out []tasks.What
	for _, e := range events {
		out = append(out, e.What)
	}
	return out
}

// codes lists what is wrong or in the way, as "CODE" or "owner CODE".
func codes(err error) []string {
	var out []string
	var blocked *tasks.Blocked
	var invalid *tasks.Invalid
	if errors.As(err, &blocked) {
		for _, b := range blocked.Blockers {
			out = append(out, string(b.Owner)+" "+b.Code)
		}
	}
	if errors.As(err, &invalid) {
		for _, f := range invalid.Faults {
			out = append(out, f.Code)
		}
	}
	slices.Sort(out)
	return out
}

func wantCodes(t testing.TB, err error, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, codes(err)); diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func wantIs(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func wantWrongState(t testing.TB, err error) {
	t.Helper()
	var e *tasks.WrongState
	if !errors.As(err, &e) {
		t.Errorf("got %v, want a wrong state", err)
	}
}

func tooMany(t testing.TB, err error) *tasks.TooMany {
	t.Helper()
	var e *tasks.TooMany
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a limit", err)
	}
	return e
}
