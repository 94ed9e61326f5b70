package block

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync/atomic"
	"unsafe"

	"auditlog/audit"
	"auditlog/store/block/bits"
	"auditlog/store/block/column"
)

// MaxBytes is how many bytes of entries the store puts into one block at most.
const MaxBytes = 1 << 20

// The header's widths are in doc.go.
const (
	magic       = "ALBK"
	version     = 1
	headerBytes = 68
	sumBytes    = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Block is an opened block. Its methods may be called from several goroutines.
type Block struct {
	data    []byte
	columns column.Set
	*core
}

// core is what was found out about a block's data, and holds none of it.
type core struct {
	size         int
	sum          uint32
	rows         int
	seq          uint64
	first, last  audit.Position
	minID, maxID int64

	created  bits.Ints
	numbers  numbers
	recorded recorded

	kept   keptRows[audit.Entry]
	lines  keptRows[Line]
	memory atomic.Int64 // of what is kept
}

// Open checks data, which Append made, and returns the block that reads from it.
// data must stay as it is while the Block is used. Errors wrap bits.ErrCorrupt.
func Open(data []byte) (*Block, error) {
	if len(data) < headerBytes+bits.Slack+sumBytes {
		return nil, bits.Corrupt("%d bytes are too few", len(data))
	}
	if string(data[:4]) != magic {
		return nil, bits.Corrupt("no block's magic")
	}
	sum, err := checkSum(data)
	if err != nil {
		return nil, err
	}
	if data[4] != version {
		return nil, bits.Corrupt("version %d, this program reads %d", data[4], version)
	}
	b := &Block{data: data, core: &core{
		size:  len(data),
		sum:   sum,
		rows:  int(binary.LittleEndian.Uint16(data[6:])),
		seq:   binary.LittleEndian.Uint64(data[8:]),
		first: audit.Position{At: int64At(data, 16), ID: int64At(data, 24)},
		last:  audit.Position{At: int64At(data, 32), ID: int64At(data, 40)},
		minID: int64At(data, 48), maxID: int64At(data, 56),
	}}
	if b.rows < 1 || b.rows > bits.MaxRows {
		return nil, bits.Corrupt("%d rows", b.rows)
	}
	kids := int(binary.LittleEndian.Uint32(data[64:]))
	p := column.NewParser(layout, data[:len(data)-sumBytes], headerBytes, b.rows, kids)
	b.created = p.Ints(b.rows)
	b.numbers = scanNumbers(p, b.rows)
	b.recorded = scanRecorded(p, b.rows)
	if b.columns, err = p.Columns(b.rows); err != nil {
		return nil, err
	}
	return b, nil
}

// checkSum returns the checksum at the end of data once what is before it has it.
func checkSum(data []byte) (uint32, error) {
	body := len(data) - sumBytes
	sum := binary.LittleEndian.Uint32(data[body:])
	if crc32.Checksum(data[:body], castagnoli) != sum {
		return 0, bits.Corrupt("wrong checksum")
	}
	return sum, nil
}

// Renumbered returns a copy of b with another sequence number.
func (b *Block) Renumbered(seq uint64) (*Block, error) {
	data := bytes.Clone(b.data)
	binary.LittleEndian.PutUint64(data[8:], seq)
	body := len(data) - sumBytes
	binary.LittleEndian.PutUint32(data[body:], crc32.Checksum(data[:body], castagnoli))
	return Open(data)
}

// Without returns b without its data, for later use by On.
func (b *Block) Without() *Block { return &Block{columns: b.columns.On(nil), core: b.core} }

// HasData reports whether b can be read from: it is not what Without returned.
func (b *Block) HasData() bool { return b.data != nil }

// On returns b as it reads from data, another copy of what it was opened from, whose
// checksum is checked. The two share what either decodes and keeps. That takes a tenth
// of the time that Open does.
func (b *Block) On(data []byte) (*Block, error) {
	if len(data) != b.size {
		return nil, bits.Corrupt("%d bytes, not %d", len(data), b.size)
	}
	if sum, err := checkSum(data); err != nil || sum != b.sum {
		return nil, bits.Corrupt("wrong checksum")
	}
	return &Block{data, b.columns.On(data[:len(data)-sumBytes]), b.core}, nil
}

func int64At(data []byte, off int) int64 { return int64(binary.LittleEndian.Uint64(data[off:])) }

// Rows returns how many entries the block holds.
func (b *Block) Rows() int { return b.rows }

// Seq returns the sequence number that the store gave the block.
func (b *Block) Seq() uint64 { return b.seq }

// First returns the position of the first row.
func (b *Block) First() audit.Position { return b.first }

// Last returns the position of the last row.
func (b *Block) Last() audit.Position { return b.last }

// MinID returns the least id.
func (b *Block) MinID() int64 { return b.minID }

// MaxID returns the greatest id.
func (b *Block) MaxID() int64 { return b.maxID }

// Size returns the length of the block as stored.
func (b *Block) Size() int { return b.size }

// Memory returns how many bytes the opened block holds beside its data; it grows
// as texts are decoded and entries and lines kept.
func (b *Block) Memory() int {
	return int(unsafe.Sizeof(*b.core)) + b.columns.Memory() + int(b.memory.Load())
}

// Position returns where row stands in its project's listing.
func (b *Block) Position(row int) audit.Position {
	return audit.Position{At: b.columns.Int(&b.created, row), ID: b.ID(row)}
}

// CreatedAt returns row's CreatedAt in microseconds.
func (b *Block) CreatedAt(row int) int64 { return b.columns.Int(&b.created, row) }

// Search returns the first row whose position is at or after p, or Rows().
func (b *Block) Search(p audit.Position) int {
	lo, hi := 0, b.rows
	for lo < hi {
		mid := (lo + hi) / 2
		if b.before(mid, p) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// before reports whether row stands before p. It mostly needs the time only.
func (b *Block) before(row int, p audit.Position) bool {
	if at := b.columns.Int(&b.created, row); at != p.At {
		return at < p.At
	}
	return b.ID(row) < p.ID
}

// Forms calls found with each way of storing something that b has, by name. It is for those
// who want to know whether all of them were tried.
func (b *Block) Forms(found func(form string)) {
	found(fmt.Sprintf("numbers of mode %d", b.numbers.mode))
	found(fmt.Sprintf("recorded of mode %d", b.recorded.mode))
	b.columns.Forms(found)
}
