package letter

import "slices"

// Measures of the page in millimetres: A4 with margins that hole punches and old printers respect.
const (
	left       = 25.0
	right      = 185.0
	pageTop    = 18.0
	pageBottom = 282.0
	qrSide     = 27.0
	headHeight = 41.0
	rowHeight  = 11.0
	cellInset  = 2.0
	signHeight = 56.0

	hairline = 0.18
	frame    = 0.4
)

// Columns of the table: whose, label, value, label, value, end.
const (
	columnLabel  = left + 12
	columnValue  = columnLabel + 26
	columnLabel2 = columnValue + 48
	columnValue2 = columnLabel2 + 24
	columnSign   = left + 94
)

const (
	titleSize = 20.0
	labelSize = 11.0
	noteSize  = 8.5
	millis    = 25.4 / 72 // per point
	leading   = 1.5       // distance of lines in ems
	leadBody  = 1.7
)

// form is what one letter says.
type form struct {
	Fields
	about       About
	handwriting bool // some character has to be written by hand
}

// sheet is the page as it will be drawn.
type sheet struct {
	lines   []line
	strokes []stroke
}

// line is glyphs on a baseline; size in points, the rest in millimetres from the top left corner.
type line struct {
	x, y, size float64
	bold       bool
	glyphs     []glyph
}

type stroke struct{ x1, y1, x2, y2, width float64 }

// compositor places things on a sheet from top to bottom.
type compositor struct {
	*sheet
	fonts *fonts
	size  float64 // of values and body, in points
	y     float64
}

// compose sets the letter in the largest type that keeps it on one page; ErrTooLong when none does.
func compose(fonts *fonts, f form) (*sheet, error) {
	for _, size := range []float64{11, 10, 9, 8, 7} {
		c := &compositor{sheet: &sheet{}, fonts: fonts, size: size, y: pageTop}
		c.head(f)
		c.parties(f)
		c.body(f)
		c.signatures()
		c.notes(f)
		if c.y <= pageBottom {
			return c.sheet, nil
		}
	}
	return nil, ErrTooLong
}

func (c *compositor) head(f form) {
	receipt := c.flow([]words{plain(labelReceipt), value(f.Receipt, 12)})
	c.put(line{x: left, y: c.y + 8, size: 11, glyphs: receipt})
	if f.StatusURL != "" {
		caption := c.fonts.set(captionQR)
		c.put(line{x: right - qrSide/2 - extent(caption)*7.5*millis/2, y: c.y + qrSide + 2, size: 7.5, glyphs: caption})
	}
	heading := c.fonts.set(f.heading())
	c.y += headHeight
	c.put(line{x: (left + right - extent(heading)*titleSize*millis) / 2, y: c.y, size: titleSize, bold: true, glyphs: heading})
	c.y += 8
}

// cell is a label and its value in one row of the table.
type cell struct {
	label, text              string
	labelAt, valueAt, before float64
}

func whole(label, text string) cell { return cell{label, text, columnLabel, columnValue, right} }

func (c *compositor) parties(f form) {
	top := c.y
	c.party(labelPrincipal, [][]cell{
		{whole(labelName, f.SubjectName)},
		halves(cell{label: labelType, text: f.CertificateType}, cell{label: labelNumber, text: f.CertificateNumber}),
		{whole(labelICP, f.ICPNumber)},
	})
	c.party(labelAgent, [][]cell{
		halves(cell{label: labelAgentName, text: f.Applicant}, cell{label: labelPhone, text: f.ApplicantPhone}),
		{whole(labelAgentID, f.ApplicantIDNumber)},
	})
	c.box(left, top, right, c.y)
	c.y += 3
}

func halves(first, second cell) []cell {
	first.labelAt, first.valueAt, first.before = columnLabel, columnValue, columnLabel2
	second.labelAt, second.valueAt, second.before = columnLabel2, columnValue2, right
	return []cell{first, second}
}

// party is rows of the table beside the word for whom they are about, written downwards. The word comes first in the
// file, for those who have the page read to them, though its place is known last.
func (c *compositor) party(who string, rows [][]cell) {
	top, before := c.y, len(c.lines)
	for i, row := range rows {
		if i > 0 {
			c.stroke(stroke{columnLabel, c.y, right, c.y, hairline})
		}
		c.row(row)
	}
	c.stroke(stroke{left, c.y, right, c.y, hairline})
	c.stroke(stroke{columnLabel, top, columnLabel, c.y, hairline})
	var column [][]glyph
	for _, char := range c.fonts.set(who) {
		column = append(column, []glyph{char})
	}
	em, after := labelSize*millis, len(c.lines)
	c.block(left+(columnLabel-left-em)/2, (top+c.y)/2, labelSize, column)
	c.lines = slices.Concat(c.lines[:before], c.lines[after:], c.lines[before:after])
}

func (c *compositor) row(cells []cell) {
	em, height := c.size*millis, rowHeight
	values := make([][][]glyph, len(cells))
	for i, cell := range cells {
		values[i] = wrap(c.fonts.set(cell.text), (cell.before-cell.valueAt-2*cellInset)/em)
		height = max(height, float64(len(values[i]))*em*leading+3)
	}
	for i, cell := range cells {
		middle := c.y + height/2
		c.block(cell.labelAt+cellInset, middle, labelSize, [][]glyph{c.fonts.set(cell.label)})
		c.block(cell.valueAt+cellInset, middle, c.size, values[i])
		for _, x := range []float64{cell.labelAt, cell.valueAt} {
			c.stroke(stroke{x, c.y, x, c.y + height, hairline})
		}
	}
	c.y += height
}

// block sets lines one below the other around a middle.
func (c *compositor) block(x, middle, size float64, lines [][]glyph) {
	em := size * millis
	baseline := middle - float64(len(lines))*em*leading/2 + em*(leading/2+0.36)
	for i, glyphs := range lines {
		c.put(line{x: x, y: baseline + float64(i)*em*leading, size: size, glyphs: glyphs})
	}
}

func (c *compositor) body(f form) {
	em := c.size * millis
	indent := glyph{char: 0, width: 2}
	for _, paragraph := range f.paragraphs() {
		for _, glyphs := range wrap(append([]glyph{indent}, c.flow(paragraph)...), (right-left)/em) {
			c.y += em * leadBody
			c.put(line{x: left, y: c.y, size: c.size, glyphs: glyphs})
		}
		c.y += 1
	}
	c.y += 4
}

// flow strings words and values together.
func (c *compositor) flow(text []words) []glyph {
	var glyphs []glyph
	for _, part := range text {
		set := c.fonts.set(part.text)
		if len(set) == 0 && part.blank > 0 {
			set = []glyph{{width: part.blank}}
		}
		for _, g := range set {
			g.ruled = part.ruled
			glyphs = append(glyphs, g)
		}
	}
	return glyphs
}

// signatures leaves room for a seal of 40 mm, as the public security rules want it for enterprises, and for two hands.
func (c *compositor) signatures() {
	bottom := c.y + signHeight
	for _, part := range []struct {
		x, y float64
		text []words
	}{
		{left, c.y + 7, []words{plain(sealHere)}},
		{left, bottom - 12, []words{plain(signHead), value("", 9)}},
		{left, bottom - 4, append([]words{plain(labelSigned)}, handDate()...)},
		{columnSign, c.y + 7, []words{plain(signAgent)}},
		{columnSign, bottom - 4, append([]words{plain(labelSigned)}, handDate()...)},
	} {
		c.put(line{x: part.x + 3, y: part.y, size: labelSize, glyphs: c.flow(part.text)})
	}
	c.stroke(stroke{columnSign, c.y, columnSign, bottom, hairline})
	c.box(left, c.y, right, bottom)
	c.y = bottom + 3
}

func (c *compositor) notes(f form) {
	em := noteSize * millis
	for _, note := range f.notes() {
		for _, glyphs := range wrap(c.fonts.set(note), (right-left)/em) {
			c.y += em * leading
			c.put(line{x: left, y: c.y, size: noteSize, glyphs: glyphs})
		}
	}
}

func (c *compositor) box(x1, y1, x2, y2 float64) {
	for _, side := range []stroke{{x1, y1, x2, y1, frame}, {x1, y2, x2, y2, frame}, {x1, y1, x1, y2, frame}, {x2, y1, x2, y2, frame}} {
		c.stroke(side)
	}
}

func (c *compositor) put(l line) { c.lines = append(c.lines, l) }

func (c *compositor) stroke(s stroke) { c.strokes = append(c.strokes, s) }
