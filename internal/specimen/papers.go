package specimen

import (
	"image"
	"image/color"
)

const (
	cardW, cardH   = 1012, 638 // an ID card, 85.6 mm × 54 mm at 300 dpi
	sheetW, sheetH = 1000, 1300
)

var (
	ink     = color.RGBA{0x20, 0x20, 0x20, 0xff}
	caption = color.RGBA{0x2f, 0x6f, 0xa8, 0xff}
	sealRed = color.RGBA{0xc4, 0x1e, 0x1e, 0xd0}
)

func (p *Painter) idFront(who Person) sheet {
	s := p.sheet(cardW, cardH, color.RGBA{0xe6, 0xee, 0xf2, 0xff})
	s.guilloche(color.RGBA{0xc9, 0xdc, 0xe6, 0xff})
	row := func(y int, name, value string) {
		s.write(line{60, y, 30, caption}, name)
		s.write(line{170, y, 36, ink}, value)
	}
	row(100, "姓 名", who.Name)
	s.write(line{60, 180, 30, caption}, "性 别")
	s.write(line{170, 180, 36, ink}, who.Sex)
	s.write(line{270, 180, 30, caption}, "民 族")
	s.write(line{380, 180, 36, ink}, who.Nation)
	row(260, "出 生", who.Born)
	s.write(line{60, 340, 30, caption}, "住 址")
	for i, part := range wrap(who.Address, 13) {
		s.write(line{170, 340 + 52*i, 34, ink}, part)
	}
	s.write(line{60, 560, 30, caption}, "公民身份号码")
	s.write(line{300, 562, 46, ink}, who.Number)
	s.portrait(image.Rect(680, 60, 950, 400), color.RGBA{0x35, 0x3f, 0x55, 0xff})
	return s.specimen()
}

func (p *Painter) idBack(authority, validity string) sheet {
	s := p.sheet(cardW, cardH, color.RGBA{0xee, 0xea, 0xe0, 0xff})
	s.guilloche(color.RGBA{0xe2, 0xd4, 0xc4, 0xff})
	s.oval(image.Rect(70, 60, 230, 220), sealRed)
	s.oval(image.Rect(110, 100, 190, 180), color.RGBA{0xe8, 0xb0, 0x30, 0xff})
	s.write(line{290, 130, 54, ink}, "居民身份证（样例）")
	s.write(line{290, 210, 40, ink}, "仅供演示")
	s.write(line{150, 480, 34, caption}, "签发机关")
	s.write(line{330, 482, 38, ink}, authority)
	s.write(line{150, 560, 34, caption}, "有效期限")
	s.write(line{330, 562, 38, ink}, validity)
	return s.specimen()
}

func (p *Painter) licence(of Company) sheet {
	s := p.sheet(sheetW, sheetH, color.RGBA{0xf6, 0xf1, 0xe2, 0xff})
	s.guilloche(color.RGBA{0xea, 0xdf, 0xc2, 0xff})
	for i := range 12 {
		s.frame(30+i, color.RGBA{0xb8, 0x95, 0x3a, 0xff})
	}
	s.write(line{300, 200, 96, ink}, "营业执照")
	s.write(line{120, 300, 34, caption}, "统一社会信用代码")
	s.write(line{430, 302, 42, ink}, of.Number)
	y := 420
	for _, row := range [][2]string{{"名 称", of.Name}, {"类 型", of.Kind}, {"法定代表人", of.Chief}, {"成立日期", of.Founded}, {"住 所", of.Address}} {
		s.write(line{120, y, 34, caption}, row[0])
		for _, part := range wrap(row[1], 15) {
			s.write(line{330, y, 38, ink}, part)
			y += 54
		}
		y += 36
	}
	s.seal(image.Rect(680, 960, 900, 1180), "登记机关样例")
	return s.specimen()
}

func (p *Painter) letter(of Company, who Person) sheet {
	s := p.sheet(sheetW, sheetH, color.RGBA{0xfa, 0xfa, 0xf7, 0xff})
	s.write(line{300, 160, 72, ink}, "授 权 委 托 书")
	text := "兹授权" + who.Name + "（身份证号码" + who.Number + "）代表" + of.Name + "（统一社会信用代码" + of.Number +
		"）办理备案账号邮箱初始化，由此产生的责任由本单位承担。"
	y := 300
	for _, part := range wrap(text, 22) {
		s.write(line{100, y, 36, ink}, part)
		y += 66
	}
	s.write(line{100, 960, 36, ink}, "受托人签字：")
	s.write(line{330, 965, 52, color.RGBA{0x18, 0x28, 0x70, 0xff}}, who.Name)
	s.write(line{100, 1060, 36, ink}, "单位（盖章）："+of.Name)
	s.write(line{100, 1160, 36, ink}, "日期：2026年11月20日")
	s.seal(image.Rect(620, 940, 900, 1220), "样例公章")
	return s.specimen()
}

// guilloche is the fine pattern of such papers; it keeps large areas from being
// flat.
func (s sheet) guilloche(c color.RGBA) {
	for y := 12; y < s.Rect.Dy(); y += 24 {
		for x := range s.Rect.Dx() {
			wave := (x * x / 97) % 17
			s.SetRGBA(x, min(y+wave, s.Rect.Dy()-1), c)
			s.SetRGBA(x, max(y-wave, 0), c)
		}
	}
}

func (s sheet) frame(inset int, c color.RGBA) {
	r := s.Rect.Inset(inset)
	for x := r.Min.X; x < r.Max.X; x++ {
		s.SetRGBA(x, r.Min.Y, c)
		s.SetRGBA(x, r.Max.Y-1, c)
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		s.SetRGBA(r.Min.X, y, c)
		s.SetRGBA(r.Max.X-1, y, c)
	}
}

// seal is a round red stamp.
func (s sheet) seal(r image.Rectangle, words string) {
	s.ring(r, 8, sealRed)
	size := r.Dx() / 8
	s.write(line{r.Min.X + r.Dx()/2 - size*len([]rune(words))/2, r.Min.Y + r.Dy()/2 - size/2, size, sealRed}, words)
}

// wrap cuts text into lines of so many letters; digits and Latin letters count half.
func wrap(text string, width int) []string {
	var out []string
	var current []rune
	used := 0
	for _, r := range text {
		w := 2
		if r < 0x2E80 {
			w = 1
		}
		if used+w > 2*width {
			out, current, used = append(out, string(current)), nil, 0
		}
		current = append(current, r)
		used += w
	}
	return append(out, string(current))
}
