// Package file is the destination of a file on the server's own machine, an entry a line, for
// whatever reads files: an agent, a backup, a pair of eyes.
//
// A batch is on disk once it is delivered. After a crash the file may end in the middle of a
// line, of a batch that is delivered again: what is behind the last whole line is cut off
// when the file is opened next, if it is one of entries. A file that somebody moves or removes (logrotate) is
// left, and a new one begun.
package file

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"auditlog/audit"
	"auditlog/filelock"
	"auditlog/format"
	"auditlog/sink"
)

// Kind describes it.
func Kind() sink.Kind {
	return sink.Kind{
		Name: "file", Title: "a file", Schemes: []string{"file"}, Example: "file:///var/log/auditlog/entries.ndjson",
		Formats: format.Names(),
		Settings: []sink.Setting{
			{Name: "rotate", Default: "100", Usage: "How many MiB a file may have before a new one is begun; 0: any."},
			{Name: "keep", Default: "0", Usage: "How many of the files that are full are kept; 0: all."},
		},
		Open: open,
	}
}

// file is one that is appended to. Names are within root, which nothing leads out of.
type file struct {
	o      *sink.Options
	dir    string
	name   string
	rotate int64 // bytes
	keep   int

	root *os.Root
	at   *os.File // nil: not open
	size int64
}

func open(o *sink.Options) (sink.Destination, error) {
	path := o.URL.Path
	if o.URL.Host != "" || o.URL.Opaque != "" || !filepath.IsAbs(path) || strings.HasSuffix(path, "/") {
		return nil, audit.FieldErrorf("to", "must be like file:///var/log/auditlog/entries.ndjson")
	}
	path = filepath.Clean(path)
	x := &file{o: o, dir: filepath.Dir(path), name: filepath.Base(path)}
	if o.Folder != "" {
		inner, err := filepath.Rel(o.Folder, path)
		if err != nil || !filepath.IsLocal(inner) || inner == "." {
			return nil, audit.FieldErrorf("to", "files of sinks must be in %s", o.Folder)
		}
		x.dir, x.name = o.Folder, inner
	}
	mebibytes, err := strconv.ParseInt(o.Settings["rotate"], 10, 32)
	if err != nil || mebibytes < 0 {
		return nil, audit.FieldErrorf("settings.rotate", "must be a number of MiB")
	}
	x.rotate = mebibytes << 20
	if x.keep, err = strconv.Atoi(o.Settings["keep"]); err != nil || x.keep < 0 {
		return nil, audit.FieldErrorf("settings.keep", "must be a number of files")
	}
	return x, nil
}

// Deliver appends a batch and waits until it is on disk.
func (x *file) Deliver(ctx context.Context, b *sink.Batch) error {
	lines := x.o.AppendLines(x.o.Scratch.Take(), b)
	defer x.o.Scratch.Give(lines)
	if err := x.ready(int64(len(lines))); err != nil {
		return errors.Join(err, x.Close())
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := x.at.Write(lines)
	if err == nil {
		err = x.at.Sync()
	}
	if err != nil {
		// What was written of it would be there twice, or half.
		return errors.Join(fmt.Errorf("write %s: %w", x.name, err), x.at.Truncate(x.size), x.Close())
	}
	x.size += int64(len(lines))
	return nil
}

// ready has the file open, with room for more.
func (x *file) ready(more int64) error {
	if x.at != nil && x.moved() {
		if err := x.Close(); err != nil {
			return err
		}
	}
	if err := x.openFile(); err != nil {
		return err
	}
	if x.rotate == 0 || x.size == 0 || x.size+more <= x.rotate {
		return nil
	}
	if err := x.turn(); err != nil {
		return fmt.Errorf("begin a new file after %s: %w", x.name, err)
	}
	return x.openFile()
}

// moved reports whether the name stands for another file, or none, by now, or the folder's does.
func (x *file) moved() bool {
	here, err := x.at.Stat()
	if err != nil {
		return true
	}
	there, err := x.root.Stat(x.name)
	if err != nil || !os.SameFile(here, there) {
		return true
	}
	if here, err = x.root.Stat("."); err != nil {
		return true
	}
	there, err = os.Stat(x.dir)
	return err != nil || !os.SameFile(here, there)
}

// openFile opens the file for this destination alone, unless it is open.
func (x *file) openFile() (err error) {
	if x.at != nil {
		return nil
	}
	if err := x.enter(); err != nil {
		return err
	}
	if x.at, err = x.root.OpenFile(x.name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return err
	}
	info, err := x.at.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", x.name)
	}
	if _, err = filelock.Take(x.at); errors.Is(err, filelock.ErrTaken) {
		err = audit.Errorf(audit.Conflict, "another sink writes to it")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", x.name, err)
	}
	if x.size, err = wholeLines(x.at, info.Size()); err != nil {
		return err
	}
	if x.size < info.Size() {
		if err := x.cut(); err != nil {
			return err
		}
	}
	return x.syncFolder()
}

// enter opens the folder. That of all files of sinks is made if need be, and folders in it, but
// no other: where it is missing, a disk may be.
func (x *file) enter() (err error) {
	if x.root != nil {
		return nil
	}
	if x.o.Folder != "" {
		if err := os.MkdirAll(x.dir, 0o700); err != nil {
			return err
		}
	}
	if x.root, err = os.OpenRoot(x.dir); err != nil || x.o.Folder == "" {
		return err
	}
	return x.root.MkdirAll(filepath.Dir(x.name), 0o700)
}

// wholeLines returns where the last whole line of a file ends.
func wholeLines(f io.ReaderAt, size int64) (int64, error) {
	b := make([]byte, 64<<10)
	for size > 0 {
		n := min(size, int64(len(b)))
		if _, err := f.ReadAt(b[:n], size-n); err != nil {
			return 0, err
		}
		for i := n - 1; i >= 0; i-- {
			if b[i] == '\n' {
				return size - n + i + 1, nil
			}
		}
		size -= n
	}
	return 0, nil
}

// cut takes the torn line at the end away, of a file that begins as one of entries does: what
// somebody has named by mistake is not to lose its end.
func (x *file) cut() error {
	ours, err := x.begunHere()
	if err != nil {
		return err
	}
	if !ours {
		return audit.Errorf(audit.Conflict, "it is no file of entries, and ends within a line: name another")
	}
	return x.at.Truncate(x.size)
}

// begunHere reports whether the file begins with an entry, or, where it has no whole line, with what a
// crash may have left of one.
func (x *file) begunHere() (bool, error) {
	const cef = "CEF:"
	if x.size > 0 {
		first, err := bufio.NewReaderSize(io.NewSectionReader(x.at, 0, x.size), maxFirst).ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return false, nil
		}
		return json.Valid(first) || bytes.HasPrefix(first, []byte(cef)), err
	}
	var begin [len(cef)]byte
	if _, err := x.at.ReadAt(begin[:], 0); err != nil && err != io.EOF {
		return false, err
	}
	return begin[0] == '{' || strings.HasPrefix(cef, string(bytes.TrimRight(begin[:], "\x00"))), nil
}

// maxFirst bounds a line in any format.
const maxFirst = 1 << 20

// Close lets go of the file.
func (x *file) Close() error {
	err := x.closeFile()
	if x.root != nil {
		err = errors.Join(err, x.root.Close())
		x.root = nil
	}
	return err
}

func (x *file) closeFile() error {
	if x.at == nil {
		return nil
	}
	err := x.at.Close()
	x.at = nil
	return err
}
