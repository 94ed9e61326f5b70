package draw

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// Drawer draws pages. Its methods may be called by several goroutines at once.
type Drawer struct {
	base   string
	links  *strings.Replacer // see underBase
	assets assets
	pages  pages
	zips   sync.Pool // of *gzip.Writer
}

// New returns a Drawer of pages that are below a path of the host, "" for its root.
func New(base string) (*Drawer, error) {
	d := &Drawer{base: base, links: newLinks(base)}
	d.zips.New = func() any { return gzip.NewWriter(nil) }
	var err error
	if d.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	d.pages, err = parsePages(d.assets)
	return d, err
}

// Asset answers with an asset, whose name is the request's path value "name".
func (d *Drawer) Asset(w http.ResponseWriter, r *http.Request) { d.assets.serve(w, r) }

// HTML returns one template of a page's set, filled in: "frame" is the whole page.
func (d *Drawer) HTML(page, part string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := d.pages[page].ExecuteTemplate(&b, part, data); err != nil {
		return nil, fmt.Errorf("render %s: %w", page, err)
	}
	return d.underBase(spellOut(b.Bytes())), nil
}

// Answer answers with one template of a page's set. Nothing is written when it fails.
func (d *Drawer) Answer(w http.ResponseWriter, r *http.Request, status int, page, part string, data any) error {
	body, err := d.HTML(page, part, data)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Vary", "Accept-Encoding, Cookie")
	// What fails from here on is the connection, and nobody is left to tell.
	if !AcceptsGzip(r) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
		return nil
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := d.zips.Get().(*gzip.Writer)
	defer d.zips.Put(z)
	z.Reset(w)
	_, _ = z.Write(body)
	_ = z.Close()
	return nil
}
