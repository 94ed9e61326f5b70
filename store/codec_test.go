package store

import (
	"encoding/binary"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

func sampleTailRow() (*tailRow, []*audit.Entry) {
	entries := audittest.New(3, time.Second).Entries(20)
	entries[3].RecordedBy = "0f3KxQ9Z"
	entries[4].Key, entries[4].CreatedAt = "k", time.Time{}
	row := &tailRow{}
	row.reset(7, time.UnixMicro(1_780_000_000_000_000).UTC())
	for i, e := range entries {
		e.Seq = int64(100 + i/3)
		if i > 10 {
			e.Seq += 5 // which does not follow
		}
		row.add(ProjectID(i%3+1), e.Seq, appendRow(nil, e))
	}
	return row, entries
}

func TestTailRowRoundTrip(t *testing.T) {
	row, entries := sampleTailRow()
	i := 0
	err := decodeTailRow(7, row.encode(), func(p ProjectID, got *audit.Entry) error {
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
	if v := packed.encode(); v[0] != tailRowPacked || len(v) > 2*len(packed.body)/3 {
		t.Errorf("%d entries: version %d, %d bytes of %d", len(entries), v[0], len(v), len(packed.body))
	}
	plain := &tailRow{}
	plain.reset(9, packed.recordedAt)
	e := &audit.Entry{Outcome: audit.Success, Actor: audit.Actor{Type: audit.User, Email: "a"}, Action: "b.c"}
	plain.add(1, 3, appendRow(nil, e))
	v := plain.encode()
	if v[0] != tailRowPlain {
		t.Errorf("one short entry: version %d", v[0])
	}
	read := 0
	err := decodeTailRow(9, v, func(_ ProjectID, got *audit.Entry) error {
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
	key, _ := orderKey(1)
	owners := []owner{{}, {1, 5}, {2, 1 << 30}, {}, {}, {1, 6}, {1, 7}, {1, 8}, {3, 1}, {2, 9}, {1, 9}}
	seqk := seqKey(4, 2)
	places := []place{{7, 1 << 50, 20}, {8, 1 << 50, 20}, {9, -5 << 20, 20}, {1 << 40, -5 << 20, 20}}
	span := &spanRecord{starts: []audit.Position{{At: -5, ID: 3}, {At: 9, ID: 1}}, end: audit.Position{At: 99, ID: 1},
		sets: map[uint32]uint64{7: 2, 1: 1, 2: 3, 1 << 31: 3}}
	sk := spanKey(4, 3, span.starts[0])
	return map[string]codec{
		"tail": {u64(7), row.encode(), func(k, v []byte) error {
			return decodeTailRow(int64(binary.BigEndian.Uint64(k)), v, func(ProjectID, *audit.Entry) error { return nil })
		}},
		"order": {key, encodeOrder(key, owners), func(k, v []byte) error {
			_, err := decodeOrder(k, v)
			return err
		}},
		"seqs": {seqk, encodePlaces(seqk, places), func(k, v []byte) error {
			_, err := decodePlaces(k, v)
			return err
		}},
		"span": {sk, span.encode(sk), func(k, v []byte) error {
			s, err := openSpan(k, v)
			if err == nil {
				s.blocks([]uint32{0, 1, 2, 7, 1 << 31})
				s.number(audit.Position{At: 5})
				s.record()
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

func FuzzCursor(f *testing.F) {
	query := audit.Query{Project: "acme"}
	q := &prepared{query: query, hash: queryHash(&query)}
	f.Add(q.encodeCursor(audit.Position{At: 5, ID: 7}))
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := q.decodeCursor(cursor)
		if err != nil {
			if audit.KindOf(err) != audit.Invalid {
				t.Errorf("%q: %v", cursor, err)
			}
			return
		}
		if again, err := q.decodeCursor(q.encodeCursor(p)); err != nil || again != p {
			t.Errorf("%q became %v, then %v: %v", cursor, p, again, err)
		}
	})
}

func TestCursorOfAnotherListing(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for i := range 9 {
		if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i), entry("globex", i)}); err != nil {
			t.Fatal(err)
		}
	}
	first, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 3})
	if err != nil || first.Next == "" {
		t.Fatal(first, err)
	}
	for _, wrong := range []struct {
		query  audit.Query
		paging audit.Paging
	}{
		{audit.Query{Project: "globex"}, audit.Paging{Cursor: first.Next}},
		{audit.Query{Project: "acme", Actor: "ada@example.com"}, audit.Paging{Cursor: first.Next}},
		{audit.Query{Project: "acme", RecordedBy: "dev"}, audit.Paging{Cursor: first.Next}},
		{audit.Query{Project: "acme", From: time.Now().Add(-time.Hour)}, audit.Paging{Cursor: first.Next}},
		{audit.Query{Project: "acme"}, audit.Paging{Cursor: first.Next + "A"}},
		{audit.Query{Project: "acme"}, audit.Paging{Cursor: "none"}},
		{audit.Query{Project: "acme"}, audit.Paging{Limit: audit.MaxLimit + 1}},
		{audit.Query{Project: "acme"}, audit.Paging{Limit: -1}},
	} {
		if _, err := audittest.List(t.Context(), s, wrong.query, wrong.paging); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if _, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 5, Cursor: first.Next}); err != nil {
		t.Errorf("the same filters with another limit: %v", err)
	}
}
