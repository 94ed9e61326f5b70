package format

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/klauspost/compress/s2"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
)

// The fields that the keys of sections have in the spans bucket, beside those of SpanFields.
const (
	sectionField block.Field = 18
	lateField    block.Field = 19
)

// counted is how many fields a section counts by.
const counted = 7

// CountedFields are the fields that sections count by. Those with the fewest values come first:
// the groups are sorted by them, and so compress well.
func CountedFields() [counted]block.Field {
	return [counted]block.Field{
		block.ResourceType, block.Action, block.Outcome, block.ActorType, block.Channel, block.RecordedBy, block.Actor,
	}
}

// Group is the entries that have the same value in each counted field: its numbers in the section.
type Group [counted]uint16

// Bounds of a section. Where there are more groups, or they take more bytes, the entries are
// not counted ahead of time: the counts would cost more than counting them again.
const (
	MaxParts        = 64
	maxGroups       = 16 << 10
	maxSectionBytes = 64 << 10
)

// A Section counts the entries of a project whose positions are in a range: in parts, which
// are smaller ranges, and by group. Entries are never changed, so what it says stays
// true however they move from block to block; late ones are added to it.
type Section struct {
	// Starts are those of the parts, each of which ends where the next one starts, and the
	// last one at End. A section of late entries has none: its parts are those of another.
	Starts []audit.Position
	End    audit.Position

	values  [counted][]string
	numbers [counted]map[string]uint16
	groups  map[Group]*[MaxParts]uint32
	full    bool
}

// NewSection returns a section of no entries.
func NewSection() *Section {
	s := &Section{groups: make(map[Group]*[MaxParts]uint32)}
	for i := range s.numbers {
		s.numbers[i] = make(map[string]uint16)
	}
	return s
}

// Number returns the number of a value of counted field i.
func (s *Section) Number(i int, value string) uint16 {
	n, ok := s.numbers[i][value]
	if !ok && len(s.values[i]) < maxGroups {
		n = uint16(len(s.values[i]))
		s.values[i] = append(s.values[i], value)
		s.numbers[i][value] = n
	} else if !ok {
		s.full = true
	}
	return n
}

// Add counts n entries more of a group in a part.
func (s *Section) Add(part int, g Group, n uint32) {
	counts := s.groups[g]
	if counts == nil {
		if s.full = s.full || len(s.groups) == maxGroups; s.full {
			return
		}
		counts = new([MaxParts]uint32)
		s.groups[g] = counts
	}
	counts[part] += n
}

// Merge adds what v counts.
func (s *Section) Merge(v *SectionView) {
	var numbers [counted][]uint16
	for i, values := range v.Values {
		for _, value := range values {
			numbers[i] = append(numbers[i], s.Number(i, value))
		}
	}
	for n := range v.Groups() {
		g := v.Group(n)
		for i := range g {
			g[i] = numbers[i][g[i]]
		}
		for _, c := range v.Cells(n) {
			s.Add(int(c.Part), g, c.Count)
		}
	}
}

// SectionKey returns what a section stands under, LateKey what those of its entries stand
// under that came late and are not in it yet.
func SectionKey(p ProjectID, start audit.Position) []byte { return SpanKey(p, sectionField, start) }

// LateKey is told of with SectionKey.
func LateKey(p ProjectID, start audit.Position) []byte { return SpanKey(p, lateField, start) }

// LateKeyOf returns the key of the late entries of the section under a key; ok is false where
// that is one itself.
func LateKeyOf(key []byte) (late []byte, ok bool) {
	late = slices.Clone(key)
	late[4] = byte(lateField)
	return late, key[4] == byte(sectionField)
}

// IsSection reports whether a key of the spans bucket is that of a section.
func IsSection(key []byte) bool {
	return len(key) > 4 && (key[4] == byte(sectionField) || key[4] == byte(lateField))
}

// ParseSectionKey returns the project and the start that the key of a section, or of late
// entries, names.
func ParseSectionKey(key []byte) (BlockKey, error) {
	if len(key) != 1+fulltext.BlockKeySize {
		return BlockKey{}, fmt.Errorf("section %x: %w: no key", key, ErrCorrupt)
	}
	return BlockKey{Project: ProjectID(binary.BigEndian.Uint32(key)), Position: fulltext.PositionAt(key[1:])}, nil
}

const sectionVersion = 1

// Encode returns the value of a section: version; then, as a block of S2, how many parts there
// are (uvarint), and where each starts and the last one ends (times and ids as varints of the
// differences); for each counted field how many values occur (uvarint), and these, sorted, each
// behind its length; how many groups there are (uvarint), for each field the number of each
// group's value, for each group in how many parts it is (uvarints), and these parts: each a
// byte, of which the low half is how many parts are passed over before it and the high half one
// less than its count, where 15 in either is followed by the rest (uvarint); and a checksum over
// key and value. Sections of the same counts have the same value. ok is false where that would be
// too large.
func (s *Section) Encode(key []byte) (value []byte, ok bool) {
	if s.full {
		return nil, false
	}
	body := s.appendBounds(make([]byte, 0, 1024+24*len(s.groups)))
	var ranks [counted][]uint16
	body = s.appendValues(body, &ranks)
	groups := make([]Group, 0, len(s.groups)) // as they will be numbered
	counts := make(map[Group]*[MaxParts]uint32, len(s.groups))
	for g, c := range s.groups {
		for i := range g {
			g[i] = ranks[i][g[i]]
		}
		groups = append(groups, g)
		counts[g] = c
	}
	slices.SortFunc(groups, func(a, b Group) int { return slices.Compare(a[:], b[:]) })
	body = appendGroups(body, groups, counts)
	value = append([]byte{sectionVersion}, s2.EncodeBetter(nil, body)...)
	if len(value)+sumSize > maxSectionBytes {
		return nil, false
	}
	return appendSum(key, value), true
}

func (s *Section) appendBounds(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.Starts)))
	var before audit.Position
	for _, p := range append(slices.Clone(s.Starts), s.End) {
		b = binary.AppendVarint(b, p.At-before.At)
		b = binary.AppendVarint(b, p.ID-before.ID)
		before = p
	}
	return b
}

// appendValues appends the values that occur in their order, and sets their ranks in it by
// number.
func (s *Section) appendValues(b []byte, ranks *[counted][]uint16) []byte {
	for i := range s.values {
		var occur []string
		seen := make([]bool, len(s.values[i]))
		for g := range s.groups {
			if n := g[i]; !seen[n] {
				seen[n] = true
				occur = append(occur, s.values[i][n])
			}
		}
		slices.Sort(occur)
		ranks[i] = make([]uint16, len(seen))
		b = binary.AppendUvarint(b, uint64(len(occur)))
		for rank, v := range occur {
			ranks[i][s.numbers[i][v]] = uint16(rank)
			b = binary.AppendUvarint(b, uint64(len(v)))
			b = append(b, v...)
		}
	}
	return b
}

func appendGroups(b []byte, groups []Group, counts map[Group]*[MaxParts]uint32) []byte {
	b = binary.AppendUvarint(b, uint64(len(groups)))
	for i := range counted {
		for _, g := range groups {
			b = binary.AppendUvarint(b, uint64(g[i]))
		}
	}
	for _, g := range groups {
		n := 0
		for _, c := range counts[g] {
			n += min(int(c), 1)
		}
		b = binary.AppendUvarint(b, uint64(n))
	}
	for _, g := range groups {
		passed := 0
		for _, c := range counts[g] {
			if c == 0 {
				passed++
				continue
			}
			b = appendCell(b, passed, c)
			passed = 0
		}
	}
	return b
}

// cellEscape stands in half a byte of a cell for what does not fit there.
const cellEscape = 15

func appendCell(b []byte, passed int, count uint32) []byte {
	low, high := min(passed, cellEscape), min(count-1, cellEscape)
	b = append(b, byte(low)|byte(high)<<4)
	if low == cellEscape {
		b = binary.AppendUvarint(b, uint64(passed-cellEscape))
	}
	if high == cellEscape {
		b = binary.AppendUvarint(b, uint64(count-1-cellEscape))
	}
	return b
}

// Cell says how many entries of a group are in a part.
type Cell struct {
	Part  uint8
	Count uint32
}

// A SectionView is a section that was read. It may be opened again and again.
type SectionView struct {
	Starts []audit.Position
	End    audit.Position
	// Values are those of the counted fields.
	Values [counted][]string

	body   []byte
	groups int
	of     []uint16 // the numbers of the groups' values, field by field
	ends   []int    // of each group's cells
	cells  []Cell
}

// Groups returns how many groups there are.
func (v *SectionView) Groups() int { return v.groups }

// Group returns the n'th group.
func (v *SectionView) Group(n int) (g Group) {
	for i := range g {
		g[i] = v.of[i*v.groups+n]
	}
	return g
}

// Cells returns in which parts group n is.
func (v *SectionView) Cells(n int) []Cell {
	first := 0
	if n > 0 {
		first = v.ends[n-1]
	}
	return v.cells[first:v.ends[n]]
}

// Part returns in which part a position is that is not before the first start.
func (v *SectionView) Part(p audit.Position) int {
	return sort.Search(len(v.Starts), func(i int) bool { return v.Starts[i].Compare(p) > 0 }) - 1
}

// Section returns v in a form that can be added to.
func (v *SectionView) Section() *Section {
	s := NewSection()
	s.Starts, s.End = slices.Clone(v.Starts), v.End
	s.Merge(v)
	return s
}

// Open reads the section under a key.
func (v *SectionView) Open(key, value []byte) error {
	packed, err := cutSum(key, value, 2)
	if err == nil && packed[0] != sectionVersion {
		err = fmt.Errorf("%w: version %d", ErrCorrupt, packed[0])
	}
	if err != nil {
		return fmt.Errorf("section %x: %w", key, err)
	}
	if n, err := s2.DecodedLen(packed[1:]); err != nil || n > 64*maxSectionBytes {
		return fmt.Errorf("section %x: %w: of %d bytes", key, ErrCorrupt, n)
	}
	v.body, err = s2.Decode(v.body[:cap(v.body)], packed[1:])
	if err == nil {
		r := &sectionReader{b: v.body}
		v.read(r)
		if len(r.b) > 0 {
			r.fail("bytes left over")
		}
		err = r.err
	}
	if err != nil {
		return fmt.Errorf("section %x: %w: %w", key, ErrCorrupt, err)
	}
	return nil
}

func (v *SectionView) read(r *sectionReader) {
	v.Starts = v.Starts[:0]
	parts := r.most(MaxParts)
	for range parts {
		v.Starts = append(v.Starts, v.position(r))
	}
	v.End = v.position(r)
	for i := range v.Values {
		v.Values[i] = v.Values[i][:0]
		for range r.most(maxGroups) {
			v.Values[i] = append(v.Values[i], r.string())
		}
	}
	v.groups = r.most(maxGroups)
	v.of = v.of[:0]
	for i := range v.Values {
		for range v.groups {
			v.of = append(v.of, uint16(r.most(len(v.Values[i])-1)))
		}
	}
	v.ends, v.cells = v.ends[:0], v.cells[:0]
	total := 0
	for range v.groups {
		total += r.most(MaxParts)
		v.ends = append(v.ends, total)
	}
	v.cells = slices.Grow(v.cells, total)
	for n := range v.groups {
		part := -1
		for len(v.cells) < v.ends[n] && r.err == nil {
			v.cells = append(v.cells, r.cell(&part))
		}
	}
}

// position reads a position behind those that were read.
func (v *SectionView) position(r *sectionReader) (p audit.Position) {
	if n := len(v.Starts); n > 0 {
		p = v.Starts[n-1]
	}
	p.At += r.varint()
	p.ID += r.varint()
	return p
}

// sectionReader reads the body of a section. What follows an error reads as zeros.
type sectionReader struct {
	b   []byte
	err error
}

func (r *sectionReader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s", what)
	}
	r.b = nil
}

func (r *sectionReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.fail("cut short")
		return 0
	}
	r.b = r.b[size:]
	return n
}

// most reads a number that is no more than most.
func (r *sectionReader) most(most int) int {
	if len(r.b) > 0 && r.b[0] < 0x80 && int(r.b[0]) <= most { // nearly always
		n := r.b[0]
		r.b = r.b[1:]
		return int(n)
	}
	n := r.uvarint()
	if most < 0 || n > uint64(most) {
		r.fail("a number is too large")
		return 0
	}
	return int(n)
}

func (r *sectionReader) varint() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.fail("cut short")
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *sectionReader) string() string {
	n := r.most(len(r.b))
	if n > len(r.b) {
		r.fail("cut short")
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// cell reads the cell behind the one of a part, and moves that.
func (r *sectionReader) cell(part *int) Cell {
	if len(r.b) == 0 {
		r.fail("cut short")
		return Cell{}
	}
	passed, count := int(r.b[0]&cellEscape), uint64(r.b[0]>>4)
	r.b = r.b[1:]
	if passed == cellEscape {
		passed += r.most(MaxParts)
	}
	if count == cellEscape {
		count += uint64(r.most(math.MaxInt32))
	}
	if *part += 1 + passed; *part >= MaxParts {
		r.fail("a part that is not there")
		return Cell{}
	}
	return Cell{uint8(*part), uint32(count + 1)}
}
