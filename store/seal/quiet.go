package seal

import (
	"bytes"
	"fmt"
	"time"

	"auditlog/fulltext"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// quietBlocks and quietBytes are how much one step of a round tells followers of, and quietRest how many
// times as long as it took the next one waits: nobody waits for it.
const (
	quietBlocks = 128
	quietBytes  = 2 << 20
	quietRest   = 3
	maxRest     = time.Second
)

// rounds is how far a Sealer has come with telling followers of small blocks that are quiet. A
// project with a few entries has such blocks alone, and of thousands of them each search would look
// into every one.
type rounds struct {
	// At the time at the newest sequence of a block was seq: what has not changed since is quiet
	// once that is long ago. The time is zero where nothing is waited for.
	at  time.Time
	seq uint64
	// done is the sequence up to which the last round was.
	done uint64
	// from is where the round goes on that is under way, not before rest; nil where none is.
	from []byte
	rest time.Time
}

// QuietIn returns in which time a step of a round is due, if nothing changes. seq is the newest
// sequence of a block.
func (s *Sealer) QuietIn(seq uint64) time.Duration {
	r := &s.rounds
	switch {
	case r.from != nil:
		return time.Until(r.rest)
	case s.Sizes.Many == 0 || seq == r.done:
		r.at = time.Time{}
		return time.Hour
	case r.at.IsZero():
		r.at, r.seq = time.Now(), seq
	}
	return time.Until(r.at.Add(s.Quiet))
}

// A Telling is a step of a round: followers are told of some small blocks that are quiet.
type Telling struct {
	sealer *Sealer
	rounds
	seq    uint64 // the newest of the blocks that are planned, and of all when the step was chosen
	chosen uint64
	blocks []blocks.Keyed
}

// ChooseQuiet returns the step that is due. seq is the newest sequence of a block.
func (s *Sealer) ChooseQuiet(seq uint64) *Telling {
	return &Telling{sealer: s, rounds: s.rounds, seq: seq, chosen: seq}
}

// Seq is that of a Step.
func (t *Telling) Seq() uint64 { return t.chosen }

// Plan works out which blocks followers are told of, from what a transaction sees.
func (t *Telling) Plan(tx kv.Tx) (err error) {
	s := t.sealer
	if t.from == nil && !hasMany(tx, t.rounds.seq, s.Sizes.Many) {
		tx.Pass()
		return nil
	}
	t.blocks, t.from, err = s.quiet(tx, t.from, t.rounds.seq, blocks.Budget{Blocks: quietBlocks, Bytes: quietBytes}, &t.seq)
	return err
}

// Idle reports whether there is nothing to be done.
func (t *Telling) Idle() bool { return len(t.blocks) == 0 }

// Write does what was planned. It may be called anew where its transaction fails.
func (t *Telling) Write(tx kv.Tx) error {
	w := &blocks.Writer{Tx: tx, Sizes: t.sealer.Sizes, Seq: t.seq}
	if err := w.Tell(t.blocks); err != nil {
		return err
	}
	return w.Finish()
}

// Newest returns the newest sequence of a block once the step is on disk.
func (t *Telling) Newest() uint64 { return t.seq }

// End says that the step, which took so long, is done, or has failed: then the round begins anew, in
// a while. Whoever calls it holds the lock that guards the memory.
func (t *Telling) End(failed bool, took time.Duration) {
	r := &t.sealer.rounds
	switch {
	case failed:
		*r = rounds{done: r.done}
	case t.from == nil:
		*r = rounds{done: r.seq}
	default:
		r.from, r.rest = t.from, time.Now().Add(min(quietRest*took, maxRest))
	}
}

// hasMany reports whether so many small blocks have not changed since a sequence.
func hasMany(tx kv.Tx, since uint64, many int) bool {
	n := 0
	for _, v := range kv.All(tx.Bucket(format.Small)) {
		if format.ReadUint64(v) > since {
			continue
		}
		if n++; n >= many {
			return true
		}
	}
	return false
}

// quiet returns small blocks that have not changed since a sequence, from the one under the key
// from on, as many as a budget has room for, under sequences of their own behind seq, as they are to be told
// of. next is from where there may be more, nil where there are none. What damage hides stays as it is.
func (s *Sealer) quiet(tx kv.Tx, from []byte, since uint64, most blocks.Budget, seq *uint64) (quiet []blocks.Keyed, next []byte, err error) {
	var keys [][]byte
	for k, v := range kv.From(tx.Bucket(format.Small), from) {
		if len(keys) == most.Blocks {
			next = bytes.Clone(k)
			break
		}
		if format.ReadUint64(v) <= since {
			keys = append(keys, bytes.Clone(k))
		}
	}
	tx.Pass()
	kv.Expect(tx, func() []kv.Expected { return []kv.Expected{{Bucket: format.Blocks, Keys: keys}} })
	for _, k := range keys {
		if most.Bytes <= 0 {
			return quiet, k, nil
		}
		key, err := fulltext.ParseBlockKey(k)
		if err != nil {
			return nil, nil, err
		}
		b, ok, err := s.renumbered(tx, key, since, *seq+1)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			*seq++
			most.Bytes -= b.Size()
			quiet = append(quiet, b)
		}
	}
	return quiet, next, nil
}

// renumbered returns a block under another sequence; ok is false where it has changed since one, or
// cannot be read.
func (s *Sealer) renumbered(tx kv.Tx, key format.BlockKey, since, seq uint64) (b blocks.Keyed, ok bool, err error) {
	v := tx.Bucket(format.Blocks).Get(key.Append(nil))
	if v == nil {
		tx.Pass()
		return b, false, nil
	}
	old, err := s.blocks.Fresh(key, v)
	if blocks.IsDamage(err) {
		return b, false, nil
	}
	if err != nil || old.Seq() > since {
		return b, false, err
	}
	b.Key = key
	if b.Block, err = old.Renumbered(seq); err != nil {
		return b, false, fmt.Errorf("renumber %v: %w", key, err)
	}
	return b, true, nil
}
