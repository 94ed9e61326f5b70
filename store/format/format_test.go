package format

import (
	"encoding/binary"
	"reflect"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

func sampleTailRow() (*TailRow, []*audit.Entry) {
	entries := audittest.New(3, time.Second).Entries(20)
	entries[3].RecordedBy = "0f3KxQ9Z"
	entries[4].Key, entries[4].CreatedAt = "k", time.Time{}
	row := &TailRow{}
	row.Reset(7, time.UnixMicro(1_780_000_000_000_000).UTC())
	for i, e := range entries {
		e.Seq = int64(100 + i/3)
		if i > 10 {
			e.Seq += 5 // which does not follow
		}
		row.Add(ProjectID(i%3+1), e.Seq, AppendRow(nil, e))
	}
	return row, entries
}

func TestTailRowRoundTrip(t *testing.T) {
	row, entries := sampleTailRow()
	i := 0
	err := DecodeTailRow(7, row.Encode(), func(p ProjectID, got *audit.Entry, _ string, _ int) error {
		want := entries[i].Clone()
		want.ID, want.RecordedAt = int64(7+i), row.recordedAt
		if want.CreatedAt.IsZero() {
			want.CreatedAt = row.recordedAt
		}
		got.Project = want.Project
		if g, w := string(got.AppendJSON(nil)), string(want.AppendJSON(nil)); g != w || p != ProjectID(i%3+1) {
			t.Errorf("project %d\n%s\nwant\n%s", p, g, w)
		}
		i++
		return nil
	})
	if err != nil || i != len(entries) {
		t.Fatalf("read %d of %d: %v", i, len(entries), err)
	}
}

// TestTailRowIsPackedWhenItPays wants repetition compressed, and other rows as they are.
func TestTailRowIsPackedWhenItPays(t *testing.T) {
	packed, entries := sampleTailRow()
	if v := packed.Encode(); v[0] != tailRowPacked || len(v) > 2*len(packed.body)/3 {
		t.Errorf("%d entries: version %d, %d bytes of %d", len(entries), v[0], len(v), len(packed.body))
	}
	plain := &TailRow{}
	plain.Reset(9, packed.recordedAt)
	e := &audit.Entry{Outcome: audit.Success, Actor: audit.Actor{Type: audit.User, Email: "a"}, Action: "b.c"}
	plain.Add(1, 3, AppendRow(nil, e))
	v := plain.Encode()
	if v[0] != tailRowPlain {
		t.Errorf("one short entry: version %d", v[0])
	}
	read := 0
	err := DecodeTailRow(9, v, func(_ ProjectID, got *audit.Entry, _ string, _ int) error {
		read++
		if got.ID != 9 || got.Seq != 3 || got.Action != "b.c" {
			t.Errorf("read entry %d, %s", got.ID, got.Action)
		}
		return nil
	})
	if err != nil || read != 1 {
		t.Errorf("read %d entries: %v", read, err)
	}
}

// codecs are the values that carry a checksum, each with a decoder and a sample.
func codecs(t testing.TB) map[string]struct {
	key, value []byte
	decode     func(key, value []byte) error
} {
	type codec = struct {
		key, value []byte
		decode     func(key, value []byte) error
	}
	row, _ := sampleTailRow()
	key, _ := OrderKey(1)
	owners := []Owner{{}, {1, 5}, {2, 1 << 30}, {}, {}, {1, 6}, {1, 7}, {1, 8}, {3, 1}, {2, 9}, {1, 9}}
	seqk := SeqKey(4, 2)
	places := []Place{{7, 1 << 50, 20}, {8, 1 << 50, 20}, {9, -5 << 20, 20}, {1 << 40, -5 << 20, 20}}
	span := &Span{Starts: []audit.Position{{At: -5, ID: 3}, {At: 9, ID: 1}}, End: audit.Position{At: 99, ID: 1},
		sets: map[uint32]uint64{7: 2, 1: 1, 2: 3, 1 << 31: 3}}
	sk := SpanKey(4, 3, span.Starts[0])
	ck := SectionKey(4, audit.Position{At: 5, ID: 6})
	section, _ := sampleSection().Encode(ck)
	return map[string]codec{
		"tail": {Uint64(7), row.Encode(), func(k, v []byte) error {
			return DecodeTailRow(int64(binary.BigEndian.Uint64(k)), v, func(ProjectID, *audit.Entry, string, int) error { return nil })
		}},
		"usage": {TokenUsageKey("0f3KxQ9Z"), EncodeUsage(TokenUsageKey("0f3KxQ9Z"), Usage{1 << 40, 20_000, 300}), func(k, v []byte) error {
			_, err := DecodeUsage(k, v)
			return err
		}},
		"order": {key, EncodeOrder(key, owners), func(k, v []byte) error {
			_, err := DecodeOrder(k, v)
			return err
		}},
		"seqs": {seqk, EncodePlaces(seqk, places), func(k, v []byte) error {
			_, err := DecodePlaces(k, v)
			return err
		}},
		"cursor": {[]byte("siem"), EncodeCursor([]byte("siem"), -70000), func(k, v []byte) error {
			_, err := DecodeCursor(k, v)
			return err
		}},
		"section": {ck, section, func(k, v []byte) error {
			s := new(SectionView)
			err := s.Open(k, v)
			for n := 0; err == nil && n < s.Groups(); n++ {
				s.Group(n)
				s.Cells(n)
			}
			return err
		}},
		"span": {sk, span.Encode(sk), func(k, v []byte) error {
			s, err := OpenSpan(k, v)
			if err == nil {
				s.Blocks([]uint32{0, 1, 2, 7, 1 << 31})
				s.Number(audit.Position{At: 5})
				s.Span()
			}
			return err
		}},
	}
}

// TestEveryByteIsCovered turns over every bit of every value, and of its key: each
// has to be noticed.
func TestEveryByteIsCovered(t *testing.T) {
	for name, c := range codecs(t) {
		if err := c.decode(c.key, c.value); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range 8 * (len(c.key) + len(c.value)) {
			both := append(append([]byte(nil), c.key...), c.value...)
			both[i/8] ^= 1 << (i % 8)
			if c.decode(both[:len(c.key)], both[len(c.key):]) == nil {
				t.Errorf("%s: bit %d turned over goes unnoticed", name, i)
			}
		}
		for n := range c.value {
			if c.decode(c.key, c.value[:n]) == nil {
				t.Errorf("%s: cut to %d bytes goes unnoticed", name, n)
			}
		}
	}
}

// fuzzCodec feeds a decoder anything behind a checksum that is right.
func fuzzCodec(f *testing.F, name string) {
	c := codecs(f)[name]
	f.Add(c.value[:len(c.value)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		value := appendSum(c.key, append([]byte(nil), body...))
		_ = c.decode(c.key, value) // must not panic
		_ = c.decode(c.key, body)
	})
}

func FuzzTailRow(f *testing.F) { fuzzCodec(f, "tail") }
func FuzzOrder(f *testing.F)   { fuzzCodec(f, "order") }
func FuzzSeqs(f *testing.F)    { fuzzCodec(f, "seqs") }
func FuzzSpan(f *testing.F)    { fuzzCodec(f, "span") }
func FuzzSection(f *testing.F) { fuzzCodec(f, "section") }
func FuzzCursor(f *testing.F)  { fuzzCodec(f, "cursor") }

func FuzzProject(f *testing.F) {
	p := &Project{ID: 3, State: audit.Purging, Purge: &Purge{Kept: []*audit.Entry{{ID: 7, Seq: 2}}}, Layer: Layer{Extent: Extent{Loose: 4}}}
	v, err := p.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(v)
	f.Add([]byte(`{"purge":{"kept":[null]}}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		p, err := ParseProject([]byte("acme"), value)
		if err != nil {
			return
		}
		if p.Purge != nil {
			p.Purge.keeps(p.Purge.Ordered().ID)
		}
		again, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if q, err := ParseProject([]byte("acme"), again); err != nil || !reflect.DeepEqual(p, q) {
			t.Errorf("%s became %s: %v", value, again, err)
		}
	})
}

// Every text of an entry survives a row.
func TestRowsHoldEveryField(t *testing.T) {
	for _, f := range audit.Fields() {
		if f.Path == "project" {
			continue // which stands beside the row
		}
		e := &audit.Entry{Actor: audit.Actor{Type: audit.User}, Outcome: audit.Success}
		if *f.Of(e) = "some value"; f.Values != nil {
			*f.Of(e) = f.Values[len(f.Values)-1]
		}
		got, _, err := decodeRow(string(AppendRow(nil, e)), e.CreatedAt)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s: %+v became %+v, %v", f.Path, e, got, err)
		}
	}
}
