package documents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	letterSide      = 2200 // pixels of a drawn page's longer side: A4 at 188 dpi
	letterNarrowest = 3    // times longer than wide at most
	sandboxPages    = 6144 // of 64 KiB: PDFium's memory, 384 MiB
	sandboxWait     = 10 * time.Second
)

// letterPages draws the pages of a PDF. PDFium runs as WebAssembly: no file, no
// clock, no script engine. Scripts and links are gone with the drawing; seals
// that were added as annotations are drawn. A cache folder keeps the compiled
// module, which otherwise costs 4 s of CPU each time.
func letterPages(data []byte, cache string) ([]Page, error) {
	pool, err := sandbox(cache)
	if err != nil {
		return nil, err
	}
	instance, err := pool.GetInstance(sandboxWait)
	if err != nil {
		return nil, fmt.Errorf("starting the PDF sandbox: %w", err)
	}
	opened, err := instance.OpenDocument(&requests.OpenDocument{File: &data})
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return nil, refuseFormat(PDF, ReasonEncrypted)
	case err != nil:
		return nil, refuseFormat(PDF, ReasonDamaged)
	}
	l := openLetter{pdfium: instance, document: opened.Document}
	count, err := l.count()
	if err != nil {
		return nil, err
	}
	pages := make([]Page, count)
	for i := range pages {
		if pages[i], err = l.draw(i); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

func sandbox(cache string) (pdfium.Pool, error) {
	runtime := wazero.NewRuntimeConfigCompiler().WithMemoryLimitPages(sandboxPages).
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling)
	if cache != "" {
		compiled, err := wazero.NewCompilationCacheWithDir(cache)
		if err != nil {
			return nil, fmt.Errorf("opening the PDF sandbox's cache: %w", err)
		}
		runtime = runtime.WithCompilationCache(compiled)
	}
	pool, err := webassembly.Init(webassembly.Config{
		Context: context.Background(), MaxIdle: 1, MaxTotal: 1, RuntimeConfig: runtime,
		FSConfig: wazero.NewFSConfig(), // no folder: the default would be the whole disk
		Stdout:   io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("building the PDF sandbox: %w", err)
	}
	return pool, nil
}

type openLetter struct {
	pdfium   pdfium.Pdfium
	document references.FPDF_DOCUMENT
}

func (l openLetter) count() (int, error) {
	security, err := l.pdfium.FPDF_GetSecurityHandlerRevision(&requests.FPDF_GetSecurityHandlerRevision{Document: l.document})
	if err != nil || security.SecurityHandlerRevision >= 0 {
		return 0, refuseFormat(PDF, ReasonEncrypted)
	}
	pages, err := l.pdfium.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: l.document})
	if err != nil {
		return 0, refuseFormat(PDF, ReasonDamaged)
	}
	if pages.PageCount < 1 || pages.PageCount > maxPages {
		return 0, refuseFormat(PDF, ReasonPages, "max", strconv.Itoa(maxPages))
	}
	return pages.PageCount, nil
}

func (l openLetter) draw(index int) (Page, error) {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: l.document, Index: index}}
	size, err := l.pdfium.GetPageSize(&requests.GetPageSize{Page: page})
	if err != nil {
		return Page{}, refuseFormat(PDF, ReasonDamaged)
	}
	w, h, ok := letterSize(size.Width, size.Height)
	if !ok {
		return Page{}, refuseFormat(PDF, ReasonDamaged)
	}
	drawn, err := l.pdfium.RenderPageInPixels(&requests.RenderPageInPixels{Page: page, Width: w, Height: h, RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT})
	if err != nil {
		return Page{}, refuseFormat(PDF, ReasonDamaged)
	}
	defer drawn.Cleanup()
	p, err := draft(drawn.Result.RenderedImage, 1)
	p.Measures.Screenshot = false
	return p, err
}

// letterSize turns points into pixels; it is not ok for a page that is no sheet.
func letterSize(width, height float64) (w, h int, ok bool) {
	long, short := math.Max(width, height), math.Min(width, height)
	if !(short > 0) || math.IsInf(long, 0) || long > short*letterNarrowest {
		return 0, 0, false
	}
	scale := letterSide / long
	return int(math.Round(width * scale)), int(math.Round(height * scale)), true
}
