package format

import "encoding/binary"

// Key is what an idempotency key stands under in its bucket: as it is, so that
// keys which their makers count up lie side by side and cost little.
func Key(p ProjectID, key string) []byte { return append(ProjectPrefix(p), key...) }

// KeyOwner returns the value of a key: the id of the entry that has it, and a hash of what
// the caller sent.
func KeyOwner(id int64, sum uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.AppendUvarint(nil, uint64(id)), sum)
}

// ParseKeyOwner reads what KeyOwner made.
func ParseKeyOwner(v []byte) (id int64, sum uint32, ok bool) {
	n, size := binary.Uvarint(v)
	if size <= 0 || len(v) != size+4 {
		return 0, 0, false
	}
	return int64(n), binary.BigEndian.Uint32(v[size:]), true
}
