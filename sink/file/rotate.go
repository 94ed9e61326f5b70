package file

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// digits is how many a full file has in its name, between the name's beginning and end: they
// count up, so that names sort by age.
const digits = 8

// turn gives the file that is full a name of its own, and removes the oldest of such.
func (x *file) turn() error {
	if err := x.closeFile(); err != nil {
		return err
	}
	full, err := x.full()
	if err != nil {
		return err
	}
	last := 0
	if n := len(full); n > 0 {
		last = x.number(full[n-1])
	}
	name := x.numbered(last + 1)
	// Renaming replaces what has the name: nothing had it just now, and nobody else counts here.
	if err := x.root.Rename(x.name, name); err != nil {
		return err
	}
	if err := x.syncFolder(); err != nil || x.keep == 0 {
		return err
	}
	full = append(full, name)
	for _, old := range full[:max(len(full)-x.keep, 0)] {
		if err := x.root.Remove(old); err != nil {
			return err
		}
	}
	return nil
}

// numbered returns the name of the n-th full file.
func (x *file) numbered(n int) string {
	ext := filepath.Ext(x.name)
	return fmt.Sprintf("%s-%0*d%s", strings.TrimSuffix(x.name, ext), digits, n, ext)
}

// number returns which full file has a name, or 0.
func (x *file) number(name string) int {
	ext := filepath.Ext(x.name)
	rest, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), strings.TrimSuffix(x.name, ext)+"-")
	n, err := strconv.Atoi(rest)
	if !ok || err != nil || x.numbered(n) != name {
		return 0
	}
	return n
}

// full returns the names of the full files, the oldest first.
func (x *file) full() ([]string, error) {
	dir := filepath.Dir(x.name)
	entries, err := fs.ReadDir(x.root.FS(), filepath.ToSlash(dir)) // by name
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name := filepath.Join(dir, e.Name()); x.number(name) > 0 && e.Type().IsRegular() {
			names = append(names, name)
		}
	}
	return names, nil
}

// syncFolder has the names in the file's folder be on disk.
func (x *file) syncFolder() error {
	d, err := x.root.Open(filepath.Dir(x.name))
	if err != nil {
		return err
	}
	defer d.Close()
	return syncDir(d)
}
