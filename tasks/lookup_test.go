package tasks_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"beian/internal/testenv"
	"beian/tasks"
)

// record is an office whose rows can be counted from outside.
type record struct {
	*office
	raw  *sql.DB
	file string // of SQLite
}

func openRecord(t *testing.T, url string) record {
	t.Helper()
	r := record{office: openOn(t, url)}
	driver, name := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite://"); ok {
		driver, name, r.file = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)", path
	}
	var err error
	r.raw, err = sql.Open(driver, name)
	r.must(err)
	t.Cleanup(func() { r.raw.Close() })
	return r
}

func sqliteRecord(t *testing.T) record {
	t.Helper()
	return openRecord(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db"))
}

// counts are the rows that a question writes to.
func (r record) counts() (out []int) {
	r.tb.Helper()
	for _, table := range []string{"lookups", "outbox", "idempotency", "limits", "notices", "audit"} {
		var n int
		if err := r.raw.QueryRowContext(r.ctx(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			r.tb.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// bytes are all that SQLite keeps on the disk.
func (r record) bytes() string {
	r.tb.Helper()
	var all strings.Builder
	for _, name := range []string{r.file, r.file + "-wal"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			r.tb.Fatal(err)
		}
		all.Write(raw)
	}
	return all.String()
}

func filingFacts(where string) map[string]string { return map[string]string{tasks.FieldFiling: where} }

func nameFacts(name, tail string) map[string]string {
	return map[string]string{tasks.FieldSubjectName: name, tasks.FieldTail: tail}
}

// find asks for a login from an address of its own.
func (o *office) find(fields map[string]string) error {
	_, err := o.desk.FindLogin(o.ctx(), o.question(fields))
	return err
}

// ask is find while no worker works.
func (o *office) ask(fields map[string]string) {
	o.tb.Helper()
	if err := o.find(fields); err != nil {
		o.tb.Fatal(err)
	}
}

func (o *office) question(fields map[string]string) tasks.LoginQuestion {
	key := o.key()
	return tasks.LoginQuestion{Fields: fields, Lang: "zh-CN", Asker: "asker " + key,
		Once: tasks.Once{Scope: "anonymous", Key: key, Fingerprint: tasks.Fingerprint(fields)}}
}

func (o *office) logins(phone string) (out []string) {
	for _, m := range o.wire.to(phone, tasks.TemplateLogin) {
		out = append(out, m.Params["own_login"])
	}
	return out
}

// lookupsTold lists what the journal says about lookups.
func (o *office) lookupsTold() (out []string) {
	o.tb.Helper()
	entries, err := o.store.FindAudit(o.ctx(), tasks.EntryFilter{Action: "login.find", Limit: 100})
	o.must(err)
	for _, e := range entries {
		out = append(out, e.Object+" "+e.Reason)
	}
	slices.Sort(out)
	return out
}

func TestF1_the_login_goes_to_the_phone_on_record_by_each_kind_of_facts(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p, other := o.holder(), o.holder()
		n := fmt.Sprint(p.subject["icp_number"])
		o.must(o.find(filingFacts(n)))
		o.must(o.find(filingFacts(" " + strings.TrimSuffix(n, "号") + "-2 ")))
		o.must(o.find(filingFacts("SITE1-2.example.com")))
		if got := o.logins(p.phone); !slices.Equal(got, []string{p.email, p.email, p.email}) {
			t.Errorf("the phone on record got %q", got)
		}
		o.must(o.find(nameFacts(" 张 小明", " 000 ００2")))
		if got := o.logins(other.phone); !slices.Equal(got, []string{other.email}) {
			t.Errorf("by name and certificate came %q", got)
		}
		if got := len(o.wire.handed); got != 4 {
			t.Errorf("%d messages", got)
		}
	})
}

func TestF1_without_a_security_phone_it_goes_to_the_principal(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.holder(line{"security_phone": ""})
	o.must(o.find(filingFacts("site1-1.example.com")))
	if got := o.logins(p.principal); !slices.Equal(got, []string{p.email}) {
		t.Errorf("the principal got %q", got)
	}
}

func TestF1_hit_and_miss_write_the_same_rows(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(testing.TB) string{"postgres": testenv.Postgres,
		"sqlite": func(tb testing.TB) string { return "sqlite://" + filepath.Join(tb.TempDir(), "record.db") }} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			sameRows(t, openRecord(t, url(t)))
		})
	}
}

func sameRows(t *testing.T, o record) {
	p := o.holder()
	closed := o.holder()
	o.take(closed.account.with(line{"status": "closed"}))
	rows := func(fields map[string]string) (out []int) {
		before := o.counts()
		acc, err := o.desk.FindLogin(t.Context(), o.question(fields))
		if err != nil || acc != (tasks.Accepted{}) {
			t.Errorf("the answer says %+v, %v", acc, err)
		}
		for i, n := range o.counts() {
			out = append(out, n-before[i])
		}
		return out
	}
	rows(filingFacts("first.example.com")) // the limit over all has one row for everybody
	hit := rows(filingFacts("site1-1.example.com"))
	for name, fields := range map[string]map[string]string{
		"an unknown domain": filingFacts("nobody.example.com"), "an unknown number": filingFacts("京ICP备99999999号"),
		"another tail": nameFacts("张小明", "999999"), "another name": nameFacts("李小红", "000001"),
		"a closed account": filingFacts("site2-1.example.com"),
	} {
		if miss := rows(fields); !slices.Equal(miss, hit) {
			t.Errorf("%s writes %v rows, a hit %v", name, miss, hit)
		}
	}
	o.run()
	if len(o.wire.handed) != 1 || len(o.logins(p.phone)) != 1 {
		t.Errorf("%d messages went out", len(o.wire.handed))
	}
	if left := o.counts()[0]; left != 0 {
		t.Errorf("%d questions are still kept", left)
	}
}

func TestF1_facts_must_all_fit_and_name_one_subject(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.holder()
	twin := o.someone()
	o.take(subjectLine(9, twin).with(line{"certificate": line{"type": "passport", "number": "F99000001"}})) // E00000001 is the first's
	both := nameFacts("张小明", "000001")
	o.must(o.find(both)) // two subjects: neither is told
	both[tasks.FieldFiling] = "site1-1.example.com"
	o.must(o.find(both))
	both = nameFacts("张小红", "000001")
	both[tasks.FieldFiling] = "site1-1.example.com"
	o.must(o.find(both))
	if len(o.wire.handed) != 1 {
		t.Errorf("%d messages went out", len(o.wire.handed))
	}
}

func TestF1_malformed_facts_are_told_at_once_and_cost_nothing(t *testing.T) {
	t.Parallel()
	o := sqliteRecord(t)
	before := o.counts()
	for name, test := range map[string]struct {
		fields map[string]string
		codes  []string
	}{
		"nothing":            {filingFacts(" "), []string{"DOMAIN_INVALID"}},
		"no name at all":     {nameFacts("", ""), []string{"CERTIFICATE_INVALID", "REQUIRED"}},
		"no domain":          {filingFacts("https://x"), []string{"DOMAIN_INVALID"}},
		"a licence":          {filingFacts("京ICP证060307号"), []string{"ICP_NUMBER_FORMAT"}},
		"half of the name":   {nameFacts("张小明", ""), []string{"CERTIFICATE_INVALID"}},
		"half of the number": {nameFacts("", "000001"), []string{"REQUIRED"}},
		"too short":          {nameFacts("张小明", "0001"), []string{"CERTIFICATE_INVALID"}},
	} {
		t.Run(name, func(t *testing.T) { wantCodes(t, o.find(test.fields), test.codes...) })
	}
	if after := o.counts(); !slices.Equal(before, after) {
		t.Errorf("rows were written: %v, %v", before, after)
	}
}

func TestF1_limits_count_hits_and_misses_alike(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]string{"hit": "site1-1.example.com", "miss": "nobody.example.com"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			o.holder()
			for range 3 {
				o.must(o.find(filingFacts(where)))
			}
			wantTooMany(t, o.find(filingFacts(strings.ToUpper(where))), "lookup_facts")
			o.jump(8 * time.Hour)
			o.must(o.find(filingFacts(where)))
			for i := range 6 {
				q := o.question(filingFacts(fmt.Sprintf("%d.%s", i, where)))
				q.Asker = "one address"
				_, err := o.desk.FindLogin(t.Context(), q)
				if i < 5 {
					o.must(err)
				} else {
					wantTooMany(t, err, "lookup_client")
				}
			}
		})
	}
}

func wantTooMany(t *testing.T, err error, limit string) {
	t.Helper()
	var many *tasks.TooMany
	if !errors.As(err, &many) || many.Limit != limit {
		t.Errorf("got %v, want limit %s", err, limit)
	}
}

func TestF1_one_phone_gets_three_messages_a_day_whatever_is_asked(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.holder()
		for _, where := range []string{"site1-1.example.com", "site1-2.example.com", fmt.Sprint(p.subject["icp_number"]), "site1-1.example.com"} {
			o.must(o.find(filingFacts(where)))
		}
		if got := len(o.logins(p.phone)); got != 3 {
			t.Errorf("%d messages", got)
		}
		got := o.lookupsTold()
		want := []string{p.id + " by domain: sent", p.id + " by domain: sent", p.id + " by domain: too often", p.id + " by icp number: sent"}
		if !slices.Equal(got, want) {
			t.Errorf("the journal says %q", got)
		}
	})
}

func TestF1_the_same_key_asks_once(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.holder()
		q := o.question(filingFacts("site1-1.example.com"))
		for i := range 10 {
			acc, err := o.desk.FindLogin(t.Context(), q)
			if err != nil || acc.Replayed != (i > 0) {
				t.Fatalf("%d: %+v, %v", i, acc, err)
			}
		}
		o.run()
		if got := len(o.logins(p.phone)); got != 1 {
			t.Errorf("%d messages", got)
		}
		other := o.question(filingFacts("site1-2.example.com"))
		other.Once.Key = q.Once.Key
		if _, err := o.desk.FindLogin(t.Context(), other); !errors.Is(err, tasks.ErrKeyReused) {
			t.Errorf("the key of another question: %v", err)
		}
	})
}

// What was typed, and the login, rest sealed or not at all.
func TestF1_nothing_personal_rests_in_clear(t *testing.T) {
	t.Parallel()
	o := sqliteRecord(t)
	o.holder()
	facts := nameFacts("张小明", "000001")
	facts[tasks.FieldFiling] = "site1-1.example.com"
	o.ask(facts)
	asked := o.bytes()
	o.run()
	if len(o.wire.handed) != 1 || !strings.Contains(asked, "lookup:find") {
		t.Fatal("the scan would not find anything")
	}
	for when, kept := range map[string]string{"before the answer": asked, "after it": o.bytes()} {
		for _, secret := range []string{"p1@example.com", "张小明", `"tail"`, "own_login"} {
			if strings.Contains(kept, secret) {
				t.Errorf("%s the database holds %q", when, secret)
			}
		}
	}
}

func TestF1_a_question_that_was_swept_ends_quietly(t *testing.T) {
	t.Parallel()
	o := sqliteRecord(t)
	p := o.holder()
	o.ask(filingFacts("site1-1.example.com"))
	if o.counts()[0] != 1 {
		t.Fatal("the question is not kept")
	}
	o.jump(25 * time.Hour)
	if _, err := o.store.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.run()
	if o.counts()[0] != 0 || len(o.logins(p.phone)) != 0 {
		t.Error("a question older than a day was kept")
	}
}
