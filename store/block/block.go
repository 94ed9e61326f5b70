package block

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"unsafe"

	"auditlog/audit"
)

const (
	// MaxRows is how many entries a block holds at most.
	MaxRows = 1024
	// MaxBytes is how many bytes of entries the store puts into one block at most.
	MaxBytes = 1 << 20
)

// ErrCorrupt is in the chain of every error about a block's bytes.
var ErrCorrupt = errors.New("corrupt block")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// The header's widths are in doc.go.
const (
	magic       = "ALBK"
	version     = 1
	headerBytes = 68
	slackBytes  = 8 // so that every packed value can be read as a whole word
	sumBytes    = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Block is an opened block. Its methods may be called from several goroutines.
type Block struct {
	data []byte
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

	created, ids, seqs ints
	recorded           recorded
	columns            [columnCount]column
	kids               []column // of columns and kids
	slots              []uint16
	frames             []frame
	fingers            [fieldCount]uint32 // where a field's fingerprints lie; 0: it has none
	texts              []textFrame
	raws               int // strings of the raw class

	kept   keptRows
	memory atomic.Int64
	mu     sync.Mutex // held while a text frame is decoded
}

// Open checks data, which Append made, and returns the block that reads from it.
// data must stay as it is while the Block is used. Errors wrap ErrCorrupt.
func Open(data []byte) (*Block, error) {
	if len(data) < headerBytes+slackBytes+sumBytes {
		return nil, corrupt("%d bytes are too few", len(data))
	}
	if string(data[:4]) != magic {
		return nil, corrupt("no block's magic")
	}
	sum, err := checkSum(data)
	if err != nil {
		return nil, err
	}
	if data[4] != version {
		return nil, corrupt("version %d, this program reads %d", data[4], version)
	}
	b := &Block{data, &core{
		size:  len(data),
		sum:   sum,
		rows:  int(binary.LittleEndian.Uint16(data[6:])),
		seq:   binary.LittleEndian.Uint64(data[8:]),
		first: audit.Position{At: int64At(data, 16), ID: int64At(data, 24)},
		last:  audit.Position{At: int64At(data, 32), ID: int64At(data, 40)},
		minID: int64At(data, 48), maxID: int64At(data, 56),
	}}
	if b.rows < 1 || b.rows > MaxRows {
		return nil, corrupt("%d rows", b.rows)
	}
	p := parser{b: b, data: data[:len(data)-sumBytes-slackBytes], pos: headerBytes}
	if err := p.parse(int(binary.LittleEndian.Uint32(data[64:]))); err != nil {
		return nil, err
	}
	return b, nil
}

// checkSum returns the checksum at the end of data once what is before it has it.
func checkSum(data []byte) (uint32, error) {
	body := len(data) - sumBytes
	sum := binary.LittleEndian.Uint32(data[body:])
	if crc32.Checksum(data[:body], castagnoli) != sum {
		return 0, corrupt("wrong checksum")
	}
	return sum, nil
}

// Without returns b without its data, for later use by On.
func (b *Block) Without() *Block { return &Block{nil, b.core} }

// HasData reports whether b can be read from: it is not what Without returned.
func (b *Block) HasData() bool { return b.data != nil }

// On returns b as it reads from data, another copy of what it was opened from, whose
// checksum is checked. The two share what either decodes and keeps. That takes a tenth
// of the time that Open does.
func (b *Block) On(data []byte) (*Block, error) {
	if len(data) != b.size {
		return nil, corrupt("%d bytes, not %d", len(data), b.size)
	}
	if sum, err := checkSum(data); err != nil || sum != b.sum {
		return nil, corrupt("wrong checksum")
	}
	return &Block{data, b.core}, nil
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
// as texts are decoded and entries kept.
func (b *Block) Memory() int { return int(unsafe.Sizeof(*b.core)) + int(b.memory.Load()) }

// Position returns where row stands in its project's listing.
func (b *Block) Position(row int) audit.Position {
	return audit.Position{At: b.int(&b.created, row), ID: b.int(&b.ids, row)}
}

// CreatedAt returns row's CreatedAt in microseconds.
func (b *Block) CreatedAt(row int) int64 { return b.int(&b.created, row) }

// ID returns row's id.
func (b *Block) ID(row int) int64 { return b.int(&b.ids, row) }

// EntrySeq returns the place of row's entry within its project.
func (b *Block) EntrySeq(row int) int64 { return b.int(&b.seqs, row) }

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
	if at := b.int(&b.created, row); at != p.At {
		return at < p.At
	}
	return b.int(&b.ids, row) < p.ID
}

// FindID returns the row of the entry with the given id.
func (b *Block) FindID(id int64) (row int, ok bool) {
	if id < b.minID || id > b.maxID {
		return 0, false
	}
	for row := range b.rows {
		if b.int(&b.ids, row) == id {
			return row, true
		}
	}
	return 0, false
}

// IDs appends the rows' ids to dst.
func (b *Block) IDs(dst []int64) []int64 {
	for row := range b.rows {
		dst = append(dst, b.int(&b.ids, row))
	}
	return dst
}
