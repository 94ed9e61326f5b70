package format

import "encoding/binary"

// Key is what an idempotency key stands under in its bucket: as it is, so that
// keys which their makers count up lie side by side and cost little.
func Key(p ProjectID, key string) []byte { return append(ProjectPrefix(p), key...) }

// KeyOwner returns the value of a key: the id of the entry that has it.
func KeyOwner(id int64) []byte { return binary.AppendUvarint(nil, uint64(id)) }

// ParseKeyOwner reads what KeyOwner made.
func ParseKeyOwner(v []byte) (id int64, ok bool) {
	n, size := binary.Uvarint(v)
	return int64(n), size > 0
}
