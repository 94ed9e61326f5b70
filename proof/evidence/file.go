package evidence

import (
	"archive/zip"
	"bufio"
	"bytes"
	_ "embed" // the page
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"auditlog/audit"
	"auditlog/proof"
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
	out.WriteString(bundleEnds + "<script type=\"module\">\n" + Script() + pageJS + "</script>\n</html>\n")
	return out.Flush()
}

// bundleName is what the bundle is called in a zip, beside which its parts lie for other tools.
const bundleName = "evidence.ndjson"

// singleProofs bounds the entries whose proofs are files of their own in a zip.
const singleProofs = 1000

// WriteZip writes a bundle as a zip with its parts.
func WriteZip(w io.Writer, bundle io.ReadSeeker) error {
	z := zip.NewWriter(w)
	f, err := z.Create(bundleName)
	if err == nil {
		_, err = io.Copy(f, bundle)
	}
	if err == nil {
		_, err = bundle.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	p := &parts{zip: z, lines: newReader(bundle)}
	return errors.Join(p.write(), z.Close())
}

// parts writes the parts of a bundle into a zip.
type parts struct {
	zip    *zip.Writer
	lines  *reader
	header Header
}

func (p *parts) file(name string, content []byte) error {
	f, err := p.zip.Create(name)
	if err == nil {
		_, err = f.Write(content)
	}
	return err
}

func (p *parts) write() error {
	first, err := p.lines.next()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(first, &p.header); err != nil {
		return err
	}
	h := &p.header
	err = errors.Join(
		p.file("README.txt", []byte(zipReadme)),
		p.file("keys.txt", []byte(strings.Join(h.Keys, "\n")+"\n")),
		p.file("project.checkpoint", []byte(h.Checkpoint)),
		p.file("head.txt", []byte(h.Head)),
		p.file("log.checkpoint", []byte(h.Master)),
		p.file("head.tlog-proof", (&proof.LeafProof{Index: h.MasterIndex, Hashes: h.MasterProof, Checkpoint: []byte(h.Master)}).Text()),
	)
	if err != nil {
		return err
	}
	return p.entries()
}

// entries writes the entries, each as a line, and their proofs where they are few.
func (p *parts) entries() error {
	f, err := p.zip.Create("entries.ndjson")
	if err != nil {
		return err
	}
	var proofs []line
	single := p.header.Prefix == nil && p.header.Entries <= singleProofs
	for {
		b, err := p.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		var l line
		if err == nil {
			l, err = parseLine(b)
		}
		if err == nil {
			_, err = f.Write(append(bytes.Clone(l.entry), '\n'))
		}
		if err != nil {
			return err
		}
		if single {
			l.entry = bytes.Clone(l.entry)
			proofs = append(proofs, l)
		}
	}
	for _, l := range proofs {
		var e audit.Entry
		if err := json.Unmarshal(l.entry, &e); err != nil {
			return err
		}
		text := (&proof.LeafProof{Extra: l.salt[:], Index: e.Seq - p.header.Base, Hashes: l.proof, Checkpoint: []byte(p.header.Checkpoint)}).Text()
		if err := p.file(fmt.Sprintf("proofs/%d.tlog-proof", e.Seq), text); err != nil {
			return err
		}
	}
	return nil
}

const zipReadme = `Evidence of an audit log.

evidence.ndjson       everything: "auditlog verify" checks it, from this zip as well
entries.ndjson        the entries, a line each: the canonical JSON that is hashed
proofs/SEQ.tlog-proof for each entry, that its commitment is in the project's tree. The extra
                      data is the salt: SHA-256 over it and the entry's line is the leaf's data
project.checkpoint    size and root of the project's tree, signed
head.txt              the head that has the checkpoint in its tree: a leaf of the master log
head.tlog-proof       that it is
log.checkpoint        size and root of the master log, signed, and cosigned by witnesses
keys.txt              the keys that have signed
`

// Open returns the bundle in a file: as it is, in a zip, or in a page. The size is that of the
// file.
func Open(f io.ReaderAt, size int64) (io.Reader, error) {
	head := make([]byte, 16)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	whole := io.NewSectionReader(f, 0, size)
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("PK")):
		z, err := zip.NewReader(f, size)
		if err != nil {
			return nil, bad("the zip: %w", err)
		}
		file, err := z.Open(bundleName)
		if err != nil {
			return nil, bad("the zip has no %s", bundleName)
		}
		return file, nil
	case bytes.HasPrefix(bytes.ToLower(head), []byte("<!doctype html")):
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
