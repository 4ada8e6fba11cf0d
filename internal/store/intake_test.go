package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
	"beian/internal/intake"
	"beian/tasks"
)

const (
	personID   = "11010519491231002X"
	companyID  = "91350100M000100Y43"
	someHash   = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"
	otherHash  = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg"
	plainAcc   = `{"type":"account","external_id":"%s","site":"china","status":"active"}`
	plainPaper = `"certificate":{"type":"other","number":"%s"}`
)

func accountLine(id string) string { return fmt.Sprintf(plainAcc, id) }

// subjectLine is a subject's line with a paper of its own and further fields.
func subjectLine(id, account, more string) string {
	return `{"type":"subject","external_id":"` + id + `","account":"` + account + `","nature":"organisation","name":"星河` + id +
		`",` + fmt.Sprintf(plainPaper, "PAPER-"+id) + more + `}`
}

func websiteLine(id, subject, domain string) string {
	return `{"type":"website","external_id":"` + id + `","subject":"` + subject + `","name":"site","domain":"` + domain + `"}`
}

// feedLines runs an import that must not fail as a whole.
func feedLines(t testing.TB, s *Store, lines ...string) intake.Report {
	t.Helper()
	report, err := intake.Run(t.Context(), s, strings.NewReader(strings.Join(lines, "\n")), intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// mustTakeIn runs an import in which every line must be taken in.
func mustTakeIn(t testing.TB, s *Store, lines ...string) {
	t.Helper()
	if r := feedLines(t, s, lines...); r.Refused+r.Stale > 0 {
		t.Fatalf("not every line was taken in: %+v", r)
	}
}

// faultLines are a report's faults as "line field CODE".
func faultLines(r intake.Report) []string {
	var out []string
	for _, f := range r.Faults {
		out = append(out, fmt.Sprintf("%d %s %s", f.Line, f.Field, f.Code))
	}
	return out
}

func partyOf(t testing.TB, s *Store, externalID string) tasks.Party {
	t.Helper()
	var p tasks.Party
	err := s.View(t.Context(), func(x tasks.Tx) (err error) {
		p, err = x.Party(t.Context(), tasks.AccountRef{ExternalID: externalID})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func holderOf(t testing.TB, s *Store, externalID string) string {
	t.Helper()
	var holder string
	err := s.db.view(t.Context(), func(x *tx) error {
		return x.q.row(t.Context(), `SELECT a.external_id FROM subjects s JOIN accounts a ON a.id = s.account_id
		  WHERE s.external_id = $1`, externalID).Scan(&holder)
	})
	if err != nil {
		t.Fatal(err)
	}
	return holder
}

func moveTo(t testing.TB, s *Store, from, to string) {
	t.Helper()
	source, target := partyOf(t, s, from), partyOf(t, s, to)
	err := s.Update(t.Context(), func(x tasks.Tx) error {
		if err := x.LockAccounts(t.Context(), source.Account.ID, target.Account.ID); err != nil {
			return err
		}
		return x.MoveSubject(t.Context(), source.Subject.ID, source.Account.ID, target.Account.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func fullLines() []string {
	return []string{
		`{"type":"account","external_id":"A1","as_of":"2026-01-02T03:04:05+08:00","site":"china","status":"active","login_email":"Wang@Example.com","security_phone":"+86 138-0013-8000","real_name":"王小明","real_certificate":{"type":"id_card","number":"11010519491231002x"},"real_verified":true,"hold_until":"2099-01-01T00:00:00Z","lang":"en","password_hash":"` + someHash + `"}`,
		`{"type":"subject","external_id":"S1","account":"A1","nature":"organisation","name":"北京星河科技有限公司","certificate":{"type":"credit_code","number":"` + companyID + `"},"icp_number":"京ICP备12345678号-3","principal":{"name":"李四光","phone":"13900139000"}}`,
		`{"type":"website","external_id":"W1","subject":"S1","name":"主站","domain":"例子.中国","suffix":2,"domain_account":"elsewhere","principal":{"name":"赵六顺","phone":"13700137000"}}`,
		`{"type":"order","external_id":"O1","account":"A1","kind":"change","in_progress":true}`,
		`{"type":"record","external_id":"R1","subject":"S1","kind":"document","title":"营业执照"}`,
	}
}

func TestWhatComesInIsReadBackTheSame(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mustTakeIn(t, s, fullLines()...)
		p := partyOf(t, s, "A1")
		got := []string{p.Account.LoginEmail.Reveal(), p.Account.SecurityPhone.Reveal(), p.Account.RealNameCertificate.Reveal(),
			string(p.Account.RealNameCertificate.Type), p.Account.HoldUntil.Format(time.RFC3339), p.Subject.Name,
			p.Subject.Certificate.Reveal(), p.Subject.ICPNumber.String(), p.Subject.Principal.Name,
			p.Subject.Principal.Phone.Reveal(), fmt.Sprint(p.Orders, p.Free, p.Account.RealNameVerified)}
		want := []string{"wang@example.com", "13800138000", personID, "id_card", "2099-01-01T00:00:00Z", "北京星河科技有限公司", companyID,
			"京ICP备12345678号", "李四光", "13900139000", "1 false true"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("party (-want +got):\n%s", diff)
		}
		login, err := filing.ParseEmail("wang@example.com")
		if err != nil {
			t.Fatal(err)
		}
		var held tasks.Holdings
		err = s.View(t.Context(), func(x tasks.Tx) error {
			if _, err := x.Party(t.Context(), tasks.AccountRef{Login: login}); err != nil {
				return err
			}
			held, err = x.Holdings(t.Context(), p.Subject.ID)
			return err
		})
		if err != nil || len(held.Websites) != 1 || len(held.Records) != 1 {
			t.Fatalf("holdings %+v, %v", held, err)
		}
		if w := held.Websites[0]; w.Domain.String() != "xn--fsqu00a.xn--fiqs8s" || w.Suffix != 2 || w.DomainAccount != "elsewhere" {
			t.Errorf("website %+v", w)
		}
		if r := held.Records[0]; r.AccountID != p.Account.ID || r.Title != "营业执照" {
			t.Errorf("record %+v", r)
		}
	})
}

func TestComingInTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mustTakeIn(t, s, fullLines()...)
		if r := feedLines(t, s, fullLines()...); r.Unchanged != 5 {
			t.Errorf("the second time: %+v", r)
		}
		changed := strings.NewReplacer("主站", "新站", "营业执照", "新执照", `"change"`, `"cancel"`, "李四光", "李四", "frozen", "x",
			`"status":"active"`, `"status":"frozen"`)
		var lines []string
		for _, line := range fullLines() {
			lines = append(lines, changed.Replace(line))
		}
		if r := feedLines(t, s, lines...); r.Updated != 5 {
			t.Errorf("with changes: %+v", r)
		}
		if r := feedLines(t, s, lines...); r.Unchanged != 5 {
			t.Errorf("with the same changes again: %+v", r)
		}
	})
}

func TestAnImportNeitherReplacesAPasswordNorLiftsAHold(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		line := `{"type":"account","external_id":"A1","site":"china","status":"active"%s}`
		mustTakeIn(t, s, fmt.Sprintf(line, ""))
		mustTakeIn(t, s, fmt.Sprintf(line, `,"password_hash":"`+someHash+`","hold_until":"2099-01-01T00:00:00Z"`))
		if r := feedLines(t, s, fmt.Sprintf(line, `,"password_hash":"`+otherHash+`","hold_until":"2030-01-01T00:00:00Z"`)); r.Unchanged != 1 {
			t.Errorf("another password and an earlier end of the hold: %+v", r)
		}
		if n := count(t, s, `SELECT count(*) FROM accounts WHERE password_hash = $1 AND hold_until = $2`, someHash,
			time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()); n != 1 {
			t.Error("the password or the hold was replaced")
		}
	})
}

func TestEveryRuleOfTheRecordStopsItsLineOnly(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mail := func(id string) string {
			return `{"type":"account","external_id":"` + id + `","site":"china","status":"active","login_email":"a@example.com"}`
		}
		r := feedLines(t, s,
			mail("A1"),
			accountLine("A2"),
			subjectLine("S1", "A1", `,"icp_number":"京ICP备12345678号"`),
			websiteLine("W1", "S1", "one.example.com"),
			mail("A3"),                      // 5
			subjectLine("S2", "nobody", ""), // 6
			subjectLine("S2", "A1", ""),     // 7
			subjectLine("S2", "A2", `,"icp_number":"京ICP备12345678号"`),                                               // 8
			strings.Replace(subjectLine("S2", "A2", ""), "PAPER-S2", "PAPER-S1", 1),                                 // 9
			strings.Replace(subjectLine("S2", "A1", `,"icp_number":"京ICP备12345678号"`), "PAPER-S2", "PAPER-S1", 1),   // 10
			websiteLine("W2", "nothing", "one.example.com"),                                                         // 11
			`{"type":"order","external_id":"O1","account":"nobody","kind":"first","in_progress":false}`,             // 12
			`{"type":"record","external_id":"R1","subject":"nothing","kind":"review","title":"x"}`,                  // 13
			`{"type":"account","external_id":"A4","as_of":"2999-01-01T00:00:00Z","site":"china","status":"active"}`, // 14
			subjectLine("S2", "A2", ""),
			websiteLine("W2", "S2", "two.example.com"),
		)
		want := []string{"5 login_email EMAIL_TAKEN", "6 account UNKNOWN_ACCOUNT", "7 account TARGET_HAS_SUBJECT",
			"8 icp_number ICP_NUMBER_HELD_ELSEWHERE", "9 certificate SUBJECT_HELD_ELSEWHERE", "10 account TARGET_HAS_SUBJECT",
			"10 certificate SUBJECT_HELD_ELSEWHERE", "10 icp_number ICP_NUMBER_HELD_ELSEWHERE", "11 subject UNKNOWN_SUBJECT",
			"11 domain DOMAIN_HELD_ELSEWHERE", "12 account UNKNOWN_ACCOUNT", "13 subject UNKNOWN_SUBJECT", "14 as_of AS_OF_FUTURE"}
		if diff := cmp.Diff(want, faultLines(r)); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
		if r.Created != 6 || r.Refused != 10 || r.Lines != 16 {
			t.Errorf("figures %+v", r)
		}
	})
}

func TestTheDatabaseItselfHoldsA1AndA2(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mustTakeIn(t, s, accountLine("A1"), accountLine("A2"), subjectLine("S1", "A1", ""))
		insert := func(id, account, slot, index string) error {
			return run(t, s, `INSERT INTO subjects (id, external_id, account_id, slot, nature, name_sealed, name_index, certificate_type,
			  certificate_sealed, certificate_index, principal_sealed, created_at, updated_at)
			  SELECT '`+id+`', '`+id+`', a.id, `+slot+`, nature, name_sealed, name_index, certificate_type, certificate_sealed, `+index+`,
			  principal_sealed, 1, 1 FROM subjects s, accounts a WHERE s.external_id = 'S1' AND a.external_id = '`+account+`'`)
		}
		if err := insert("second", "A1", "1", "'other'"); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("a second subject in the slot: %v (A1)", err)
		}
		if insert("second", "A1", "2", "'other'") == nil {
			t.Error("a second subject in a slot that does not exist was allowed (A1)")
		}
		if err := insert("twin", "A2", "1", "certificate_index"); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("the same certificate in another account: %v (A2)", err)
		}
		if err := insert("fine", "A2", "1", "'other'"); err != nil {
			t.Errorf("another subject in another account: %v", err)
		}
	})
}

func TestTheLimitOfSubjectsIsPolicy(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mustTakeIn(t, s, accountLine("A1"), subjectLine("S1", "A1", ""))
		if err := s.SetSubjectLimit(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		r := feedLines(t, s, subjectLine("S2", "A1", ""), subjectLine("S3", "A1", ""))
		if diff := cmp.Diff([]string{"2 account TARGET_HAS_SUBJECT"}, faultLines(r)); diff != "" || r.Created != 1 {
			t.Errorf("with room for two: %+v\n%s", r, diff)
		}
		if s.SetSubjectLimit(t.Context(), 1) == nil {
			t.Error("the limit fell below what an account holds")
		}
		if r := feedLines(t, s, subjectLine("S2", "A1", ""), subjectLine("S1", "A1", "")); r.Unchanged != 2 {
			t.Errorf("the refused change left something behind: %+v", r)
		}
	})
}

func TestARowOlderThanOursIsStale(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		dated := func(line, at string) string { return strings.Replace(line, `,`, `,"as_of":"`+at+`",`, 1) }
		everything := func(at, word string) []string {
			return []string{
				dated(strings.Replace(accountLine("A1"), "{", `{`+`"real_name":"`+word+`",`, 1), at),
				dated(subjectLine("S1", "A1", `,"principal":{"name":"`+word+`"}`), at),
				dated(strings.Replace(websiteLine("W1", "S1", "a.example.com"), `"site"`, `"`+word+`"`, 1), at),
				dated(`{"type":"order","external_id":"O1","account":"A1","kind":"`+map[string]string{"new": "first", "old": "cancel"}[word]+`","in_progress":true}`, at),
				dated(`{"type":"record","external_id":"R1","subject":"S1","kind":"review","title":"`+word+`"}`, at),
			}
		}
		mustTakeIn(t, s, everything("2026-02-01T00:00:00Z", "new")...)
		if r := feedLines(t, s, everything("2026-01-31T23:59:59Z", "old")...); r.Stale != 5 || len(r.Faults) != 0 {
			t.Errorf("older rows: %+v", r)
		}
		if r := feedLines(t, s, everything("2026-02-01T00:00:00Z", "new")...); r.Unchanged != 5 {
			t.Errorf("stale rows changed something: %+v", r)
		}
		if r := feedLines(t, s, everything("2026-02-03T00:00:00Z", "new")...); r.Unchanged != 5 {
			t.Errorf("the same facts, newer: %+v", r)
		}
		if r := feedLines(t, s, everything("2026-02-02T00:00:00Z", "old")...); r.Stale != 5 {
			t.Errorf("rows older than the newest confirmation: %+v", r)
		}
	})
}

func TestALateImportDoesNotUndoATransfer(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		at := func(when time.Time) string { return `,"as_of":"` + when.Format(time.RFC3339Nano) + `"` }
		before := time.Now().Add(-time.Hour)
		record := `{"type":"record","external_id":"R1","subject":"S1","kind":"review","title":"x"}`
		mustTakeIn(t, s, accountLine("A1"), accountLine("A2"), subjectLine("S1", "A1", at(before)), record)
		moveTo(t, s, "A1", "A2")
		for name, line := range map[string]string{
			"the same row": subjectLine("S1", "A1", at(before)), "a row without a date": subjectLine("S1", "A1", ""),
			"a newer row from before the transfer": subjectLine("S1", "A1", at(before.Add(time.Minute))),
		} {
			r := feedLines(t, s, line, record)
			if r.Stale != 1 || r.MovedHere != 1 || r.Refused != 0 || r.Unchanged != 1 || holderOf(t, s, "S1") != "A2" {
				t.Errorf("%s: %+v, now with %s", name, r, holderOf(t, s, "S1"))
			}
			if diff := cmp.Diff([]string{"1 account MOVED_HERE"}, faultLines(r)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if r := feedLines(t, s, subjectLine("S1", "A2", `,"principal":{"name":"x"}`)); r.Updated != 1 {
			t.Errorf("a row for the present holder: %+v", r)
		}
		if r := feedLines(t, s, subjectLine("S1", "A1", at(time.Now().Add(time.Minute)))); r.Updated != 1 || holderOf(t, s, "S1") != "A1" {
			t.Errorf("a row newer than the transfer: %+v", r)
		}
		if n := count(t, s, `SELECT count(*) FROM records r JOIN subjects s ON s.account_id = r.account_id`); n != 1 {
			t.Error("the record did not follow its subject")
		}
	})
}

func TestAChangeWithoutItsLockIsAConflict(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mustTakeIn(t, s, fullLines()...)
		changed := strings.NewReplacer("主站", "新站", "营业执照", "新执照", `"change"`, `"cancel"`, "李四光", "李四", `"active"`, `"frozen"`)
		for _, line := range fullLines() {
			item, wrong := intake.Decode([]byte(changed.Replace(line)))
			if len(wrong) > 0 {
				t.Fatal(wrong)
			}
			put := func(locked ...intake.Item) error {
				return s.TakeIn(t.Context(), func(x intake.Tx) error {
					if err := x.Lock(t.Context(), locked); err != nil {
						return err
					}
					_, err := x.Put(t.Context(), item)
					return err
				})
			}
			if err := put(); !errors.Is(err, tasks.ErrConflict) {
				t.Errorf("%s without a lock: %v", item.Type, err)
			}
			if err := put(item); err != nil {
				t.Errorf("%s with its lock: %v", item.Type, err)
			}
		}
	})
}
