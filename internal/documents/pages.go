package documents

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
)

// order is what the child is asked for, and answer what it says; both travel as
// one line of JSON before the bytes (child.go).
type (
	order struct {
		Format      Format `json:"format"`
		Orientation int    `json:"orientation"`
		Cache       string `json:"cache,omitempty"`
		Limits      limits `json:"limits"`
	}
	answer struct {
		Refused *Refusal   `json:"refused,omitempty"`
		Pages   []pageLine `json:"pages,omitempty"`
	}
	pageLine struct {
		Width     int      `json:"width"`
		Height    int      `json:"height"`
		Measures  Measures `json:"measures"`
		Hash      uint64   `json:"hash,string"`
		View      int      `json:"view"` // bytes
		Thumbnail int      `json:"thumbnail"`
	}
)

// pages decodes an upload and draws its pages anew. It runs in the child only:
// whatever it meets may crash or exhaust the process.
func (o order) pages(data []byte) ([]Page, error) {
	if o.Format == PDF {
		return letterPages(data, o.Cache)
	}
	picture, kind, err := image.Decode(bytes.NewReader(data))
	if err != nil || kind != string(o.Format) {
		return nil, refuseFormat(o.Format, ReasonDamaged)
	}
	bounds := picture.Bounds()
	if refused := (outline{Width: bounds.Dx(), Height: bounds.Dy()}).weigh(); refused != nil {
		return nil, refused // a WebP's frame may differ from its canvas
	}
	p, err := draft(picture, o.Orientation)
	if err != nil {
		return nil, err
	}
	return []Page{p}, nil
}

// draft draws one page from a decoded picture.
func draft(picture image.Image, orientation int) (Page, error) {
	b := picture.Bounds()
	w, h := fit(b.Dx(), b.Dy(), viewSide)
	view := upright(shrink(picture, w, h), orientation)
	small := within(view, measureSide) // figures, hash and thumbnail need no more
	p := Page{Width: b.Dx(), Height: b.Dy(), Hash: perceptualHash(small)}
	if orientation >= 5 {
		p.Width, p.Height = p.Height, p.Width
	}
	p.Measures = measure(luminance(small))
	p.Measures.Screenshot = screenSized(p.Width, p.Height)
	var err error
	if p.View, err = encode(view); err != nil {
		return Page{}, err
	}
	p.Thumbnail, err = encode(within(small, thumbnailSide))
	return p, err
}

// encode writes a JPEG that holds the pixels and nothing else.
func encode(picture image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("encoding a view: %w", err)
	}
	return out.Bytes(), nil
}

// answerOf splits what pages gave into the line and the bytes behind it.
func answerOf(pages []Page, err error) (answer, [][]byte, error) {
	var refused *Refusal
	if errors.As(err, &refused) {
		return answer{Refused: refused}, nil, nil
	}
	var a answer
	var bodies [][]byte
	for _, p := range pages {
		a.Pages = append(a.Pages, pageLine{Width: p.Width, Height: p.Height, Measures: p.Measures, Hash: p.Hash, View: len(p.View), Thumbnail: len(p.Thumbnail)})
		bodies = append(bodies, p.View, p.Thumbnail)
	}
	return a, bodies, err
}

// take reads the pages out of an answer. The child may have been taken over by
// what it decoded, so its word is checked: sizes, counts, and that every body is
// a JPEG within bounds with no metadata and nothing behind its end.
func (a answer) take(rest []byte) ([]Page, error) {
	if len(a.Pages) == 0 || len(a.Pages) > maxPages {
		return nil, fmt.Errorf("the picture decoder gave %d pages", len(a.Pages))
	}
	pages := make([]Page, len(a.Pages))
	for i, line := range a.Pages {
		p := Page{Width: line.Width, Height: line.Height, Measures: line.Measures, Hash: line.Hash}
		if (outline{Width: p.Width, Height: p.Height}).weigh() != nil {
			return nil, errors.New("the picture decoder gave an impossible size")
		}
		for _, part := range []struct {
			to           *[]byte
			bytes, limit int
		}{{&p.View, line.View, viewSide}, {&p.Thumbnail, line.Thumbnail, thumbnailSide}} {
			if part.bytes < 0 || part.bytes > len(rest) || !isOurs(rest[:part.bytes], part.limit) {
				return nil, errors.New("the picture decoder gave something else than a view")
			}
			*part.to, rest = bytes.Clone(rest[:part.bytes]), rest[part.bytes:]
		}
		pages[i] = p
	}
	if len(rest) != 0 {
		return nil, errors.New("the picture decoder said more than it may")
	}
	return pages, nil
}

// isOurs holds for a JPEG as encode writes it.
func isOurs(data []byte, limit int) bool {
	if Sniff(data) != JPEG {
		return false
	}
	s, ok := walkJPEG(data)
	if !ok || s.scans != 1 || s.metadata != 0 || s.end != len(data) || !bytes.HasSuffix(data, []byte{0xff, markEOI}) {
		return false
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	return err == nil && max(config.Width, config.Height) <= limit
}
