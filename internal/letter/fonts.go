package letter

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// hanPacked is Droid Sans Fallback, see fonts/README.md: nearly 28,000 Chinese characters, no Latin ones.
//
//go:embed fonts/DroidSansFallbackFull.ttf.gz
var hanPacked []byte

// geta stands where a character is missing, as Chinese and Japanese compositors do.
const geta = '〓'

// firstHan is where East Asian scripts begin in Unicode; what comes before is set in the Latin font.
const firstHan = 0x2E80

// fonts are the two typefaces of a letter, open for measuring.
type fonts struct {
	han, latin *face
	buffer     sfnt.Buffer
}

type face struct {
	name string
	data []byte
	*sfnt.Font
}

// glyph is one character ready to be set, or a blank to write on when it has no face.
type glyph struct {
	char  rune
	face  *face
	width float64 // in ems
	ruled bool    // has a line beneath
}

func openFonts() (*fonts, error) {
	han, err := unpack(hanPacked)
	if err != nil {
		return nil, fmt.Errorf("unpack the Chinese font: %w", err)
	}
	f := &fonts{han: &face{name: "droidsansfallback", data: han}, latin: &face{name: "goregular", data: goregular.TTF}}
	for _, face := range []*face{f.han, f.latin} {
		if face.Font, err = sfnt.Parse(face.data); err != nil {
			return nil, fmt.Errorf("parse the %s font: %w", face.name, err)
		}
	}
	return f, nil
}

func unpack(packed []byte) ([]byte, error) {
	unzip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	// gzip ends with the unpacked size; growing a buffer up to it would cost four times the font.
	data := make([]byte, binary.LittleEndian.Uint32(packed[len(packed)-4:]))
	if _, err := io.ReadFull(unzip, data); err != nil {
		return nil, err
	}
	return data, nil
}

// glyph finds a character in the font of its script, then in the other.
func (f *fonts) glyph(char rune) (glyph, bool) {
	order := []*face{f.latin, f.han}
	if char >= firstHan {
		slices.Reverse(order)
	}
	for _, face := range order {
		if width, ok := f.width(face, char); ok {
			return glyph{char: char, face: face, width: width}, true
		}
	}
	return glyph{}, false
}

// width of a character in ems. What lies beyond the basic plane is not there: the PDF addresses characters by two bytes.
func (f *fonts) width(face *face, char rune) (float64, bool) {
	if char < ' ' || char >= 0xFFFF {
		return 0, false
	}
	index, err := face.GlyphIndex(&f.buffer, char)
	if err != nil || index == 0 {
		return 0, false
	}
	const ppem = 1000
	advance, err := face.GlyphAdvance(&f.buffer, index, fixed.I(ppem), font.HintingNone)
	return float64(advance) / 64 / ppem, err == nil
}

// printable makes one line of plain characters of a value: blanks of any kind become one space, invisible marks go,
// and what can't be drawn becomes 〓 and is noted.
func (f *fonts) printable(value string, missing *[]rune) string {
	var plain strings.Builder
	for _, char := range value {
		switch {
		case unicode.IsSpace(char) || unicode.IsControl(char):
			plain.WriteRune(' ')
		case unicode.Is(unicode.Cf, char):
		default:
			plain.WriteRune(f.orGeta(char, missing))
		}
	}
	return strings.Join(strings.Fields(plain.String()), " ")
}

func (f *fonts) orGeta(char rune, missing *[]rune) rune {
	if _, ok := f.glyph(char); ok {
		return char
	}
	if !slices.Contains(*missing, char) {
		*missing = append(*missing, char)
	}
	return geta
}

// set turns printable text into glyphs.
func (f *fonts) set(text string) []glyph {
	var glyphs []glyph
	for _, char := range text {
		if g, ok := f.glyph(char); ok {
			glyphs = append(glyphs, g)
		}
	}
	return glyphs
}

// HanFont is the letter's Chinese font as TrueType, a copy of 4 MB, for whoever
// draws Chinese elsewhere.
func HanFont() ([]byte, error) { return unpack(hanPacked) }
