package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"beian/api"
	"beian/internal/store"
	"beian/internal/vault"
	"beian/internal/workday"
	"beian/tasks"
)

// yearFile writes a year in which the days given are off beside the three of every
// year.
func yearFile(t *testing.T, number, source string, off ...string) string {
	t.Helper()
	var days []string
	for _, day := range append([]string{"01-01", "05-01", "10-01"}, off...) {
		days = append(days, `{"date":"`+number+"-"+day+`","off":true,"name":{"zh-CN":"节","en":"Holiday"}}`)
	}
	return `{"year":` + number + `,"source":"` + source + `","days":[` + strings.Join(days, ",") + `]}`
}

func isOff(c *calendars, day string) bool {
	date, err := workday.ParseDate(day)
	return err == nil && !c.InForce().Day(date).Working
}

func TestV2TheConsolesYearGoesBeforeAFileAndAFileBeforeTheShippedOne(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	now := func() time.Time { return time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC) }
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "2026.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := openCalendar(dir, now)
	if err != nil || !isOff(c, "2026-02-17") {
		t.Fatalf("the shipped year is not in force: %v", err)
	}
	write(yearFile(t, "2026", "a file", "03-03"))
	if err := c.reload(ctx); err != nil || !isOff(c, "2026-03-03") || isOff(c, "2026-02-17") {
		t.Errorf("the file does not replace the whole shipped year: %v", err)
	}
	keys, err := vault.New()
	if err != nil {
		t.Fatal(err)
	}
	if c.store, err = store.Open(ctx, store.Options{URL: "sqlite://" + filepath.Join(t.TempDir(), "record.db"), Vault: keys}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.store.Close() })
	if err := c.reload(ctx); err != nil {
		t.Errorf("before the schema is there: %v", err)
	}
	if _, err := c.store.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	year, err := workday.ParseYear([]byte(yearFile(t, "2026", "the console", "03-04")))
	if err != nil {
		t.Fatal(err)
	}
	entry := tasks.Entry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: "op"}, Action: "calendar.save", Object: "2026", Outcome: "done"}
	if err := c.Save(ctx, year, 0, entry); err != nil || !isOff(c, "2026-03-04") || isOff(c, "2026-03-03") {
		t.Errorf("the saved year is not in force at once: %v", err)
	}
	origins := map[int]api.CalendarOrigin{}
	for _, y := range c.Years() {
		origins[y.Year.Number()] = y.Origin
	}
	if len(origins) != 3 || origins[2025] != api.CalendarShipped || origins[2026] != api.CalendarConsole {
		t.Errorf("origins %v", origins)
	}
	write("nonsense")
	if err := c.reload(ctx); err == nil || !isOff(c, "2026-03-04") {
		t.Errorf("a broken file must change nothing and say so: %v", err)
	}
	if err := c.complete(ctx); err == nil || !strings.Contains(err.Error(), "2027") {
		t.Errorf("in November next year's data is missing, but: %v", err)
	}
}

func TestABrokenCalendarFileStopsTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "2027.json"), []byte(`{"year":2027}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openCalendar(dir, time.Now); err == nil || !strings.Contains(err.Error(), "2027.json") {
		t.Errorf("%v", err)
	}
}

// command runs a command line on a data directory and returns its exit code and
// what it printed.
func command(t *testing.T, dir string, in string, args ...string) (int, string) {
	t.Helper()
	var out, talk strings.Builder
	code := program{args: args, environ: []string{"BEIAN_ENV=development", "BEIAN_DATA_DIR=" + dir}, in: strings.NewReader(in), out: &out, err: &talk}.run(context.WithoutCancel(t.Context()))
	return code, out.String() + talk.String()
}

func TestTheCommandLineShowsChecksAddsAndCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if code, said := command(t, dir, "", "migrate", "up"); code != exitOK {
		t.Fatalf("%d %s", code, said)
	}
	year := yearFile(t, "2027", "notice of tests", "01-04")
	for _, c := range []struct {
		args []string
		in   string
		code int
		says string
	}{
		{[]string{"calendar", "show"}, "", exitOK, "shipped"},
		{[]string{"calendar", "show", "2027"}, "", exitNotFound, "not found"},
		{[]string{"calendar", "check", "-"}, strings.Replace(year, "05-01", "05-32", 1), exitFailed, "date"},
		{[]string{"calendar", "check", "-"}, year, exitOK, "2027: 4 days"},
		{[]string{"calendar", "add", "-"}, year, exitOK, "Stored"},
		{[]string{"calendar", "show", "2027"}, "", exitOK, `"2027-01-04"`},
		{[]string{"calendar", "due", "--at", "2027-01-02", "--days", "1", "--json"}, "", exitOK, `"day":"2027-01-04","step":"holiday"`},
		{[]string{"calendar", "due", "--at", "2026-09-30T18:01:00+08:00"}, "", exitOK, "due 2026-10-10T18:00:00+08:00"},
		{[]string{"calendar", "due", "--at", "noon"}, "", exitUsage, "--at"},
	} {
		if code, said := command(t, dir, c.in, c.args...); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%v: %d %s", c.args, code, said)
		}
	}
}
