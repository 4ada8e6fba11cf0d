package documents

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	_ "image/jpeg" // sizes
	_ "image/png"
	"strconv"

	_ "golang.org/x/image/webp"
)

// Limits before anything is decoded (L4, trust reference 4.5 items 2 and 3).
const (
	MaxBytes = 10 << 20 // of one upload

	minShortSide     = 640
	maxSide          = 8000
	maxPixels        = 25_000_000
	maxInterlaced    = 16_000_000 // pixels: every pass of an interlaced PNG is held at once
	maxScans         = 64         // honest progressive files have about 10; 2,000 took 9 s
	maxMetadataBytes = 1 << 20    // all APPn segments together
	maxPages         = 5
	mega             = 1_000_000
)

// outline is what is known of a picture before it is decoded.
type outline struct {
	Width, Height int
	Orientation   int // of EXIF, 1 to 8
	interlaced    bool
}

// inspect reads a picture's headers and weighs them; it allocates nothing that
// grows with the picture's claimed size.
func inspect(f Format, data []byte) (found outline, refused *Refusal) {
	defer func() {
		if recover() != nil { // a fault in a header parser must not stop the process
			found, refused = outline{}, refuseFormat(f, ReasonDamaged)
		}
	}()
	found.Orientation = 1
	var four color.Model // of a JPEG whose four colours nothing explains
	switch f {
	case JPEG:
		segments, ok := walkJPEG(data)
		if !ok {
			return outline{}, refuseFormat(f, ReasonDamaged)
		}
		if segments.scans > maxScans || segments.metadata > maxMetadataBytes {
			return outline{}, refuseFormat(f, ReasonCostly)
		}
		found.Orientation = exifOrientation(bytes.TrimPrefix(segments.exif, []byte("Exif\x00\x00")))
		if !segments.adobe {
			four = color.CMYKModel
		}
	case PNG:
		const interlaceByte = 28
		found.interlaced = len(data) > interlaceByte && data[interlaceByte] != 0
		found.Orientation = exifOrientation(pngChunk(data, "eXIf"))
	case WebP:
		found.Orientation = exifOrientation(bytes.TrimPrefix(riffChunk(data, "EXIF"), []byte("Exif\x00\x00")))
	}
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	// The decoder, too, refuses four colours without Adobe's segment, but only when it has read all of them.
	if err != nil || kind != string(f) || config.Width < 1 || config.Height < 1 || four != nil && config.ColorModel == four {
		return outline{}, refuseFormat(f, ReasonDamaged)
	}
	found.Width, found.Height = config.Width, config.Height
	return found, found.weigh()
}

func (o outline) weigh() *Refusal {
	short, long := min(o.Width, o.Height), max(o.Width, o.Height)
	var why []string
	switch {
	case long > maxSide || o.Width*o.Height > maxPixels:
		why = []string{"reason", string(ReasonLarge), "max", strconv.Itoa(maxSide), "max_mp", strconv.Itoa(maxPixels / mega)}
	case short < minShortSide:
		why = []string{"reason", string(ReasonSmall), "min", strconv.Itoa(minShortSide)}
	case o.interlaced && o.Width*o.Height > maxInterlaced:
		why = []string{"reason", string(ReasonInterlaced), "max_mp", strconv.Itoa(maxInterlaced / mega)}
	default:
		return nil
	}
	return refusal(CodeDimensions, append(why, "width", strconv.Itoa(o.Width), "height", strconv.Itoa(o.Height))...)
}

// segments is the structure of a JPEG file up to its end marker.
type segments struct {
	scans    int
	metadata int // bytes of APPn and comments
	exif     []byte
	adobe    bool // says which colours four components are
	end      int  // offset behind the end marker
}

const (
	markSOI, markEOI, markSOS  = 0xd8, 0xd9, 0xda
	markAPP0, markAPP1         = 0xe0, 0xe1
	markAPP14, markAPP15       = 0xee, 0xef
	markCOM                    = 0xfe
	markRST0, markRST7, markTM = 0xd0, 0xd7, 0x01
)

// walkJPEG follows the markers as lenient decoders do: bytes between segments
// are skipped. It is not ok when the file ends within a segment.
func walkJPEG(data []byte) (s segments, ok bool) {
	for at := 2; ; {
		mark, next := nextMarker(data, at)
		switch {
		case next < 0:
			s.end = len(data)
			return s, true // cut off: decoding will tell
		case mark == markEOI:
			s.end = next
			return s, true
		case mark >= markRST0 && mark <= markSOI || mark == markTM || mark == 0:
			at = next
			continue
		}
		if next+2 > len(data) {
			return s, false
		}
		length := int(binary.BigEndian.Uint16(data[next:]))
		if length < 2 || next+length > len(data) {
			return s, false
		}
		s.note(mark, data[next+2:next+length])
		at = next + length
	}
}

func (s *segments) note(mark byte, body []byte) {
	switch {
	case mark == markSOS:
		s.scans++
	case mark >= markAPP0 && mark <= markAPP15 || mark == markCOM:
		s.metadata += len(body)
		if mark == markAPP1 && s.exif == nil && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			s.exif = body
		}
		s.adobe = s.adobe || mark == markAPP14 && bytes.HasPrefix(body, []byte("Adobe"))
	}
}

// nextMarker finds the marker at or after an offset, and the offset behind it;
// that is negative when there is none. Stuffed zeroes are no markers.
func nextMarker(data []byte, at int) (mark byte, next int) {
	for at < len(data) {
		skip := bytes.IndexByte(data[at:], 0xff)
		if skip < 0 {
			return 0, -1
		}
		at += skip
		for at < len(data) && data[at] == 0xff {
			at++
		}
		if at < len(data) && data[at] != 0 {
			return data[at], at + 1
		}
	}
	return 0, -1
}

// pngChunk is the body of the first chunk of a name before the picture's data
// ends, nil when there is none.
func pngChunk(data []byte, name string) []byte {
	const signature, frame = 8, 12
	for at := signature; at+frame <= len(data); {
		length := int(binary.BigEndian.Uint32(data[at:]))
		if length > len(data)-at-frame {
			return nil
		}
		if string(data[at+4:at+8]) == name {
			return data[at+8 : at+8+length]
		}
		at += frame + length
	}
	return nil
}

// riffChunk is the body of the first chunk of a name in a RIFF file, as WebP is.
func riffChunk(data []byte, name string) []byte {
	const header, frame = 12, 8
	for at := header; at+frame <= len(data); {
		length := int(binary.LittleEndian.Uint32(data[at+4:]))
		if length > len(data)-at-frame {
			return nil
		}
		if string(data[at:at+4]) == name {
			return data[at+frame : at+frame+length]
		}
		at += frame + length + length%2
	}
	return nil
}

// exifOrientation reads tag 0x0112 of the first directory (Exif 3.0, 4.6.5);
// 1, upright, when it is not there or makes no sense.
func exifOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	const header, entry, tagOrientation = 8, 12, 0x0112
	at := int(order.Uint32(tiff[4:]))
	if at < header || at+2 > len(tiff) {
		return 1
	}
	count := int(order.Uint16(tiff[at:]))
	for i, at := 0, at+2; i < count && at+entry <= len(tiff); i, at = i+1, at+entry {
		if order.Uint16(tiff[at:]) == tagOrientation {
			if o := int(order.Uint16(tiff[at+8:])); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return 1
}
