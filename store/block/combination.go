package block

import (
	"errors"
	"slices"

	"auditlog/audit"
)

// What values a combination is of. The numbers go into hashes, which are stored.
const (
	ofTypeActor       = 1 + iota
	ofFailedType      // with an outcome other than success
	ofFailedActor     // likewise
	ofFailedTypeActor // likewise
)

// combine returns the hash of a combination of values, by their own hashes.
func combine(of uint32, hashes ...uint32) uint32 {
	h := (2166136261 ^ of) * 16777619
	for _, v := range hashes {
		h = (h ^ v) * 16777619
		h ^= h >> 15
	}
	return scatter(h)
}

// combinedHashes returns the hashes of the combinations that the rows have, each
// once.
func (b *Block) combinedHashes() ([]uint32, error) {
	var types, actors, outcomes hashedColumn
	err := errors.Join(b.hashed(ResourceType, &types), b.hashed(Actor, &actors), b.hashed(Outcome, &outcomes))
	if err != nil {
		return nil, err
	}
	success := hashOf(Outcome, string(audit.Success))
	hashes := make([]uint32, 0, b.rows+b.rows/4)
	for row := range b.rows {
		kind, actor, outcome := types.at(row), actors.at(row), outcomes.at(row)
		hashes = append(hashes, combine(ofTypeActor, kind, actor))
		if outcome != success {
			hashes = append(hashes, combine(ofFailedType, kind, outcome), combine(ofFailedActor, actor, outcome),
				combine(ofFailedTypeActor, kind, actor, outcome))
		}
	}
	slices.Sort(hashes)
	return slices.Compact(hashes), nil
}

// hashedColumn is the hash of the value that each row has in a field.
type hashedColumn struct {
	Column
	hashes []uint32 // of the column's values
}

func (h *hashedColumn) at(row int) uint32 { return h.hashes[h.Of[row]] }

func (b *Block) hashed(f Field, h *hashedColumn) error {
	err := b.Column(f, &h.Column)
	for _, s := range h.Values {
		h.hashes = append(h.hashes, hashOf(f, s))
	}
	return err
}

// combined returns the most telling combination that the filter asks for, and the
// fields that it covers; nil when there is none.
func (f *Filter) combined() (hashes []uint32, covers []Field) {
	kind, actor, failed := f.constraint(ResourceType), f.constraint(Actor), f.constraint(Outcome)
	if failed != nil && failed.value.Matches(string(audit.Success)) {
		failed = nil
	}
	if failed == nil && (kind == nil || actor == nil) || kind == nil && actor == nil {
		return nil, nil
	}
	// Each asks for one of several: the combinations are those of each with each.
	none := []uint32{0}
	kinds, actors, outcomes := none, none, none
	if kind != nil {
		kinds = kind.hashes
	}
	if actor != nil {
		actors = actor.hashes
	}
	if failed != nil {
		outcomes = failed.hashes
	}
	if len(kinds)*len(actors)*len(outcomes) > maxCombined {
		return nil, nil
	}
	for _, k := range kinds {
		for _, a := range actors {
			for _, o := range outcomes {
				switch {
				case failed == nil:
					hashes = append(hashes, combine(ofTypeActor, k, a))
				case actor == nil:
					hashes = append(hashes, combine(ofFailedType, k, o))
				case kind == nil:
					hashes = append(hashes, combine(ofFailedActor, a, o))
				default:
					hashes = append(hashes, combine(ofFailedTypeActor, k, a, o))
				}
			}
		}
	}
	if failed == nil {
		return hashes, []Field{ResourceType, Actor}
	}
	return hashes, []Field{ResourceType, Actor, Outcome}
}

// maxCombined bounds how many combinations are looked for: with more, the fields by themselves
// tell as much.
const maxCombined = 64

// constraint returns the filter's condition on a field, or nil.
func (f *Filter) constraint(field Field) *constraint {
	for i := range f.constraints {
		if f.constraints[i].field == field {
			return &f.constraints[i]
		}
	}
	return nil
}
