package column

import (
	"sync"

	"auditlog/store/block/bits"
)

// scratch is what reading the elements of a column needs besides its result.
type scratch struct {
	made        []byte // one element
	text, coded []byte
	values      []string
	pieces      []piece
	of          [bits.MaxRows]uint16
	ends        [bits.MaxRows]int
	ranks       [bits.MaxRows]uint16
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}
