package place

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"auditlog/audit"
	"auditlog/backup"
	"auditlog/durable"
)

// Archive is a repository of one backup in a tar archive.
type Archive struct {
	path string
	file *os.File

	mu    sync.Mutex // guards what follows
	files map[string]piece
	tar   *tar.Writer // nil in an archive that is only read
	out   *offset
}

// piece is where a file lies in the archive.
type piece struct {
	at, size int64
	modified time.Time
}

var _ backup.Place = (*Archive)(nil)

// OpenArchive opens an archive to be read.
func OpenArchive(path string) (*Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open backup: %w", err)
	}
	a := &Archive{path: path, file: f, files: make(map[string]piece)}
	if err := a.scan(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w: %w", path, backup.ErrDamaged, err), f.Close())
	}
	return a, nil
}

// scan finds what is where.
func (a *Archive) scan() error {
	r := tar.NewReader(a.file)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		at, err := a.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg {
			a.files[h.Name] = piece{at, h.Size, h.ModTime}
		}
	}
}

// CreateArchive begins an archive that has its name once a snapshot was put into it, and
// is gone if it is closed before. A backup that had the name before is replaced; another file is
// none of ours, and is a Conflict.
func CreateArchive(path string) (*Archive, error) {
	if err := replaceable(path); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix)
	if err != nil {
		return nil, fmt.Errorf("create backup: %w", err)
	}
	a := &Archive{path: path, file: f, files: make(map[string]piece), out: &offset{w: f}}
	a.tar = tar.NewWriter(a.out)
	return a, nil
}

// replaceable returns an error where the file of a path is there and is something else than a backup.
func replaceable(path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil // what cannot be looked at cannot be replaced
	}
	was, err := OpenArchive(path)
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err == nil {
		err = was.Close()
		if _, marked := was.files[backup.MarkName]; marked {
			return err
		}
	}
	return audit.Errorf(audit.Conflict, "%s is there, and is no backup: choose another name, or remove it", path)
}

// offset counts what is written.
type offset struct {
	w io.Writer
	n int64
}

func (o *offset) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	o.n += int64(n)
	return n, err
}

// String returns the path.
func (a *Archive) String() string { return a.path }

// List returns the files whose names begin with prefix.
func (a *Archive) List(_ context.Context, prefix string) ([]backup.File, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var files []backup.File
	for name, p := range a.files {
		if strings.HasPrefix(name, prefix) {
			files = append(files, backup.File{Name: name, Size: p.size, Modified: p.modified})
		}
	}
	return files, nil
}

// Get returns what a file holds.
func (a *Archive) Get(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.mu.Lock()
	p, ok := a.files[name]
	a.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("%s in %s: %w", name, a.path, fs.ErrNotExist)
	}
	data, err := backup.ReadFile(io.NewSectionReader(a.file, p.at, p.size))
	if err == nil && int64(len(data)) < p.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("read %s in %s: %w", name, a.path, err)
	}
	return data, nil
}

var errArchive = errors.New("is one backup in a file, which does not change: a folder can hold several")

// Put appends a file. The snapshot ends the archive, which is then synced and has its name.
func (a *Archive) Put(ctx context.Context, name string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tar == nil {
		return fmt.Errorf("%s %w", a.path, errArchive)
	}
	now := time.Now().Truncate(time.Second)
	err := a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), ModTime: now})
	at := a.out.n
	if err == nil {
		_, err = a.tar.Write(data)
	}
	if err == nil && strings.HasPrefix(name, "snapshots/") {
		err = a.end()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", a.path, err)
	}
	a.files[name] = piece{at, int64(len(data)), now}
	return nil
}

func (a *Archive) end() error {
	if err := errors.Join(a.tar.Close(), a.file.Sync()); err != nil {
		return err
	}
	a.tar = nil
	if err := os.Rename(a.file.Name(), a.path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(a.path))
}

// Delete fails.
func (a *Archive) Delete(context.Context, string) error {
	return fmt.Errorf("%s %w", a.path, errArchive)
}

// Lock does nothing: nobody else writes to this file.
func (a *Archive) Lock() (release func(), alone bool, err error) { return func() {}, true, nil }

// Close closes the file, and removes one that was not ended.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.file.Close()
	if a.tar != nil {
		err = errors.Join(err, os.Remove(a.file.Name()))
	}
	return err
}
