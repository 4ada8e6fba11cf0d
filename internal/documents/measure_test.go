package documents

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
	"testing"
)

// The thresholds are held to drawn photographs: every good one passes without a
// flag, every bad one gets its own. Figures are taken after the telephone's JPEG.
func TestL4QualityIsFlaggedAndNeverRefused(t *testing.T) {
	t.Parallel()
	skipUnderRace(t)
	good := goodPhotograph(3)
	change := func(f func(*photograph)) photograph { p := good; f(&p); return p }
	cases := map[string]struct {
		photo photograph
		want  []string
	}{
		"bright day":               {change(func(p *photograph) { p.light = 1.15 }), nil},
		"cloudy day":               {change(func(p *photograph) { p.light = 0.6 }), nil},
		"dim room":                 {change(func(p *photograph) { p.light = 0.45 }), nil},
		"a little soft":            {change(func(p *photograph) { p.soft = 2 }), nil},
		"grainy":                   {change(func(p *photograph) { p.noise = 12 }), nil},
		"white desk":               {change(func(p *photograph) { p.desk = 200 }), nil},
		"scan of a white page":     {change(func(p *photograph) { p.full, p.paper, p.noise = true, 255, 0 }), nil},
		"card scanned on white":    {change(func(p *photograph) { p.desk, p.paper, p.noise = 255, 190, 0 }), nil},
		"small reflection":         {change(func(p *photograph) { p.lamp = 0.06 }), nil},
		"another telephone":        {change(func(p *photograph) { p.width, p.height, p.soft = 2400, 1800, 2 }), nil},
		"out of focus":             {change(func(p *photograph) { p.soft = 6 }), []string{CodeBlurred}},
		"far out of focus":         {change(func(p *photograph) { p.soft = 12 }), []string{CodeBlurred}},
		"large and out of focus":   {change(func(p *photograph) { p.width, p.height, p.soft = 2400, 1800, 14 }), []string{CodeBlurred}},
		"night":                    {change(func(p *photograph) { p.light = 0.3 }), []string{CodeDark}},
		"nearly black":             {change(func(p *photograph) { p.light = 0.12 }), []string{CodeDark}},
		"reflection on the text":   {change(func(p *photograph) { p.lamp = 0.12 }), []string{CodeGlare}},
		"flash":                    {change(func(p *photograph) { p.lamp = 0.2 }), []string{CodeGlare}},
		"reflection on a scan":     {change(func(p *photograph) { p.desk, p.paper, p.noise, p.lamp = 255, 190, 0, 0.13 }), []string{CodeGlare}},
		"reflection, out of focus": {change(func(p *photograph) { p.soft, p.lamp = 8, 0.15 }), []string{CodeBlurred, CodeGlare}},
	}
	for seed := range uint64(6) {
		cases[fmt.Sprintf("good light %d", seed)] = struct {
			photo photograph
			want  []string
		}{goodPhotograph(10 + seed), nil}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := drafted(t, c.photo)
			var got []string
			for _, f := range p.Measures.flags(1, false) {
				got = append(got, f.Code)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("flags %v, want %v: %+v", got, c.want, p.Measures)
			}
		})
	}
}

func drafted(t *testing.T, photo photograph) Page {
	t.Helper()
	taken, err := jpeg.Decode(bytes.NewReader(asJPEG(t, photo.draw())))
	if err != nil {
		t.Fatal(err)
	}
	p, err := draft(taken, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnEmptyPictureIsFlaggedAndTaken(t *testing.T) {
	t.Parallel()
	found := mustExamine(t, newExaminer(t), picture(flatPNG(t, 800, 700, 0)))
	var codes []string
	for _, f := range found.Flags {
		codes = append(codes, f.Code)
		if f.Page != 1 || f.Params["wanted"] == "" {
			t.Errorf("flag %+v says no page or no goal", f)
		}
	}
	if !slices.Equal(codes, []string{CodeBlurred, CodeDark}) {
		t.Errorf("got %v", codes)
	}
}

func TestTheHashFindsTheSameShotAndNotAnother(t *testing.T) {
	t.Parallel()
	skipUnderRace(t)
	shot := goodPhotograph(1).draw()
	hash := perceptualHash(shot)
	again, err := jpeg.Decode(bytes.NewReader(asJPEG(t, shrink(shot, 900, 675))))
	if err != nil {
		t.Fatal(err)
	}
	saved := perceptualHash(shrink(again, 900, 675))
	if !NearDuplicate(hash, saved) {
		t.Errorf("saved again and smaller: %d bits differ", Distance(hash, saved))
	}
	lighter := goodPhotograph(1)
	lighter.light = 1.1
	if d := Distance(hash, perceptualHash(lighter.draw())); d > nearPictures {
		t.Errorf("a little brighter: %d bits differ", d)
	}
	for name, other := range map[string]*image.RGBA{"a scan": photograph{width: 1600, height: 1200, seed: 2, paper: 255, full: true, light: 1}.draw(),
		"another subject": gradient(1600, 1200), "turned": upright(shot, 6)} {
		if d := Distance(hash, perceptualHash(other)); NearDuplicate(hash, perceptualHash(other)) {
			t.Errorf("%s: only %d bits differ", name, d)
		}
	}
}

func TestScreenshotsAreKnownByTheirSize(t *testing.T) {
	t.Parallel()
	for size, want := range map[[2]int]bool{{1170, 2532}: true, {2532, 1170}: true, {1920, 1080}: true, {4032, 3024}: false, {1600, 1200}: false} {
		if got := screenSized(size[0], size[1]); got != want {
			t.Errorf("%v: %v", size, got)
		}
	}
}
