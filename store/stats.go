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

// MaxBuckets is into how many parts of time a Counting is cut at most.
const MaxBuckets = 1000

// Counting asks for the counts of what a query selects.
type Counting struct {
	Query audit.Query
	// Text is the parsed form of Query.Text, nil when that is empty.
	Text Text
	// Bounds cut time into the parts that are counted by themselves, oldest first:
	// each part begins at a bound and ends before the next. What the query selects
	// outside of them is in the other counts alone. None, or at least two.
	Bounds []time.Time
}

// Stats are the counts of a query's entries.
type Stats struct {
	Total    int64
	Outcomes Outcomes
	// Buckets are the parts between the Bounds.
	Buckets []Bucket
	// The values that occur, most frequent first.
	ResourceTypes, Actions, Actors []ValueCount
}

// Outcomes counts entries by outcome.
type Outcomes struct{ Success, Forbidden, Error int64 }

func (o *Outcomes) add(outcome audit.Outcome, n int64) {
	switch outcome {
	case audit.Success:
		o.Success += n
	case audit.Forbidden:
		o.Forbidden += n
	case audit.Error:
		o.Error += n
	}
}

// Bucket counts the entries of a half-open part of time.
type Bucket struct {
	From, To time.Time
	Outcomes
}

// ValueCount is a value and how many entries have it.
type ValueCount struct {
	Value string
	Count int64
}

// Stats counts what a query selects. It returns Invalid Faults with the path of
// what is wrong.
func (s *Store) Stats(ctx context.Context, c Counting) (*Stats, error) {
	if err := c.validateBounds(); err != nil {
		return nil, err
	}
	l := Listing{Query: c.Query, Text: c.Text}
	l.Query.Normalize()
	if err := l.Query.Validate(); err != nil {
		return nil, err
	}
	_, to := l.Query.Bounds()
	t := newTally(c.Bounds)
	err := s.spans(ctx, &l, audit.Position{At: to}, func(w *walker) (bool, error) {
		return true, w.count(ctx, t)
	})
	if err != nil {
		return nil, err
	}
	return t.stats(), nil
}

// count adds what matches in the span to t.
func (w *walker) count(ctx context.Context, t *tally) error {
	for _, e := range w.tailSpan() {
		if w.l.Query.Match(e) && matchText(w.l.Text, e) {
			t.add(e)
		}
	}
	return w.eachBlock(ctx, func(b *block.Block, rows *bits.Rows) (bool, error) {
		return true, t.addRows(b, rows)
	})
}

func (c *Counting) validateBounds() error {
	increases := func(a, b time.Time) int { return cmp.Or(a.Compare(b), 1) } // equal ones do not
	switch n := len(c.Bounds); {
	case n == 1 || n > MaxBuckets+1:
		return audit.FieldErrorf("buckets", "must be from 1 to %d", MaxBuckets)
	case !slices.IsSortedFunc(c.Bounds, increases):
		return audit.FieldErrorf("buckets", "must follow each other")
	}
	return nil
}

// tally adds entries up.
type tally struct {
	out                    Stats
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
			t.out.Buckets = append(t.out.Buckets, Bucket{From: bounds[i-1].UTC(), To: at.UTC()})
		}
	}
	return t
}

// bucket returns the bucket that a time lies in, nil where it lies in none, and the
// time up to which that holds.
func (t *tally) bucket(at int64) (b *Bucket, until int64) {
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

func (t *tally) addOutcome(b *Bucket, o audit.Outcome, n int64) {
	t.out.Total += n
	t.out.Outcomes.add(o, n)
	if b != nil {
		b.add(o, n)
	}
}

func (t *tally) stats() *Stats {
	t.out.ResourceTypes = byCount(t.types)
	t.out.Actions = byCount(t.actions)
	t.out.Actors = byCount(t.actors)
	return &t.out
}

func byCount(m map[string]int64) []ValueCount {
	counts := make([]ValueCount, 0, len(m))
	for v, n := range m {
		counts = append(counts, ValueCount{v, n})
	}
	slices.SortFunc(counts, func(a, b ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return counts
}
