package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// planted is an ID number that must never come back.
const planted = "110101199003077213"

// Every operation of the specification gets the ID number in every place that a
// client fills: fields, names of fields, wrong types, parameters, paths.
func TestNothingSubmittedIsEverEchoed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.verified(t)
	for path, item := range b.api.OpenAPI().Paths {
		for _, op := range operationsOf(item) {
			for _, a := range plant(op, strings.ReplaceAll(path, "{receipt}", j.Receipt)) {
				for _, as := range []string{"", "source", "supervisor", "filing"} {
					a.as, a.key = as, newKey()
					if as == "filing" {
						a.head = map[string]string{"Authorization": "Bearer " + testKey}
					}
					got := b.do(t, a)
					all := got.raw + fmt.Sprint(got.head)
					if strings.Contains(all, planted) || strings.Contains(all, planted[:12]) || got.status >= 500 {
						t.Fatalf("%s %s %s: %d %s", a.method, a.path, a.body, got.status, all)
					}
				}
			}
		}
	}
	if strings.Contains(b.log.String(), planted) {
		t.Error("the log repeats what was submitted")
	}
}

func plant(op *huma.Operation, path string) []ask {
	if strings.HasSuffix(path, "/stream") {
		path += planted // an unknown path; the real one never ends
	}
	one := ask{method: op.Method, path: strings.ReplaceAll(path, "{id}", planted)}
	asks := []ask{one, {method: op.Method, path: one.path + "?" + planted + "=1&cursor=" + planted + "&limit=" + planted},
		{method: op.Method, path: one.path + "/" + planted},
		{method: op.Method, path: strings.ReplaceAll(one.path, "TR", planted)}}
	if op.Method != http.MethodPost {
		return asks
	}
	for _, body := range plantedBodies(op) {
		asks = append(asks, ask{method: op.Method, path: one.path, body: body})
	}
	return asks
}

func plantedBodies(op *huma.Operation) []string {
	bodies := []string{`"` + planted + `"`, `{"` + planted + `":1}`, `{"x":` + planted, `[` + planted + `]`, planted,
		`{"type":"account","external_id":"` + planted + `","site":"` + planted + `","status":"x","login_email":"` + planted + `"}`,
		`{"type":"` + planted + `","external_id":"x","` + planted + `":"` + planted + `"}`}
	all := map[string]any{}
	for name := range bodyFields(op) {
		all[name] = planted
		for _, value := range []any{planted, strings.Repeat(planted, 30), map[string]any{planted: planted}, []string{planted}, 110101199003077213} {
			one := map[string]any{name: value}
			raw, _ := json.Marshal(one)
			bodies = append(bodies, string(raw))
		}
	}
	raw, _ := json.Marshal(all)
	return append(bodies, string(raw))
}

func bodyFields(op *huma.Operation) map[string]bool {
	names := map[string]bool{}
	for _, name := range []string{"target", "target_phone4", "consent", "lang", "kind", "code", "receipt", "phone", "purpose", "login", "password", "staff"} {
		names[name] = true
	}
	return names
}

func TestAnUnknownFieldIsNamedWhenItLooksLikeAName(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.do(t, ask{as: "source", method: "POST", path: "/v1/prechecks",
		body: `{"kind":"transfer","target_phone4":9002,"colour":"red","1234567890":1}`}).problem(t, 422, "INVALID")
	got := map[string]string{}
	for _, e := range p.Errors {
		got[e.Pointer] = e.Code
	}
	want := map[string]string{"/target_phone4": "TYPE", "/colour": "UNKNOWN_FIELD", "/*": "UNKNOWN_FIELD"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v", slices.Sorted(maps.Keys(got)))
	}
}
