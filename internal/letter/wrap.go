package letter

import "strings"

// Marks that may not begin a line, and those that may not end one (GB/T 15834).
const (
	closing = "，。、；：？！）》〉」』】〕”’·—…％,.;:?!)]}%"
	opening = "（《〈「『【〔“‘([{"
)

// wrap breaks glyphs into lines of at most width ems: between Chinese characters, at spaces, and inside a word only
// where the word alone is wider than a line.
func wrap(text []glyph, width float64) [][]glyph {
	var lines [][]glyph
	for len(text) > 0 {
		end := lineEnd(text, width)
		lines = append(lines, trimRight(text[:end]))
		text = trimLeft(text[end:])
	}
	return lines
}

func lineEnd(text []glyph, width float64) int {
	used, chance := 0.0, 0
	for i, g := range text {
		if i > 0 && mayBreak(text[i-1], g) {
			chance = i
		}
		used += g.width
		if used <= width+1e-9 || g.char == ' ' {
			continue
		}
		if chance > 0 {
			return chance
		}
		return max(i, 1)
	}
	return len(text)
}

func mayBreak(before, after glyph) bool {
	switch {
	case after.char == ' ' || strings.ContainsRune(closing, after.char) || strings.ContainsRune(opening, before.char):
		return false
	case before.char == ' ':
		return true
	}
	return isHan(before) || isHan(after)
}

// isHan is true for blanks too: a line may break on either side of them.
func isHan(g glyph) bool { return g.face == nil || g.char >= firstHan }

func trimRight(line []glyph) []glyph {
	for len(line) > 0 && line[len(line)-1].char == ' ' {
		line = line[:len(line)-1]
	}
	return line
}

func trimLeft(line []glyph) []glyph {
	for len(line) > 0 && line[0].char == ' ' {
		line = line[1:]
	}
	return line
}

// extent is the width of glyphs in ems.
func extent(line []glyph) float64 {
	total := 0.0
	for _, g := range line {
		total += g.width
	}
	return total
}
