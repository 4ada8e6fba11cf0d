package letter_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// document is a PDF read from its bytes, as far as a letter goes: objects by number, streams unpacked.
type document map[int]object

type object struct {
	head   string // all of it but the stream
	stream []byte
}

var (
	objectPattern = regexp.MustCompile(`(?s)(\d+) 0 obj\n(.*?)\nendobj`)
	lengthPattern = regexp.MustCompile(`/Length (\d+)`)
	showPattern   = regexp.MustCompile(`(?s)Td \(((?:\\.|[^\\)])*)\) Tj`)
	escapePattern = regexp.MustCompile(`(?s)\\(.)`)
)

func read(t *testing.T, pdf []byte) document {
	t.Helper()
	if !bytes.HasPrefix(pdf, []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(pdf), []byte("%%EOF")) {
		t.Fatal("this isn't a PDF")
	}
	found := document{}
	for at := 0; ; {
		match := objectPattern.FindSubmatchIndex(pdf[at:])
		if match == nil {
			return found
		}
		number, _ := strconv.Atoi(string(pdf[at+match[2] : at+match[3]]))
		start, end := at+match[4], at+match[5]
		head, _, hasStream := bytes.Cut(pdf[start:end], []byte(">>\nstream\n"))
		one := object{head: string(head)}
		if hasStream {
			body := pdf[start+len(head)+len(">>\nstream\n"):][:one.number(t, lengthPattern)]
			end, one.stream = start+len(head)+len(body), unzip(t, one, body)
			end += bytes.Index(pdf[end:], []byte("endobj"))
		}
		found[number], at = one, end
	}
}

func unzip(t *testing.T, o object, body []byte) []byte {
	t.Helper()
	if !strings.Contains(o.head, "/FlateDecode") || strings.Contains(o.head, "/Predictor") {
		return body
	}
	reader, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func (o object) number(t *testing.T, pattern *regexp.Regexp) int {
	t.Helper()
	match := pattern.FindStringSubmatch(o.head)
	if match == nil {
		t.Fatalf("%v not found in %s", pattern, o.head)
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (d document) with(marks ...string) []object {
	var found []object
objects:
	for _, o := range d {
		for _, mark := range marks {
			if !strings.Contains(o.head, mark) {
				continue objects
			}
		}
		found = append(found, o)
	}
	return found
}

func (d document) one(t *testing.T, marks ...string) object {
	t.Helper()
	found := d.with(marks...)
	if len(found) != 1 {
		t.Fatalf("%d objects with %v, not one", len(found), marks)
	}
	return found[0]
}

func (d document) target(t *testing.T, o object, name string) object {
	t.Helper()
	return d[o.number(t, regexp.MustCompile(name+` \[?(\d+) 0 R`))]
}

// spans are the strings the page shows, in their order. The fonts' ToUnicode maps say that a code is a character.
func (d document) spans(t *testing.T) []string {
	t.Helper()
	for _, font := range d.with("/Type /Font", "/Type0") {
		if toUnicode := string(d.target(t, font, "/ToUnicode").stream); !strings.Contains(toUnicode, "<0000> <FFFF> <0000>") {
			t.Errorf("another ToUnicode map than this reader knows: %q", toUnicode)
		}
	}
	var spans []string
	content := d.target(t, d.one(t, "/Type /Page\n"), "/Contents").stream
	for _, match := range showPattern.FindAllSubmatch(content, -1) {
		codes := escapePattern.ReplaceAllFunc(match[1], func(escape []byte) []byte {
			if escape[1] == 'r' {
				return []byte{'\r'}
			}
			return escape[1:]
		})
		units := make([]uint16, len(codes)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(codes[2*i:])
		}
		spans = append(spans, string(utf16.Decode(units)))
	}
	return spans
}

// text is what the page says in one piece.
func (d document) text(t *testing.T) string {
	t.Helper()
	return strings.Join(d.spans(t), "")
}

var (
	widthPattern   = regexp.MustCompile(`/Width (\d+)`)
	heightPattern  = regexp.MustCompile(`/Height (\d+)`)
	palettePattern = regexp.MustCompile(`/Indexed /DeviceRGB 1 (\d+) 0 R`)
)

// picture decodes the only picture: a PDF stores the pixels of a PNG as the PNG does, so a PNG is put together again.
func (d document) picture(t *testing.T) image.Image {
	t.Helper()
	stored := d.one(t, "/Subtype /Image")
	header := binary.BigEndian.AppendUint32(nil, uint32(stored.number(t, widthPattern)))
	header = binary.BigEndian.AppendUint32(header, uint32(stored.number(t, heightPattern)))
	file := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range []struct {
		name string
		data []byte
	}{
		{"IHDR", append(header, 1, 3, 0, 0, 0)},
		{"PLTE", d[stored.number(t, palettePattern)].stream},
		{"IDAT", stored.stream},
		{"IEND", nil},
	} {
		named := append([]byte(chunk.name), chunk.data...)
		file = binary.BigEndian.AppendUint32(file, uint32(len(chunk.data)))
		file = append(file, named...)
		file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(named))
	}
	decoded, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
