package evidence

import (
	"archive/zip"
	"bufio"
	"bytes"
	_ "embed" // the page
	"errors"
	"io"
)

// The page that verifies a bundle, and its scripts. ed25519.js is noble-ed25519 as its author
// publishes it, for browsers whose Web Crypto lacks the algorithm.
var (
	//go:embed assets/page.html
	pageHTML string
	//go:embed assets/ed25519.js
	ed25519JS string
	//go:embed assets/verify.js
	verifyJS string
	//go:embed assets/page.js
	pageJS string
)

// Script returns a module of JavaScript that exports the function verifyBundle, for pages that
// verify a bundle themselves.
func Script() string { return ed25519JS + verifyJS + "export { verifyBundle };\n" }

const (
	bundleBegins = `<script type="application/x-ndjson" id="bundle">` + "\n"
	bundleEnds   = "</script>\n"
	// In HTML a "<" of the bundle is a tab: no line of one has any, and so no entry can end
	// the element that it is in.
	lessThan = '\t'
)

// WriteHTML writes a bundle as a page that verifies itself, in a browser that knows nothing of the
// log.
func WriteHTML(w io.Writer, bundle io.Reader) error {
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString(pageHTML + bundleBegins)
	buf := make([]byte, 64<<10)
	for {
		n, err := bundle.Read(buf)
		for i, c := range buf[:n] {
			if c == '<' {
				buf[i] = lessThan
			}
		}
		out.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	out.WriteString(pageEnds())
	return out.Flush()
}

// pageEnds returns what is behind the bundle in a page.
func pageEnds() string {
	return bundleEnds + "<script type=\"module\">\n" + Script() + pageJS + "</script>\n</html>\n"
}

// kind is what sort of file holds a bundle.
type kind int

const (
	plain kind = iota
	zipped
	page
)

// kindOf tells by how a file begins.
func kindOf(head []byte) kind {
	switch {
	case bytes.HasPrefix(head, []byte("PK")):
		return zipped
	case bytes.HasPrefix(bytes.ToLower(head), []byte("<!doctype html")):
		return page
	}
	return plain
}

// Open returns the bundle in a file: as it is, in a zip, or in a page. The size is that of the
// file. AsWritten tells whether what else is in there can be believed.
func Open(f io.ReaderAt, size int64) (io.Reader, error) {
	head := make([]byte, 16)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	whole := io.NewSectionReader(f, 0, size)
	switch kindOf(head[:n]) {
	case zipped:
		z, err := zip.NewReader(f, size)
		if err != nil {
			return nil, bad("the zip: %w", err)
		}
		file, err := z.Open(bundleName)
		if err != nil {
			return nil, bad("the zip has no %s", bundleName)
		}
		return file, nil
	case page:
		return newPageReader(whole)
	}
	return whole, nil
}

// pageReader reads the bundle in a page.
type pageReader struct {
	lines *bufio.Reader
	rest  []byte
}

func newPageReader(r io.Reader) (io.Reader, error) {
	p := &pageReader{lines: bufio.NewReaderSize(r, 64<<10)}
	for {
		line, err := p.lines.ReadString('\n')
		if line == bundleBegins {
			return p, nil
		}
		if err != nil {
			return nil, bad("the page holds no evidence")
		}
	}
}

func (p *pageReader) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		line, err := p.lines.ReadBytes('\n')
		if err != nil {
			return 0, bad("the page is cut short")
		}
		if string(line) == bundleEnds {
			return 0, io.EOF
		}
		p.rest = bytes.ReplaceAll(line, []byte{lessThan}, []byte{'<'})
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
