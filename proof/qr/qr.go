// Package qr draws a checkpoint as a QR code, for who keeps it on paper or with a telephone. It
// keeps the rest of the program from knowing how one is made.
package qr

import (
	"fmt"
	"strings"

	qr "github.com/piglig/go-qr"
)

// quiet is how many light modules there are around a code.
const quiet = 4

// Code is a text as a QR code.
type Code struct{ code *qr.QrCode }

// Encode returns the code of a text, at which a tenth of its modules may be illegible.
func Encode(text string) (Code, error) {
	code, err := qr.EncodeBinary([]byte(text), qr.Medium)
	if err != nil {
		return Code{}, fmt.Errorf("make a QR code of %d bytes: %w", len(text), err)
	}
	return Code{code}, nil
}

// dark reports whether a module is dark. What is outside is light.
func (c Code) dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < c.code.Size() && y < c.code.Size() && c.code.Module(x, y)
}

// Text returns the code in characters that are half a module high, for a terminal that writes
// light on dark.
func (c Code) Text() string {
	var b strings.Builder
	for y := -quiet; y < c.code.Size()+quiet; y += 2 {
		for x := -quiet; x < c.code.Size()+quiet; x++ {
			switch upper, lower := c.dark(x, y), c.dark(x, y+1) && y+1 < c.code.Size(); {
			case upper && lower:
				b.WriteByte(' ')
			case upper:
				b.WriteString("▄")
			case lower:
				b.WriteString("▀")
			default:
				b.WriteString("█")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// PNG returns the code as a picture.
func (c Code) PNG() ([]byte, error) {
	b, err := c.code.ToPNGBytes(qr.NewQrCodeImgConfig(pixels, quiet))
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	return b, nil
}

// pixels is the width of a module in the picture.
const pixels = 4
