package lexicon

import (
	"encoding/binary"
	"fmt"

	"auditlog/fulltext"
)

// ID names a document: one state of one block, its key and the sequence of the change that
// it was read for.
type ID struct {
	Key fulltext.BlockKey
	Seq uint64
}

// IDSize is the length of an encoded ID.
const IDSize = fulltext.BlockKeySize + 8

// Append appends the encoding of d, which sorts as Compare does.
func (d ID) Append(b []byte) []byte {
	return binary.BigEndian.AppendUint64(d.Key.Append(b), d.Seq)
}

// String returns the encoding of d.
func (d ID) String() string { return string(d.Append(make([]byte, 0, IDSize))) }

// ParseID reads what Append wrote.
func ParseID(b []byte) (ID, error) {
	if len(b) != IDSize {
		return ID{}, fmt.Errorf("document id of %d bytes, want %d", len(b), IDSize)
	}
	key, err := fulltext.ParseBlockKey(b[:fulltext.BlockKeySize])
	return ID{key, binary.BigEndian.Uint64(b[fulltext.BlockKeySize:])}, err
}

// Compare orders ids: by project, the oldest block first, its oldest state first.
func (d ID) Compare(o ID) int {
	switch {
	case d.Key.Project != o.Key.Project:
		return cmp(d.Key.Project < o.Key.Project)
	case d.Key.Position != o.Key.Position:
		return d.Key.Compare(o.Key.Position)
	case d.Seq != o.Seq:
		return cmp(d.Seq < o.Seq)
	}
	return 0
}

func cmp(less bool) int {
	if less {
		return -1
	}
	return 1
}
