package importer

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"auditlog/audit"
)

// MaxItem bounds one event or line in bytes, so that no input is read into memory
// whole.
const MaxItem = 16 << 20

// ErrTooLong says that an item is longer than MaxItem.
var ErrTooLong = audit.Errorf(audit.TooLarge, "is longer than %d MiB", MaxItem>>20)

// Plain returns what r holds, decompressed if it begins as gzip does, without a
// byte order mark. Several members of gzip in a row are one stream.
func Plain(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := b.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", torn(err))
		}
		b = bufio.NewReaderSize(&archive{z}, 64<<10)
	}
	switch mark, _ := b.Peek(3); {
	case string(mark) == "\xef\xbb\xbf":
		b.Discard(len(mark))
	case len(mark) >= 2 && (string(mark[:2]) == "\xff\xfe" || string(mark[:2]) == "\xfe\xff"):
		return nil, audit.Errorf(audit.Invalid, "is UTF-16, but must be UTF-8: Windows PowerShell's > writes UTF-16")
	}
	return b, nil
}

// archive words the errors of an archive.
type archive struct{ z *gzip.Reader }

func (a *archive) Read(p []byte) (int, error) {
	n, err := a.z.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("decompress: %w", torn(err))
	}
	return n, err
}

// torn words an archive that is cut off or damaged.
func torn(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		return errors.New("the archive is cut off")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return errors.New("the archive is damaged")
	}
	return err
}
