package main

import (
	"beian/api"
	"beian/internal/letter"
	"beian/tasks"
)

// press prints letters for the API, which knows nothing of fonts. What no font of
// ours has is left for the pen, as the letter itself says.
type press struct{ *letter.Press }

func (p press) Letter(l api.Letter) ([]byte, error) {
	sheet, err := p.Press.Letter(letter.Fields(l))
	return sheet.PDF, err
}

// Blank is the template of a kind of job with papers.
func (p press) Blank(kind tasks.Kind) ([]byte, error) {
	return p.Press.Blank(map[tasks.Kind]letter.About{
		tasks.KindReset: letter.Mailbox, tasks.KindReviewed: letter.Transfer, tasks.KindContactPapers: letter.Phone, tasks.KindLegacyPapers: letter.Import,
	}[kind])
}
