package documents

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostile is one file that somebody may send, and what must become of it: taken,
// or refused with a code and reason.
type hostile struct {
	name   string
	upload Upload
	code   string // empty: taken
	reason Reason
}

func picture(data []byte) Upload { return Upload{Kind: KindPicture, Data: data} }
func letterOf(data []byte) Upload {
	return Upload{Kind: KindLetter, Data: data, MediaType: "application/pdf", Name: "letter.pdf"}
}

const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

func bombs(t *testing.T) []hostile {
	t.Helper()
	good := asJPEG(t, gradient(800, 700))
	huge := bytes.Repeat(segment(markAPP1, make([]byte, 65_000)), 17)
	return []hostile{
		{"pixel bomb", picture(flatPNG(t, 16_000, 16_000, 0)), CodeDimensions, ReasonLarge},
		{"pixel bomb in a claim only", picture(bytes.Join([][]byte{[]byte(pngSignature), ihdr(1<<30, 1<<30, 8, 2, 0)}, nil)), CodeFormat, ReasonDamaged},
		{"1 x 100000", picture(flatPNG(t, 1, 100_000, 0)), CodeDimensions, ReasonLarge},
		{"26 megapixels within a side", picture(flatPNG(t, 5200, 5000, 0)), CodeDimensions, ReasonLarge},
		{"24 megapixels, the honest limit", picture(flatPNG(t, 6000, 4000, 0)), "", ""},
		{"25 megapixels, progressive, four colours", picture(progressive(5000, 5000, 10, 4)), CodeFormat, ReasonDamaged},
		{"too small", picture(asPNG(t, gradient(639, 2000))), CodeDimensions, ReasonSmall},
		{"scan bomb", picture(scanBomb(4000, 4000, 2000)), CodeFormat, ReasonCostly},
		{"as many scans as are allowed", picture(scanBomb(800, 700, maxScans)), "", ""},
		{"scan bomb behind junk", picture(afterSOI(scanBomb(4000, 4000, 2000), segment(markAPP0, []byte("x")), []byte("junk between segments"))), CodeFormat, ReasonCostly},
		{"huge APP1", picture(afterSOI(good, huge)), CodeFormat, ReasonCostly},
		{"interlaced, 24 megapixels", picture(flatPNG(t, 6000, 4000, 1)), CodeDimensions, ReasonInterlaced},
		{"larger than 10 MB", picture(append(bytes.Clone(good), make([]byte, MaxBytes)...)), CodeSize, ""},
		{"compressed text bomb", picture(flatPNG(t, 800, 700, 0, chunk("zTXt", append([]byte("k\x00\x00"), deflate(t, 100<<20)...)))), "", ""},
		{"compressed profile bomb", picture(flatPNG(t, 800, 700, 0, chunk("iCCP", append([]byte("k\x00\x00"), deflate(t, 100<<20)...)))), "", ""},
		{"more pixels than claimed", picture(bytes.Join([][]byte{[]byte(pngSignature), ihdr(800, 700, 8, 0, 0), chunk("IDAT", deflate(t, 100<<20)), chunk("IEND", nil)}, nil)), CodeFormat, ReasonDamaged},
		{"WebP of 16383 a side", picture(flatWebP(16_383, 16_383)), CodeDimensions, ReasonLarge},
		{"WebP frame larger than its canvas", picture(webpCanvas(flatWebP(16_383, 16_383))), CodeFormat, ReasonDamaged},
	}
}

// webpCanvas claims a canvas of 800 x 700 for a frame of any size.
func webpCanvas(frame []byte) []byte {
	canvas := []byte("VP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x1f\x03\x00\xbb\x02\x00")
	out := bytes.Join([][]byte{frame[:12], canvas, frame[12:]}, nil)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

func damaged(t *testing.T) []hostile {
	t.Helper()
	good, small := asJPEG(t, gradient(800, 700)), asPNG(t, gradient(800, 700))
	wrongCRC := bytes.Clone(small)
	wrongCRC[len(wrongCRC)/2] ^= 1
	header := bytes.Clone(small)
	header[29] ^= 1
	deep := letterPDF(1, "")
	return []hostile{
		{"zero bytes", picture(nil), CodeFormat, ReasonEmpty},
		{"one byte", picture([]byte{0xff}), CodeFormat, ReasonUnsupported},
		{"a thousand zeros", picture(make([]byte, 1000)), CodeFormat, ReasonUnsupported},
		{"truncated JPEG", picture(good[:len(good)/2]), CodeFormat, ReasonDamaged},
		{"JPEG of its first marker", picture(good[:3]), CodeFormat, ReasonDamaged},
		{"JPEG segment past the end", picture(append(bytes.Clone(good[:2]), 0xff, markAPP1, 0xff, 0xff, 1)), CodeFormat, ReasonDamaged},
		{"JPEG segment of length zero", picture(append(bytes.Clone(good[:2]), 0xff, markAPP1, 0, 0, 1)), CodeFormat, ReasonDamaged},
		{"JPEG without a frame", picture([]byte{0xff, markSOI, 0xff, markEOI}), CodeFormat, ReasonDamaged},
		{"0 pixel JPEG", picture(bytes.Replace(good, []byte{8, 700 >> 8, 700 & 255, 800 >> 8, 800 & 255}, []byte{8, 0, 0, 0, 0}, 1)), CodeFormat, ReasonDamaged},
		{"truncated PNG", picture(small[:len(small)/2]), CodeFormat, ReasonDamaged},
		{"0 pixel PNG", picture(bytes.Join([][]byte{[]byte(pngSignature), ihdr(0, 700, 8, 0, 0), chunk("IEND", nil)}, nil)), CodeFormat, ReasonDamaged},
		{"wrong CRC in the data", picture(wrongCRC), CodeFormat, ReasonDamaged},
		{"wrong CRC in the header", picture(header), CodeFormat, ReasonDamaged},
		{"PNG without data", picture(bytes.Join([][]byte{[]byte(pngSignature), ihdr(800, 700, 8, 0, 0), chunk("IEND", nil)}, nil)), CodeFormat, ReasonDamaged},
		{"truncated WebP", picture(flatWebP(800, 700)[:22]), CodeFormat, ReasonDamaged},
		{"PDF of its first line", letterOf([]byte("%PDF-1.4\n")), CodeFormat, ReasonDamaged},
		{"truncated PDF", letterOf(deep[:len(deep)/4]), CodeFormat, ReasonDamaged},
		{"PDF of no pages", letterOf(letterPDF(0, "")), CodeFormat, ReasonPages},
		{"PDF of six pages", letterOf(letterPDF(6, "")), CodeFormat, ReasonPages},
		{"PDF page 100 times as wide as high", letterOf(bytes.Replace(deep, []byte("595 842"), []byte("8420 84"), 1)), CodeFormat, ReasonDamaged},
	}
}

func disguised(t *testing.T) []hostile {
	t.Helper()
	good, small, sheet := asJPEG(t, gradient(800, 700)), asPNG(t, gradient(800, 700)), letterPDF(1, "")
	var moving bytes.Buffer
	if err := gif.Encode(&moving, gradient(800, 700), nil); err != nil {
		t.Fatal(err)
	}
	named := func(u Upload, mediaType, name string) Upload { u.MediaType, u.Name = mediaType, name; return u }
	return []hostile{
		{"GIF as JPG", named(picture(moving.Bytes()), "image/jpeg", "a.jpg"), CodeFormat, ReasonUnsupported},
		{"SVG as PNG", named(picture([]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)), "image/png", "a.png"), CodeFormat, ReasonUnsupported},
		{"HTML as JPG", named(picture([]byte("<!DOCTYPE html><script>alert(1)</script>")), "image/jpeg", "a.jpg"), CodeFormat, ReasonUnsupported},
		{"EICAR as JPG", named(picture([]byte(eicar)), "image/jpeg", "a.jpg"), CodeFormat, ReasonUnsupported},
		{"ZIP as JPG", named(picture([]byte("PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaa")), "image/jpeg", "a.jpg"), CodeFormat, ReasonUnsupported},
		{"HEIC", named(picture([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")), "image/heic", "IMG_1.HEIC"), CodeFormat, ReasonHEIC},
		{"PDF as a picture", named(picture(sheet), "application/pdf", "a.pdf"), CodeFormat, ReasonUnsupported},
		{"PNG as JPG", named(picture(small), "image/jpeg", "a.jpg"), CodeFormat, ReasonContradicts},
		{"JPEG named PHP", named(picture(good), "", "shell.php"), CodeFormat, ReasonContradicts},
		{"JPEG sent as HTML", named(picture(good), "text/html; charset=utf-8", "a.jpg"), CodeFormat, ReasonContradicts},
		{"polyglot of PDF and JPEG", named(picture(append(bytes.Clone(good), sheet...)), "image/jpeg", "a.jpg"), "", ""},
		{"polyglot, PDF in a comment", named(picture(afterSOI(good, segment(markCOM, sheet))), "image/jpeg", "a.jpg"), "", ""},
		{"polyglot of JPEG and PDF as a letter", letterOf(append(bytes.Clone(good), sheet...)), CodeFormat, ReasonContradicts},
		{"JPEG with a ZIP behind", picture(append(bytes.Clone(good), "PK\x03\x04canary"...)), "", ""},
		{"JPEG with HTML behind", picture(append(bytes.Clone(good), "<script>canary</script>"...)), "", ""},
		{"PNG with JavaScript behind", picture(append(bytes.Clone(small), "/*canary*/alert(1)"...)), "", ""},
		{"JPEG with EICAR in a comment", picture(afterSOI(good, segment(markCOM, []byte(eicar)))), "", ""},
		{"EXIF with a place", picture(afterSOI(good, segment(markAPP1, exif(1, "canary")))), "", ""},
		{"EXIF with a script", picture(afterSOI(good, segment(markAPP1, exif(1, "<script>canary</script>")))), "", ""},
		{"EXIF directory that points to itself", picture(afterSOI(good, segment(markAPP1, []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff")))), "", ""},
		{"PNG with text", picture(flatPNG(t, 800, 700, 0, chunk("tEXt", []byte("Comment\x00canary")))), "", ""},
		{"name with path, NUL, CR, LF and direction marks", named(picture(good), "image/jpeg", "../../etc/\x00pa\r\nsswd\u202egpj.jpg"), "", ""},
		{"PDF with a script", letterOf(letterPDF(1, "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\);while\\(1\\);)>>")), "", ""},
		{"PDF that starts a program", letterOf(letterPDF(1, "/OpenAction<</S/Launch/F(/bin/sh)>>")), "", ""},
		{"encrypted PDF", letterOf(encryptedPDF()), CodeFormat, ReasonEncrypted},
	}
}

// encryptedPDF claims the standard security handler; its keys fit no password.
func encryptedPDF() []byte {
	key := strings.Repeat("41", 32)
	plain := letterPDF(1, "", "<</Filter/Standard/V 1/R 2/P -4/O<"+key+">/U<"+key+">>>")
	return bytes.Replace(plain, []byte("/Root 1 0 R"), []byte("/Root 1 0 R/Encrypt 6 0 R/ID[<41><41>]"), 1)
}

func unusual(t *testing.T) []hostile {
	t.Helper()
	deep, cmyk := image.NewNRGBA64(image.Rect(0, 0, 800, 700)), image.NewCMYK(image.Rect(0, 0, 800, 700))
	draw.Draw(deep, deep.Rect, gradient(800, 700), image.Point{}, draw.Src)
	draw.Draw(cmyk, cmyk.Rect, gradient(800, 700), image.Point{}, draw.Src)
	grey, palette := image.NewGray16(image.Rect(0, 0, 800, 700)), image.NewPaletted(image.Rect(0, 0, 800, 700), color.Palette{color.Black, color.White, color.Transparent})
	moving := flatPNG(t, 800, 700, 0, chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}), chunk("fcTL", make([]byte, 26)))
	return []hostile{
		{"16-bit PNG", picture(asPNG(t, deep)), "", ""},
		{"16-bit grey PNG", picture(asPNG(t, grey)), "", ""},
		{"palette with transparency", picture(asPNG(t, palette)), "", ""},
		{"animated PNG", picture(moving), "", ""},
		{"interlaced PNG", picture(bytes.Join([][]byte{[]byte(pngSignature), ihdr(800, 700, 8, 0, 1), chunk("IDAT", deflate(t, 800*700+700*8)), chunk("IEND", nil)}, nil)), CodeFormat, ReasonDamaged},
		{"WebP", picture(flatWebP(800, 700)), "", ""},
		{"CMYK JPEG", picture(cmykJPEG(800, 704)), "", ""},
		{"grey JPEG", picture(asJPEG(t, image.NewGray(image.Rect(0, 0, 800, 700)))), "", ""},
	}
}

// cmykJPEG is a flat JPEG of four components, with Adobe's marker.
func cmykJPEG(w, h int) []byte {
	out := []byte{0xff, markSOI}
	out = append(out, segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00"))...)
	out = append(out, segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))...)
	out = append(out, segment(0xc0, []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0})...)
	counts := make([]byte, 16)
	counts[0] = 1
	for _, class := range []byte{0x00, 0x10} {
		out = append(out, segment(0xc4, append(append([]byte{class}, counts...), 0))...)
	}
	out = append(out, segment(markSOS, []byte{4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0})...)
	out = append(out, make([]byte, w*h/64*4*2/8)...) // two zero bits for every block
	return append(out, 0xff, markEOI)
}

func TestL4HostileFilesEndWithinTheirLimitsAndLeaveNothingBehind(t *testing.T) { //nolint:paralleltest // it measures this process's children
	skipUnderRace(t)
	x := newExaminer(t)
	x.cache = t.TempDir()
	mustExamine(t, x, letterOf(scanPDF(t, photograph{width: 1240, height: 1754, seed: 1, paper: 225, full: true, light: 1, noise: 3}))) // compiles the PDF sandbox
	var cases []hostile
	for _, some := range [][]hostile{bombs(t), damaged(t), disguised(t), unusual(t)} {
		cases = append(cases, some...)
	}
	if len(cases) < 40 {
		t.Fatalf("the corpus has only %d files", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { //nolint:paralleltest // one child at a time
			before := childrensCPU(t)
			found, refused := examine(t, x, c.upload)
			if worked := childrensCPU(t) - before; worked > 2*time.Second {
				t.Errorf("it kept a processor busy for %v", worked)
			}
			if c.code != "" {
				if refused == nil || refused.Code != c.code || refused.Params["reason"] != string(c.reason) {
					t.Fatalf("got %+v, want %s %s", refused, c.code, c.reason)
				}
				return
			}
			if refused != nil {
				t.Fatalf("refused: %+v", refused)
			}
			for _, p := range found.Pages {
				clean(t, p.View, viewSide)
				clean(t, p.Thumbnail, thumbnailSide)
			}
		})
	}
}

func TestL4TheDearestHonestPictureIsTaken(t *testing.T) {
	t.Parallel()
	skipUnderRace(t)
	mustExamine(t, newExaminer(t), picture(progressive(5000, 5000, 10, 3))) // 25 megapixels
}

// childrensCPU is the processor time of all children that ended, which a busy machine leaves alone.
func childrensCPU(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// clean holds what may be kept to what was promised: a JPEG with pixels only.
func clean(t *testing.T, data []byte, side int) {
	t.Helper()
	if !isOurs(data, side) {
		t.Error("a view is no clean JPEG")
	}
	for _, trace := range []string{"canary", "Exif", "<script", "EICAR", "PK\x03\x04", "%PDF", "JavaScript"} {
		if bytes.Contains(data, []byte(trace)) {
			t.Errorf("a view still holds %q", trace)
		}
	}
}

// The parent never decodes: while bombs go off in children its memory stays flat.
func TestTheParentsMemoryStaysFlat(t *testing.T) { //nolint:paralleltest // it measures this process
	skipUnderRace(t)
	x := newExaminer(t)
	bomb := picture(flatPNG(t, 8000, 3100, 0)) // 25 megapixels, allowed
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const rounds = 3
	for range rounds {
		mustExamine(t, x, bomb)
	}
	runtime.ReadMemStats(&after)
	if grown := (after.TotalAlloc - before.TotalAlloc) / rounds; grown > 8<<20 {
		t.Errorf("the parent allocated %d bytes for one upload; decoding it takes 25 MB", grown)
	}
}
