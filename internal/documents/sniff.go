package documents

import (
	"bytes"
	"mime"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Format is what the first bytes of a file are.
type Format string

// The formats that are told apart; only the first four are ever taken. The
// others are known so that a refusal can say what was sent.
const (
	JPEG    Format = "jpeg"
	PNG     Format = "png"
	WebP    Format = "webp"
	PDF     Format = "pdf"
	HEIC    Format = "heic"
	AVIF    Format = "avif"
	GIF     Format = "gif"
	BMP     Format = "bmp"
	TIFF    Format = "tiff"
	SVG     Format = "svg"
	HTML    Format = "html"
	ZIP     Format = "zip"
	Unknown Format = "unknown"
)

const (
	labelBytes = 255 // trust reference 4.5 item 2
	sniffBytes = 1024
)

// Sniff tells a format from the bytes alone; they must stand at the very start,
// so that a file that is two things at once is only the first of them.
func Sniff(data []byte) Format {
	for _, magic := range []struct {
		at     int
		prefix string
		format Format
	}{
		{0, "\xff\xd8\xff", JPEG}, {0, "\x89PNG\r\n\x1a\n", PNG}, {8, "WEBP", WebP}, {0, "%PDF-", PDF},
		{0, "GIF8", GIF}, {0, "BM", BMP}, {0, "II*\x00", TIFF}, {0, "MM\x00*", TIFF}, {0, "PK\x03\x04", ZIP},
	} {
		if len(data) > magic.at && bytes.HasPrefix(data[magic.at:], []byte(magic.prefix)) {
			return magic.format
		}
	}
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		return sniffBrand(string(data[8:12]))
	}
	return sniffMarkup(data)
}

func sniffBrand(brand string) Format {
	switch brand {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
		return HEIC
	case "avif", "avis":
		return AVIF
	}
	return Unknown
}

func sniffMarkup(data []byte) Format {
	head := bytes.ToLower(data[:min(len(data), sniffBytes)])
	switch {
	case bytes.Contains(head, []byte("<svg")):
		return SVG
	case bytes.Contains(head, []byte("<html")), bytes.Contains(head, []byte("<!doctype html")), bytes.Contains(head, []byte("<script")):
		return HTML
	}
	return Unknown
}

// contradiction is the format that the media type or the file's name claims, when
// it is another one than the bytes are; what claims nothing contradicts nothing.
func (u Upload) contradiction(actual Format) (claimed Format, found bool) {
	for _, claimed := range []Format{mediaTypeClaim(u.MediaType), nameClaim(u.Name)} {
		if claimed != "" && claimed != actual {
			return claimed, true
		}
	}
	return "", false
}

func mediaTypeClaim(declared string) Format {
	mediaType, _, err := mime.ParseMediaType(declared)
	switch {
	case declared == "" || mediaType == "application/octet-stream":
		return ""
	case err != nil:
		return Unknown
	}
	switch mediaType {
	case "image/jpeg", "image/jpg", "image/pjpeg":
		return JPEG
	case "image/png", "image/x-png":
		return PNG
	case "image/webp":
		return WebP
	case "application/pdf", "application/x-pdf":
		return PDF
	case "image/heic", "image/heif":
		return HEIC
	}
	return Unknown
}

func nameClaim(name string) Format {
	switch strings.ToLower(path.Ext(Label(name))) {
	case ".jpg", ".jpeg", ".jpe", ".jfif":
		return JPEG
	case ".png":
		return PNG
	case ".webp":
		return WebP
	case ".pdf":
		return PDF
	case ".heic", ".heif":
		return HEIC
	case ".gif":
		return GIF
	case ".bmp":
		return BMP
	case ".tif", ".tiff":
		return TIFF
	case ".svg":
		return SVG
	case ".htm", ".html":
		return HTML
	case ".zip":
		return ZIP
	case ".exe", ".js", ".php", ".doc", ".docx":
		return Unknown
	}
	return ""
}

// Label is a file's name as it may be shown: its last part, at most 255 bytes,
// without control, direction and other invisible characters. It names nothing on
// disk. It is empty when nothing is left.
func Label(name string) string {
	if cut := strings.LastIndexAny(name, `/\`); cut >= 0 {
		name = name[cut+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	for len(name) > labelBytes {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}
