package importer

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"auditlog/audit"
)

// maxItem bounds one event or line, so that no input is read into memory whole.
const maxItem = 16 << 20

var errTooLong = audit.Errorf(audit.TooLarge, "is longer than %d MiB", maxItem>>20)

// plain returns what r holds, decompressed if it begins as gzip does, without a
// byte order mark.
func plain(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := b.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		b.Discard(len(mark))
	}
	return b, nil
}

// bounded is a reader that ends in errTooLong at the byte limit.
type bounded struct {
	r     io.Reader
	read  int64
	limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.read >= b.limit {
		return 0, errTooLong
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.limit-b.read)])
	b.read += int64(n)
	return n, err
}

// at puts before err where it is, as the path of a Fault where err is one.
func at(where string, err error) error {
	var f *audit.Fault
	if errors.As(err, &f) {
		return audit.AtPath(err, where)
	}
	return fmt.Errorf("%s: %w", where, err)
}
