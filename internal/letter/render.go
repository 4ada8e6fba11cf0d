package letter

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"
	qrcode "github.com/skip2/go-qrcode"
)

// modulePixels is how large a module of the QR code is stored: some viewers smooth small pictures, and a module of
// eight pixels stays sharp.
const modulePixels = 8

// ruleDrop is how far below the baseline a rule runs, in ems.
const ruleDrop = 0.22

// render draws the page as a PDF whose bytes depend on nothing but the page and the date.
func (s *sheet) render(fonts *fonts, f Fields) ([]byte, error) {
	pdf := fpdf.New("P", "mm", "A4", "")
	describe(pdf, form{Fields: f})
	for _, face := range []*face{fonts.han, fonts.latin} {
		pdf.AddUTF8FontFromBytes(face.name, "", face.data)
	}
	pdf.AddPage()
	if err := drawQR(pdf, f.StatusURL); err != nil {
		return nil, err
	}
	for _, l := range s.lines {
		l.draw(pdf)
	}
	for _, stroke := range s.strokes {
		stroke.draw(pdf)
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write the PDF: %w", err)
	}
	return out.Bytes(), nil
}

// describe sets what a viewer shows about the file: its title and language, and nothing about the program or the
// moment it was printed.
func describe(pdf *fpdf.Fpdf, f form) {
	date := f.Date
	if date.IsZero() {
		date = time.Date(2026, time.January, 1, 0, 0, 0, 0, shanghai())
	}
	date = date.In(shanghai())
	pdf.SetTitle(f.heading(), true)
	pdf.SetLang("zh-CN")
	pdf.SetProducer("", false)
	pdf.SetCreationDate(date)
	pdf.SetModificationDate(date)
	pdf.SetCatalogSort(true)
	pdf.SetAutoPageBreak(false, 0)
}

func drawQR(pdf *fpdf.Fpdf, address string) error {
	if address == "" {
		return nil
	}
	code, err := qrcode.New(address, qrcode.Medium)
	if err != nil {
		return fmt.Errorf("draw the QR code: %w", err)
	}
	picture, err := code.PNG(-modulePixels)
	if err != nil {
		return fmt.Errorf("draw the QR code: %w", err)
	}
	options := fpdf.ImageOptions{ImageType: "PNG"}
	pdf.RegisterImageOptionsReader("qr", options, bytes.NewReader(picture))
	pdf.ImageOptions("qr", right-qrSide, pageTop-2, qrSide, qrSide, false, options, 0, "")
	return nil
}

// draw sets the glyphs span by span; a span shares its typeface and whether it is ruled.
func (l line) draw(pdf *fpdf.Fpdf) {
	em := l.size * millis
	for rest, x := l.glyphs, l.x; len(rest) > 0; {
		span := rest[:spanLength(rest)]
		rest = rest[len(span):]
		width := extent(span) * em
		if span[0].face != nil {
			l.drawSpan(pdf, x, span)
		}
		if span[0].ruled {
			y := l.y + ruleDrop*em
			stroke{x, y, x + width, y, hairline}.draw(pdf)
		}
		x += width
	}
}

func spanLength(glyphs []glyph) int {
	n := 1
	for n < len(glyphs) && glyphs[n].face == glyphs[0].face && glyphs[n].ruled == glyphs[0].ruled {
		n++
	}
	return n
}

// drawSpan makes bold by an outline: the font has one weight.
func (l line) drawSpan(pdf *fpdf.Fpdf, x float64, span []glyph) {
	text := make([]rune, len(span))
	for i, g := range span {
		text[i] = g.char
	}
	pdf.SetFont(span[0].face.name, "", l.size)
	if l.bold {
		pdf.SetLineWidth(0.02 * l.size * millis)
		pdf.SetTextRenderingMode(2)
		defer pdf.SetTextRenderingMode(0)
	}
	pdf.Text(x, l.y, string(text))
}

func (s stroke) draw(pdf *fpdf.Fpdf) {
	pdf.SetLineWidth(s.width)
	pdf.Line(s.x1, s.y1, s.x2, s.y2)
}
