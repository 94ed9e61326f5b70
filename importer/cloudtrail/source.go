package cloudtrail

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"auditlog/importer"
)

// source hands a stream to a JSON decoder. It keeps what has not been read for good,
// so that after a broken item the reading can begin anew at a later line.
type source struct {
	r   io.Reader
	dec *jsontext.Decoder

	// kept are the bytes given to dec from its offset base on. first is the number
	// of the line that they begin in, counted from 1.
	kept  []byte
	base  int64
	first int64
	// failed is an error of r other than its end.
	failed error
	// resumed is whether reading began anew after a broken item.
	resumed bool
}

// tolerant are the options of decoders: AWS writes what it was sent, such as user
// agents that are no UTF-8, and of a name that comes twice the last one counts.
var tolerant = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

func newSource(r io.Reader) *source {
	s := &source{r: r, first: 1}
	s.dec = jsontext.NewDecoder(s, tolerant...)
	return s
}

// Read is for the decoder.
func (s *source) Read(p []byte) (int, error) {
	room := importer.MaxItem - len(s.kept)
	if room <= 0 {
		return 0, importer.ErrTooLong
	}
	n, err := s.r.Read(p[:min(len(p), room)])
	s.kept = append(s.kept, p[:n]...)
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// settle forgets what the decoder has read: it was good.
func (s *source) settle() {
	n := int(s.dec.InputOffset() - s.base)
	s.first += int64(bytes.Count(s.kept[:n], []byte("\n")))
	s.base += int64(n)
	s.kept = s.kept[n:]
}

// line returns the number of the line that the decoder's error err is in.
func (s *source) line(err error) int64 {
	end := len(s.kept)
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		end = min(max(int(syntactic.ByteOffset-s.base), 0), end)
	}
	return s.first + int64(bytes.Count(s.kept[:end], []byte("\n")))
}

// resume goes on after a broken item at the next line that begins as a document
// does, and reports whether there is one. Lines of a document that is spread over
// several are indented, so they are not taken for one.
func (s *source) resume() bool {
	blank := " \t\r\n,"
	if s.isRemains() { // the next line may be whole
		blank = " \t\r\n"
	}
	rest := bytes.TrimLeft(s.kept, blank)
	s.first += int64(bytes.Count(s.kept[:len(s.kept)-len(rest)], []byte("\n")))
	for {
		_, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			break
		}
		s.first++
		if rest = after; begins(rest) {
			s.restart(io.MultiReader(bytes.NewReader(bytes.Clone(rest)), s.r))
			return true
		}
	}
	return s.skipLines()
}

// skipLines is resume for lines that are not read yet.
func (s *source) skipLines() bool {
	buf := make([]byte, 64<<10)
	last := byte('x') // the line that is begun is a broken one
	for {
		n, err := s.r.Read(buf)
		for i, c := range buf[:n] {
			if last == '\n' && begins(buf[i:n]) {
				s.restart(io.MultiReader(bytes.NewReader(bytes.Clone(buf[i:n])), s.r))
				return true
			}
			if last = c; c == '\n' {
				s.first++
			}
		}
		if err != nil && err != io.EOF {
			s.failed = err
		}
		if err != nil {
			return false
		}
	}
}

// isRemains reports whether what comes next is left of the document around a broken
// item, which was reported already: a list that has an event a line goes on so.
func (s *source) isRemains() bool {
	rest := bytes.TrimLeft(s.kept, " \t\r\n")
	return s.resumed && len(rest) > 0 && bytes.IndexByte([]byte(",]}"), rest[0]) >= 0
}

func begins(line []byte) bool { return len(line) > 0 && (line[0] == '{' || line[0] == '[') }

func (s *source) restart(r io.Reader) {
	s.r, s.kept, s.base, s.resumed = r, nil, 0, true
	s.dec = jsontext.NewDecoder(s, tolerant...)
}
