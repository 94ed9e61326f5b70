package blocks

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"sort"
	"time"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
)

// Tally counts entries, by time and outcome and by value.
type Tally struct {
	out                    audit.Stats
	bounds                 []int64 // of the buckets, in microseconds
	types, actions, actors map[string]int64
}

// NewTally returns a Tally with buckets between bounds, oldest first.
func NewTally(bounds []time.Time) *Tally {
	t := &Tally{
		types:   make(map[string]int64),
		actions: make(map[string]int64),
		actors:  make(map[string]int64),
	}
	for i, at := range bounds {
		t.bounds = append(t.bounds, at.UnixMicro())
		if i > 0 {
			t.out.Buckets = append(t.out.Buckets, audit.Bucket{From: bounds[i-1].UTC(), To: at.UTC()})
		}
	}
	return t
}

// bucket returns the bucket that a time lies in, nil where it lies in none, and the
// time up to which that holds.
func (t *Tally) bucket(at int64) (b *audit.Bucket, until int64) {
	n := sort.Search(len(t.bounds), func(i int) bool { return t.bounds[i] > at })
	if n == len(t.bounds) {
		return nil, math.MaxInt64
	}
	if n > 0 {
		b = &t.out.Buckets[n-1]
	}
	return b, t.bounds[n]
}

// Add counts an entry.
func (t *Tally) Add(e *audit.Entry) {
	bucket, _ := t.bucket(e.CreatedAt.UnixMicro())
	t.addOutcome(bucket, e.Outcome, 1)
	t.types[e.Resource.Type]++
	t.actions[e.Action]++
	t.actors[e.Actor.Email]++
}

// AddRows counts rows of a block.
func (t *Tally) AddRows(b *block.Block, rows *bits.Rows) error {
	into := func(m map[string]int64) func(string, int) {
		return func(v string, n int) { m[v] += int64(n) }
	}
	return errors.Join(
		t.addTimes(b, rows),
		b.Counts(block.ResourceType, rows, into(t.types)),
		b.Counts(block.Action, rows, into(t.actions)),
		b.Counts(block.Actor, rows, into(t.actors)),
	)
}

// addTimes adds rows of a block by time and outcome: row by row only where a new
// bucket begins.
func (t *Tally) addTimes(b *block.Block, rows *bits.Rows) error {
	for row := rows.Next(0); row >= 0 && row < b.Rows(); {
		bucket, until := t.bucket(b.CreatedAt(row))
		end := b.Rows()
		if until != math.MaxInt64 {
			end = b.Search(audit.Position{At: until})
		}
		part := bits.Between(row, end)
		part.And(rows)
		err := b.Counts(block.Outcome, &part, func(v string, count int) {
			t.addOutcome(bucket, audit.Outcome(v), int64(count))
		})
		if err != nil {
			return err
		}
		row = rows.Next(end)
	}
	return nil
}

func (t *Tally) addOutcome(b *audit.Bucket, o audit.Outcome, n int64) {
	t.out.Total += n
	t.out.Outcomes.Add(o, n)
	if b != nil {
		b.Add(o, n)
	}
}

// Stats returns what was counted.
func (t *Tally) Stats() *audit.Stats {
	t.out.ResourceTypes = byCount(t.types)
	t.out.Actions = byCount(t.actions)
	t.out.Actors = byCount(t.actors)
	return &t.out
}

func byCount(m map[string]int64) []audit.ValueCount {
	counts := make([]audit.ValueCount, 0, len(m))
	for v, n := range m {
		counts = append(counts, audit.ValueCount{Value: v, Count: n})
	}
	slices.SortFunc(counts, func(a, b audit.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return counts
}
