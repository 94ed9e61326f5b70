package block

import (
	"encoding/binary"
	"math"

	"auditlog/audit"
)

// SizeOf returns about how many bytes e has before it is packed: its texts that can be any. It
// goes without the table of parts, which takes three times as long; a test compares the two.
func SizeOf(e *audit.Entry) int {
	n := 64 + len(e.Actor.Email) + len(e.Actor.Label) + len(e.Action) + len(e.Detail) + len(e.Key) +
		len(e.Resource.Type) + len(e.Resource.ID) + len(e.Resource.Name) + len(e.Resource.LocationID) +
		len(e.Request.IP) + len(e.Request.UserAgent) + len(e.Request.ID)
	for i := range e.Changes {
		n += len(e.Changes[i].Field) + len(e.Changes[i].Old) + len(e.Changes[i].New)
	}
	for k, v := range e.Metadata {
		n += len(k) + len(v)
	}
	return n
}

// sizeUnit is what the header counts the size of a block's entries in.
const sizeUnit = 8 << 10

// sizeByte returns the sum of the entries' sizes as the header has it.
func sizeByte(n int) byte { return byte(min(n/sizeUnit, 255)) }

// EntryBytes returns about how many bytes the block's entries have before they are
// packed, 8 KiB at most too few.
func (b *Block) EntryBytes() int { return int(b.data[5]) * sizeUnit }

// SeqOf returns the sequence of the block in data without checking any of it, or
// 0 when data is too short to hold one. It tells a cached block from a newer one
// under the same key.
func SeqOf(data []byte) uint64 {
	if len(data) < headerBytes {
		return 0
	}
	return binary.LittleEndian.Uint64(data[8:])
}

// Bytes returns what the block was opened from. It must not be changed.
func (b *Block) Bytes() []byte { return b.data }

// Bounds returns the time of the last row and the least and greatest id of the block
// in data, without checking any of it. A block that is cut short holds every id.
func Bounds(data []byte) (last, minID, maxID int64) {
	if len(data) < headerBytes {
		return math.MaxInt64, math.MinInt64, math.MaxInt64
	}
	return int64At(data, 32), int64At(data, 48), int64At(data, 56)
}
