package block

import (
	"strings"

	"auditlog/audit"
)

// Field is a field that a filter compares. The numbers are stored: by whoever
// keeps an index of Hashes.
type Field uint8

// The fields.
const (
	ResourceType Field = iota
	Action
	Outcome
	Actor
	ActorType
	Channel
	ResourceID
	RecordedBy
	fieldCount
	noField Field = 255

	// ActionPrefix is no field but what Hashes knows besides: the beginnings of the
	// actions, up to each of their dots, which a filter may ask for.
	ActionPrefix Field = 16

	// Combination is no field either: the values of type, actor and outcome that
	// are in one row, where a filter that asks for each of them would find all three in
	// many blocks and in few rows. Of successes only type and actor are combined.
	Combination Field = 17
)

// hashOf returns the hash of a field's value that indexes may keep: it is the same
// for ever, and for values that a filter takes for the same.
func hashOf(f Field, value string) uint32 {
	if f == ResourceType {
		value = audit.Fold(value)
	}
	return hash(value)
}

// hash is FNV-1a with the end of MurmurHash3, so that every bit of it is worth as much.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return scatter(h)
}

// scatter makes every bit of h depend on all others.
func scatter(h uint32) uint32 {
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}

// Hashes returns the hashes of the values that the rows have in f, each once or
// more, in no order. A resource's id is one also where metadata lists it.
func (b *Block) Hashes(f Field) ([]uint32, error) {
	switch f {
	case ActionPrefix:
		return b.prefixHashes()
	case Combination:
		return b.combinedHashes()
	}
	values, err := b.columns.Distinct(b.columns.At(fieldColumns[f]), nil)
	if err != nil {
		return nil, err
	}
	hashes := make([]uint32, len(values))
	for i, v := range values {
		hashes[i] = hashOf(f, v)
	}
	if f == ResourceID {
		err = b.columns.EachOfName(colMetadata, audit.ListedResources, func(_ int, list string) {
			for id := range strings.FieldsSeq(list) {
				hashes = append(hashes, hashOf(f, id))
			}
		})
	}
	return hashes, err
}

func (b *Block) prefixHashes() (hashes []uint32, err error) {
	actions, err := b.columns.Distinct(b.columns.At(colAction), nil)
	for _, action := range actions {
		for i := range len(action) {
			if action[i] == '.' {
				hashes = append(hashes, hash(action[:i+1]))
			}
		}
	}
	return hashes, err
}
