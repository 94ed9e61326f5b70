package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
)

// Limits of Counting.Buckets.
const (
	DefaultBuckets = 60
	MaxBuckets     = 1000
)

// Counting asks for the counts of what a query selects.
type Counting struct {
	Query audit.Query
	// Text is the parsed form of Query.Text, nil when that is empty.
	Text Text
	// Buckets is how many equal parts the time range is cut into: 1 to
	// MaxBuckets; 0 means DefaultBuckets.
	Buckets int
}

// Stats are the counts of a query's entries.
type Stats struct {
	Total    int64
	Outcomes Outcomes
	// Buckets cut the query's time range into equal parts, oldest first. A
	// range without an end takes it from the project's own entries.
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
	if c.Buckets == 0 {
		c.Buckets = DefaultBuckets
	}
	if c.Buckets < 0 || c.Buckets > MaxBuckets {
		return nil, audit.FieldErrorf("buckets", "must be from 1 to %d", MaxBuckets)
	}
	l := Listing{Query: c.Query, Text: c.Text}
	l.Query.Normalize()
	if err := l.Query.Validate(); err != nil {
		return nil, err
	}
	from, to := s.countingRange(&l.Query)
	l.Query.From = time.UnixMicro(from).UTC() // an older entry that comes in now has no bucket
	t := newTally(from, to, c.Buckets)
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

// countingRange returns the query's bounds, open ones replaced by the project's
// own first and last entry.
func (s *Store) countingRange(q *audit.Query) (from, to int64) {
	from, to = q.Bounds()
	info, err := s.Project(q.Project)
	if err != nil || info.Entries == 0 {
		now := s.opts.Now()
		info.First, info.Last = now, now
	}
	if q.From.IsZero() {
		from = min(info.First.UnixMicro(), to-1)
	}
	if q.To.IsZero() {
		to = max(info.Last.UnixMicro(), from) + 1
	}
	return from, to
}

// tally adds entries up.
type tally struct {
	out                    Stats
	from, width            int64
	types, actions, actors map[string]int64
}

func newTally(from, to int64, buckets int) *tally {
	width := max(1, (to-from+int64(buckets)-1)/int64(buckets))
	t := &tally{
		from: from, width: width,
		types:   make(map[string]int64),
		actions: make(map[string]int64),
		actors:  make(map[string]int64),
	}
	for at := from; at < to; at += width {
		t.out.Buckets = append(t.out.Buckets, Bucket{
			From: time.UnixMicro(at).UTC(), To: time.UnixMicro(min(at+width, to)).UTC()})
	}
	return t
}

func (t *tally) add(e *audit.Entry) {
	t.addTime(e.CreatedAt.UnixMicro(), e.Outcome)
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
		n := (b.CreatedAt(row) - t.from) / t.width
		end := b.Search(audit.Position{At: t.from + (n+1)*t.width})
		part := bits.Between(row, end)
		part.And(rows)
		err := b.Counts(block.Outcome, &part, func(v string, count int) {
			t.out.Total += int64(count)
			t.out.Outcomes.add(audit.Outcome(v), int64(count))
			t.out.Buckets[n].add(audit.Outcome(v), int64(count))
		})
		if err != nil {
			return err
		}
		row = rows.Next(end)
	}
	return nil
}

func (t *tally) addTime(at int64, o audit.Outcome) {
	t.out.Total++
	t.out.Outcomes.add(o, 1)
	t.out.Buckets[(at-t.from)/t.width].add(o, 1)
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
