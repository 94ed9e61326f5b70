package store

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sort"
	"time"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
)

// Stats counts what is selected: see audit.Selection.
func (q *prepared) Stats(ctx context.Context, c audit.Counting) (*audit.Stats, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t := newTally(c.Bounds)
	err := q.stretches(ctx, q.whole(), func(w *walker) (bool, error) {
		return true, w.count(ctx, t)
	})
	if err != nil {
		return nil, err
	}
	return t.stats(), nil
}

// count adds what matches in the stretch to t.
func (w *walker) count(ctx context.Context, t *tally) error {
	for _, e := range w.tailPart() {
		if w.q.matches(e) {
			t.add(e)
		}
	}
	return w.eachBlock(ctx, func(b *block.Block, rows *bits.Rows) (bool, error) {
		return true, t.addRows(b, rows)
	})
}

// tally adds entries up.
type tally struct {
	out                    audit.Stats
	bounds                 []int64 // of the buckets, in microseconds
	types, actions, actors map[string]int64
}

func newTally(bounds []time.Time) *tally {
	t := &tally{
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
func (t *tally) bucket(at int64) (b *audit.Bucket, until int64) {
	n := sort.Search(len(t.bounds), func(i int) bool { return t.bounds[i] > at })
	if n == len(t.bounds) {
		return nil, math.MaxInt64
	}
	if n > 0 {
		b = &t.out.Buckets[n-1]
	}
	return b, t.bounds[n]
}

func (t *tally) add(e *audit.Entry) {
	bucket, _ := t.bucket(e.CreatedAt.UnixMicro())
	t.addOutcome(bucket, e.Outcome, 1)
	t.types[e.Resource.Type]++
	t.actions[e.Action]++
	t.actors[e.Actor.Email]++
}

// addRows adds rows of a block.
func (t *tally) addRows(b *block.Block, rows *bits.Rows) error {
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
func (t *tally) addTimes(b *block.Block, rows *bits.Rows) error {
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

func (t *tally) addOutcome(b *audit.Bucket, o audit.Outcome, n int64) {
	t.out.Total += n
	t.out.Outcomes.Add(o, n)
	if b != nil {
		b.Add(o, n)
	}
}

func (t *tally) stats() *audit.Stats {
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
