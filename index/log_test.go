package index

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/fulltext"
)

// memoryLog is a Source whose blocks are in memory, for what the real store
// cannot be brought to do at will: a block that changes at a given moment, a
// sequence that goes back, texts that cannot be read.
type memoryLog struct {
	mu      sync.Mutex
	blocks  map[fulltext.BlockKey]memoryBlock
	seq     uint64
	changed chan struct{}
	fail    error // what BlockTexts returns, when not nil
	damaged map[fulltext.BlockKey]bool
}

type memoryBlock struct {
	seq    uint64
	texts  func(fn func(value string)) // nil when the block is gone
	merged bool
}

func newMemoryLog() *memoryLog {
	return &memoryLog{blocks: make(map[fulltext.BlockKey]memoryBlock), changed: make(chan struct{})}
}

// put writes a block that holds values.
func (l *memoryLog) put(key fulltext.BlockKey, values ...string) {
	l.set(key, func(fn func(string)) {
		for _, v := range values {
			fn(v)
		}
	})
}

// set writes a block; nil removes it.
func (l *memoryLog) set(key fulltext.BlockKey, texts func(fn func(string))) {
	l.change(key, memoryBlock{texts: texts})
}

// change tells of a block, which gets the next sequence.
func (l *memoryLog) change(key fulltext.BlockKey, b memoryBlock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	b.seq = l.seq
	l.blocks[key] = b
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *memoryLog) BlockChanges(after uint64, limit int) (changes []fulltext.BlockChange, through uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, b := range l.blocks {
		if b.seq > after {
			changes = append(changes, fulltext.BlockChange{Seq: b.seq, Key: key, Deleted: b.texts == nil, Merged: b.merged})
		}
	}
	slices.SortFunc(changes, func(a, b fulltext.BlockChange) int { return int(a.Seq) - int(b.Seq) })
	if len(changes) > limit {
		return changes[:limit], changes[limit-1].Seq, nil
	}
	return changes, max(after, l.seq), nil
}

func (l *memoryLog) BlockTexts(key fulltext.BlockKey, fn, _ func(string)) (bool, error) {
	l.mu.Lock()
	b, err := l.blocks[key], l.fail
	if l.damaged[key] {
		fn("half of") // what is read until the damage
		err = fmt.Errorf("read %v: %w", key, fulltext.ErrDamaged)
	}
	l.mu.Unlock()
	if err != nil || b.texts == nil {
		return false, err
	}
	b.texts(fn)
	return true, nil
}

func (l *memoryLog) BlockSeq() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

func (l *memoryLog) WaitBlocks(ctx context.Context, after uint64) error {
	for {
		l.mu.Lock()
		seq, changed := l.seq, l.changed
		l.mu.Unlock()
		if seq > after {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// blockRows is how many entries the blocks of workload have.
const blockRows = 1024

// workload returns a log of n full blocks of realistic entries, over 50 projects
// of different sizes: the same for the same n. One entry of block i holds needle-i.
func workload(n int) *memoryLog {
	l := newMemoryLog()
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.2, 4, 49)
	for i := range n {
		project := fulltext.ProjectID(zipf.Uint64() + 1)
		key := fulltext.BlockKey{Project: project, Position: audit.Position{At: int64(i) * 1e9, ID: int64(i)*blockRows + 1}}
		l.set(key, func(fn func(string)) {
			fn(fmt.Sprintf("needle-%d", i))
			for _, e := range audittest.New(uint64(i), time.Minute).Entries(blockRows) {
				e.EachText(fn)
			}
		})
	}
	return l
}

// distinct returns a log that gives each value of a block once, from memory, as
// the store does of most.
func distinct(l *memoryLog) *memoryLog {
	for key, b := range l.blocks {
		var values []string
		seen := make(map[string]bool)
		b.texts(func(v string) {
			if !seen[v] {
				seen[v], values = true, append(values, v)
			}
		})
		b.texts = func(fn func(string)) {
			for _, v := range values {
				fn(v)
			}
		}
		l.blocks[key] = b
	}
	return l
}
