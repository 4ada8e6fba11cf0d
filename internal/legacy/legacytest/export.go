package legacytest

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// account is a legacy account and what it exports.
type account struct {
	login, id        string
	english, chinese string
	plays            plays
	filedAt          string
	subject          subject
	materials        []material
	websites         []website
}

// The export as it travels; package legacy reads it with types of its own.
type (
	subject struct {
		Nature      string      `json:"nature"`
		Name        string      `json:"name"`
		Certificate certificate `json:"certificate"`
		ICPNumber   string      `json:"icp_number"`
		Principal   principal   `json:"principal"`
	}
	certificate struct {
		Type   string `json:"type"`
		Number string `json:"number"`
	}
	principal struct {
		Name  string `json:"name"`
		Phone string `json:"phone"`
	}
	website struct {
		ID            string     `json:"id"`
		Name          string     `json:"name"`
		Domain        string     `json:"domain"`
		Suffix        int        `json:"suffix"`
		Principal     principal  `json:"principal"`
		DomainAccount string     `json:"domain_account,omitempty"`
		ServerAccount string     `json:"server_account,omitempty"`
		Materials     []material `json:"materials"`
	}
	material struct {
		ID     string `json:"id"`
		Kind   string `json:"kind"`
		SHA256 string `json:"sha256"`
		Bytes  int    `json:"bytes"`
	}
	export struct {
		Account   string     `json:"account"`
		ID        string     `json:"id"`
		FiledAt   string     `json:"filed_at"`
		Subject   subject    `json:"subject"`
		Materials []material `json:"materials"`
		Websites  []any      `json:"websites"`
	}
)

func individual(name, number, icp, phone string) *account {
	return &account{subject: subject{Nature: "individual", Name: name, Certificate: certificate{"id_card", number}, ICPNumber: icp,
		Principal: principal{name, phone}}, materials: []material{{Kind: "id_front"}, {Kind: "id_back"}}}
}

func organisation(name, code, chief, icp, phone string) *account {
	return &account{subject: subject{Nature: "organisation", Name: name, Certificate: certificate{"credit_code", code}, ICPNumber: icp,
		Principal: principal{chief, phone}}, materials: []material{{Kind: "licence"}}}
}

// sites adds websites of these names. The first four have the certificate of their
// domain, the first one a picture of who is responsible: old filings are like that.
func (a *account) sites(domain string, names ...string) {
	for i, name := range names {
		host := domain + ".example.com"
		if i > 0 {
			host = domain + itoa(i+1) + ".example.com"
		}
		site := website{Name: name, Domain: host, Suffix: i + 1, Principal: a.subject.Principal}
		if i < 4 {
			site.Materials = append(site.Materials, material{Kind: "domain_certificate"})
		}
		if i == 0 {
			site.Materials = append(site.Materials, material{Kind: "principal_photo"})
		}
		a.websites = append(a.websites, site)
	}
}

func (a *account) play(p plays) *account {
	a.plays = p
	return a
}

func (a *account) about(english, chinese string) *account {
	a.english, a.chinese = english, chinese
	return a
}

// number gives the account and everything in it the ids that stay for ever.
func (a *account) number() {
	a.id = "L-" + a.login
	for i := range a.materials {
		a.materials[i].ID = a.login + "-s" + itoa(i+1)
	}
	for i := range a.websites {
		w := &a.websites[i]
		w.ID, w.DomainAccount, w.ServerAccount = a.login+"-w"+itoa(i+1), a.id, a.id
		for j := range w.Materials {
			w.Materials[j].ID = w.ID + "-m" + itoa(j+1)
		}
	}
}

// export is what a holder of a ticket reads.
func (a *account) export(pictures map[string][]byte) export {
	e := export{Account: a.id, ID: "H-" + a.login, FiledAt: a.filedAt, Subject: a.subject, Materials: described(a.materials, pictures)}
	sites := slices.Clone(a.websites)
	for i := range sites {
		sites[i].Materials = described(sites[i].Materials, pictures)
		e.Websites = append(e.Websites, sites[i])
	}
	if a.plays == playsBroken {
		e.breakUp(sites)
	}
	return e
}

func described(list []material, pictures map[string][]byte) []material {
	out := make([]material, len(list))
	for i, m := range list {
		sum := sha256.Sum256(pictures[m.ID])
		out[i] = material{ID: m.ID, Kind: m.Kind, SHA256: hex.EncodeToString(sum[:]), Bytes: len(pictures[m.ID])}
	}
	return out
}

// breakUp makes an export as decades of forms, migrations and by-hand repairs leave
// them: the names of the websites say what is wrong.
func (e *export) breakUp(sites []website) {
	e.Subject.Principal.Phone = "010-62345678" // a landline: no code can be sent there
	bare, address, principals, twice, papers := sites[1], sites[2], sites[3], sites[4], sites[5]
	bare.Domain = ""
	address.Domain = "http://" + address.Domain + "/index.html"
	principals.Principal = principal{Phone: "1390013"}
	principals.Suffix = -1
	twice.ID = sites[0].ID
	papers.Materials = []material{
		{ID: papers.ID + "-m1", Kind: "domain_certificate", SHA256: "d41d8cd98f00b204e9800998ecf8427e", Bytes: 4096}, // an MD5
		{ID: papers.ID + "-m2", Kind: "pre_approval", SHA256: strings.Repeat("0", 64), Bytes: 40 << 20},
	}
	e.Websites = []any{sites[0], bare, address, principals, twice, papers, "W-07"}
}

// lost papers are listed and not there; a spoilt one is not what its digest says.
func (a *account) lost(id string) bool {
	return a.plays == playsBroken && id == a.websites[3].Materials[0].ID
}

func (a *account) spoilt(id string) bool {
	return a.plays == playsBroken && id == a.websites[0].Materials[0].ID
}

func itoa(n int) string { return strconv.Itoa(n) }
