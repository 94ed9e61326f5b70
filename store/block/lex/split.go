package lex

import "strings"

// Splitter takes a string apart: the runs of letters and digits that hold a digit, or are a
// long hexadecimal number, or an e-mail address, are where strings of one template differ; the
// rest is the template.
type Splitter struct {
	Template []byte // of the string that was split last
	Blanks   []Blank

	taken int // how much of the string the template and the blanks have
}

// Blank is where a value lies in its string.
type Blank struct{ start, end int32 }

// Len returns how many bytes the value has.
func (b Blank) Len() int { return int(b.end - b.start) }

// Of returns the value of b in v.
func (b Blank) Of(v string) string { return v[b.start:b.end] }

// Split finds v's template, and appends where its values lie.
func (m *Splitter) Split(v string) {
	m.Template, m.taken = m.Template[:0], 0
	address, addressEnd := nextAddress(v, 0)
	for i := 0; i < len(v); {
		if i == address {
			i = m.blank(v, markWord, i, addressEnd)
			address, addressEnd = nextAddress(v, i)
			continue
		}
		c := v[i]
		if classes[c] == 0 {
			if IsMark(c) {
				m.take(v, i)
				m.Template = append(m.Template, markEscape)
			}
			i++
			continue
		}
		end, of, turns := i, Class(0), 0
		for digits := c <= '9'; end < len(v); end++ {
			class := classes[v[end]]
			if class == 0 {
				break
			}
			of |= class
			if (class == Digit) != digits {
				digits = !digits
				turns++
			}
		}
		i = m.token(v, i, end, of, turns)
	}
	m.take(v, len(v))
}

// take appends what stands in v up to end, and was not taken yet, to the template.
func (m *Splitter) take(v string, end int) {
	m.Template = append(m.Template, v[m.taken:end]...)
	m.taken = end
}

// token codes the run of letters and digits from i to end, which changes between
// digits and others so many times, and returns where to go on.
func (m *Splitter) token(v string, i, end int, of Class, turns int) int {
	n := end - i
	hex := of == Digit || n <= MaxHex && (of&^(Digit|LowerHex) == 0 || of&^(Digit|UpperHex) == 0)
	switch {
	case hex && n == 8 && uuidAt(v, i):
		return m.blank(v, markUUID, i, i+UUIDBytes)
	case of == Digit, hex && (n >= 7 || n == 6 && turns > 0):
		return m.blank(v, markCode, i, end)
	case turns == 0:
		return end
	case turns == 1 && v[end-1] <= '9': // a word with a number behind it
		for v[i] > '9' {
			i++
		}
		return m.blank(v, markCode, i, end)
	case turns == 1: // a number with a unit behind it
		k := i
		for v[k] <= '9' {
			k++
		}
		if end-k <= 3 {
			m.blank(v, markCode, i, k)
			return end
		}
	}
	return m.blank(v, markWord, i, end)
}

func (m *Splitter) blank(v string, mark byte, start, end int) int {
	m.take(v, start)
	m.Template = append(m.Template, mark)
	m.Blanks = append(m.Blanks, Blank{int32(start), int32(end)})
	m.taken = end
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
	return classes[c] != 0 || c == '.' || c == '-' || c == '_' || c == '+'
}

// uuidAt reports whether a UUID in one case starts at i and ends with its run of
// letters and digits.
func uuidAt(v string, i int) bool {
	if len(v) < i+UUIDBytes || len(v) > i+UUIDBytes && classes[v[i+UUIDBytes]] != 0 {
		return false
	}
	var of Class
	for k := range UUIDBytes {
		c := v[i+k]
		if k == 8 || k == 13 || k == 18 || k == 23 {
			if c != '-' {
				return false
			}
			continue
		}
		class := classes[c]
		if class == 0 || class == Letter {
			return false
		}
		of |= class
	}
	return of&LowerHex == 0 || of&UpperHex == 0
}

// IsUUID reports whether v is a UUID in one case.
func IsUUID(v string) bool { return len(v) == UUIDBytes && uuidAt(v, 0) }
