package boltkv

import (
	"errors"
	"fmt"
	"io"
	"os"

	"auditlog/store/kv"
)

// osFile reads a file that is not mapped.
type osFile struct{ f *os.File }

func (f osFile) bytes(from int64, n int) ([]byte, error) {
	b := make([]byte, n)
	got, err := f.f.ReadAt(b, from)
	if errors.Is(err, io.EOF) && got < n {
		return nil, damage("%w", errBeyond)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b, nil
}

// errBeyond says that what is to be read lies behind the end of the file.
var errBeyond = errors.New("it lies behind the end of the file")

// checkWhole reports a file that is shorter than its newest meta page says. bbolt would map
// it even so, and whoever reads behind its end ends the process. It returns an error with
// kv.ErrDamaged in its chain, or that of the system where the file cannot be read.
func checkWhole(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return fmt.Errorf("%s: %w: it is empty", path, kv.ErrDamaged)
	}
	m, err := newestMeta(osFile{f})
	if err != nil {
		return err
	}
	if m.tx == 0 {
		return fmt.Errorf("%s: %w: neither of its first two pages tells where the others are", path, kv.ErrDamaged)
	}
	if size := int64(m.high) * int64(m.pageSize); info.Size() < size {
		return fmt.Errorf("%s: %w: it has %d bytes of at least %d", path, kv.ErrDamaged, info.Size(), size)
	}
	return nil
}
