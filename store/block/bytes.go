package block

import "encoding/binary"

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
