package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"beian/api"
	"beian/tasks"
)

// withCalendar gives the console a calendar; the clock of the world stands in
// November 2026, when next year's data is missing.
func withCalendar(p *api.OpsParts) {
	record, ok := p.Journal.(*opsRecord)
	if !ok {
		panic("the journal is not the record")
	}
	p.Calendar = api.CalendarParts{Desk: api.CalendarOfTests{Store: record.store}, Days: 2, Now: p.Now}
}

const year2027 = `{"year": 2027, "source": "国办发明电〔2026〕9号", "days": [
  {"date": "2027-01-01", "off": true, "name": {"zh-CN": "元旦", "en": "New Year's Day"}},
  {"date": "2027-01-02", "off": true, "name": {"zh-CN": "元旦", "en": "New Year's Day"}},
  {"date": "2027-01-10", "off": false, "name": {"zh-CN": "元旦", "en": "New Year's Day"}},
  {"date": "2027-05-01", "off": true, "name": {"zh-CN": "劳动节", "en": "Labour Day"}},
  {"date": "2027-10-01", "off": true, "name": {"zh-CN": "国庆节", "en": "National Day"}}]}`

func TestTheCalendarPageLooksAsAgreed(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withCalendar)
	b := w.as(tasks.ActorSupervisor)
	for _, lang := range []string{"zh-CN", "en"} {
		b.lang = lang
		opsGolden(t, "calendar."+lang+".html", b.get("/ops/calendar?year=2026&at=2026-09-30T18:01&days=2").body)
		opsGolden(t, "calendar-preview."+lang+".html", b.post("/ops/calendar", url.Values{"calendar_data": {year2027}}).body)
		bad := strings.NewReplacer(`"2027-01-10"`, `"2027-01-11"`, `2027-01-02`, `2027-13-02`, `"off": true, "name": {"zh-CN": "国庆节"`, `"name": {"zh-CN": "国庆节"`).Replace(year2027)
		got := b.post("/ops/calendar", url.Values{"calendar_data": {bad}})
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "2027-01-11") || !strings.Contains(got.body, "2027-10-01") {
			t.Errorf("%s: %d, the faults are not named by date", lang, got.status)
		}
		if lang == "zh-CN" && !strings.Contains(got.body, "第 2 项：日期须写成 YYYY-MM-DD") || !strings.Contains(got.body, "2027-13-02") {
			t.Errorf("%s: the faulty entry is not named, or what was typed is gone", lang)
		}
	}
}

func TestV2WhatIfTellsTheDayAndWhy(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withCalendar)
	b := w.as(tasks.ActorAuditor)
	for query, want := range map[string][]string{
		"at=2026-09-30T17:59&days=2": {"18:00 on Friday 9 October", "National Day, not counted", "Working day 2"},
		"at=2026-09-30T18:01&days=2": {"18:00 on Saturday 10 October", "Past closing time", "Working day 2 (makes up for National Day)"},
		"at=2026-12-31T10:00&days=2": {"A year on the way has no data", "No data for 2027"},
		"":                           {"No holidays are known for 2027"},
	} {
		got := b.get("/ops/calendar?" + query)
		for _, part := range want {
			if got.status != 200 || !strings.Contains(got.body, part) {
				t.Errorf("%q: %d, lacks %q", query, got.status, part)
			}
		}
	}
	for _, bad := range []string{"at=yesterday", "at=1999-12-31T10:00", "days=-1", "days=61", "days=two"} {
		if got := b.get("/ops/calendar?" + bad); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
	for _, bad := range []string{"year=1999", "year=nonsense", "year=2200"} {
		if got := b.get("/ops/calendar?" + bad); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
}

func TestAYearIsSavedAfterItsPreviewAndReadsBack(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withCalendar)
	b := w.as(tasks.ActorOperator)
	if got := b.get("/ops/calendar/2027.json"); got.status != http.StatusNotFound {
		t.Errorf("a year without data: %d", got.status)
	}
	save := url.Values{"calendar_data": {year2027}, "step": {"save"}, "version": {"0"}}
	if got := b.post("/ops/calendar", save); got.status != http.StatusSeeOther || got.to != "/ops/calendar?year=2027&done=saved" {
		t.Fatalf("%d %s", got.status, got.to)
	}
	got := b.get("/ops/calendar?year=2027&done=saved").body
	for _, part := range []string{"国办发明电〔2026〕9号", "saved by operator", "make-up working day", "Due dates of open reviews are counted anew"} {
		if !strings.Contains(got, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(got, "No holidays are known for 2027") {
		t.Error("it still warns")
	}
	file := b.get("/ops/calendar/2027.json")
	if file.status != 200 || !strings.Contains(file.body, `{"date": "2027-01-10", "off": false`) || !strings.Contains(file.head.Get("Content-Disposition"), "2027.json") {
		t.Errorf("the file: %d %s", file.status, file.body)
	}
	if got := b.post("/ops/calendar", save); got.status != http.StatusConflict {
		t.Errorf("saving over an older version: %d", got.status)
	}
	if got := b.post("/ops/calendar", url.Values{"calendar_data": {year2027}, "step": {"save"}, "version": {"x"}}); got.status != http.StatusBadRequest {
		t.Errorf("no version: %d", got.status)
	}
	if rows := w.rows("calendar.save"); len(rows) != 1 || rows[0] != "operator|2027|国办发明电〔2026〕9号|done" {
		t.Errorf("rows %q", rows)
	}
	for _, role := range []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorAuditor} {
		b := w.as(role)
		if got := b.post("/ops/calendar", save); got.status != http.StatusForbidden {
			t.Errorf("%s saves: %d", role, got.status)
		}
		if got := b.get("/ops/calendar"); got.status != 200 || strings.Contains(got.body, "calendar_data") {
			t.Errorf("%s reads: %d, or is offered to save", role, got.status)
		}
	}
}

func TestAnUploadedYearGoesBeforeThePastedText(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withCalendar)
	b := w.as(tasks.ActorSupervisor)
	form := "--cut\r\nContent-Disposition: form-data; name=\"calendar_data\"\r\n\r\nnonsense\r\n" +
		"--cut\r\nContent-Disposition: form-data; name=\"calendar_file\"; filename=\"2027.json\"\r\nContent-Type: application/json\r\n\r\n" + year2027 + "\r\n--cut--\r\n"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.http.URL+"/ops/calendar", strings.NewReader(form))
	w.must(err)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=cut")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := b.client.Do(r)
	w.must(err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("%d", res.StatusCode)
	}
	huge := url.Values{"calendar_data": {strings.Repeat("x", 80<<10)}}
	if got := b.post("/ops/calendar", huge); got.status != http.StatusBadRequest {
		t.Errorf("a huge text: %d", got.status)
	}
}
