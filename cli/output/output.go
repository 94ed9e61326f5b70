package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"auditlog/cli/exit"
	"auditlog/cli/terminal"
	"auditlog/durable"
)

// Write gives fn the file at path to write, as a shell's ">" would choose it: through
// symbolic links, and into a pipe, a device or a terminal as it is, the latter guarded.
// A regular file is made whole beside its name first, so that an error or a crash on the
// way leaves what was there; it keeps its mode and, as far as that is allowed, its owner.
func Write(ctx context.Context, path, format string, fn func(io.Writer) error) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return exit.Usagef("write %s: is a folder", path)
	case err == nil && !info.Mode().IsRegular():
		return writeInto(ctx, path, format, fn)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write %s: %w", path, Cause(err))
	}
	target, err := followLinks(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, Cause(err))
	}
	if info != nil {
		if found, err := os.Stat(target); err != nil || !os.SameFile(found, info) {
			return writeInto(ctx, path, format, fn) // an open file without a name
		}
	}
	return replaceFile(path, target, info, fn)
}

// maxLinks is how many links the kernel follows.
const maxLinks = 40

// followLinks returns the path that symbolic links at path lead to in the end, which need
// not exist.
func followLinks(path string) (string, error) {
	for range maxLinks {
		next, err := os.Readlink(path)
		if err != nil {
			return path, nil // it is no link: what is wrong with it is found when it is opened
		}
		if !filepath.IsAbs(next) {
			// The folder first: ".." in a link is meant from where the link really is.
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return "", err
			}
			next = filepath.Join(dir, next)
		}
		path = next
	}
	return "", syscall.ELOOP
}

// writeInto writes into a pipe or a device. Opening a pipe waits for its reader, for as
// long as ctx does not end.
func writeInto(ctx context.Context, path, format string, fn func(io.Writer) error) error {
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		done <- opened{f, err}
	}()
	var o opened
	select {
	case o = <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if o.err != nil {
		return fmt.Errorf("write %s: %w", path, Cause(o.err))
	}
	w := terminal.Guarded(o.f)
	if g, ok := w.(*terminal.Guard); ok {
		g.Format = format
		defer g.Close()
	}
	return errors.Join(fn(w), o.f.Close())
}

// replaceFile makes the regular file target of what fn writes. was describes the file that
// is there already, if any.
func replaceFile(path, target string, was fs.FileInfo, fn func(io.Writer) error) error {
	if was != nil { // who may not write the file must not replace it either
		f, err := os.OpenFile(target, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, Cause(err))
		}
		f.Close()
	}
	f, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, Cause(err))
	}
	defer os.Remove(f.Name())
	err = fn(f)
	if err == nil && was != nil {
		err = likeBefore(f, was)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return fmt.Errorf("write %s: %w", path, Cause(err))
	}
	return durable.SyncNamedDir(filepath.Dir(target))
}

// likeBefore gives a new file the mode and the owner of the one that it replaces.
func likeBefore(f *os.File, was fs.FileInfo) error {
	chownLike(f, was)
	return f.Chmod(was.Mode().Perm())
}

// Cause returns what went wrong without the path, which is said anyway.
func Cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
