package evidence

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"auditlog/proof"
)

// Format is the first member of every bundle.
const Format = "auditlog evidence v1"

// Header says what a bundle holds, and proves it.
type Header struct {
	Format  string `json:"format"`
	Project string `json:"project"`
	// Incarnation counts the beginnings of the project: each purge begins another. Base is
	// the seq of its first entry, leaf 0 of the tree.
	Incarnation int   `json:"incarnation"`
	Base        int64 `json:"base"`
	// Query is what the entries were selected by, for people; it proves nothing.
	Query json.RawMessage `json:"query,omitempty"`
	// Entries counts those in the bundle, from FirstSeq to LastSeq. If Complete, none between
	// these is missing.
	Entries  int64 `json:"entries"`
	FirstSeq int64 `json:"firstSeq"`
	LastSeq  int64 `json:"lastSeq"`
	Complete bool  `json:"complete"`
	// Prefix is set where no entry has a proof of its own. It shows that the project's tree
	// begins with the tree that ends with the entries. Before are the peaks of what comes before
	// them there, none where they begin it.
	Prefix *Hashes `json:"prefix,omitempty"`
	Before Hashes  `json:"before,omitempty"`
	// Older is there where who asked for the evidence has an earlier checkpoint.
	Older *Older `json:"older,omitempty"`
	Anchor
}

// Anchor leads from a project's checkpoint to one of the master log.
type Anchor struct {
	// Keys are the public keys that have signed the log, the one of now last.
	Keys []string `json:"keys"`
	// Rotations say which key follows which, in the order in which they were made.
	Rotations []proof.Rotation `json:"rotations,omitempty"`
	// Checkpoint is the project's, a signed note.
	Checkpoint string `json:"checkpoint"`
	// Head is the text of a head, and where in its tree the checkpoint is.
	Head      string `json:"head"`
	HeadIndex int64  `json:"headIndex"`
	HeadProof Hashes `json:"headProof"`
	// Master is the checkpoint of the master log, a signed note, and where in there the head is.
	Master      string `json:"master"`
	MasterIndex int64  `json:"masterIndex"`
	MasterProof Hashes `json:"masterProof"`
	// Cosigned is a checkpoint of the master log that witnesses have signed, where that is
	// an older one, and CosignedProof shows that the log only grew since.
	Cosigned      string `json:"cosigned,omitempty"`
	CosignedProof Hashes `json:"cosignedProof,omitempty"`
}

// Older is an earlier checkpoint of the master log that somebody kept, and shows that it is of the
// log that the bundle is of.
type Older struct {
	Size  int64  `json:"size"`
	Proof Hashes `json:"proof"`
}

// Hashes are those of a proof, in JSON as base64.
type Hashes []proof.Hash

// UnmarshalJSON reads what json.Marshal wrote, and takes no hash that is spelled otherwise.
func (h *Hashes) UnmarshalJSON(b []byte) error {
	var texts []string
	if err := json.Unmarshal(b, &texts); err != nil || texts == nil {
		return err
	}
	*h = make(Hashes, len(texts))
	for i, t := range texts {
		raw, err := base64.StdEncoding.Strict().DecodeString(t)
		if err != nil || len(raw) != len(proof.Hash{}) {
			return fmt.Errorf("%.60q is no hash", t)
		}
		copy((*h)[i][:], raw)
	}
	return nil
}

// parseHeader reads the first line of a bundle, to the byte as NewWriter has written it: so no two
// readers of JSON see different headers in it.
func parseHeader(b []byte) (*Header, error) {
	h := &Header{}
	if err := json.Unmarshal(b, h); err != nil || h.Format != Format {
		return nil, fmt.Errorf("the first line is not that of %q", Format)
	}
	if again, err := json.Marshal(h); err != nil || !bytes.Equal(again, b) {
		return nil, fmt.Errorf("the first line is not written as %q has it", Format)
	}
	return h, nil
}

// Writer writes a bundle.
type Writer struct {
	w    io.Writer
	line []byte
}

// NewWriter begins a bundle with its header.
func NewWriter(w io.Writer, h *Header) (*Writer, error) {
	h.Format = Format
	line, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write evidence: %w", err)
	}
	_, err = w.Write(append(line, '\n'))
	return &Writer{w: w}, err
}

// The parts of a line, which has no other form.
const (
	lineSalt  = `{"salt":"`
	lineProof = `","proof":`
	lineNone  = `","entry":`
	lineEntry = `,"entry":`
)

// Write adds an entry. A nil proof is left out: the header's is for all.
func (w *Writer) Write(salt proof.Salt, hashes []proof.Hash, entry []byte) error {
	b := append(w.line[:0], lineSalt...)
	b = base64.StdEncoding.AppendEncode(b, salt[:])
	if hashes == nil {
		b = append(b, lineNone...)
	} else {
		b = append(b, lineProof+"["...)
		for i, h := range hashes {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(base64.StdEncoding.AppendEncode(append(b, '"'), h[:]), '"')
		}
		b = append(b, ']')
		b = append(b, lineEntry...)
	}
	w.line = append(append(b, entry...), "}\n"...)
	_, err := w.w.Write(w.line)
	return err
}

// maxLine bounds a line: an entry is less than 64 KiB as it is stored, and in JSON six times as
// much at most; a header has a proof of at most 64 hashes three times.
const maxLine = 1 << 20

// reader reads a bundle by line.
type reader struct {
	lines *bufio.Scanner
	n     int
}

func newReader(r io.Reader) *reader {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	s.Split(wholeLines)
	return &reader{lines: s}
}

// wholeLines is a bufio.SplitFunc of lines as they were written, the last with its end as well.
func wholeLines(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errors.New("the last line is cut short")
	}
	return 0, nil, nil
}

// next returns the next line, or io.EOF.
func (r *reader) next() ([]byte, error) {
	if r.lines.Scan() {
		r.n++
		return r.lines.Bytes(), nil
	}
	if err := r.lines.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

// line is a line of an entry, taken apart.
type line struct {
	salt  proof.Salt
	proof Hashes // nil where there is none
	entry []byte
}

// parseLine takes a line apart, to the byte as Write has put it together.
func parseLine(b []byte) (l line, err error) {
	rest, ok := bytes.CutPrefix(b, []byte(lineSalt))
	salt, rest, ok2 := bytes.Cut(rest, []byte(`"`))
	raw, err := base64.StdEncoding.Strict().DecodeString(string(salt))
	if !ok || !ok2 || err != nil || len(raw) != len(l.salt) {
		return l, fmt.Errorf("no salt")
	}
	copy(l.salt[:], raw)
	if hashes, ok := bytes.CutPrefix(rest, []byte(lineProof[1:])); ok {
		end := bytes.IndexByte(hashes, ']') + 1
		if err := json.Unmarshal(hashes[:end], &l.proof); err != nil {
			return l, fmt.Errorf("its proof: %w", err)
		}
		rest = hashes[end:]
	}
	entry, ok := bytes.CutPrefix(rest, []byte(lineEntry))
	entry, ok2 = bytes.CutSuffix(entry, []byte("}"))
	if !ok || !ok2 {
		return l, fmt.Errorf("no entry")
	}
	l.entry = entry
	return l, nil
}
