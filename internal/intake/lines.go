package intake

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// maxLine is how many bytes a line may have.
const maxLine = 64 << 10

// lines reads a source line by line, counts and digests them. It holds one line
// at a time.
type lines struct {
	in     *bufio.Reader
	digest hash.Hash
	n      int64
}

func newLines(r io.Reader) *lines {
	return &lines{in: bufio.NewReaderSize(r, maxLine+1), digest: sha256.New()}
}

// next gives a line, valid until the next call, or io.EOF. tooLong lines come
// without their text.
func (l *lines) next() (text []byte, tooLong bool, err error) {
	text, err = l.in.ReadSlice('\n')
	l.digest.Write(text)
	for errors.Is(err, bufio.ErrBufferFull) {
		var rest []byte
		tooLong = true
		rest, err = l.in.ReadSlice('\n')
		l.digest.Write(rest)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, fmt.Errorf("reading line %d: %w", l.n+1, err)
	}
	if len(text) == 0 && !tooLong {
		return nil, false, io.EOF
	}
	l.n++
	if tooLong {
		return nil, true, nil
	}
	if l.n == 1 {
		text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	}
	return bytes.TrimSpace(text), false, nil
}

// skip reads n lines; fewer are no error, the digest tells.
func (l *lines) skip(n int64) error {
	for l.n < n {
		if _, _, err := l.next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (l *lines) sum() string { return hex.EncodeToString(l.digest.Sum(nil)) }
