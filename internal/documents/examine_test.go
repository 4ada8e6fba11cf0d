package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"beian/tasks"
)

// corners is 800 x 700 with a red, green, blue and white quarter: top left, top
// right, bottom left, bottom right.
func corners() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 800, 700))
	for i, c := range []color.RGBA{{220, 0, 0, 255}, {0, 200, 0, 255}, {0, 0, 220, 255}, {240, 240, 240, 255}} {
		x, y := i%2*400, i/2*350
		draw.Draw(m, image.Rect(x, y, x+400, y+350), image.NewUniform(c), image.Point{}, draw.Src)
	}
	return m
}

// letters names the colours of a view's four quarters.
func letters(t *testing.T, view []byte) string {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(view))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	for i := range 4 {
		r, g, b, _ := m.At(w/4+i%2*w/2, h/4+i/2*h/2).RGBA()
		switch {
		case r > 0x9000 && g > 0x9000 && b > 0x9000:
			out.WriteByte('W')
		case r > g && r > b:
			out.WriteByte('R')
		case g > b:
			out.WriteByte('G')
		default:
			out.WriteByte('B')
		}
	}
	return out.String()
}

// Exif 3.0, 4.6.5: which corner the stored first row and column are.
func TestL4EveryOrientationComesOutUpright(t *testing.T) {
	t.Parallel()
	x, stored := newExaminer(t), asJPEG(t, corners())
	for orientation, want := range map[uint16]string{0: "RGBW", 1: "RGBW", 2: "GRWB", 3: "WBGR", 4: "BWRG", 5: "RBGW", 6: "BRWG", 7: "WGBR", 8: "GWRB", 9: "RGBW"} {
		found := mustExamine(t, x, picture(afterSOI(stored, segment(markAPP1, exif(orientation, "x")))))
		p := found.Pages[0]
		turned := orientation >= 5 && orientation <= 8
		if got := letters(t, p.View); got != want || turned != (p.Width == 700) {
			t.Errorf("orientation %d: %s in %d x %d, want %s", orientation, got, p.Width, p.Height, want)
		}
		if got := letters(t, p.Thumbnail); got != want {
			t.Errorf("orientation %d: the thumbnail is %s, want %s", orientation, got, want)
		}
	}
}

func TestOrientationIsFoundInPNGAndWebPToo(t *testing.T) {
	t.Parallel()
	tiff := bytes.TrimPrefix(exif(6, "x"), []byte("Exif\x00\x00"))
	stored := asPNG(t, corners())
	const head = 8 + 25 // signature and header
	turned := bytes.Join([][]byte{stored[:head], chunk("eXIf", tiff), stored[head:]}, nil)
	if got := letters(t, mustExamine(t, newExaminer(t), picture(turned)).Pages[0].View); got != "BRWG" {
		t.Errorf("the PNG came out as %s", got)
	}
	frame := flatWebP(800, 700)
	web := webpCanvas(append(bytes.Clone(frame), append([]byte("EXIF\x58\x00\x00\x00"), make([]byte, 88)...)...))
	copy(web[len(web)-88:], tiff)
	if o, refused := inspect(WebP, web); refused != nil || o.Orientation != 6 {
		t.Errorf("the WebP has %+v, %v", o, refused)
	}
}

func TestAnExaminedUploadIsKnownByItsDigestLabelAndFormat(t *testing.T) {
	t.Parallel()
	data := asJPEG(t, goodPhotograph(1).draw())
	u := Upload{Kind: KindLetter, MediaType: "image/jpeg", Name: `C:\scans\授权书.jpg`, Data: data}
	found := mustExamine(t, newExaminer(t), u)
	if found.Format != JPEG || found.Name != "授权书.jpg" || found.Digest != sha256.Sum256(data) || len(found.Pages) != 1 {
		t.Errorf("got %s %q, %d pages", found.Format, found.Name, len(found.Pages))
	}
	if p := found.Pages[0]; p.Width != 1600 || p.Height != 1200 || p.Hash == 0 || len(p.Thumbnail) >= len(p.View) {
		t.Errorf("got %d x %d, hash %x, %d and %d bytes", p.Width, p.Height, p.Hash, len(p.View), len(p.Thumbnail))
	}
}

func TestALargePictureIsShrunkToTheViewsSize(t *testing.T) {
	t.Parallel()
	p := mustExamine(t, newExaminer(t), picture(asJPEG(t, gradient(4000, 3000)))).Pages[0]
	for name, want := range map[string]struct {
		data []byte
		w, h int
	}{"view": {p.View, 3000, 2250}, "thumbnail": {p.Thumbnail, 320, 240}} {
		config, err := jpeg.DecodeConfig(bytes.NewReader(want.data))
		if err != nil || config.Width != want.w || config.Height != want.h {
			t.Errorf("the %s is %d x %d, %v", name, config.Width, config.Height, err)
		}
	}
	if p.Width != 4000 || p.Height != 3000 {
		t.Errorf("the upload is said to be %d x %d", p.Width, p.Height)
	}
}

func TestShrinkingGivesMeans(t *testing.T) {
	t.Parallel()
	src := image.NewGray(image.Rect(0, 0, 301, 203))
	for i := range src.Pix {
		src.Pix[i] = uint8(i % 301 * 255 / 300)
	}
	for _, size := range [][2]int{{301, 203}, {300, 203}, {301, 202}, {150, 100}, {100, 7}, {1, 1}} {
		got := shrink(src, size[0], size[1])
		sum := 0
		for i := 0; i < len(got.Pix); i += 4 {
			sum += int(got.Pix[i])
			if got.Pix[i+3] != 255 {
				t.Fatalf("%v: pixel %d was never drawn", size, i/4)
			}
		}
		if mean := sum / (size[0] * size[1]); mean < 126 || mean > 129 {
			t.Errorf("%v: the mean became %d", size, mean)
		}
	}
	clear := shrink(image.NewNRGBA(image.Rect(0, 0, 9, 9)), 3, 3)
	if clear.Pix[0] != 255 {
		t.Errorf("a transparent pixel became %d instead of paper", clear.Pix[0])
	}
}

func TestAPDFLetterIsDrawnPageByPage(t *testing.T) {
	t.Parallel()
	skipUnderRace(t)
	found := mustExamine(t, newExaminer(t), letterOf(letterPDF(maxPages, "")))
	if found.Format != PDF || len(found.Pages) != maxPages || len(found.Flags) != 0 {
		t.Fatalf("%s, %d pages, flags %v", found.Format, len(found.Pages), found.Flags)
	}
	p := found.Pages[maxPages-1]
	view, err := jpeg.Decode(bytes.NewReader(p.View))
	if err != nil || view.Bounds().Dy() < 2190 {
		t.Fatalf("%v, %v", view.Bounds(), err)
	}
	r, _, b, _ := view.At(view.Bounds().Dx()*360/595, view.Bounds().Dy()*(842-260)/842).RGBA()
	if b < 0xd000 || r > 0x4000 {
		t.Errorf("the blue seal is not where it was drawn: red %x, blue %x", r, b)
	}
}

func TestABlankLetterIsFlagged(t *testing.T) {
	t.Parallel()
	skipUnderRace(t)
	blank := bytes.ReplaceAll(letterPDF(1, ""), []byte("/Contents 4 0 R"), []byte("/Contents 9 0 R"))
	found := mustExamine(t, newExaminer(t), letterOf(blank))
	if len(found.Flags) != 1 || found.Flags[0].Code != CodeBlurred {
		t.Errorf("got %v", found.Flags)
	}
}

func TestALimitThatIsPassedRefusesTheFileAndSparesTheParent(t *testing.T) {
	t.Parallel()
	skipUnderRace(t)
	x := newExaminer(t)
	for name, c := range map[string]struct {
		data   []byte
		change func(*limits)
	}{
		"CPU":    {scanBomb(4000, 4000, 2000), func(l *limits) { l.CPU = 1 }},
		"memory": {flatPNG(t, 16_000, 16_000, 0), func(l *limits) { l.Data = 160 << 20 }},
	} {
		o := patient(order{Format: Sniff(c.data), Orientation: 1, Limits: pictureLimits()})
		c.change(&o.Limits)
		_, err := x.decode(t.Context(), o, c.data)
		var refused *Refusal
		if !errors.As(err, &refused) || refused.Params["reason"] != string(ReasonCostly) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestABusyMachineIsNotTheFilesFault(t *testing.T) {
	t.Parallel()
	o := order{Format: JPEG, Orientation: 1, Limits: pictureLimits()}
	o.Limits.Wall = time.Millisecond
	if _, err := newExaminer(t).decode(t.Context(), o, asJPEG(t, gradient(3000, 3000))); !errors.Is(err, tasks.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestWaitingForAChildEndsWithTheContext(t *testing.T) {
	t.Parallel()
	x, err := NewExaminer(Options{Children: 1})
	if err != nil {
		t.Fatal(err)
	}
	x.slots <- struct{}{} // somebody else's upload
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := x.Examine(ctx, picture(asJPEG(t, gradient(800, 700)))); !errors.Is(err, tasks.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAProgramThatDoesNotAnswerAsAChildIsUnavailable(t *testing.T) {
	t.Parallel()
	x := newExaminer(t)
	for _, program := range []string{"/bin/true", "/bin/cat", "/nonexistent"} {
		x.executable = program
		if _, err := x.Examine(t.Context(), picture(asJPEG(t, gradient(800, 700)))); !errors.Is(err, tasks.ErrUnavailable) {
			t.Errorf("%s: got %v", program, err)
		}
	}
}

func TestAChildsWordIsChecked(t *testing.T) {
	t.Parallel()
	good := asJPEG(t, gradient(700, 700))
	small := asJPEG(t, gradient(100, 100))
	line := pageLine{Width: 700, Height: 700, View: len(good), Thumbnail: len(small)}
	body := append(bytes.Clone(good), small...)
	if _, err := (answer{Pages: []pageLine{line}}).take(body); err != nil {
		t.Fatalf("an honest answer was refused: %v", err)
	}
	dirty := afterSOI(good, segment(markAPP1, exif(1, "x")))
	trailing := append(bytes.Clone(good), "MZ"...)
	for name, c := range map[string]struct {
		pages []pageLine
		body  []byte
	}{
		"no page":            {nil, nil},
		"six pages":          {make([]pageLine, maxPages+1), nil},
		"impossible size":    {[]pageLine{{Width: 1 << 30, Height: 1 << 30, View: len(good), Thumbnail: len(small)}}, body},
		"negative length":    {[]pageLine{{Width: 700, Height: 700, View: -1, Thumbnail: len(small)}}, body},
		"length past end":    {[]pageLine{{Width: 700, Height: 700, View: len(body) + 1}}, body},
		"metadata":           {[]pageLine{{Width: 700, Height: 700, View: len(dirty), Thumbnail: len(small)}}, append(bytes.Clone(dirty), small...)},
		"bytes behind":       {[]pageLine{{Width: 700, Height: 700, View: len(trailing), Thumbnail: len(small)}}, append(bytes.Clone(trailing), small...)},
		"rest":               {[]pageLine{line}, append(bytes.Clone(body), 0)},
		"too large a detail": {[]pageLine{{Width: 700, Height: 700, View: len(good), Thumbnail: len(good)}}, append(bytes.Clone(good), good...)},
	} {
		if _, err := (answer{Pages: c.pages}).take(c.body); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestAChildWithoutAnOrderEndsWithAFaultAndOthersAreNoChildren(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "\n", "{}", strings.Repeat("x", 2*orderBytes)} {
		var out bytes.Buffer
		if ran, code := Child([]string{"beian", childArgument}, strings.NewReader(in), &out); !ran || code != childFault || out.Len() != 0 {
			t.Errorf("%.10q: ran %v, code %d, said %d bytes", in, ran, code, out.Len())
		}
	}
	for _, args := range [][]string{nil, {"beian"}, {"beian", "api"}, {"beian", childArgument, "more"}} {
		if ran, _ := Child(args, nil, nil); ran {
			t.Errorf("%v ran as a child", args)
		}
	}
}

func TestALabelIsHarmless(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"": "", "身份证.jpg": "身份证.jpg", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "a\x00b\r\nc.jpg": "abc.jpg",
		"photo\u202egpj.exe": "photogpj.exe", "\u200b\ufeffx.png": "x.png", "...": "", "a\xffb.jpg": "ab.jpg", "/": "",
	} {
		if got := Label(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
	if long := Label(strings.Repeat("证", 200)); len(long) > labelBytes || !utf8.ValidString(long) {
		t.Errorf("%d bytes", len(long))
	}
}

func TestARefusalShowsAsABlockerWithoutTheFile(t *testing.T) {
	t.Parallel()
	_, refused := examine(t, newExaminer(t), Upload{Kind: KindPicture, Name: "canary.heic", Data: []byte("\x00\x00\x00\x18ftypheiccanary")})
	if refused == nil {
		t.Fatal("taken")
	}
	b := refused.Blocker("id_front")
	if b.Code != CodeFormat || b.Field != "id_front" || b.Params["format"] != "heic" || b.Owner != tasks.OwnerSource {
		t.Errorf("got %+v", b)
	}
	if text := fmt.Sprint(refused, b); strings.Contains(text, "canary") {
		t.Errorf("%s", text)
	}
}

func FuzzHeadersNeverStopTheProcess(f *testing.F) {
	f.Add(asJPEG(f, gradient(16, 16)))
	f.Add(asPNG(f, gradient(16, 16)))
	f.Add(flatWebP(16, 16))
	f.Add(letterPDF(1, ""))
	f.Add(afterSOI(asJPEG(f, gradient(16, 16)), segment(markAPP1, exif(6, "x"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, refused := Upload{Kind: KindLetter, Data: data}.precheck()
		if refused == nil && o.Format != PDF && (o.Orientation < 1 || o.Orientation > 8) {
			t.Errorf("orientation %d", o.Orientation)
		}
	})
}
