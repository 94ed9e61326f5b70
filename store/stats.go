package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/block"
)

// Stats counts what is selected: see audit.Selection.
func (q *prepared) Stats(ctx context.Context, c audit.Counting) (*audit.Stats, error) {
	if c.Buckets == 0 {
		c.Buckets = audit.DefaultBuckets
	}
	if c.Buckets < 0 || c.Buckets > audit.MaxBuckets {
		return nil, audit.FieldErrorf("buckets", "must be from 1 to %d", audit.MaxBuckets)
	}
	from, to := q.s.countingRange(&q.query) // an older entry that comes in now has no bucket
	t := newTally(from, to, c.Buckets)
	err := q.spans(ctx, span{audit.Position{At: from}, audit.Position{At: to}}, func(w *walker) (bool, error) {
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
		if w.q.matches(e) {
			t.add(e)
		}
	}
	return w.eachBlock(ctx, func(b *block.Block, rows *block.Rows) (bool, error) {
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
	out                    audit.Stats
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
		t.out.Buckets = append(t.out.Buckets, audit.Bucket{
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
func (t *tally) addRows(b *block.Block, rows *block.Rows) error {
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
func (t *tally) addTimes(b *block.Block, rows *block.Rows) error {
	for row := rows.Next(0); row >= 0 && row < b.Rows(); {
		n := (b.CreatedAt(row) - t.from) / t.width
		end := b.Search(audit.Position{At: t.from + (n+1)*t.width})
		part := block.Span(row, end)
		part.And(rows)
		err := b.Counts(block.Outcome, &part, func(v string, count int) {
			t.out.Total += int64(count)
			t.out.Outcomes.Add(audit.Outcome(v), int64(count))
			t.out.Buckets[n].Add(audit.Outcome(v), int64(count))
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
	t.out.Outcomes.Add(o, 1)
	t.out.Buckets[(at-t.from)/t.width].Add(o, 1)
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
