package block

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"testing"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// FuzzOpen opens arbitrary bytes, as they are and with a checksum that is right:
// it is an error, or a block of which every method works.
func FuzzOpen(f *testing.F) {
	f.Add(Append(nil, 1, realistic(1, 20)))
	f.Add(Append(nil, 1, realistic(2, 200)))
	f.Add(Append(nil, 1, strange(3, 30)))
	f.Add(Append(nil, 1, uniform(3, 10)))
	for seed := range uint64(6) {
		f.Add(Append(nil, 1, templated(seed, 60)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := Open(data); err == nil {
			exercise(t, b)
		}
		if len(data) < sumBytes {
			return
		}
		body := data[:len(data)-sumBytes]
		sealed := binary.LittleEndian.AppendUint32(body[:len(body):len(body)], crc32.Checksum(body, castagnoli))
		if b, err := Open(sealed); err == nil {
			exercise(t, b)
		}
	})
}

// exercise calls every method; only a panic fails.
func exercise(t *testing.T, b *Block) {
	finder := b.Finder()
	for row := range b.Rows() {
		p := b.Position(row)
		b.Search(p)
		b.FindID(p.ID)
		finder.Find(p.ID)
		if e, err := b.Entry(row, "p"); err == nil {
			e.AppendJSON(nil)
		}
	}
	b.IDs(nil)
	_, _ = b.Entries("p")
	for f := range fieldCount {
		_, _ = b.Hashes(f)
		all := bits.All(bits.MaxRows)
		_ = b.Counts(f, &all, func(string, int) {})
	}
	for _, q := range []audit.Query{
		{Is: audit.Terms{"action": {"deployment.*"}, "actor": {"ada.a@example.com"}, "resourceId": {"1000"}, "resourceType": {"deployment"}}},
		{Is: audit.Terms{"outcome": {"success"}, "channel": {"cli"}, "actorType": {"User"}, "action": {"deployment.deploy"}}},
	} {
		filter := filterOf(&q)
		all := bits.All(bits.MaxRows)
		_ = filter.Match(b, &all)
	}
	all := bits.All(bits.MaxRows)
	_ = b.MatchText(words{all: []string{"a", "1"}}, &all)
	for _, terms := range [][]string{{"ada*", "web 1"}, {"12", "-7*"}, {"revision 1*", "é"}, {"deadbeef0123*"}, {"0b7c*", "-s"}} {
		p := newPhrases(terms...)
		for i := range p.clues.Terms {
			p.clues.Terms[i].Wanted = false // so that all of them are looked for
		}
		all := bits.All(bits.MaxRows)
		_ = b.MatchText(p, &all)
	}
	_ = b.EachText(func(string) {}, func(string) {})
	if b.Memory() < 0 {
		t.Error("negative memory")
	}
}

// TestDamagedPins changes bytes of the pinned blocks under a checksum that is right: whatever is
// read then may be wrong, but nothing panics.
func TestDamagedPins(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, file := range pinnedFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		body, opened := data[:len(data)-sumBytes], 0
		for range 40 {
			bad := bytes.Clone(body)
			for range 1 + r.IntN(3) {
				bad[4+r.IntN(len(bad)-4)] ^= byte(1 + r.IntN(255))
			}
			bad = binary.LittleEndian.AppendUint32(bad, crc32.Checksum(bad, castagnoli))
			if b, err := Open(bad); err == nil {
				opened++
				exercise(t, b)
			}
		}
		if opened == 0 {
			t.Errorf("%s: no damage was read", file)
		}
	}
}
