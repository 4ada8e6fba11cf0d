package specimen

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
)

func person() Person {
	return Person{Name: "样例人", Sex: "女", Nation: "汉", Born: "1990 年 3 月 7 日", Address: "北京市样例区演示路一号", Number: "110101199003077213"}
}

// Look at them: SPECIMENS=dir go test ./internal/specimen writes the pictures.
func TestEveryPaperIsAPhotographThatSaysSpecimen(t *testing.T) {
	t.Parallel()
	p, err := New(1)
	if err != nil {
		t.Fatal(err)
	}
	company := Company{Name: "北京样例科技有限公司", Number: "91110108MA01K7T27X", Kind: "有限责任公司", Chief: "样例人", Founded: "2019年5月20日", Address: "北京市样例区演示路二号"}
	pictures := map[string]func() ([]byte, error){
		"id_front":   func() ([]byte, error) { return p.IDFront(person()) },
		"id_back":    func() ([]byte, error) { return p.IDBack("样例市公安局", "2020.01.01-2040.01.01") },
		"holding_id": func() ([]byte, error) { return p.HoldingID(person()) },
		"licence":    func() ([]byte, error) { return p.HoldingLicence(company) },
		"letter":     func() ([]byte, error) { return p.Letter(company, person()) },
	}
	for name, draw := range pictures {
		data, err := draw()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		decoded, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if b := decoded.Bounds(); b.Dx() != photoW || b.Dy() != photoH {
			t.Errorf("%s is %v", name, b)
		}
		if dir := os.Getenv("SPECIMENS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".jpg"), data, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestTheMarkReachesEveryPartOfAPaper(t *testing.T) {
	t.Parallel()
	p, err := New(1)
	if err != nil {
		t.Fatal(err)
	}
	s := p.sheet(900, 600, ink)
	plain := bytes.Clone(s.Pix)
	s.specimen()
	for row := range 2 {
		for column := range 3 {
			changed := 0
			for y := row * 300; y < row*300+300; y++ {
				at := y*s.Stride + column*300*4
				if !bytes.Equal(s.Pix[at:at+1200], plain[at:at+1200]) {
					changed++
				}
			}
			if changed < 20 {
				t.Errorf("part %d,%d is marked on %d rows only", row, column, changed)
			}
		}
	}
}

func TestScansFillTheirSheet(t *testing.T) {
	t.Parallel()
	p, err := New(1)
	if err != nil {
		t.Fatal(err)
	}
	scans := map[string]func() ([]byte, error){
		"licence_scan": func() ([]byte, error) {
			return p.Licence(Company{Name: "北京样例科技有限公司", Number: "91110108MA01K7T27X"})
		},
		"domain_certificate": func() ([]byte, error) {
			return p.DomainCertificate(Registration{Domain: "sample.example.com", Holder: "样例人", Registrar: "样例注册商", From: "2009年6月18日", Until: "2030年6月18日"})
		},
	}
	for name, draw := range scans {
		data, err := draw()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		decoded, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil || decoded.Bounds().Dx() != 1000 {
			t.Errorf("%s: %v", name, err)
		}
		if dir := os.Getenv("SPECIMENS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".jpg"), data, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}
