package counts

import (
	"errors"
	"math"
	"sort"
	"time"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
)

// Tally counts entries, by time and outcome and by value.
type Tally struct {
	out                    audit.Stats
	top                    int     // how many values of each field are told of
	bounds                 []int64 // of the buckets, in microseconds
	types, actions, actors topValues
}

// NewTally returns a Tally with buckets between bounds, oldest first, and so many values of
// each field. It takes at most some 6 MiB, and that only where there are thousands of
// values: see Memory.
func NewTally(bounds []time.Time, top int) *Tally {
	t := &Tally{top: top, types: newTopValues(), actions: newTopValues(), actors: newTopValues()}
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
	t.types.add(e.Resource.Type, 1)
	t.actions.add(e.Action, 1)
	t.actors.add(e.Actor.Email, 1)
}

// Memory returns how many bytes the tally has in memory, about.
func (t *Tally) Memory() int { return 2 * (t.types.bytes + t.actions.bytes + t.actors.bytes) }

// recounted is how many times as many values are counted again as are told of: those at the
// end of the first count may be out of order.
const recounted = 4

// Recount reports whether there were so many values of a field that not all of their counts
// are right. What is to be counted must then be added once more: the tally has begun anew, and
// counts the most frequent values.
func (t *Tally) Recount() bool {
	again := false
	for _, values := range []*topValues{&t.types, &t.actions, &t.actors} {
		if values.lossy && !values.chosen {
			again = true
		}
	}
	if !again {
		return false
	}
	for _, values := range []*topValues{&t.types, &t.actions, &t.actors} {
		if !values.lossy {
			*values = newTopValues()
			continue
		}
		values.choose(recounted * t.top)
	}
	t.out.Total, t.out.Outcomes, t.out.Gaps = 0, audit.Counts{}, nil
	for i := range t.out.Buckets {
		t.out.Buckets[i].Counts = audit.Counts{}
	}
	return true
}

// addRows counts rows of a block.
func (t *Tally) addRows(b *block.Block, rows *bits.Rows) error {
	into := func(values *topValues) func(string, int) {
		return func(v string, n int) { values.add(v, int64(n)) }
	}
	return errors.Join(
		t.eachTime(b, rows, t.addOutcome),
		b.Counts(block.ResourceType, rows, into(&t.types)),
		b.Counts(block.Action, rows, into(&t.actions)),
		b.Counts(block.Actor, rows, into(&t.actors)),
	)
}

// addTimes counts rows of a block in the buckets alone.
func (t *Tally) addTimes(b *block.Block, rows *bits.Rows) error {
	return t.eachTime(b, rows, func(bucket *audit.Bucket, o audit.Outcome, n int64) {
		if bucket != nil {
			bucket.Add(o, n)
		}
	})
}

// eachTime calls add with counts of a block's rows by bucket and outcome: row by row only
// where a new bucket begins.
func (t *Tally) eachTime(b *block.Block, rows *bits.Rows, add func(*audit.Bucket, audit.Outcome, int64)) error {
	for row := rows.Next(0); row >= 0 && row < b.Rows(); {
		bucket, until := t.bucket(b.CreatedAt(row))
		end := b.Rows()
		if until != math.MaxInt64 {
			end = b.Search(audit.Position{At: until})
		}
		part := bits.Between(row, end)
		part.And(rows)
		err := b.Counts(block.Outcome, &part, func(v string, count int) { add(bucket, audit.Outcome(v), int64(count)) })
		if err != nil {
			return err
		}
		row = rows.Next(end)
	}
	return nil
}

// addOutcome counts n entries more of an outcome, in a bucket or, where that is nil, in none.
func (t *Tally) addOutcome(b *audit.Bucket, o audit.Outcome, n int64) {
	t.out.Total += n
	t.out.Outcomes.Add(o, n)
	if b != nil {
		b.Add(o, n)
	}
}

// Stats returns what was counted.
func (t *Tally) Stats() *audit.Stats {
	t.out.ResourceTypes = t.types.values(t.top, t.out.Total)
	t.out.Actions = t.actions.values(t.top, t.out.Total)
	t.out.Actors = t.actors.values(t.top, t.out.Total)
	return &t.out
}
