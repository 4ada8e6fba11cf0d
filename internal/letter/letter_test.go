package letter_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	qrcode "github.com/skip2/go-qrcode"

	"beian/internal/letter"
)

var update = flag.Bool("update", false, "rewrite golden files")

const sizeLimit = 200 << 10 // a letter is fetched over mobile networks

func filled() letter.Fields {
	return letter.Fields{
		Receipt:           "LR 8F4K QX7M",
		SubjectName:       "厦门市思明区示例网络科技有限公司",
		CertificateType:   "统一社会信用代码证书",
		CertificateNumber: "91350211M0000000XT",
		ICPNumber:         "闽ICP备2026000001号",
		NewEmail:          "beian@example.cn",
		Applicant:         "买买提·艾山江",
		ApplicantIDNumber: "11010519491231002X",
		ApplicantPhone:    "13800138000",
		Date:              time.Date(2026, 11, 30, 17, 0, 0, 0, time.UTC), // already December in Shanghai
		StatusURL:         "https://beian.example.cn/jobs?receipt=LR8F4KQX7M",
	}
}

// filledSheet is printed once for all tests that only look at it: with the race detector a letter takes seconds.
var filledSheet = sync.OnceValues(func() (letter.Sheet, error) { return letter.New().Letter(filled()) })

func filledPDF(t *testing.T) []byte {
	t.Helper()
	sheet, err := filledSheet()
	if err != nil {
		t.Fatal(err)
	}
	return sheet.PDF
}

func printed(t *testing.T, f letter.Fields) letter.Sheet {
	t.Helper()
	sheet, err := letter.New().Letter(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(sheet.PDF) > sizeLimit {
		t.Errorf("%d bytes, more than %d", len(sheet.PDF), sizeLimit)
	}
	return sheet
}

func TestL3TheLetterSaysWhatWasAgreed(t *testing.T) {
	t.Parallel()
	sheet := printed(t, filled())
	golden(t, "filled.txt", strings.Join(read(t, sheet.PDF).spans(t), "\n")+"\n")
	if len(sheet.Missing) > 0 {
		t.Errorf("%d characters are missing of ordinary names", len(sheet.Missing))
	}
}

func TestT13TheLetterOfATransferNamesTheReceiverAndNoMailbox(t *testing.T) {
	t.Parallel()
	f := filled()
	f.Receipt, f.NewEmail, f.Target = "TP 8F4K QX7M", "", "receiver@example.cn"
	document := read(t, printed(t, f).PDF)
	golden(t, "transfer.txt", strings.Join(document.spans(t), "\n")+"\n")
	said := strings.Join(document.spans(t), "")
	if !strings.Contains(said, "备案信息转移授权委托书") || !strings.Contains(said, "receiver@example.cn") || strings.Contains(said, "邮箱") {
		t.Errorf("the letter says %s", said)
	}
}

func TestContactTheLetterOfAPhoneChangeNamesTheNewPhoneAndNoMailbox(t *testing.T) {
	t.Parallel()
	f := filled()
	f.Receipt, f.NewEmail, f.NewPhone = "CP 8F4K QX7M", "", "13612345678"
	said := strings.Join(read(t, printed(t, f).PDF).spans(t), "")
	if !strings.Contains(said, "备案账号安全手机更换授权委托书") || !strings.Contains(said, "13612345678") || strings.Contains(said, "邮箱") {
		t.Errorf("the letter says %s", said)
	}
}

func TestI7TheLetterOfALegacyImportNamesTheAccountAndNoMailbox(t *testing.T) {
	t.Parallel()
	f := filled()
	f.Receipt, f.NewEmail, f.Import = "LP 8F4K QX7M", "", "wan***@example.cn"
	said := strings.Join(read(t, printed(t, f).PDF).spans(t), "")
	if !strings.Contains(said, "原平台备案信息导入授权委托书") || !strings.Contains(said, "wan***@example.cn") || strings.Contains(said, "登录邮箱") {
		t.Errorf("the letter says %s", said)
	}
}

func TestL3TheTemplatesSayWhatWasAgreed(t *testing.T) {
	t.Parallel()
	for name, about := range map[string]letter.About{"blank.txt": letter.Mailbox, "blank-transfer.txt": letter.Transfer,
		"blank-phone.txt": letter.Phone, "blank-import.txt": letter.Import} {
		pdf, err := letter.New().Blank(about)
		if err != nil {
			t.Fatal(err)
		}
		document := read(t, pdf)
		golden(t, name, strings.Join(document.spans(t), "\n")+"\n")
		if len(document.with("/Subtype /Image")) > 0 {
			t.Error("a template has no receipt to put in a QR code")
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the page differs from %s (run with -update to accept):\n%s", file, diff)
	}
}

func TestL3TheQRCodeLeadsToTheStatusPage(t *testing.T) {
	t.Parallel()
	fields := filled()
	document := read(t, filledPDF(t))
	code, err := qrcode.New(fields.StatusURL, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	want, got := code.Bitmap(), document.picture(t)
	pixels := got.Bounds().Dx() / len(want)
	if pixels < 4 || got.Bounds().Dx() != pixels*len(want) || got.Bounds().Dy() != pixels*len(want) {
		t.Fatalf("a picture of %v for %d modules", got.Bounds(), len(want))
	}
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			if red, _, _, _ := got.At(x, y).RGBA(); (red == 0) != want[y/pixels][x/pixels] {
				t.Fatalf("pixel %d,%d is wrong", x, y)
			}
		}
	}
	content := document.target(t, document.one(t, "/Type /Page\n"), "/Contents").stream
	if !regexp.MustCompile(`q 76\.5\d* 0 0 76\.5\d* .* Do Q`).Match(content) {
		t.Error("the code isn't drawn 27 mm (76.5 points) wide")
	}
}

func TestTheLetterIsOnePageWithItsFontsInside(t *testing.T) {
	t.Parallel()
	document := read(t, filledPDF(t))
	document.one(t, "/Type /Page\n")
	if pages := document.one(t, "/Type /Pages"); !strings.Contains(pages.head, "/MediaBox [0 0 595.28 841.89]") {
		t.Errorf("not A4: %s", pages.head)
	}
	fonts := document.with("/Type /FontDescriptor")
	if len(fonts) != 2 {
		t.Errorf("%d fonts, not 2", len(fonts))
	}
	for _, font := range fonts {
		if file := document.target(t, font, "/FontFile2"); len(file.stream) < 4<<10 || len(file.stream) > sizeLimit {
			t.Errorf("a font of %d bytes", len(file.stream))
		}
	}
}

func TestTheFileTellsItsTitleAndLanguageAndNothingOfTheProgram(t *testing.T) {
	t.Parallel()
	pdf := filledPDF(t)
	document := read(t, pdf)
	if catalog := document.one(t, "/Type /Catalog"); !strings.Contains(catalog.head, "/Lang (zh-CN)") {
		t.Errorf("catalog %s", catalog.head)
	}
	info := document.one(t, "/Title (\xfe\xff")
	if !strings.Contains(info.head, "/CreationDate (D:20261201") {
		t.Errorf("info %q", info.head)
	}
	for _, leak := range []string{"Producer", "Creator", "FPDF", "fpdf"} {
		if bytes.Contains(pdf, []byte("/"+leak)) || bytes.Contains([]byte(info.head), []byte(leak)) {
			t.Errorf("the file tells its %s", leak)
		}
	}
}

func TestTheAuthorisationRunsThirtyDaysOfShanghaiTime(t *testing.T) {
	t.Parallel()
	text := read(t, filledPDF(t)).text(t)
	if !strings.Contains(text, "自2026年12月1日起三十日内有效，2026年12月31日到期。") {
		t.Error(text)
	}
}

func TestEqualFieldsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(printed(t, filled()).PDF, filledPDF(t)) {
		t.Error("the same letter has other bytes the second time")
	}
}

func TestAMissingCharacterIsShownAndReported(t *testing.T) {
	t.Parallel()
	fields := filled()
	fields.SubjectName, fields.Applicant = "𠮷祥公司", "李龦𠮷"
	sheet := printed(t, fields)
	if want := []rune("𠮷龦"); !slices.Equal(sheet.Missing, want) {
		t.Errorf("missing %q, not %q", string(sheet.Missing), string(want))
	}
	text := read(t, sheet.PDF).text(t)
	for _, want := range []string{"〓祥公司", "李〓〓", "标有〓的地方是字库中没有的字"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q isn't on the page: %s", want, text)
		}
	}
}

func TestRareCharactersOfNamesAreInTheFont(t *testing.T) {
	t.Parallel()
	fields := filled()
	fields.Applicant = "㛃䶮喆堃翀犇祎彧旻昉玥韡䲠" // seen in names, the last ones beyond GBK
	sheet := printed(t, fields)
	if len(sheet.Missing) > 0 || !strings.Contains(read(t, sheet.PDF).text(t), fields.Applicant) {
		t.Errorf("missing %q", string(sheet.Missing))
	}
}

func TestALongNameWrapsAndLosesNothing(t *testing.T) {
	t.Parallel()
	fields := filled()
	fields.SubjectName = strings.Repeat("内蒙古自治区莫力达瓦达斡尔族自治旗尼尔基镇农牧业专业合作社", 8)
	fields.NewEmail = strings.Repeat("a", 64) + "@" + strings.Repeat("department.", 16) + "example.cn"
	text := read(t, printed(t, fields).PDF).text(t)
	for _, want := range []string{fields.SubjectName, fields.NewEmail, "法定代表人（负责人）签字", "不得挪作他用"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q isn't on the page: %s", want, text)
		}
	}
}

func TestEveryLineStaysOnThePage(t *testing.T) {
	t.Parallel()
	fields := filled()
	fields.SubjectName = strings.Repeat("Very Long Name International ", 20)
	document := read(t, printed(t, fields).PDF)
	content := document.target(t, document.one(t, "/Type /Page\n"), "/Contents").stream
	positions := regexp.MustCompile(`BT (-?[\d.]+) (-?[\d.]+) Td`).FindAllSubmatch(content, -1)
	if len(positions) < 30 {
		t.Fatalf("%d pieces of text", len(positions))
	}
	for _, position := range positions {
		if x, y := number(t, position[1]), number(t, position[2]); x < 70 || x > 525 || y < 42 || y > 800 {
			t.Errorf("text at %v,%v", x, y)
		}
	}
}

func number(t *testing.T, text []byte) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatCanNotFitIsRefusedWithoutTellingIt(t *testing.T) {
	t.Parallel()
	long := filled()
	long.SubjectName = strings.Repeat("莫力达瓦", 2000)
	if _, err := letter.New().Letter(long); !errors.Is(err, letter.ErrTooLong) || strings.Contains(err.Error(), "莫力") {
		t.Errorf("got %v", err)
	}
	far := filled()
	far.StatusURL = "https://beian.example.cn/" + strings.Repeat("x", 4000)
	if _, err := letter.New().Letter(far); err == nil || strings.Contains(err.Error(), "xxxx") {
		t.Errorf("got %v", err)
	}
}

func TestLettersPrintedAtOnceDoNotMix(t *testing.T) {
	t.Parallel()
	press := letter.New()
	var group sync.WaitGroup
	names := []string{"甲公司", "乙公司", "丙公司"}
	sheets := make([]letter.Sheet, len(names))
	for i, name := range names {
		group.Go(func() {
			var err error
			if sheets[i], err = press.Letter(letter.Fields{SubjectName: name}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i, sheet := range sheets {
		text := read(t, sheet.PDF).text(t)
		for _, name := range names {
			if strings.Contains(text, name) != (name == names[i]) {
				t.Errorf("the letter of %s says: %s", names[i], text)
			}
		}
	}
}

func FuzzAnyValueIsPrintedOrRefused(f *testing.F) {
	for _, seed := range []string{" \t\n\xff\xfe", "a\u200bb\u202ec\uffff\ufffd\ue000", "é́(\\)\r👩‍👩‍👧", "，。）", strings.Repeat("（", 300)} {
		f.Add(seed, seed)
	}
	press := letter.New()
	f.Fuzz(func(t *testing.T, name, email string) {
		sheet, err := press.Letter(letter.Fields{SubjectName: name, Applicant: name, CertificateNumber: email, NewEmail: email, Receipt: email})
		if errors.Is(err, letter.ErrTooLong) && utf8.RuneCountInString(name+email) > 300 {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		text := read(t, sheet.PDF).text(t)
		if len(sheet.Missing) > 0 && !strings.Contains(text, "〓") {
			t.Errorf("%q vanished", string(sheet.Missing))
		}
		if !strings.Contains(text, "委托人（加盖单位公章）") {
			t.Errorf("the form is broken: %s", text)
		}
	})
}
