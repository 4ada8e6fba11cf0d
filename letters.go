package main

import (
	"beian/api"
	"beian/internal/letter"
)

// press prints letters for the API, which knows nothing of fonts. What no font of
// ours has is left for the pen, as the letter itself says.
type press struct{ *letter.Press }

func (p press) Letter(l api.Letter) ([]byte, error) {
	sheet, err := p.Press.Letter(letter.Fields(l))
	return sheet.PDF, err
}
