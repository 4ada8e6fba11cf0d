package filing

import (
	"fmt"
	"io"
	"strings"
)

const (
	receiptLength   = 10
	receiptKind     = 2
	receiptAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

	// The field GF(32) is that of x^5+x^2+1.
	fieldPolynomial = 0b100101
	receiptFactor   = 28
)

// Receipt is the public number of a job (受理编号), such as TR8F4KQX7M: two
// letters for the kind, seven random characters of Crockford's base 32 and a
// check character. The zero value is absent. It is no secret and prints clear.
//
// The check character makes the polynomial over all ten characters zero in
// GF(32), at a factor of order 31. The weights are thus ten different non-zero
// elements of a field of exactly as many elements as the alphabet has, which
// catches every single wrong character and every exchange of two, adjacent or
// not, without a 33rd character. Luhn mod 32 misses some exchanges, and ISO
// 7064 MOD 37,2 needs a check alphabet of 37. The letters of the kind count as
// in the alphabet, and I, O, L, U, which it lacks, as 1, 0, 2, 3; only an L of
// the kind exchanged with a later character, where it reads as 1, may slip
// through.
type Receipt struct{ value string }

// NewReceipt draws a receipt for a kind of two capital letters; entropy gives 5
// bytes, of which 35 bits are used, so the caller must still refuse duplicates.
func NewReceipt(kind string, entropy io.Reader) (Receipt, error) {
	if len(kind) != receiptKind || oddRune(kind, isCapital) > 0 {
		return Receipt{}, refuse(CodeReceipt, ReasonPrefix)
	}
	var drawn [5]byte
	if _, err := io.ReadFull(entropy, drawn[:]); err != nil {
		return Receipt{}, fmt.Errorf("draw a receipt number: %w", err)
	}
	bits := uint64(0)
	for _, b := range drawn {
		bits = bits<<8 | uint64(b)
	}
	body := []byte(kind)
	for range receiptLength - receiptKind - 1 {
		body = append(body, receiptAlphabet[bits%32])
		bits /= 32
	}
	check := receiptAlphabet[times(receiptSum(string(body)), receiptFactor)]
	return Receipt{value: string(append(body, check))}, nil
}

// ParseReceipt accepts any case, blanks and hyphens, and after the two letters
// I and L for 1 and O for 0. The *FormatError says whether length (n), beginning
// (prefix), a character (format, pos) or the check character is wrong.
func ParseReceipt(typed string) (Receipt, error) {
	text, err := compact(CodeReceipt, typed)
	if err != nil {
		return Receipt{}, err
	}
	text = strings.ReplaceAll(text, "-", "")
	if n := len([]rune(text)); n != receiptLength {
		return Receipt{}, refuse(CodeReceipt, ReasonLength).with("n", n)
	}
	if odd := oddRune(text, isCapital); odd == 1 || odd == 2 {
		return Receipt{}, refuse(CodeReceipt, ReasonPrefix).with("pos", odd)
	}
	tail := strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(text[receiptKind:])
	if odd := oddRune(tail, isReceiptRune); odd > 0 {
		return Receipt{}, refuse(CodeReceipt, ReasonFormat).with("pos", receiptKind+odd)
	}
	value := text[:receiptKind] + tail
	if receiptSum(value) != 0 {
		return Receipt{}, refuse(CodeReceipt, ReasonCheck)
	}
	return Receipt{value: value}, nil
}

func isReceiptRune(r rune) bool { return strings.ContainsRune(receiptAlphabet, r) }

// receiptSum evaluates the polynomial by Horner's rule; field addition is exclusive or.
func receiptSum(text string) byte {
	sum := byte(0)
	for i := range len(text) {
		sum = times(sum, receiptFactor) ^ receiptValue(text[i])
	}
	return sum
}

func receiptValue(char byte) byte {
	switch char {
	case 'O':
		return 0
	case 'I':
		return 1
	case 'L':
		return 2
	case 'U':
		return 3
	}
	return byte(strings.IndexByte(receiptAlphabet, char))
}

// times multiplies in GF(32).
func times(a, b byte) byte {
	product := byte(0)
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			product ^= a
		}
		a <<= 1
		if a&32 != 0 {
			a ^= fieldPolynomial
		}
	}
	return product
}

// String returns the ten characters, or "" if absent.
func (r Receipt) String() string { return r.value }

// Kind returns the two letters in front, or "" if absent.
func (r Receipt) Kind() string { return r.value[:min(receiptKind, len(r.value))] }

// Grouped returns the form to read aloud, TR 8F4K QX7M, or "" if absent.
func (r Receipt) Grouped() string {
	if r.IsZero() {
		return ""
	}
	return r.value[:2] + " " + r.value[2:6] + " " + r.value[6:]
}

// IsZero reports whether the receipt is absent.
func (r Receipt) IsZero() bool { return r == Receipt{} }

// Equal reports whether both are the same receipt.
func (r Receipt) Equal(other Receipt) bool { return r == other }

// MarshalText returns the ten characters.
func (r Receipt) MarshalText() ([]byte, error) { return []byte(r.value), nil }

// UnmarshalText parses like ParseReceipt; an empty text gives the zero value.
func (r *Receipt) UnmarshalText(text []byte) error {
	return unmarshal(r, text, ParseReceipt)
}
