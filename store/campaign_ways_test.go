package store

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"auditlog/fulltext"
)

// pageSize of the images, which are made here.
var campaignPage = os.Getpagesize()

// treePages returns the pages of a file that hold parts of trees, in use or not.
func treePages(b []byte) (pages []int) {
	for id := 2; (id+1)*campaignPage <= len(b); id++ {
		p := b[id*campaignPage:]
		flags := binary.NativeEndian.Uint16(p[8:])
		if binary.NativeEndian.Uint64(p) == uint64(id) && (flags == 1 || flags == 2) {
			pages = append(pages, id)
		}
	}
	return pages
}

func ways() []way {
	flip := func(b []byte, at int, r *rand.Rand) []byte {
		b[at] ^= 1 << r.IntN(8)
		return b
	}
	page := func(r *rand.Rand, b []byte) int {
		pages := treePages(b)
		return pages[r.IntN(len(pages))]
	}
	// at returns page id of b.
	at := func(b []byte, id int) []byte { return b[id*campaignPage : (id+1)*campaignPage] }
	elements := func(p []byte) int { return int(binary.NativeEndian.Uint16(p[10:])) }
	return []way{
		{"a bit of the structure", func(r *rand.Rand, b []byte) []byte {
			id := page(r, b)
			end := min(16+16*elements(at(b, id)), campaignPage)
			return flip(b, id*campaignPage+r.IntN(end), r)
		}},
		{"a bit of a branch", func(r *rand.Rand, b []byte) []byte {
			for {
				id := page(r, b)
				if p := at(b, id); binary.NativeEndian.Uint16(p[8:]) == 1 {
					return flip(b, id*campaignPage+r.IntN(min(16+40*elements(p), campaignPage)), r)
				}
			}
		}},
		{"a bit of a key or small value", func(r *rand.Rand, b []byte) []byte {
			id := page(r, b)
			from := min(16+16*elements(at(b, id)), campaignPage-1)
			return flip(b, id*campaignPage+from+r.IntN(min(campaignPage-from, 800)), r)
		}},
		{"a bit of a head", func(r *rand.Rand, b []byte) []byte { return flip(b, r.IntN(2*campaignPage)&^0xf00, r) }},
		{"a bit of the list of buckets", func(r *rand.Rand, b []byte) []byte {
			id := newestRoot(b)
			return flip(b, id*campaignPage+r.IntN(campaignPage/2), r)
		}},
		{"a bit anywhere", func(r *rand.Rand, b []byte) []byte { return flip(b, r.IntN(len(b)), r) }},
		{"a page of zeros", func(r *rand.Rand, b []byte) []byte {
			clear(at(b, page(r, b)))
			return b
		}},
		{"a page of garbage", func(r *rand.Rand, b []byte) []byte {
			p := at(b, page(r, b))
			for i := range p {
				p[i] = byte(r.Uint32())
			}
			return b
		}},
		{"another page in its stead", func(r *rand.Rand, b []byte) []byte {
			copy(at(b, page(r, b)), at(b, page(r, b)))
			return b
		}},
		{"another page, and its number", func(r *rand.Rand, b []byte) []byte {
			id := page(r, b)
			copy(at(b, id), at(b, page(r, b)))
			binary.NativeEndian.PutUint64(at(b, id), uint64(id))
			return b
		}},
		{"an earlier state of the page", func(r *rand.Rand, b []byte) []byte {
			first := func(id int) string { // the key that it begins with
				p := at(b, id)
				from, n := 0, 0
				if binary.NativeEndian.Uint16(p[8:]) == 2 {
					from, n = 16+int(binary.NativeEndian.Uint32(p[20:])), int(binary.NativeEndian.Uint32(p[24:]))
				}
				if from <= 0 || n <= 0 || from+n > campaignPage {
					return ""
				}
				return string(p[from : from+n])
			}
			for range 1000 {
				id := page(r, b)
				for _, other := range treePages(b) {
					if key := first(id); other != id && key != "" && key == first(other) && at(b, other)[12] == at(b, id)[12] && r.IntN(3) == 0 {
						copy(at(b, id), at(b, other))
						binary.NativeEndian.PutUint64(at(b, id), uint64(id))
						return b
					}
				}
			}
			return b
		}},
		{"cut off", func(r *rand.Rand, b []byte) []byte {
			pages := treePages(b) // behind them the file is empty
			return b[:r.IntN((pages[len(pages)-1]+1)*campaignPage)]
		}},
	}
}

// newestRoot returns the page of the list of buckets.
func newestRoot(b []byte) int {
	newest, root := uint64(0), 0
	for i := range 2 {
		m := b[i*campaignPage+16:]
		if tx := binary.NativeEndian.Uint64(m[48:]); tx > newest {
			newest, root = tx, int(binary.NativeEndian.Uint64(m[16:]))
		}
	}
	return root
}

// isNoCopy has the mark of a database say that it is of this file and not of the one that this
// is a copy of: the campaign is about damage to a log where it is.
func isNoCopy(t *testing.T, db string) {
	t.Helper()
	info, err := os.Stat(db)
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	b, err := os.ReadFile(db + ".mark")
	if os.IsNotExist(err) {
		return
	}
	if err != nil || len(b) != 56 {
		t.Fatalf("a mark of %d bytes, %v", len(b), err)
	}
	binary.BigEndian.PutUint64(b[32:], st.Ino<<16^st.Dev)
	binary.BigEndian.PutUint32(b[52:], crc32.Checksum(b[:52], crc32.MakeTable(crc32.Castagnoli)))
	if err := os.WriteFile(db+".mark", b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestKeysOfBranchesMadeLess turns a bit of keys that lead to blocks, so that each seems to hide what is
// in the block before as well: that is not said to be missing, since it is there.
func TestKeysOfBranchesMadeLess(t *testing.T) {
	alone(t)
	c := newCampaign(t)
	image := c.images["alone"][FileName]
	tried := 0
	for _, id := range treePages(image) {
		p := image[id*campaignPage : (id+1)*campaignPage]
		if binary.NativeEndian.Uint16(p[8:]) != 1 {
			continue
		}
		for i := 1; i < int(binary.NativeEndian.Uint16(p[10:])); i++ {
			e := 16 + 16*i
			key, size := e+int(binary.NativeEndian.Uint32(p[e:])), binary.NativeEndian.Uint32(p[e+4:])
			for _, at := range []int{7, 8} { // of a block's time: some minutes, or an hour
				const bit = 0x20
				if size != fulltext.BlockKeySize || p[key+at]&bit == 0 {
					continue
				}
				turned := bytes.Clone(image)
				turned[id*campaignPage+key+at] &^= bit
				if v, why := c.try(t, map[string][]byte{FileName: turned}); v == wrong {
					t.Errorf("page %d, element %d, byte %d: %s", id, i, at, why)
				}
				tried++
			}
		}
	}
	if tried < 5 {
		t.Fatalf("%d keys were tried", tried)
	}
}
