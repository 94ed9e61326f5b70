package evidence

import (
	"bufio"
	"bytes"
	"cmp"
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
	// begins with the one that ends with the last entry.
	Prefix *Hashes `json:"prefix,omitempty"`
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

// Rewrite returns a bundle with its anchor changed.
func Rewrite(bundle []byte, change func(*Anchor) error) ([]byte, error) {
	first, rest, _ := bytes.Cut(bundle, []byte("\n"))
	h, err := parseHeader(first)
	if err == nil {
		err = change(&h.Anchor)
	}
	if err != nil {
		return nil, fmt.Errorf("rewrite evidence: %w", err)
	}
	var b bytes.Buffer
	if _, err := NewWriter(&b, h); err != nil {
		return nil, err
	}
	b.Write(rest)
	return b.Bytes(), nil
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

// Line is an entry of a bundle.
type Line struct {
	Salt proof.Salt
	// Proof is that the entry is in the project's tree, where the header has none for all.
	Proof Hashes
	// Before are else the nodes over the entries between the one before and this one.
	Before Hashes
	Entry  []byte // canonical JSON
}

// The parts of a line, which has no other form.
const (
	lineSalt   = `{"salt":"`
	lineProof  = `,"proof":`
	lineBefore = `,"before":`
	lineEntry  = `,"entry":`
)

// Write adds an entry.
func (w *Writer) Write(l *Line) error {
	b := append(w.line[:0], lineSalt...)
	b = append(base64.StdEncoding.AppendEncode(b, l.Salt[:]), '"')
	b = appendHashes(b, lineProof, l.Proof)
	b = appendHashes(b, lineBefore, l.Before)
	b = append(b, lineEntry...)
	w.line = append(append(b, l.Entry...), "}\n"...)
	_, err := w.w.Write(w.line)
	return err
}

// appendHashes appends a member of a line, none where hashes is nil.
func appendHashes(b []byte, name string, hashes Hashes) []byte {
	if hashes == nil {
		return b
	}
	b = append(append(b, name...), '[')
	for i, h := range hashes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(base64.StdEncoding.AppendEncode(append(b, '"'), h[:]), '"')
	}
	return append(b, ']')
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
	err := r.lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("it has a line of more than %d KiB", maxLine>>10)
	}
	return nil, cmp.Or(err, io.EOF)
}

// parseLine takes a line apart, to the byte as Write has put it together.
func parseLine(b []byte) (l Line, err error) {
	rest, ok := bytes.CutPrefix(b, []byte(lineSalt))
	salt, rest, ok2 := bytes.Cut(rest, []byte(`"`))
	raw, err := base64.StdEncoding.Strict().DecodeString(string(salt))
	if !ok || !ok2 || err != nil || len(raw) != len(l.Salt) {
		return l, fmt.Errorf("no salt")
	}
	copy(l.Salt[:], raw)
	if l.Proof, rest, err = cutHashes(rest, lineProof); err != nil {
		return l, fmt.Errorf("its proof: %w", err)
	}
	if l.Before, rest, err = cutHashes(rest, lineBefore); err != nil {
		return l, fmt.Errorf("what is before it: %w", err)
	}
	entry, ok := bytes.CutPrefix(rest, []byte(lineEntry))
	entry, ok2 = bytes.CutSuffix(entry, []byte("}"))
	if !ok || !ok2 {
		return l, fmt.Errorf("no entry")
	}
	l.Entry = entry
	return l, nil
}

// cutHashes takes a member of a line from its beginning, if it is there.
func cutHashes(b []byte, name string) (hashes Hashes, rest []byte, err error) {
	list, ok := bytes.CutPrefix(b, []byte(name))
	if !ok {
		return nil, b, nil
	}
	end := bytes.IndexByte(list, ']') + 1
	if err := json.Unmarshal(list[:end], &hashes); err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(appendHashes(nil, name, hashes), b[:len(name)+end]) {
		return nil, nil, fmt.Errorf("it is not written as the log writes it")
	}
	return hashes, list[end:], nil
}
