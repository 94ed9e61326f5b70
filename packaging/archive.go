package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// archive makes the .zip of Windows, or the .tar.gz of everybody else, with one folder in it.
func (r *release) archive(p program) error {
	data, err := os.ReadFile(p.path)
	if err != nil {
		return err
	}
	content := append([]extra{{path: p.exe(), mode: 0o755, data: data}}, r.extras...)
	name := filepath.Join(r.out, p.name())
	if p.goos == "windows" {
		return create(name+".zip", func(w io.Writer) error { return writeZip(w, p, content) })
	}
	return create(name+".tar.gz", func(w io.Writer) error { return writeTar(w, p, content) })
}

func writeTar(w io.Writer, p program, content []extra) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, e := range content {
		h := &tar.Header{Name: path.Join(p.name(), e.path), Mode: int64(e.mode), Size: int64(len(e.data)), ModTime: p.date, Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(e.data); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

func writeZip(w io.Writer, p program, content []extra) error {
	z := zip.NewWriter(w)
	for _, e := range content {
		h := &zip.FileHeader{Name: path.Join(p.name(), e.path), Method: zip.Deflate, Modified: p.date}
		h.SetMode(fs.FileMode(e.mode))
		f, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(e.data); err != nil {
			return err
		}
	}
	return z.Close()
}
