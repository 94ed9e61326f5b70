package column

import (
	"auditlog/store/block/chunk"
	"auditlog/store/block/lex"
)

// fewUUIDs is up to how many it is left to estimates how they are stored.
const fewUUIDs = 64

// uuids appends a column in which each element is a UUID, all of one case and no two the same, just as the
// usual way does, which numbers strings and looks for their templates. It does nothing and returns false
// if it is of anything else.
func (e *Encoder) uuids(values []string) bool {
	if e.plain || len(values) <= fewUUIDs || !e.unique.Read(values) {
		return false
	}
	flags := byte(hexUUID)
	if e.unique.Upper {
		flags |= hexUpper
	}
	e.out = append(e.out, kindTemplate|chunk.Shared<<4)
	e.Uvarint(1)
	e.texts.Add(chunk.Shared, lex.UUIDTemplate)
	e.out = append(e.out, 0)
	e.Uvarint(1) // slot
	e.kids++
	e.Uvarint(1)
	e.Uvarint(len(values))
	e.out = append(e.out, kindHex, 32, flags)
	e.out = append(e.out, e.unique.Digits...)
	return true
}
