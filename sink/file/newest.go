package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"auditlog/sink"
)

const (
	// lookBack is how many bytes of what was written last are looked through for a mark, lookStep
	// how many at once.
	lookBack = 64 << 20
	lookStep = 1 << 20
	// maxMark is how many bytes a line with a mark may have.
	maxMark = 64 << 10
)

// Newest implements sink.Asker. It looks through the end of the file, and of the full ones
// before it.
func (x *file) Newest(ctx context.Context, wanted func([]byte) bool) ([]byte, error) {
	root, err := os.OpenRoot(x.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	look := *x
	look.root = root
	defer root.Close()
	names, err := look.full()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	left := int64(lookBack)
	for _, name := range slices.Backward(append(names, x.name)) {
		mark, err := lastMark(ctx, root, name, &left, wanted)
		if err != nil || mark != nil {
			return mark, err
		}
	}
	return nil, nil
}

// lastMark looks through the end of one file, of no more than left bytes, which it takes away.
func lastMark(ctx context.Context, root *os.Root, name string, left *int64, wanted func([]byte) bool) ([]byte, error) {
	info, err := root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, nil // to open a pipe waits for whoever writes to it
	}
	if err != nil {
		return nil, err
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	b := make([]byte, lookStep+maxMark)
	for end > 0 && *left > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		from := max(end-int64(len(b)), 0)
		n, err := f.ReadAt(b[:end-from], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if mark := sink.LastMark(b[:n], wanted); mark != nil {
			return mark, nil
		}
		*left -= lookStep
		if from == 0 {
			break
		}
		end = from + maxMark // a mark may lie across
	}
	return nil, nil
}
