package block

import (
	"hash/maphash"
	mathbits "math/bits"
	"slices"
	"strings"

	"auditlog/store/block/bits"
)

// miner finds the templates of a list of strings: the runs of letters and digits
// that hold a digit, or are a long hexadecimal number, are the places where the strings
// differ; the rest is the template.
type miner struct {
	templates dictionary
	of        []uint16 // of each string its template
	places    []place
	starts    []int // of each string its first place
	found     []found
	slots     []slot
	text      []byte // of the template at hand

	rows    []int    // by template
	order   []uint16 // elements by template
	strings []string // of one slot
	numbers []int64
}

// place is where a value lies in its string.
type place struct{ start, end int32 }

// found is what is known of a template.
type found struct {
	rows, first, slots int // first: of its slots
}

// slot is what is known of the values in one place of a template.
type slot struct {
	shortest, longest int
	traits            trait
	lo, hi            int64
	size              int // of all values together
}

// trait says what a value is not.
type trait uint8

const (
	notDigits trait = 1 << iota // anything but 1 to 18 decimal digits
	notPlain                    // a leading zero, or not decimal
	notLower                    // not lower case hexadecimal digits
	notUpper                    // not upper case hexadecimal digits
	isUUID
)

// Classes of bytes.
const (
	charDigit = 1 << iota
	charLowerHex
	charUpperHex
	charLetter // any other
)

var charClass = func() (t [256]byte) {
	for c := range t {
		switch {
		case '0' <= c && c <= '9':
			t[c] = charDigit
		case 'a' <= c && c <= 'f':
			t[c] = charLowerHex
		case 'A' <= c && c <= 'F':
			t[c] = charUpperHex
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			t[c] = charLetter
		}
	}
	return t
}()

// mine finds the templates of values. It returns false, and gives up early, when
// there is not one for several values.
func (e *encoder) mine(values []string) bool {
	m := &e.miner
	m.reset()
	clear(e.table.slots[:])
	for i, v := range values {
		if len(m.templates.values) > 24+i/2 || len(m.slots) > maxSlots/2 {
			return false
		}
		first := len(m.places)
		m.starts = append(m.starts, first)
		m.split(v)
		t := int(e.table.findBytes(&m.templates, m.text, maphash.Bytes(e.seed, m.text)))
		m.of = append(m.of, uint16(t))
		if t == len(m.found) {
			m.found = append(m.found, found{first: len(m.slots), slots: len(m.places) - first})
			for range m.places[first:] {
				m.slots = append(m.slots, slot{shortest: len(v)})
			}
		}
		f := &m.found[t]
		for k, p := range m.places[first:] {
			m.slots[f.first+k].add(v[p.start:p.end], f.rows == 0)
		}
		f.rows++
	}
	return len(m.slots) <= maxSlots && 2*len(m.found) <= len(values)
}

func (m *miner) reset() {
	m.templates.idx, m.templates.values = m.templates.idx[:0], m.templates.values[:0]
	m.of, m.places, m.starts = m.of[:0], m.places[:0], m.starts[:0]
	m.found, m.slots = m.found[:0], m.slots[:0]
}

func (m *miner) forget() { clear(m.strings[:cap(m.strings)]) }

// split finds v's places and its template.
func (m *miner) split(v string) {
	m.text = m.text[:0]
	address, addressEnd := nextAddress(v, 0)
	for i := 0; i < len(v); {
		if i == address {
			i = m.place(markWord, i, addressEnd)
			address, addressEnd = nextAddress(v, i)
			continue
		}
		c := v[i]
		if charClass[c] == 0 {
			if isMark(c) {
				m.text = append(m.text, markEscape)
			}
			m.text = append(m.text, c)
			i++
			continue
		}
		end, classes, turns := i, byte(0), 0
		for digits := c <= '9'; end < len(v) && charClass[v[end]] != 0; end++ {
			class := charClass[v[end]]
			classes |= class
			if (class == charDigit) != digits {
				digits = !digits
				turns++
			}
		}
		i = m.token(v, i, end, classes, turns)
	}
}

// token codes the run of letters and digits from i to end, which changes between
// the two so many turns, and returns where to go on.
func (m *miner) token(v string, i, end int, classes byte, turns int) int {
	n := end - i
	hex := classes == charDigit || n <= maxHex &&
		(classes&^(charDigit|charLowerHex) == 0 || classes&^(charDigit|charUpperHex) == 0)
	switch {
	case hex && n == 8 && uuidAt(v, i):
		return m.place(markUUID, i, i+uuidBytes)
	case classes == charDigit, hex && (n >= 7 || n == 6 && turns > 0):
		return m.place(markCode, i, end)
	case turns == 0:
		m.text = append(m.text, v[i:end]...)
		return end
	case turns == 1 && v[end-1] <= '9': // a word with a number behind it
		for v[i] > '9' {
			m.text = append(m.text, v[i])
			i++
		}
		return m.place(markCode, i, end)
	case turns == 1: // a number with a unit behind it
		k := i
		for v[k] <= '9' {
			k++
		}
		if end-k <= 3 {
			m.place(markCode, i, k)
			m.text = append(m.text, v[k:end]...)
			return end
		}
	}
	return m.place(markWord, i, end)
}

func (m *miner) place(mark byte, start, end int) int {
	m.text = append(m.text, mark)
	m.places = append(m.places, place{int32(start), int32(end)})
	return end
}

// nextAddress returns where the next e-mail address in v from i starts and ends.
func nextAddress(v string, i int) (start, end int) {
	for {
		at := strings.IndexByte(v[i:], '@')
		if at < 0 {
			return -1, -1
		}
		at += i
		for start = at; start > i && inAddress(v[start-1]); {
			start--
		}
		for end = at + 1; end < len(v) && inAddress(v[end]); {
			end++
		}
		if v[end-1] == '.' { // of a sentence
			end--
		}
		if start < at && strings.IndexByte(v[at:end], '.') > 0 {
			return start, end
		}
		i = at + 1
	}
}

func inAddress(c byte) bool {
	return charClass[c] != 0 || c == '.' || c == '-' || c == '_' || c == '+'
}

// uuidAt reports whether a UUID in one case starts at i and ends with its run of
// letters and digits.
func uuidAt(v string, i int) bool {
	if len(v) < i+uuidBytes || len(v) > i+uuidBytes && charClass[v[i+uuidBytes]] != 0 {
		return false
	}
	var classes byte
	for k := range uuidBytes {
		c := v[i+k]
		if k == 8 || k == 13 || k == 18 || k == 23 {
			if c != '-' {
				return false
			}
			continue
		}
		class := charClass[c]
		if class == 0 || class == charLetter {
			return false
		}
		classes |= class
	}
	return classes&charLowerHex == 0 || classes&charUpperHex == 0
}

// add takes note of a value.
func (s *slot) add(v string, first bool) {
	s.size += len(v)
	s.shortest, s.longest = min(s.shortest, len(v)), max(s.longest, len(v))
	var classes byte
	uuid, sign := len(v) == uuidBytes && uuidAt(v, 0), false
	for i := range len(v) {
		class := charClass[v[i]]
		classes |= class
		sign = sign || class == 0
	}
	switch {
	case uuid:
		s.traits |= isUUID
	case sign: // an address: no number, whatever its letters and digits are
		s.traits |= notPlain | notDigits | notLower | notUpper
		return
	}
	if classes&(charUpperHex|charLetter) != 0 {
		s.traits |= notLower
	}
	if classes&(charLowerHex|charLetter) != 0 {
		s.traits |= notUpper
	}
	if classes != charDigit || len(v) > maxDigits {
		s.traits |= notDigits | notPlain
		return
	}
	if v[0] == '0' && len(v) > 1 {
		s.traits |= notPlain
	}
	n := decimal(v)
	if first {
		s.lo, s.hi = n, n
	}
	s.lo, s.hi = min(s.lo, n), max(s.hi, n)
}

func decimal(v string) (n int64) {
	for i := range len(v) {
		n = n*10 + int64(v[i]-'0')
	}
	return n
}

// kind returns how the slot's values are stored; 0 stands for strings.
func (s *slot) kind() byte {
	switch {
	case s.traits&notPlain == 0:
		return kindInt
	case s.shortest != s.longest:
		return 0
	case s.traits&notDigits == 0:
		return kindDigits
	case s.longest <= maxHex && (s.traits&notLower == 0 || s.traits&notUpper == 0):
		return kindHex
	}
	return 0
}

// bits estimates the size of the slot's values.
func (s *slot) bits(rows int) int {
	switch s.kind() {
	case kindInt, kindDigits:
		return rows * mathbits.Len64(uint64(s.hi-s.lo))
	case kindHex:
		return rows * 4 * s.longest
	}
	return 10*rows + 5*s.size
}

// numeric reports whether all values are numbers.
func (m *miner) numeric() bool {
	for i := range m.slots {
		if m.slots[i].kind() == 0 {
			return false
		}
	}
	return true
}

// bits returns about how many bits the mined strings take, each once and as
// often as idx names them.
func (m *miner) bits(idx []uint16) (once, all int) {
	m.rows = slices.Grow(m.rows[:0], len(m.found))[:len(m.found)]
	clear(m.rows)
	for _, v := range idx {
		m.rows[m.of[v]]++
	}
	for t := range m.found {
		f := &m.found[t]
		each, fixed := bits.Width(len(m.found)), 16+4*len(m.templates.values[t])
		for k := range f.slots {
			each += (m.slots[f.first+k].bits(f.rows) + f.rows - 1) / f.rows
			fixed += 40
		}
		once += fixed + f.rows*each
		all += fixed + m.rows[t]*each
	}
	return once, all
}

// plainBits returns about how many bits the strings take as they are: what
// varies hardly compresses, what is always the same almost vanishes.
func (m *miner) plainBits(values []string) int {
	all, places := 0, 0 // bytes
	for _, v := range values {
		all += len(v)
	}
	for _, p := range m.places {
		places += int(p.end - p.start)
	}
	return 10*len(values) + 5*places + (all - places)
}

// templates appends the mined column. Its elements are those of values that idx
// names.
func (e *encoder) templates(values []string, idx []uint16, class int) {
	m := &e.miner
	e.out = append(e.out, kindTemplate|byte(class)<<4)
	e.uvarint(len(m.found))
	for _, t := range m.templates.values {
		e.add(class, t)
	}
	of := e.templatesOf[:0]
	counts := make([]int, len(m.found)+1)
	for _, v := range idx {
		of = append(of, m.of[v])
		counts[m.of[v]+1]++
	}
	e.templatesOf = of
	e.out = append(e.out, 0)
	e.out = bits.AppendPlanes(e.out, of, bits.Width(len(m.found)))
	e.uvarint(len(m.slots))
	e.kids += len(m.slots)
	for t := range m.found {
		counts[t+1] += counts[t]
	}
	m.order = slices.Grow(m.order[:0], len(idx))[:len(idx)]
	next := slices.Clone(counts)
	for i, t := range of {
		m.order[next[t]] = idx[i]
		next[t]++
	}
	for t, f := range m.found {
		order := m.order[counts[t]:counts[t+1]]
		e.uvarint(f.slots)
		if f.slots > 0 {
			e.uvarint(len(order))
		}
		for k := range f.slots {
			e.slot(&m.slots[f.first+k], values, order, k)
		}
	}
}

// slot appends the column of one slot: place k of the given values.
func (e *encoder) slot(s *slot, values []string, order []uint16, k int) {
	m := &e.miner
	m.strings = m.strings[:0]
	for _, v := range order {
		p := m.places[m.starts[v]+k]
		m.strings = append(m.strings, values[v][p.start:p.end])
	}
	switch kind := s.kind(); kind {
	case kindInt, kindDigits:
		m.numbers = m.numbers[:0]
		for _, v := range m.strings {
			m.numbers = append(m.numbers, decimal(v))
		}
		e.out = append(e.out, kind)
		if kind == kindDigits {
			e.uvarint(s.longest)
		}
		e.out = bits.AppendInts(e.out, m.numbers)
	case kindHex:
		var flags byte
		if s.traits&notLower != 0 {
			flags |= hexUpper
		}
		if s.traits&isUUID != 0 {
			flags |= hexUUID
		}
		e.out = appendHexColumn(e.out, m.strings, flags)
	default:
		e.words(m.strings)
	}
}

// words appends a column of strings in which there are no templates.
func (e *encoder) words(values []string) {
	e.build(&e.sub, values)
	e.strings(&e.sub, values, plan{})
}
