package evidence

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// AsWritten reports whether what people look at in a file is what the bundle in it says: that the
// page around a bundle is the one that this version of the program writes, and the parts of a
// zip those of its bundle. A zip of other parts is an error: another version writes the same.
// The bundle itself is for Verify.
func AsWritten(f io.ReaderAt, size int64) (bool, error) {
	head := make([]byte, 16)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	switch kindOf(head[:n]) {
	case zipped:
		return true, partsAsWritten(f, size)
	case page:
		return pageAsWritten(f, size)
	}
	return true, nil
}

// pageAsWritten reports whether a page is what WriteHTML writes. The bundle has no "<" then, and
// so nothing in it is part of the page.
func pageAsWritten(f io.ReaderAt, size int64) (bool, error) {
	begins, ends := []byte(pageHTML+bundleBegins), []byte(pageEnds())
	inner := size - int64(len(begins)+len(ends))
	if inner < 0 {
		return false, nil
	}
	for at, want := range map[int64][]byte{0: begins, size - int64(len(ends)): ends} {
		got := make([]byte, len(want))
		if _, err := f.ReadAt(got, at); err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if !bytes.Equal(got, want) {
			return false, nil
		}
	}
	r := io.NewSectionReader(f, int64(len(begins)), inner)
	b := make([]byte, 64<<10)
	for {
		n, err := r.Read(b)
		if bytes.IndexByte(b[:n], '<') >= 0 {
			return false, nil
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// partsAsWritten returns nil if a zip holds the parts of its bundle, each once and nothing else.
func partsAsWritten(f io.ReaderAt, size int64) error {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return bad("the zip: %w", err)
	}
	files := make(map[string]*zip.File, len(z.File))
	for _, file := range z.File {
		if files[file.Name] != nil {
			return bad("the zip has %.100q twice", file.Name)
		}
		files[file.Name] = file
	}
	bundle, err := z.Open(bundleName)
	if err != nil {
		return bad("the zip has no %s", bundleName)
	}
	defer bundle.Close()
	delete(files, bundleName)
	c := &comparing{files: files}
	p := &parts{create: c.create, lines: newReader(bundle)}
	if err := errors.Join(p.write(), c.end()); err != nil {
		return bad("the zip's parts: %w", err)
	}
	delete(files, readmeName)
	for name := range files {
		return bad("the zip has %.100q, which is no part of its evidence", name)
	}
	return nil
}

// comparing holds what is written against the files of a zip, one after the other.
type comparing struct {
	files map[string]*zip.File // that were not compared yet
	name  string               // of the one that is being compared
	file  io.ReadCloser        // nil where it is the one for people to read, which versions may word otherwise
}

func (c *comparing) create(name string) (io.Writer, error) {
	if err := c.end(); err != nil {
		return nil, err
	}
	f := c.files[name]
	if f == nil {
		return nil, fmt.Errorf("%s is missing", name)
	}
	delete(c.files, name)
	c.name = name
	if name == readmeName {
		return io.Discard, nil
	}
	var err error
	c.file, err = f.Open()
	return c, err
}

// Write returns an error where the file goes on otherwise.
func (c *comparing) Write(b []byte) (int, error) {
	there := make([]byte, len(b))
	if n, err := io.ReadFull(c.file, there); err != nil || !bytes.Equal(there[:n], b) {
		return 0, fmt.Errorf("%s is not what the evidence says", c.name)
	}
	return len(b), nil
}

// end returns an error where the file has more.
func (c *comparing) end() error {
	if c.file == nil {
		return nil
	}
	var more [1]byte
	n, err := c.file.Read(more[:])
	closing := c.file.Close()
	c.file = nil
	if n > 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s is not what the evidence says", c.name)
	}
	return closing
}
