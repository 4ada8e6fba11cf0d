package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"beian/internal/specimen"
)

// The representative whom begin names.
const (
	representative = "王芳"
	herNumber      = "110102198805152643"
)

// papers draws what an organisation's representative hands in, by slot.
func (a *applicant) papers(t *testing.T) map[string]string {
	t.Helper()
	var seed uint64
	for _, b := range []byte(a.id) {
		seed = seed*31 + uint64(b)
	}
	who := specimen.Person{Name: representative, Sex: "女", Nation: "汉", Born: "1988 年 5 月 15 日", Address: "北京市西城区样例路三号", Number: herNumber}
	of := specimen.Company{Name: a.name, Number: a.number, Kind: "有限责任公司", Chief: "陈远", Founded: "2019年5月6日", Address: "北京市朝阳区样例路九号"}
	painter, err := specimen.New(seed)
	if err != nil {
		t.Fatal(err)
	}
	dir, out := t.TempDir(), map[string]string{}
	draw := func(slot string, picture func() ([]byte, error)) {
		t.Helper()
		name := filepath.Join(dir, slot+".jpg")
		raw, err := picture()
		if err == nil {
			err = os.WriteFile(name, raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		out[slot] = name
	}
	draw("holding_certificate", func() ([]byte, error) { return painter.HoldingLicence(of) })
	draw("letter", func() ([]byte, error) { return painter.Letter(of, who) })
	draw("letter_again", func() ([]byte, error) { return painter.Letter(of, who) })
	draw("applicant_id_front", func() ([]byte, error) { return painter.IDFront(who) })
	draw("applicant_id_back", func() ([]byte, error) { return painter.IDBack("样例市公安局", "2020.01.01-2040.01.01") })
	return out
}

// handIn uploads pictures and submits an individual's application that is proved.
func (a *applicant) handIn(v *visitor, receipt string) {
	v.t.Helper()
	for i, slot := range []string{"id_front", "id_back", "holding_id"} {
		v.attach(receipt, slot, photo(v.t, uint8(100+20*i), false))
	}
	v.submitReset(receipt)
}

// submitReset hands in what is complete.
func (v *visitor) submitReset(receipt string) {
	v.t.Helper()
	v.open("/reset/" + receipt + "/check")
	v.look("reset-check")
	v.press(`form[action$="/submit"] .button`)
	v.sees("reset.done.title")
	v.open("/jobs/" + receipt)
	v.state("queued")
}
