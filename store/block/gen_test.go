package block

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/block/bits"
)

// generator makes realistic entries of one project, with what the log sets.
type generator struct {
	*audittest.Generator
	r       *rand.Rand
	id, seq int64
}

func newGenerator(seed uint64, every time.Duration) *generator {
	return &generator{
		Generator: audittest.New(seed, every),
		r:         rand.New(rand.NewPCG(seed, 3)),
		id:        int64(seed * 1000),
	}
}

// hex returns n random hexadecimal digits.
func (g *generator) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[g.r.IntN(16)]
	}
	return string(b)
}

func (g *generator) uuid() string {
	return strings.Join([]string{g.hex(8), g.hex(4), g.hex(4), g.hex(4), g.hex(12)}, "-")
}

func (g *generator) next() *audit.Entry {
	e := g.Next()
	g.id += 1 + int64(g.r.ExpFloat64()*10)
	g.seq++
	e.ID, e.Seq, e.Project = g.id, g.seq, "acme"
	e.RecordedBy = "0f3KxQ9Z"
	if g.r.IntN(8) == 0 {
		e.RecordedBy = "7Zk2LmP0"
	}
	e.RecordedAt = e.CreatedAt.Add(time.Duration(1000+g.r.IntN(4000)) * time.Microsecond)
	if g.r.IntN(10) == 0 {
		e.Key = "evt-" + g.hex(16)
	}
	return e
}

// realistic returns a block's worth of a busy project: two hundred thousand
// entries in 400 days, each committed by itself.
func realistic(seed uint64, n int) []*audit.Entry {
	g := newGenerator(seed, 173*time.Second)
	entries := make([]*audit.Entry, n)
	for i := range entries {
		entries[i] = g.next()
	}
	sortEntries(entries)
	return entries
}

// TestSize keeps the size of a full block of realistic entries, of which nearly
// half are random digits: numbers, commit hashes, times.
func TestSize(t *testing.T) {
	entries := realistic(1, bits.MaxRows)
	plain := 0
	for _, e := range entries {
		plain += len(e.AppendJSON(nil))
	}
	size := len(Append(nil, 1, entries))
	t.Logf("%.1f bytes an entry, of %.1f as JSON", float64(size)/bits.MaxRows, float64(plain)/bits.MaxRows)
	if size > 26*bits.MaxRows {
		t.Errorf("a block of %d bytes", size)
	}
}

// Append appends the block of entries to dst.
func Append(dst []byte, seq uint64, entries []*audit.Entry) []byte {
	g := gather(entries)
	defer g.release()
	return g.append(dst, seq, false)
}

// Verify returns an error unless entries are what b gives back.
func (b *Block) Verify(entries []*audit.Entry) error {
	g := gather(entries)
	defer g.release()
	return b.verify(g)
}
