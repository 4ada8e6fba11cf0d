package api

import (
	"net/http"
	"strings"
	"testing"
)

const yearOfTests = `{"year":2027,"source":"国办发明电〔2026〕9号","days":[
  {"date":"2027-01-01","off":true,"name":{"zh-CN":"元旦","en":"New Year's Day"}},
  {"date":"2027-05-01","off":true,"name":{"zh-CN":"劳动节","en":"Labour Day"}},
  {"date":"2027-10-01","off":true,"name":{"zh-CN":"国庆节","en":"National Day"}}]}`

func TestV2TheAPICountsADueDateAndSaysWhy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.do(t, ask{method: "GET", path: "/v1/calendar/due?from=2026-09-30T18:01:00%2B08:00&working_days=2"})
	for _, part := range []string{`"due_at":"2026-10-10T18:00:00+08:00"`, `"certain":true`, `"after_cutoff"`, `"makeup"`, `"n":2`} {
		if got.status != 200 || !strings.Contains(got.raw, part) {
			t.Errorf("%d lacks %s: %s", got.status, part, got.raw)
		}
	}
	for _, bad := range []string{"from=yesterday", "working_days=61", "working_days=-2", "from=0001-01-02T00:00:00Z", "nonsense=1"} {
		if got := b.do(t, ask{method: "GET", path: "/v1/calendar/due?" + bad}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
}

func TestTheAPISavesAYearForStaffUnlessSomebodyWasFaster(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	put := func(body, match string) reply {
		head := map[string]string{}
		if match != "" {
			head["If-Match"] = match
		}
		return b.do(t, ask{as: "operator", method: "PUT", path: "/v1/calendar/2027", body: body, head: head})
	}
	if got := b.do(t, ask{method: "GET", path: "/v1/calendar/2027"}); got.status != http.StatusNotFound {
		t.Errorf("a year without data: %d", got.status)
	}
	if got := put(yearOfTests, `"7"`); got.status != http.StatusPreconditionFailed {
		t.Errorf("a version that is not there: %d", got.status)
	}
	if got := put(yearOfTests, ""); got.status != 200 || got.head.Get("ETag") != `"1"` || !strings.Contains(got.raw, `"origin":"console"`) {
		t.Fatalf("%d %s %s", got.status, got.head.Get("ETag"), got.raw)
	}
	if got := put(yearOfTests, `"1"`); got.status != 200 || got.head.Get("ETag") != `"2"` {
		t.Errorf("%d %s", got.status, got.head.Get("ETag"))
	}
	if got := put(yearOfTests, `"1"`); got.status != http.StatusPreconditionFailed {
		t.Errorf("over an older version: %d", got.status)
	}
	faulty := strings.NewReplacer(`"2027-01-01"`, `"2026-01-01"`, `,"name":{"zh-CN":"国庆节","en":"National Day"}`, `,"name":{"zh-CN":"","en":"National Day"}`).Replace(yearOfTests)
	got := put(faulty, "")
	for _, part := range []string{"CALENDAR_OTHER_YEAR", "CALENDAR_NAME", `"/days/0"`, `"/days/2"`} {
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.raw, part) {
			t.Errorf("%d lacks %s: %s", got.status, part, got.raw)
		}
	}
	if got := b.do(t, ask{as: "operator", method: "PUT", path: "/v1/calendar/2026", body: yearOfTests}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("another year's data: %d", got.status)
	}
	list := b.do(t, ask{method: "GET", path: "/v1/calendar"})
	if list.status != 200 || !strings.Contains(list.raw, `"year":2027,"origin":"console"`) || !strings.Contains(list.raw, `"office_hours":"09:00-18:00"`) {
		t.Errorf("%d %s", list.status, list.raw)
	}
}
