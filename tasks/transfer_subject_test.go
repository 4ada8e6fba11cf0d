package tasks_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

// give carries the transfer of one of several subjects out.
func (o *office) give(source, target person, subject string) (receipt string) {
	o.tb.Helper()
	s := form(source, target)
	s.Fields[tasks.FieldSubject], s.Once = subject, o.once(source)
	acc, err := o.desk.Submit(o.ctx(), s)
	if err != nil {
		o.tb.Fatal(err)
	}
	o.run()
	v := o.look(acc.Receipt)
	party := o.holds(source, v.Job.SubjectID)
	o.must(o.act(source, acc.Receipt, tasks.VerbVerify, o.code(party.Subject.Principal.Phone.Reveal())))
	o.must(o.act(target, acc.Receipt, tasks.VerbAccept))
	o.is(acc.Receipt, tasks.StateDone)
	return acc.Receipt
}

// holds reads an account with one of its subjects.
func (o *office) holds(p person, subject string) (party tasks.Party) {
	o.tb.Helper()
	o.view(func(tx tasks.Tx) (err error) {
		party, err = tx.Party(o.ctx(), tasks.AccountRef{ID: p.id, Subject: subject})
		return err
	})
	return party
}

// rich is an account that holds the subjects of two others, in that order.
func (o *office) rich() (owner, first, second person) {
	o.tb.Helper()
	o.must(o.store.SetSubjectLimit(o.ctx(), 3))
	first, second, owner = o.holder(), o.holder(), o.someone()
	o.moved(first, owner)
	o.moved(second, owner)
	return owner, first, second
}

func TestA1_of_several_subjects_the_one_that_was_chosen_moves(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		owner, first, second := o.rich()
		number := second.subject["icp_number"].(string)
		for name, typed := range map[string]string{"number": number, "website's number": number + "-2", "blanks": " " + number + " ",
			"id": o.holds(owner, number).Subject.ID} {
			s := form(owner, o.someone())
			s.Fields[tasks.FieldSubject] = typed
			p, err := o.desk.Precheck(t.Context(), s)
			if err != nil || p.ICP != number || p.Websites != 2 {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
		target := o.someone()
		o.give(owner, target, number)
		if got := o.party(target).Subject.ICPNumber.String(); got != number {
			t.Errorf("%s moved", got)
		}
		if p := o.party(owner); p.Held != 1 || p.Subject.ICPNumber.String() != first.subject["icp_number"] {
			t.Errorf("%d are left, %s", p.Held, p.Subject.ICPNumber)
		}
		if got := o.wire.to(first.principal, tasks.TemplateDone); len(got) != 1 { // of its own transfer before
			t.Errorf("the other subject's principal heard of it: %d", len(got))
		}
		o.moved(owner, o.someone()) // with one left there is nothing to choose
	})
}

func TestA1_each_of_several_subjects_has_a_job_of_its_own(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	owner, first, second := o.rich()
	for i, p := range []person{first, second} {
		s := form(owner, o.someone())
		s.Fields[tasks.FieldSubject], s.Once = p.subject["icp_number"].(string), o.once(owner)
		acc, err := o.desk.Submit(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		o.pass(time.Minute + time.Second)
		o.must(o.act(owner, acc.Receipt, tasks.VerbResend))
		if got := o.wire.to(p.principal, tasks.TemplateCode); len(got) != 3 { // the first was for the transfer to this account
			t.Errorf("subject %d: %d codes to its principal", i, len(got))
		}
		_, err = o.desk.Precheck(t.Context(), s)
		wantCodes(t, err, "source JOB_ALREADY_OPEN")
	}
}

func TestT1_the_source_names_its_subject_when_it_holds_several(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		owner, _, _ := o.rich()
		foreign, target := o.holder(), o.someone()
		s := form(owner, target)
		_, err := o.desk.Precheck(t.Context(), s)
		wantCodes(t, err, "CHOICE_REQUIRED")
		s.Fields[tasks.FieldPhone4] = "x"
		_, err = o.desk.Precheck(t.Context(), s)
		wantCodes(t, err, "PHONE4_FORMAT", "CHOICE_REQUIRED")
		s = form(owner, target)
		for _, typed := range []string{foreign.subject["icp_number"].(string), o.party(foreign).Subject.ID, "京ICP备99999999号", "A\x00", "\xff",
			"' OR '1'='1", "-", "%"} {
			s.Fields[tasks.FieldSubject] = typed
			_, err := o.desk.Precheck(t.Context(), s)
			wantCodes(t, err, "SUBJECT_NOT_HELD")
		}
		s = form(foreign, target) // one is enough to be wrong
		s.Fields[tasks.FieldSubject] = owner.ext
		_, err = o.desk.Precheck(t.Context(), s)
		wantCodes(t, err, "SUBJECT_NOT_HELD")
		s = form(target, foreign) // and none is a reason of its own
		s.Fields[tasks.FieldSubject] = owner.ext
		_, err = o.desk.Precheck(t.Context(), s)
		wantCodes(t, err, "source SOURCE_HAS_NO_SUBJECT")
	})
}

func TestT12_a_chosen_subject_that_left_meanwhile_ends_the_job(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	owner, first, second := o.rich()
	target := o.someone()
	s := form(owner, target)
	s.Fields[tasks.FieldSubject], s.Once = second.subject["icp_number"].(string), o.once(owner)
	acc, err := o.desk.Submit(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	o.run()
	o.must(o.act(owner, acc.Receipt, tasks.VerbVerify, o.code(second.principal)))
	if err := o.store.Update(t.Context(), func(tx tasks.Tx) error {
		return tx.MoveSubject(t.Context(), o.look(acc.Receipt).Job.SubjectID, owner.id, first.id)
	}); err != nil {
		t.Fatal(err)
	}
	o.must(o.act(target, acc.Receipt, tasks.VerbAccept))
	o.is(acc.Receipt, tasks.StateFailed)
	if o.party(target).HasSubject() || o.party(owner).Held != 1 {
		t.Error("another subject moved in its place")
	}
}

func TestA3_the_owner_sees_what_the_account_holds(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		owner, first, second := o.rich()
		ours := line{"domain_account": owner.ext, "server_account": owner.ext}
		o.take(first.websites[0].with(ours).with(line{"domain_account": "A-unknown"}), first.websites[1].with(ours).with(line{"server_account": second.ext}),
			second.websites[0].with(ours), second.websites[1].with(ours).with(line{"domain_account": nil, "server_account": nil}))
		o.order(owner, true)
		h, err := o.desk.Holder(t.Context(), owner.id)
		if err != nil {
			t.Fatal(err)
		}
		type seen struct {
			icp, second string
			records     int
			elsewhere   [4]bool // domain and server of each website
		}
		var got []seen
		for _, s := range h.Subjects {
			w := s.Websites
			got = append(got, seen{s.ICP.String(), w[1].ICP.String(), s.Records,
				[4]bool{w[0].ForeignDomain, w[0].ForeignServer, w[1].ForeignDomain, w[1].ForeignServer}})
		}
		one, two := first.subject["icp_number"].(string), second.subject["icp_number"].(string)
		want := []seen{{one, one + "-2", 2, [4]bool{true, false, false, true}}, {two, two + "-2", 2, [4]bool{}}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(seen{})); diff != "" {
			t.Error(diff)
		}
		if h.ID != owner.ext || h.Login == owner.email || h.Phone == owner.phone || h.OpenOrders != 1 || !h.Room || h.Subjects[0].Name == "张小明" {
			t.Errorf("%+v", h)
		}
		_, err = o.desk.Holder(t.Context(), "nobody")
		wantIs(t, err, tasks.ErrNotFound)
	})
}
