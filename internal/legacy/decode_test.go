package legacy

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

// good is an export with one of everything.
const good = `{"account":"L-1","id":"H-1","filed_at":"2009-06-18","since":"v2 has fields we don't know",
 "subject":{"nature":"individual","name":"王芳","certificate":{"type":"id_card","number":"110102198805152643"},"icp_number":"京ICP备09012345号","principal":{"name":"王芳","phone":"13900139102"}},
 "materials":[{"id":"M-1","kind":"id_front","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","bytes":9}],
 "websites":[{"id":"W-1","name":"芳的厨房","domain":"fang.example.com","suffix":1,"principal":{"name":"王芳","phone":"13900139102"},
  "materials":[{"id":"M-2","kind":"domain_certificate","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","bytes":9}]}]}`

func TestI5_ABrokenFieldIsAFaultOfItsRecordAndHarmsNoOther(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		from, to string
		want     tasks.LegacyFault
		websites int
	}{
		"no subject":              {`"subject"`, `"object"`, tasks.LegacyFault{ID: "H-1", Field: "subject", Code: "REQUIRED"}, 1},
		"an unknown nature":       {`"individual"`, `"dog"`, tasks.LegacyFault{ID: "H-1", Field: "subject.nature", Code: "VALUE_UNKNOWN"}, 1},
		"a bad check digit":       {`110102198805152643`, `110102198805152644`, tasks.LegacyFault{ID: "H-1", Field: "subject.certificate.number", Code: "ID_CHECK_DIGIT"}, 1},
		"no certificate type":     {`"type":"id_card",`, ``, tasks.LegacyFault{ID: "H-1", Field: "subject.certificate.type", Code: "REQUIRED"}, 1},
		"an unknown type":         {`id_card`, `tattoo`, tasks.LegacyFault{ID: "H-1", Field: "subject.certificate.number", Code: "CERTIFICATE_INVALID"}, 1},
		"a number of a licence":   {`京ICP备09012345号`, `京ICP证090123号`, tasks.LegacyFault{ID: "H-1", Field: "subject.icp_number", Code: "ICP_NUMBER_FORMAT"}, 1},
		"a day that is none":      {`2009-06-18`, `2009-02-30`, tasks.LegacyFault{ID: "H-1", Field: "filed_at", Code: "TIME_FORMAT"}, 1},
		"a name twice":            {`"name":"王芳","cert`, `"name":"王芳","name":"李晓明","cert`, tasks.LegacyFault{ID: "H-1", Field: "subject.name", Code: "FIELD_DUPLICATE"}, 1},
		"a name of another type":  {`"name":"芳的厨房"`, `"name":7`, tasks.LegacyFault{ID: "W-1", Field: "name", Code: "FIELD_TYPE"}, 1},
		"a name with a bell":      {`芳的厨房`, `芳\u0007`, tasks.LegacyFault{ID: "W-1", Field: "name", Code: "TEXT_INVALID"}, 1},
		"half a character":        {`芳的厨房`, `\ud800`, tasks.LegacyFault{ID: "W-1", Field: "name", Code: "TEXT_INVALID"}, 1},
		"a novel for a name":      {`芳的厨房`, strings.Repeat("芳", 201), tasks.LegacyFault{ID: "W-1", Field: "name", Code: "TEXT_TOO_LONG"}, 1},
		"a suffix out of range":   {`"suffix":1`, `"suffix":100000`, tasks.LegacyFault{ID: "W-1", Field: "suffix", Code: "NUMBER_RANGE"}, 1},
		"no domain":               {`"domain":"fang.example.com",`, ``, tasks.LegacyFault{ID: "W-1", Field: "domain", Code: "REQUIRED"}, 0},
		"an address for a domain": {`"fang.example.com"`, `"http://fang.example.com"`, tasks.LegacyFault{ID: "W-1", Field: "domain", Code: "DOMAIN_INVALID"}, 0},
		"a website without an id": {`"id":"W-1",`, ``, tasks.LegacyFault{ID: "H-1/websites[0]", Field: "id", Code: "REQUIRED"}, 0},
		"an id that is a path":    {`"id":"W-1"`, `"id":"../1"`, tasks.LegacyFault{ID: "H-1/websites[0]", Field: "id", Code: "TEXT_INVALID"}, 0},
		"websites of no kind":     {`"websites":[{`, `"websites":7,"x":[{`, tasks.LegacyFault{ID: "H-1", Field: "websites", Code: "FIELD_TYPE"}, 0},
		"a website that is text":  {`"websites":[`, `"websites":["W-0",`, tasks.LegacyFault{ID: "H-1/websites[0]", Code: "FIELD_TYPE"}, 1},
		"a paper twice":           {`"M-2"`, `"M-1"`, tasks.LegacyFault{ID: "M-1", Field: "id", Code: "FIELD_DUPLICATE"}, 1},
		"a paper too large":       {`"bytes":9}]}]`, `"bytes":10485761}]}]`, tasks.LegacyFault{ID: "M-2", Field: "bytes", Code: "NUMBER_RANGE"}, 1},
		"a paper of odd kind":     {`domain_certificate`, `域名证书`, tasks.LegacyFault{ID: "M-2", Field: "kind", Code: "VALUE_UNKNOWN"}, 1},
		"a paper without bytes":   {`,"bytes":9}]}]`, `}]}]`, tasks.LegacyFault{ID: "M-2", Field: "bytes", Code: "REQUIRED"}, 1},
		"a digest too short":      {`9b934ca495991b7852b855"` + `,"bytes":9}]}]`, `9b934ca49599"` + `,"bytes":9}]}]`, tasks.LegacyFault{ID: "M-2", Field: "sha256", Code: "TEXT_INVALID"}, 1},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(good, test.from, test.to, 1)
			if broken == good {
				t.Fatal("nothing was broken")
			}
			h, code := decodeHoldings([]byte(broken), "L-1")
			if code != "" {
				t.Fatalf("all of it is %s", code)
			}
			if diff := cmp.Diff([]tasks.LegacyFault{test.want}, h.Faults); diff != "" || len(h.Websites) != test.websites {
				t.Errorf("%d websites, faults -want +got:\n%s", len(h.Websites), diff)
			}
		})
	}
}

func TestAWholeExportHasNoFault(t *testing.T) {
	t.Parallel()
	h, code := decodeHoldings([]byte(good), "L-1")
	if code != "" || len(h.Faults) != 0 || len(h.Websites) != 1 || len(h.Materials) != 1 || len(h.Websites[0].Materials) != 1 {
		t.Errorf("%s %+v", code, h)
	}
}

// FuzzHoldings looks for exports that break the decoder, or get something past it
// that nobody could import.
func FuzzHoldings(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"account":"L-1","id":"H-1"}`))
	f.Add([]byte(`{"account":"L-1","id":"H-1","websites":[{"id":"W","domain":"a.b","materials":[{}]},null,[],{"id":"W"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, code := decodeHoldings(data, "L-1")
		if code != "" {
			if diff := cmp.Diff(tasks.LegacyHoldings{}.Websites, h.Websites); diff != "" {
				t.Error("an export that can't be used has websites")
			}
			return
		}
		ids := map[string]bool{}
		check := func(list []tasks.LegacyMaterial) {
			for _, m := range list {
				if !id.MatchString(m.ID) || ids["m"+m.ID] || len(m.SHA256) != 32 || m.Bytes < 1 || m.Bytes > MaxMaterial || !kind.MatchString(m.Kind) {
					t.Errorf("paper %+v", m)
				}
				ids["m"+m.ID] = true
			}
		}
		check(h.Materials)
		for _, w := range h.Websites {
			if !id.MatchString(w.ID) || ids["w"+w.ID] || w.Website.Domain.IsZero() || !utf8.ValidString(w.Website.Name) {
				t.Errorf("website %+v", w)
			}
			ids["w"+w.ID] = true
			check(w.Materials)
		}
		if len(h.Faults) > maxFaults {
			t.Errorf("%d faults", len(h.Faults))
		}
		if h.Subject.Name == "" && len(h.Faults) == 0 {
			t.Error("a nameless subject without a fault")
		}
	})
}

// FuzzTicket: whatever passes must fit into a header and a path.
func FuzzTicket(f *testing.F) {
	f.Add([]byte(`{"account":"L-1","ticket":"long-enough-for-a-ticket","expires_at":"2026-12-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, ok := decodeTicket(data); ok && (strings.ContainsAny(got.Token, " \r\n\x00\"") || strings.ContainsAny(got.Account, "/ ?#") || got.Token == "") {
			t.Error("a ticket that travels badly")
		}
	})
}
