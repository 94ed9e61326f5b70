package place

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"auditlog/audit"
	"auditlog/backup"
	"auditlog/durable"
	"auditlog/filelock"
)

// Dir is a folder. Only its owner can enter what is made in it.
type Dir struct{ path string }

var _ backup.Place = (*Dir)(nil)

// NewDir returns the place in a folder, which is made when something is put there.
func NewDir(path string) *Dir { return &Dir{filepath.Clean(path)} }

// tempPrefix begins the names of files that are being written.
const tempPrefix = ".new-"

// String returns the path.
func (d *Dir) String() string { return d.path }

// Close does nothing.
func (d *Dir) Close() error { return nil }

func (d *Dir) file(name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", fmt.Errorf("%q is no file's name", name)
	}
	return filepath.Join(d.path, filepath.FromSlash(name)), nil
}

// List returns the files whose names begin with prefix.
func (d *Dir) List(ctx context.Context, prefix string) ([]backup.File, error) {
	var files []backup.File
	begin := d.path
	if i := strings.LastIndexByte(prefix, '/'); i > 0 {
		begin = filepath.Join(begin, filepath.FromSlash(prefix[:i]))
	}
	err := filepath.WalkDir(begin, func(path string, e fs.DirEntry, err error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed while we look, or not made yet
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(d.path, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if e.IsDir() || !strings.HasPrefix(name, prefix) || strings.HasPrefix(e.Name(), tempPrefix) || name == lockName {
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		files = append(files, backup.File{Name: name, Size: info.Size(), Modified: info.ModTime()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list backups: %w", err)
	}
	return files, nil
}

// Get returns what a file holds.
func (d *Dir) Get(ctx context.Context, name string) ([]byte, error) {
	path, err := d.file(name)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return backup.ReadFile(f)
}

// Put writes a file under a temporary name, syncs it, gives it its name, and syncs the folder.
func (d *Dir) Put(ctx context.Context, name string, data []byte) error {
	path, err := d.file(name)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = makeDirs(filepath.Dir(path))
	}
	if err == nil {
		err = writeFile(path, data)
	}
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

func writeFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, tempPrefix)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // unless it has its name by then
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return durable.SyncDir(dir)
}

// makeDirs makes a folder and those above it, so that they are there after a power cut.
func makeDirs(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := makeDirs(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return durable.SyncDir(filepath.Dir(dir))
}

// Delete removes a file.
func (d *Dir) Delete(ctx context.Context, name string) error {
	path, err := d.file(name)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove from backup: %w", err)
	}
	return nil
}

// lockName is the file that whoever changes a repository holds a lock on.
const lockName = ".lock"

// Lock keeps other processes of this machine from changing the repository, where the
// system can, and removes what killed ones left half written.
func (d *Dir) Lock() (release func(), alone bool, err error) {
	if err := makeDirs(d.path); err != nil {
		return nil, false, fmt.Errorf("make folder of backups: %w", err)
	}
	f, alone, err := filelock.Open(filepath.Join(d.path, lockName))
	if errors.Is(err, filelock.ErrTaken) {
		err = audit.Errorf(audit.Conflict, "another backup or prune is at work there")
	}
	if err != nil {
		return nil, false, fmt.Errorf("lock %s: %w", d.path, err)
	}
	if alone {
		d.sweep()
	}
	return func() { _ = f.Close() }, alone, nil
}

// sweep removes files that were being written. One that stays does no harm.
func (d *Dir) sweep() {
	_ = filepath.WalkDir(d.path, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasPrefix(e.Name(), tempPrefix) {
			_ = os.Remove(path)
		}
		return nil
	})
}
