package block

import "strings"

// Details often name what the entry has elsewhere: the resource, the actor, the
// action. In a column of references such a name is a mark.
const (
	refName = 5 + iota
	refID
	refActor
	refAction

	refFirst, refLast = refName, refAction
)

// refColumns says which column a mark stands for.
var refColumns = [...]int{
	refName - refFirst:   colResourceName,
	refID - refFirst:     colResourceID,
	refActor - refFirst:  colActor,
	refAction - refFirst: colAction,
}

// isRef reports whether c is a mark.
func isRef(c byte) bool { return c-refFirst <= refLast-refFirst }

// refValue returns element row of a column of references.
func (b *Block) refValue(c *column, row int) (string, error) {
	var few, more [192]byte
	coded, err := b.appendValue(few[:0], b.kid(c, 0), row)
	if err != nil {
		return "", err
	}
	text, err := b.appendRefs(more[:0], coded, row)
	return string(text), err
}

// appendRefs appends coded, of a row, with what its marks stand for.
func (b *Block) appendRefs(dst, coded []byte, row int) ([]byte, error) {
	start := 0
	for i, ch := range coded {
		if !isRef(ch) {
			continue
		}
		dst = append(dst, coded[start:i]...)
		start = i + 1
		var err error
		if dst, err = b.appendValue(dst, &b.columns[refColumns[ch-refFirst]], row); err != nil {
			return dst, err
		}
	}
	return append(dst, coded[start:]...), nil
}

// references returns details with marks for what they name of their own rows. It
// returns false if that is not worth it, or the details hold bytes that are marks.
func (e *encoder) references(details []string) ([]string, bool) {
	e.arena, e.ends = e.arena[:0], e.ends[:0]
	marked := 0
	for row, s := range details {
		var names [len(refColumns)]string
		for i, col := range refColumns {
			d := &e.dicts[col]
			names[i] = d.values[d.idx[row]]
		}
		before := len(e.arena)
		if !e.refer(s, &names) {
			return nil, false
		}
		if len(e.arena)-before < len(s) {
			marked++
		}
		e.ends = append(e.ends, len(e.arena))
	}
	if marked*8 < len(details) {
		return nil, false
	}
	e.coded = cut(e.coded[:0], string(e.arena), e.ends)
	return e.coded, true
}

// refer appends s with marks for the names that stand in it by themselves. It
// returns false if s holds bytes that are marks.
func (e *encoder) refer(s string, names *[len(refColumns)]string) bool {
	start, inWord := 0, false
	for i := 0; i < len(s); i++ {
		if isRef(s[i]) {
			return false
		}
		if !inWord {
			if ref, n := nameAt(s[i:], names); n > 0 {
				e.arena = append(append(e.arena, s[start:i]...), ref)
				start = i + n
				i = start - 1
			}
		}
		inWord = charClass[s[i]] != 0
	}
	e.arena = append(e.arena, s[start:]...)
	return true
}

// nameAt returns the mark and the length of the name with which s starts.
func nameAt(s string, names *[len(refColumns)]string) (ref byte, n int) {
	for i, name := range names {
		if len(name) < 3 || s[0] != name[0] || !strings.HasPrefix(s, name) {
			continue
		}
		if len(s) == len(name) || charClass[s[len(name)]] == 0 {
			return refFirst + byte(i), len(name)
		}
	}
	return 0, 0
}
