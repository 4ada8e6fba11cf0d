package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"sync"
	"testing"
	"time"

	"beian/internal/workday"
	"beian/tasks"
)

// drawer keeps pictures in memory in the place of the cabinet. It decodes what it
// gets, so that what is no picture is refused, and doubts dark ones.
type drawer struct {
	mu       sync.Mutex
	pictures map[string][]byte
}

func newDrawer() *drawer { return &drawer{pictures: map[string][]byte{}} }

func (d *drawer) Examine(_ context.Context, u tasks.Upload) (tasks.Examined, error) {
	if u.Slot == tasks.SlotLetter && bytes.HasPrefix(u.Data, []byte("%PDF-")) {
		page := drawn(640, 900, 200)
		return tasks.Examined{Media: "application/pdf", Width: 640, Height: 900, Pages: [][]byte{page}, Thumb: page, Sum: sha256.Sum256(u.Data)}, nil
	}
	picture, kind, err := image.Decode(bytes.NewReader(u.Data))
	if err != nil {
		return tasks.Examined{}, &tasks.Invalid{Faults: []tasks.Fault{{Field: string(u.Slot), Code: "DOC_FORMAT", Reason: "unsupported"}}}
	}
	size := picture.Bounds().Size()
	if min(size.X, size.Y) < 640 {
		return tasks.Examined{}, &tasks.Invalid{Faults: []tasks.Fault{{Field: string(u.Slot), Code: "DOC_DIMENSIONS", Reason: "small"}}}
	}
	out := tasks.Examined{Media: "image/" + kind, Width: size.X, Height: size.Y, Sum: sha256.Sum256(u.Data)}
	var page bytes.Buffer
	if err := jpeg.Encode(&page, picture, nil); err != nil {
		return tasks.Examined{}, err
	}
	out.Pages, out.Thumb = [][]byte{page.Bytes()}, page.Bytes()
	if r, _, _, _ := picture.At(size.X/2, size.Y/2).RGBA(); r>>8 < 40 {
		out.Flags = []tasks.DocumentFlag{{Code: "DOC_DARK", Params: map[string]string{"mean": "12"}}}
	}
	return out, nil
}

func (d *drawer) Put(_ context.Context, jobID, name string, picture []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pictures[jobID+"/"+name] = picture
	return nil
}

func (d *drawer) Picture(_ context.Context, jobID, name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	picture, ok := d.pictures[jobID+"/"+name]
	if !ok {
		return nil, tasks.ErrNotFound
	}
	return picture, nil
}

// drawn is a PNG of one shade; equal arguments give equal bytes.
func drawn(width, height int, shade uint8) []byte {
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = shade
	}
	picture.SetGray(0, 0, color.Gray{Y: 255 - shade})
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		panic(err) // a picture in memory can always be written
	}
	return out.Bytes()
}

// pressing prints letters that name what they were filled in with.
type pressing struct{}

func (pressing) Blank(kind tasks.Kind) ([]byte, error) {
	return []byte("%PDF- blank " + string(kind)), nil
}

func (pressing) Letter(l Letter) ([]byte, error) {
	return []byte("%PDF- " + l.Receipt + " " + l.SubjectName + " " + l.CertificateType + " " + l.Applicant + " " + l.ApplicantIDNumber + " " + l.StatusURL), nil
}

// testPolicy is the policy of both benches: the rules of a usual operator.
func testPolicy(t testing.TB) tasks.Policy {
	t.Helper()
	day := 24 * time.Hour
	return tasks.Policy{RealName: "off", TargetAcceptance: true, TargetWindow: 72 * time.Hour, VerifyWindow: day,
		Calendar: testCalendar(t), ReviewDays: 2, FourEyes: true, Rounds: 3, DraftLife: 7 * day, MoreLife: 15 * day,
		Hold: day, LongHold: 3 * day, TransferHold: 7 * day, ContactHold: 3 * day, AppealWindow: 15 * day}
}

func testCalendar(t testing.TB) *workday.Calendar {
	t.Helper()
	years, err := workday.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return workday.New(years...)
}

func TestV2TheStripMarksStartPromiseAndDaysOff(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	from := time.Date(2026, 2, 13, 10, 0, 0, 0, calendar.Zone()) // the Friday before a spring festival
	var got []string
	for _, day := range StripOf(calendar)(from, calendar.Due(from, 2)) {
		got = append(got, day.Kind)
	}
	if got[0] != "start" || got[len(got)-1] != "due" || !slices.Contains(got, "holiday") || !slices.Contains(got, "makeup") {
		t.Errorf("%v", got)
	}
	if far := StripOf(calendar)(from, from.AddDate(0, 2, 0)); far != nil {
		t.Errorf("two months are drawn: %d days", len(far))
	}
}
