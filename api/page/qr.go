package page

import (
	"fmt"
	"html/template"
	"strings"

	qrcode "github.com/skip2/go-qrcode"
)

// qr draws an address as inline SVG, black on white in either colour scheme
// because phone cameras expect it. The only variable parts are digits and an
// escaped label, hence template.HTML.
func (s speech) qr(address string) (template.HTML, error) {
	code, err := qrcode.New(address, qrcode.Medium)
	if err != nil {
		return "", fmt.Errorf("draw QR code: %w", err)
	}
	bitmap := code.Bitmap()
	label := template.HTMLEscapeString(s.catalog.T(s.lang, "qr.label"))
	return template.HTML(fmt.Sprintf( //nolint:gosec // digits and an escaped label only
		`<svg class="qr" role="img" aria-label="%s" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
			`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		label, len(bitmap), len(bitmap), len(bitmap), len(bitmap), darkPath(bitmap))), nil
}

// darkPath joins neighbouring modules of a row into one stroke: a third of the
// bytes of one square per module.
func darkPath(bitmap [][]bool) string {
	var d strings.Builder
	for y, row := range bitmap {
		for x := 0; x < len(row); x++ {
			start := x
			for x < len(row) && row[x] {
				x++
			}
			if x > start {
				fmt.Fprintf(&d, "M%d %dh%dv1h-%dz", start, y, x-start, x-start)
			}
		}
	}
	return d.String()
}
