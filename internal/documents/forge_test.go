package documents

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"testing"
)

// Everything here forges files byte by byte.

// gradient is a small honest picture.
func gradient(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x ^ y) % 200), 255})
		}
	}
	return m
}

// segment is a JPEG marker with its length and body.
func segment(mark byte, body []byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0xff, mark}, uint16(len(body)+2))
	return append(out, body...)
}

// afterSOI puts segments behind a JPEG's first marker.
func afterSOI(jpeg []byte, parts ...[]byte) []byte {
	return bytes.Join([][]byte{jpeg[:2], bytes.Join(parts, nil), jpeg[2:]}, nil)
}

// exif is an APP1 body with an orientation, a GPS directory and a comment.
func exif(orientation uint16, comment string) []byte {
	order := binary.LittleEndian
	out := []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00")
	entry := func(tag, kind uint16, count, value uint32) {
		out = order.AppendUint16(out, tag)
		out = order.AppendUint16(out, kind)
		out = order.AppendUint32(out, count)
		out = order.AppendUint32(out, value)
	}
	const head, size = 8, 2 + 3*12 + 4
	out = order.AppendUint16(out, 3)
	entry(0x010e, 2, uint32(len(comment)), head+size)
	entry(0x0112, 3, 1, uint32(orientation))
	entry(0x8825, 4, 1, uint32(head+size+len(comment)))
	out = order.AppendUint32(out, 0)
	out = append(out, comment...)
	return append(out, "\x01\x00\x01\x00\x02\x00\x02\x00\x00\x00N\x00\x00\x00\x00\x00\x00\x00"...)
}

// scanBomb is a progressive JPEG of one block row per scan, repeated: a first
// scan of DC values and then the same empty refinement again and again.
func scanBomb(w, h, scans int) []byte { return progressive(w, h, scans, 1) }

func progressive(w, h, scans, components int) []byte {
	out := []byte{0xff, markSOI}
	table := append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)
	out = append(out, segment(0xdb, table)...)
	frame, first := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(components)}, []byte{byte(components)}
	for c := range byte(components) {
		frame, first = append(frame, c+1, 0x11, 0), append(first, c+1, 0x00)
	}
	out = append(out, segment(0xc2, frame)...)
	counts := make([]byte, 16)
	counts[0], counts[1] = 1, 1 // codes 0 and 10
	// Symbol 0xe0: end of band for the next 2^14 blocks and more, so a scan of a few bytes covers the picture.
	out = append(out, segment(0xc4, append(append([]byte{0x10}, counts...), 0xe0, 0x00))...)
	out = append(out, segment(0xc4, append(append([]byte{0x00}, counts...), 0x00, 0x01))...)
	blocks := ((w + 7) / 8) * ((h + 7) / 8)
	dc := make([]byte, (blocks*components+7)/8)
	out = append(append(out, segment(markSOS, append(first, 0, 0, 0))...), dc...)
	band := append(segment(markSOS, []byte{1, 1, 0x00, 1, 63, 0}), make([]byte, 2*(blocks/(1<<14)+1)+1)...)
	for range scans - 1 {
		out = append(out, band...)
	}
	return append(out, 0xff, markEOI)
}

func chunk(name string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(out, name...)
	out = append(out, body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

const pngSignature = "\x89PNG\r\n\x1a\n"

// ihdr is a PNG's header; kind 0 is grey, 2 colour, 6 colour with alpha.
func ihdr(w, h uint32, depth, kind, interlace byte) []byte {
	body := binary.BigEndian.AppendUint32(nil, w)
	body = binary.BigEndian.AppendUint32(body, h)
	return chunk("IHDR", append(body, depth, kind, 0, 0, interlace))
}

func deflate(t testing.TB, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	for zeros := make([]byte, 1<<16); size > 0; size -= len(zeros) {
		if _, err := z.Write(zeros[:min(size, len(zeros))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// flatPNG is a black PNG of any size in a few bytes per thousand.
func flatPNG(t testing.TB, w, h int, interlace byte, extra ...[]byte) []byte {
	t.Helper()
	parts := append([][]byte{[]byte(pngSignature), ihdr(uint32(w), uint32(h), 8, 0, interlace)}, extra...)
	parts = append(parts, chunk("IDAT", deflate(t, (w+1)*h)), chunk("IEND", nil))
	return bytes.Join(parts, nil)
}

// flatWebP is a lossless WebP of one colour: five codes of one symbol each, so
// the pixels need no bits at all.
func flatWebP(w, h uint32) []byte {
	var packed uint64
	shift := 0
	var out []byte
	bits := func(value uint64, n int) {
		packed |= value << shift
		for shift += n; shift >= 8; shift -= 8 {
			out = append(out, byte(packed))
			packed >>= 8
		}
	}
	bits(0x2f, 8)
	bits(uint64(w-1), 14)
	bits(uint64(h-1), 14)
	bits(0, 1+3+1+1+1) // alpha, version, transform, colour cache, meta codes
	for _, symbol := range []uint64{120, 200, 90, 255, 0} {
		bits(1, 1) // simple
		bits(0, 1) // one symbol
		bits(1, 1) // of 8 bits
		bits(symbol, 8)
	}
	bits(0, 15)
	return riff("VP8L", out)
}

func riff(name string, body []byte) []byte {
	if len(body)%2 == 1 {
		body = append(body, 0)
	}
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+12))
	out = append(out, "WEBP"+name...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(body)))
	return append(out, body...)
}

// letterPDF is a PDF whose pages show text; extra goes into its catalogue.
func letterPDF(pages int, extra string, objects ...string) []byte {
	var out bytes.Buffer
	var at []int
	object := func(body string) {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	out.WriteString("%PDF-1.4\n")
	object("<</Type/Catalog/Pages 2 0 R" + extra + ">>")
	var kids bytes.Buffer
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 5+i)
	}
	object(fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids.String(), pages))
	object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
	text := "BT /F 28 Tf 72 700 Td (Letter of authorisation) Tj 0 -60 Td (We authorise the bearer.) Tj ET 0 0 1 rg 300 200 120 120 re f"
	object(fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(text), text))
	for range pages {
		object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 3 0 R>>>>>>")
	}
	for _, body := range objects {
		object(body)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return out.Bytes()
}
