package api

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestTheSpecificationIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	spec, err := b.specification()
	must(t, err)
	spec = append(spec, '\n')
	if *update {
		must(t, os.WriteFile("openapi.json", spec, 0o644))
	}
	golden, err := os.ReadFile("openapi.json")
	must(t, err)
	if diff := cmp.Diff(strings.Split(string(golden), "\n"), strings.Split(string(spec), "\n")); diff != "" {
		t.Errorf("the API changed; go test ./api -update keeps it:\n%s", diff)
	}
	got := b.do(t, ask{method: "GET", path: "/openapi.json"})
	var served map[string]any
	must(t, json.Unmarshal([]byte(got.raw), &served))
	if served["openapi"] != "3.1.0" || strings.Contains(got.raw, "ErrorModel") || strings.Contains(got.raw, "!api.") {
		t.Error("the specification is not ours")
	}
}

func TestTheReferenceListsEveryOperationInBothLanguages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, lang := range []string{"zh-CN", "en"} {
		got := b.do(t, ask{method: "GET", path: "/docs?lang=" + lang})
		if got.status != 200 || strings.Contains(got.raw, "!api.") || strings.Contains(got.raw, "!error.") {
			t.Errorf("%s: %d", lang, got.status)
		}
		for path, item := range b.api.OpenAPI().Paths {
			for _, op := range operationsOf(item) {
				if !strings.Contains(got.raw, op.Method+" "+path+"<") {
					t.Errorf("%s lacks %s %s", lang, op.Method, path)
				}
			}
		}
		for _, host := range []string{"unpkg", "cdn", "https://fonts"} {
			if strings.Contains(got.raw, host) {
				t.Errorf("%s names %s", lang, host)
			}
		}
	}
}
