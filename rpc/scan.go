package rpc

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"auditlog/audit"
)

// Scanner reads the JSON of entries and of answers as this log and well-behaved
// clients write it, several times faster than a JSON package can. It knows no
// errors: whatever it does not expect, be it wrong or only unusual, it does not
// read, and its caller reads the same bytes with a JSON package, which words what
// is wrong. Fuzz targets hold that it never reads anything that those do not read
// alike.
//
// The zero Scanner is ready. It is for one goroutine at a time, and worth keeping:
// of what is to be recorded it remembers strings, so that a value which many entries
// share is in memory once. The strings of an answer are parts of one.
type Scanner struct {
	b []byte
	i int // of the next byte
	// whole is b as the strings of an answer are cut from it, or empty: what is
	// to be recorded has strings of its own, for it may be kept for long.
	whole   string
	names   internTable
	texts   strings.Builder
	scratch []byte
	// unescaped is set when the string read last is in scratch, and not in b as it is.
	unescaped bool
	slab      []audit.Entry // not given out yet
}

// slabSize is how many entries are allocated at once.
const slabSize = 16

// reset begins with other bytes.
func (s *Scanner) reset(b []byte) { s.b, s.i, s.whole = b, 0, "" }

// forget lets go of what was read, and of memory that the next answer would share
// with this one.
func (s *Scanner) forget() { s.b, s.whole, s.slab = nil, "", nil }

// alloc returns a zero entry.
func (s *Scanner) alloc() *audit.Entry {
	if len(s.slab) == 0 {
		s.reserve(slabSize)
	}
	e := &s.slab[0]
	s.slab = s.slab[1:]
	return e
}

// reserve allocates the next n entries at once.
func (s *Scanner) reserve(n int) { s.slab = make([]audit.Entry, n) }

// fields are the members that an object had already, a bit each.
type fields uint16

// first reports whether a member comes for the first time.
func (f *fields) first(bit fields) bool {
	if *f&bit != 0 {
		return false
	}
	*f |= bit
	return true
}

// name reads a string of which there are few different ones.
func (s *Scanner) name(v *string) bool { return s.keep(v, s.names.get) }

// text reads a string of which no two are alike.
func (s *Scanner) text(v *string) bool { return s.keep(v, s.copy) }

// textSlab is how many bytes texts that were read one after the other have together in one piece of
// memory, which lasts as long as one of them.
const textSlab = 4 << 10

// copy returns b as a string, next to others.
func (s *Scanner) copy(b []byte) string {
	if len(b) > textSlab/8 {
		return string(b)
	}
	if s.texts.Cap()-s.texts.Len() < len(b) {
		s.texts = strings.Builder{}
		s.texts.Grow(textSlab)
	}
	start := s.texts.Len()
	s.texts.Write(b)
	return s.texts.String()[start:]
}

// keep reads a string: a part of the whole if that is kept, else what copied makes of it.
func (s *Scanner) keep(v *string, copied func([]byte) string) bool {
	b, ok := s.str()
	switch {
	case !ok:
		return false
	case s.whole != "":
		*v = s.cut(b)
	default:
		*v = copied(b)
	}
	return true
}

// cut returns the string that str has just read from the whole.
func (s *Scanner) cut(b []byte) string {
	end := s.i - 1
	if s.unescaped {
		return string(b)
	}
	return s.whole[end-len(b) : end]
}

// object reads an object, calling member after each name for its value.
func (s *Scanner) object(member func(name []byte) bool) bool {
	if !s.skip('{') {
		return false
	}
	if s.skip('}') {
		return true
	}
	for {
		name, ok := s.str()
		if !ok || !s.skip(':') || !member(name) {
			return false
		}
		if !s.skip(',') {
			return s.skip('}')
		}
	}
}

// list reads a list, calling item for each value.
func (s *Scanner) list(item func() bool) bool {
	if !s.skip('[') {
		return false
	}
	if s.skip(']') {
		return true
	}
	for {
		if !item() {
			return false
		}
		if !s.skip(',') {
			return s.skip(']')
		}
	}
}

// skip passes white space and then c, or only the white space when c is not next.
func (s *Scanner) skip(c byte) bool {
	s.space()
	if s.i == len(s.b) || s.b[s.i] != c {
		return false
	}
	s.i++
	return true
}

// space passes white space.
func (s *Scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\n', '\t', '\r':
			s.i++
		default:
			return
		}
	}
}

// atEnd reports whether only white space is left.
func (s *Scanner) atEnd() bool { return len(bytes.TrimLeft(s.b[s.i:], " \n\t\r")) == 0 }

// str reads a string and returns its bytes until the next call.
func (s *Scanner) str() ([]byte, bool) {
	if !s.skip('"') {
		return nil, false
	}
	start := s.i
	end := start + usual(s.b[start:])
	if end < len(s.b) && s.b[end] == '"' {
		s.i, s.unescaped = end+1, false
		return s.b[start:end], true
	}
	return s.unusual(start, end)
}

// unusual reads the rest of a string that begins at start and is usual up to i.
func (s *Scanner) unusual(start, i int) ([]byte, bool) {
	ascii := true
	for ; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.i, s.unescaped = i+1, false
			v := s.b[start:i]
			return v, ascii || utf8.Valid(v)
		case c == '\\':
			s.i, s.unescaped = i, true
			return s.escaped(s.b[start:i])
		case c < ' ':
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false
}

// usual returns how many of the first bytes of b are, eight by eight, of ASCII and
// mean themselves within a string.
func usual(b []byte) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		v := binary.LittleEndian.Uint64(b[n:])
		// A byte that is less than what is subtracted gets its highest bit set. With
		// the bit 2 the other way round, control characters and the quote are those up
		// to 0x20. What a byte borrows from the next makes a difference only after the
		// first one that is looked for.
		if special := ((v ^ 2*each) - 0x21*each) | ((v ^ '\\'*each) - each) | v; special&high != 0 {
			return n + bits.TrailingZeros64(special&high)/8
		}
	}
	return n
}

// escaped reads the rest of a string that begins with before, from an escape on.
func (s *Scanner) escaped(before []byte) ([]byte, bool) {
	s.scratch = append(s.scratch[:0], before...)
	for s.i < len(s.b) {
		c := s.b[s.i]
		s.i++
		switch {
		case c == '"':
			return s.scratch, utf8.Valid(s.scratch)
		case c < ' ', c == '\\' && !s.escape():
			return nil, false
		case c != '\\':
			s.scratch = append(s.scratch, c)
		}
	}
	return nil, false
}

// escape reads what follows a backslash.
func (s *Scanner) escape() bool {
	if s.i >= len(s.b) {
		return false
	}
	c := s.b[s.i]
	s.i++
	if c == 'u' {
		r, ok := s.escapedRune()
		s.scratch = utf8.AppendRune(s.scratch, r)
		return ok
	}
	const escapes, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	k := bytes.IndexByte([]byte(escapes), c)
	if k < 0 {
		return false
	}
	s.scratch = append(s.scratch, meant[k])
	return true
}

// escapedRune reads what follows \u, with the second half of a pair.
func (s *Scanner) escapedRune() (rune, bool) {
	r, ok := s.hex4()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if !bytes.HasPrefix(s.b[s.i:], []byte(`\u`)) {
		return 0, false
	}
	s.i += 2
	low, ok := s.hex4()
	r = utf16.DecodeRune(r, low)
	return r, ok && r != utf8.RuneError
}

func (s *Scanner) hex4() (rune, bool) {
	if len(s.b)-s.i < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s.b[s.i:s.i+4]), 16, 16)
	s.i += 4
	return rune(v), err == nil
}

// number reads a whole number that is not negative.
func (s *Scanner) number(v *int64) bool {
	s.space()
	start := s.i
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
	}
	digits := s.b[start:s.i]
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(digits) > 1 {
		return false
	}
	*v = 0
	for _, d := range digits {
		*v = *v*10 + int64(d-'0')
	}
	return true
}

// isTrue reads the value true.
func (s *Scanner) isTrue(v *bool) bool {
	s.space()
	if *v = bytes.HasPrefix(s.b[s.i:], []byte("true")); *v {
		s.i += len("true")
	}
	return *v
}

// internTable remembers strings, so that a value which many entries share is in
// memory once: of the nine thousand that fifty projects have, nineteen in twenty
// that come are there. Its zero value is ready.
type internTable struct {
	seed maphash.Seed
	set  bool
	t    [8192]string
}

// maxInterned bounds what the table can hold on to.
const maxInterned = 64

func (t *internTable) get(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > maxInterned {
		return string(b)
	}
	if !t.set {
		t.seed, t.set = maphash.MakeSeed(), true
	}
	slot := &t.t[maphash.Bytes(t.seed, b)%uint64(len(t.t))]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}
