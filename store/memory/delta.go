package memory

import (
	"bytes"
	"fmt"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Mark says which state of the database the memory is of.
type Mark struct {
	Version  uint64
	Next     int64 // id
	BlockSeq uint64
	Tokens   uint64
}

// Mark returns which state s is of.
func (s *State) Mark() Mark { return Mark{s.Version, s.Tail.Next(), s.BlockSeq, s.Tokens} }

// Delta is what others have committed behind a mark, as far as the memory goes: of everything that
// has changed, how it is now. So it may be taken in by a memory that is of any state from the
// mark up to the delta's version.
type Delta struct {
	From     Mark
	Version  uint64
	First    int64 // the id behind the last one that is in a block, or purged
	BlockSeq uint64
	Epoch    uint32
	Passed   time.Duration
	Projects []Changed
	// Entries are the tail's behind the mark. Gap is set where the tail has no rows any more of some:
	// Usages are all there are then.
	Entries []Committed
	Gap     bool
	Usages  []Used
	// Fresh are the keys of sealed entries that are in no run: those of entries behind the mark, or
	// all where those of some project were moved to a run since.
	Fresh map[format.ProjectID][]format.FreshKey
	// Tokens are the records of all as of a revision, nil where that is the mark's.
	Tokens   map[string][]byte
	Revision uint64
}

// Changed is a project whose record was put.
type Changed struct {
	Name string
	Rec  *format.Project
}

// Committed is an entry of the tail, with what its caller sent and the size of its row.
type Committed struct {
	Project format.ProjectID
	Entry   *audit.Entry
	Input   string
	Size    int
}

// Used is how much a project, or a token where that has a name, has recorded that is in blocks.
type Used struct {
	Project format.ProjectID
	Token   string
	format.Usage
}

// ReadDelta returns what a transaction sees that was committed behind a mark. moved reports
// whether keys of a project have moved to a run since.
func ReadDelta(tx kv.Tx, from Mark, moved func([]Changed) bool) (*Delta, error) {
	meta := tx.Bucket(format.Meta)
	number := func(key []byte) uint64 { return format.ReadUint64(meta.Get(key)) }
	d := &Delta{
		From: from, Version: tx.Version(), First: int64(number(format.MetaSealed)) + 1, BlockSeq: number(format.MetaBlockSeq),
		Epoch: uint32(number(format.MetaEpoch)), Passed: time.Duration(number(format.MetaPassed)), Revision: number(format.MetaTokens),
	}
	if d.Revision != from.Tokens {
		d.Tokens = ReadTokens(tx)
	}
	d.Gap = d.First > from.Next
	for name, v := range tx.Bucket(format.Projects).Since(from.Version) {
		rec, err := format.ParseProject(name, v)
		if err != nil {
			return nil, err
		}
		d.Projects = append(d.Projects, Changed{string(name), rec})
	}
	if err := d.readTail(tx); err != nil {
		return nil, err
	}
	if all := moved(d.Projects); all || d.BlockSeq != from.BlockSeq {
		if err := d.readFresh(tx, all); err != nil {
			return nil, err
		}
	}
	if d.Gap {
		if err := d.readUsages(tx); err != nil {
			return nil, err
		}
	}
	return d, tx.Err()
}

// ReadTokens returns a copy of the records of all tokens.
func ReadTokens(tx kv.Tx) map[string][]byte {
	tokens := make(map[string][]byte)
	for k, v := range kv.All(tx.Bucket(format.Tokens)) {
		tokens[string(k)] = bytes.Clone(v)
	}
	return tokens
}

func (d *Delta) readTail(tx kv.Tx) error {
	next := max(d.First, d.From.Next)
	for k, v := range kv.From(tx.Bucket(format.Tail), format.Uint64(uint64(next))) {
		if first := int64(format.ReadUint64(k)); first != next {
			return fmt.Errorf("tail: %w: row %d follows entry %d", format.ErrCorrupt, first, next-1)
		}
		err := format.DecodeTailRow(next, v, func(p format.ProjectID, e *audit.Entry, input string, size int) error {
			d.Entries = append(d.Entries, Committed{p, e, input, size})
			next = e.ID + 1
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readFresh reads the keys of sealed entries that are in no run.
func (d *Delta) readFresh(tx kv.Tx, all bool) error {
	d.Fresh = make(map[format.ProjectID][]format.FreshKey)
	from, least := format.FreshKeysKey(d.From.Next), d.From.Next
	if all {
		from, least = format.FreshPrefix(), 0
	}
	for k, v := range kv.From(tx.Bucket(format.Keys), from) {
		if !bytes.HasPrefix(k, format.FreshPrefix()) {
			break
		}
		err := format.DecodeFreshKeys(k, v, func(id format.ProjectID, key format.FreshKey) error {
			if key.ID >= least {
				d.Fresh[id] = append(d.Fresh[id], key)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Delta) readUsages(tx kv.Tx) error {
	for k, v := range kv.All(tx.Bucket(format.Usages)) {
		id, token, err := format.ParseUsageKey(k)
		if err != nil {
			return err
		}
		u, err := format.DecodeUsage(k, v)
		if err != nil {
			return err
		}
		d.Usages = append(d.Usages, Used{id, token, u})
	}
	return nil
}
