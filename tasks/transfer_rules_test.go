package tasks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

func TestT1_the_target_is_found_by_email_or_id_and_shown_masked(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	for name, typed := range map[string]string{
		"email": target.email, "id": target.ext, "email in capitals": strings.ToUpper(target.email), "blanks around": "  " + target.ext + " ",
	} {
		s := form(source, target)
		s.Fields[tasks.FieldTarget] = typed
		p, err := o.desk.Precheck(t.Context(), s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p.Target == "" || p.Target == target.email || strings.Contains(p.Target, target.email) {
			t.Errorf("%s: the target is shown as %q", name, p.Target)
		}
		if p.CodeTo == "" || p.CodeTo == source.principal || p.Subject == "" || strings.Contains(p.Subject, "小") {
			t.Errorf("%s: phone %q, subject %q", name, p.CodeTo, p.Subject)
		}
	}
}

func TestT1_a_target_without_a_login_is_shown_by_its_masked_phone(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone(line{"login_email": nil})
	s := form(source, target)
	s.Fields[tasks.FieldTarget] = target.ext
	p, err := o.desk.Precheck(t.Context(), s)
	if err != nil || p.Target == "" || p.Target == target.phone {
		t.Errorf("shown as %q, %v", p.Target, err)
	}
}

func TestT1_wrong_digits_and_unknown_accounts_look_the_same(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.holder()
	o.order(target, true)
	wrongDigits, nobody := form(source, target), form(source, target)
	wrongDigits.Fields[tasks.FieldPhone4] = "0000"
	nobody.Fields[tasks.FieldTarget] = "nobody@example.com"
	for name, s := range map[string]tasks.Submission{"digits": wrongDigits, "account": nobody} {
		p, err := o.desk.Precheck(t.Context(), s)
		wantCodes(t, err, "source TARGET_NOT_FOUND")
		if p.Target != "" {
			t.Errorf("wrong %s: the target is shown", name)
		}
	}
}

func TestT1_odd_bytes_are_an_account_that_is_not_there(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		for _, typed := range []string{"A\x00", "\xff\xfe", "A1' OR '1'='1", strings.Repeat("A", 1<<20), "％", "-"} {
			s := form(source, target)
			s.Fields[tasks.FieldTarget] = typed
			_, err := o.desk.Precheck(t.Context(), s)
			wantCodes(t, err, "source TARGET_NOT_FOUND")
		}
	})
}

func TestT1_digits_may_be_typed_on_a_Chinese_keyboard(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	s := form(source, target)
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, target.phone4())
	s.Fields[tasks.FieldPhone4] = " " + wide
	if _, err := o.desk.Precheck(t.Context(), s); err != nil {
		t.Error(err)
	}
}

func TestT1_faulty_fields_are_named_all_at_once(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source := o.holder()
	s := tasks.Submission{Kind: tasks.KindTransfer, AccountID: source.id, Once: o.once(source),
		Fields: map[string]string{tasks.FieldTarget: " ", tasks.FieldPhone4: "12a4"}}
	_, err := o.desk.Submit(t.Context(), s)
	wantCodes(t, err, "REQUIRED", "PHONE4_FORMAT", "CONSENT_REQUIRED")
	s.Fields[tasks.FieldPhone4] = ""
	_, err = o.desk.Submit(t.Context(), s)
	wantCodes(t, err, "REQUIRED", "REQUIRED", "CONSENT_REQUIRED")
}

func TestT1_guessing_digits_is_limited_by_prechecks_and_submissions_together(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	s := form(source, target)
	s.Fields[tasks.FieldPhone4] = "0000"
	for n := range 30 {
		s.Once = o.once(source)
		var err error
		if n%3 == 0 {
			_, err = o.desk.Precheck(t.Context(), s)
		} else {
			_, err = o.desk.Submit(t.Context(), s)
		}
		wantCodes(t, err, "source TARGET_NOT_FOUND")
	}
	_, err := o.trySubmit(source, target) // even the right digits tell nothing now
	if limit := tooMany(t, err); limit.After <= 0 {
		t.Errorf("no time to wait: %v", limit)
	}
	_, err = o.precheck(source, target)
	tooMany(t, err)
}

// TestT2_to_T7_each_condition_blocks_with_its_code_and_owner: one condition, one
// blocker, and who can clear it.
func TestT2_to_T7_each_condition_blocks_with_its_code_and_owner(t *testing.T) {
	t.Parallel()
	hold := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
	for name, c := range map[string]struct {
		plant func(o *office, source, target *person)
		want  string
	}{
		"T2 target has an order in progress": {func(o *office, _, target *person) { o.order(*target, true) }, "target TARGET_ORDER_IN_PROGRESS"},
		"T3 source is international":         {func(o *office, source, _ *person) { o.take(source.account.with(line{"site": "international"})) }, "source SITE_UNSUPPORTED"},
		"T3 target is international":         {func(o *office, _, target *person) { o.take(target.account.with(line{"site": "international"})) }, "target SITE_UNSUPPORTED"},
		"T4 source has an order in progress": {func(o *office, source, _ *person) { o.order(*source, true) }, "source SOURCE_ORDER_IN_PROGRESS"},
		"T5 target holds a subject":          {func(o *office, _, target *person) { *target = o.holder() }, "target TARGET_HAS_SUBJECT"},
		"T6 to itself":                       {func(_ *office, source, target *person) { *target = *source }, "source TARGET_IS_SOURCE"},
		"T6 source is frozen":                {func(o *office, source, _ *person) { o.take(source.account.with(line{"status": "frozen"})) }, "source SOURCE_FROZEN"},
		"T6 source is closed":                {func(o *office, source, _ *person) { o.take(source.account.with(line{"status": "closed"})) }, "source SOURCE_FROZEN"},
		"T6 target is frozen":                {func(o *office, _, target *person) { o.take(target.account.with(line{"status": "frozen"})) }, "target TARGET_FROZEN"},
		"T6 target is closed":                {func(o *office, _, target *person) { o.take(target.account.with(line{"status": "closed"})) }, "target TARGET_FROZEN"},
		"T6 source holds no subject":         {func(o *office, source, _ *person) { *source = o.someone() }, "source SOURCE_HAS_NO_SUBJECT"},
		"T6 source is on hold":               {func(o *office, source, _ *person) { o.take(source.account.with(line{"hold_until": hold})) }, "source HOLD_ACTIVE"},
		"T6 target is on hold":               {func(o *office, _, target *person) { o.take(target.account.with(line{"hold_until": hold})) }, "target HOLD_ACTIVE"},
		"T8 nobody can get the code": {func(o *office, source, _ *person) {
			o.take(source.subject.with(line{"principal": line{"name": "张小明"}}))
		}, "source PHONE_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			source, target := o.holder(), o.someone()
			c.plant(o, &source, &target)
			_, err := o.precheck(source, target)
			wantCodes(t, err, c.want)
			_, err = o.trySubmit(source, target)
			wantCodes(t, err, c.want)
		})
	}
}

func TestT2_an_ended_order_does_not_block(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.order(source, false)
	o.order(target, false)
	if _, err := o.precheck(source, target); err != nil {
		t.Error(err)
	}
}

func TestT6_a_hold_ends_by_itself(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	end := o.clock.Now().Add(7 * 24 * time.Hour)
	source, target := o.holder(line{"hold_until": end.Format(time.RFC3339)}), o.someone()
	o.pass(7*24*time.Hour - time.Second)
	_, err := o.precheck(source, target)
	wantCodes(t, err, "source HOLD_ACTIVE")
	o.pass(time.Second)
	if _, err := o.precheck(source, target); err != nil {
		t.Error(err)
	}
}

func TestT7_the_real_name_policy_decides_who_may_receive(t *testing.T) {
	t.Parallel()
	same := line{"real_verified": true, "real_certificate": line{"type": "passport", "number": "E00000001"}}
	other := line{"real_verified": true, "real_certificate": line{"type": "passport", "number": "E99999999"}}
	// The same digits on another kind of paper are another person.
	otherKind := line{"real_verified": true, "real_certificate": line{"type": "other", "number": "E00000001"}}
	unverified := line{"real_certificate": line{"type": "passport", "number": "E00000001"}}
	for _, c := range []struct {
		policy string
		target line
		want   []string
	}{
		{"off", line{}, nil},
		{"", line{}, nil},
		{"off", other, nil},
		{"target_verified", line{}, []string{"target TARGET_NOT_REALNAME"}},
		{"target_verified", unverified, []string{"target TARGET_NOT_REALNAME"}},
		{"target_verified", other, nil},
		{"must_match", line{}, []string{"target TARGET_NOT_REALNAME"}},
		{"must_match", unverified, []string{"target TARGET_NOT_REALNAME"}},
		{"must_match", other, []string{"target REALNAME_MISMATCH"}},
		{"must_match", otherKind, []string{"target REALNAME_MISMATCH"}},
		{"must_match", same, nil},
	} {
		o := openOffice(t, func(p *tasks.Policy) { p.RealName = c.policy })
		source, target := o.holder(), o.someone(c.target)
		_, err := o.precheck(source, target)
		if diff := cmp.Diff(c.want, codes(err)); diff != "" {
			t.Errorf("policy %q, target %v (-want +got):\n%s", c.policy, c.target, diff)
		}
	}
}
