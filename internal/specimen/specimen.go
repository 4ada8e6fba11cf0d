// Package specimen draws made-up papers as somebody would photograph them: ID
// cards, a business licence, people who hold them up, a signed letter. `dev` seeds
// its reviews with them, and benchmarks upload them. Every picture says 样例
// SPECIMEN across its whole face, and nobody in them exists.
package specimen

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"

	"beian/internal/letter"
)

// Person is who a paper is about; nothing of it is checked.
type Person struct {
	Name, Sex, Nation, Born, Address, Number string
}

// Company is what a licence is about.
type Company struct {
	Name, Number, Kind, Chief, Founded, Address string
}

// Painter draws. It holds a Chinese font of some megabytes, so drop it when the
// pictures are drawn. It is not safe for concurrent use.
type Painter struct {
	han, latin *opentype.Font
	dice       *rand.Rand
}

// New opens the fonts. The same seed draws the same pictures: where the light
// falls, how straight a card lies, how grainy the camera is.
func New(seed uint64) (*Painter, error) {
	data, err := letter.HanFont()
	if err != nil {
		return nil, fmt.Errorf("opening the font of specimens: %w", err)
	}
	p := &Painter{dice: rand.New(rand.NewPCG(seed, 2026))} //nolint:gosec // pictures, not secrets
	if p.han, err = opentype.Parse(data); err != nil {
		return nil, fmt.Errorf("opening the Chinese font of specimens: %w", err)
	}
	if p.latin, err = opentype.Parse(goregular.TTF); err != nil {
		return nil, fmt.Errorf("opening the Latin font of specimens: %w", err)
	}
	return p, nil
}

// quality keeps a photograph's grain.
const quality = 90

func encode(picture image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encoding a specimen: %w", err)
	}
	return out.Bytes(), nil
}

// IDFront is the side of an ID card with the picture.
func (p *Painter) IDFront(who Person) ([]byte, error) {
	return encode(p.photograph(p.idFront(who), onDesk))
}

// IDBack is the side with the emblem.
func (p *Painter) IDBack(authority, validity string) ([]byte, error) {
	return encode(p.photograph(p.idBack(authority, validity), onDesk))
}

// HoldingID is a half-length photograph of somebody with the own ID card.
func (p *Painter) HoldingID(who Person) ([]byte, error) {
	return encode(p.photograph(p.idFront(who), inHands))
}

// HoldingLicence is one with a company's licence.
func (p *Painter) HoldingLicence(of Company) ([]byte, error) {
	return encode(p.photograph(p.licence(of), inHands))
}

// Letter is the signed and sealed authorisation letter, photographed.
func (p *Painter) Letter(of Company, who Person) ([]byte, error) {
	return encode(p.photograph(p.letter(of, who), onDesk))
}
