package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"beian/internal/text"
)

// foreignSite serves the example page as a provider would: from another origin, with the desk's address filled in.
func foreignSite(s *stage) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNoContent) // the browser asks for an icon
			return
		}
		page, err := os.ReadFile("../../docs/examples/transfer.html")
		if err != nil {
			http.Error(w, "no example", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(strings.Replace(string(page), "https://beian.example.cn\"", s.base+"\"", 1)))
	}))
	server.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // another site, not only another port
	return server
}

func TestAProvidersOwnPageSubmitsATransfer(t *testing.T) {
	t.Parallel()
	s := onStage(t)
	p := newParties(t, s)
	v := s.stranger(t, manner{text.English, true, 360})
	v.notes.also = s.foreign.URL
	v.open(s.foreign.URL + "/")
	v.look("example-offer")
	v.fill("#login", p.source)
	v.fill("#password", password)
	v.fill("#target", p.source)
	v.fill("#phone4", "0000")
	v.tap("#offer button")
	v.holds(`!document.querySelector("#trouble").hidden && document.activeElement.id === "trouble" && !document.querySelector("#offer button").disabled`)
	v.look("example-trouble")
	v.fill("#target", p.target)
	v.fill("#phone4", p.targetPhone[len(p.targetPhone)-4:])
	v.tap("#offer button")
	v.holds(`!document.querySelector("#confirm").hidden && document.querySelector("#confirm").innerText.includes(` + quoted(p.icp) + `)`)
	v.look("example-confirm")
	v.tap("#consent")
	v.taps("#confirm button", 2)
	v.holds(`!document.querySelector("#prove").hidden`)
	v.look("example-code")
	v.fill("#code", s.code(t, p.holder, 1))
	v.tap("#prove button")
	v.holds(`!document.querySelector("#accepted").hidden`)
	v.look("example-accepted")
	receipt := ask[string](v, `document.querySelector("[data-show=receipt]").textContent`)
	if page := ask[string](v, `document.querySelector("#page").href`); page != s.base+"/jobs/"+receipt {
		t.Errorf("the page of %s is %s", receipt, page)
	}
	target := s.visitor(t, manner{text.English, true, 1280})
	target.signIn(p.target)
	target.open("/jobs/" + receipt)
	target.state("target_confirm")
}

func TestTheBrowserRefusesAnOriginThatIsNotOnTheList(t *testing.T) {
	t.Parallel()
	s := onStage(t)
	p := newParties(t, s)
	v := s.stranger(t, manner{text.English, true, 1280})
	v.notes.also = s.unknown.URL
	v.notes.expect("blocked by CORS policy")
	v.notes.expect("net::ERR_FAILED")
	v.open(s.unknown.URL + "/")
	v.fill("#login", p.source)
	v.fill("#password", password)
	v.fill("#target", p.target)
	v.fill("#phone4", p.targetPhone[len(p.targetPhone)-4:])
	v.tap("#offer button")
	v.holds(`document.querySelector("#trouble").innerText.includes("cannot be reached")`)
}
