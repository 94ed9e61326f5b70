package evidence

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"auditlog/audit"
	"auditlog/proof"
)

// bundleName is what the bundle is called in a zip, beside which its parts lie for other tools.
const bundleName = "evidence.ndjson"

// readmeName is what tells people what is in a zip.
const readmeName = "README.txt"

// SingleProofs bounds the entries that have proofs of their own, which are files of their own in a
// zip.
const SingleProofs = 1000

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
	p := &parts{create: z.Create, lines: newReader(bundle)}
	return errors.Join(p.write(), z.Close())
}

// parts writes the parts of a bundle, each to what create returns for its name.
type parts struct {
	create func(name string) (io.Writer, error)
	lines  *reader
	header *Header
}

func (p *parts) file(name string, content []byte) error {
	f, err := p.create(name)
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
	h, err := parseHeader(first)
	if err != nil {
		return err
	}
	p.header = h
	err = errors.Join(
		p.file(readmeName, []byte(zipReadme)),
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
	f, err := p.create("entries.ndjson")
	if err != nil {
		return err
	}
	var proofs []Line
	single := p.header.Prefix == nil && p.header.Entries <= SingleProofs
	for {
		b, err := p.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		var l Line
		if err == nil {
			l, err = parseLine(b)
		}
		if err == nil {
			_, err = f.Write(append(bytes.Clone(l.Entry), '\n'))
		}
		if err != nil {
			return err
		}
		if single {
			l.Entry = bytes.Clone(l.Entry)
			proofs = append(proofs, l)
		}
	}
	for _, l := range proofs {
		var e audit.Entry
		if err := json.Unmarshal(l.Entry, &e); err != nil {
			return err
		}
		text := (&proof.LeafProof{Extra: l.Salt[:], Index: e.Seq - p.header.Base, Hashes: l.Proof, Checkpoint: []byte(p.header.Checkpoint)}).Text()
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
