package legacytest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"strings"
	"sync"

	"beian/internal/specimen"
)

// studio draws the papers of an account when they are first asked for, and keeps
// them: an export names their digests.
type studio struct {
	sketch bool
	mu     sync.Mutex
	drawn  map[string]map[string][]byte
}

func (s *studio) pictures(a *account) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.drawn[a.id]; ok {
		return found, nil
	}
	draw, err := s.pen(a)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	add := func(of website, list []material) {
		for _, m := range list {
			if err == nil {
				out[m.ID], err = draw(m, of)
			}
		}
	}
	add(website{}, a.materials)
	for _, w := range a.websites {
		add(w, w.Materials)
	}
	if err != nil {
		return nil, fmt.Errorf("drawing the papers of %s: %w", a.id, err)
	}
	s.drawn[a.id] = out
	return out, nil
}

// pen is a painter of one account's papers; the same account gets the same ones.
func (s *studio) pen(a *account) (func(material, website) ([]byte, error), error) {
	if s.sketch {
		return func(m material, _ website) ([]byte, error) { return plate(m.ID) }, nil
	}
	painter, err := specimen.New(binary.BigEndian.Uint64(seed(a.id)))
	if err != nil {
		return nil, err
	}
	who := a.person()
	of := specimen.Company{Name: a.subject.Name, Number: a.subject.Certificate.Number, Kind: "有限责任公司", Chief: who.Name,
		Founded: "2003年4月8日", Address: "浙江省杭州市西湖区样例路二十三号"}
	return func(m material, site website) ([]byte, error) {
		switch m.Kind {
		case "id_front":
			return painter.IDFront(who)
		case "id_back":
			return painter.IDBack("样例市公安局", "2008.06.18-2028.06.18")
		case "licence":
			return painter.Licence(of)
		case "principal_photo":
			return painter.HoldingID(who)
		}
		return painter.DomainCertificate(specimen.Registration{Domain: site.Domain, Holder: a.subject.Name, Registrar: "样例域名注册商",
			From: "2008年3月1日", Until: "2030年3月1日"})
	}, nil
}

// person is who is responsible for the account's subject, as the papers show them.
func (a *account) person() specimen.Person {
	number := a.subject.Certificate.Number
	if a.subject.Nature == "organisation" {
		number = "330106197902231513"
	}
	sex := "女"
	if (number[16]-'0')%2 == 1 {
		sex = "男"
	}
	born := strings.TrimLeft(number[10:12], "0") + " 月 " + strings.TrimLeft(number[12:14], "0") + " 日"
	return specimen.Person{Name: a.subject.Principal.Name, Sex: sex, Nation: "汉", Born: number[6:10] + " 年 " + born,
		Address: "北京市西城区样例路二十二号", Number: number}
}

// seed is what the randomness of a name begins with.
func seed(name string) []byte {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	return h.Sum(nil)
}

// plate is a small picture in a colour of its own.
func plate(name string) ([]byte, error) {
	of := seed(name)
	picture := image.NewRGBA(image.Rect(0, 0, 640, 480))
	draw.Draw(picture, picture.Rect, image.NewUniform(color.RGBA{of[5], of[6], of[7], 0xff}), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		return nil, fmt.Errorf("encoding a plate: %w", err)
	}
	return out.Bytes(), nil
}
