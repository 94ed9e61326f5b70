package audit

import (
	"cmp"
	"slices"
	"time"
)

// MaxBuckets is into how many parts of time a Counting is cut at most.
const MaxBuckets = 1000

// Counting says how to count what a query selects.
type Counting struct {
	// Bounds cut time into the parts that are counted by themselves, oldest first:
	// each part begins at a bound and ends before the next. What the query selects
	// outside of them is in the other counts alone. None, or at least two.
	Bounds []time.Time
}

// Validate returns an Invalid Fault of the field buckets when c cannot be meant.
func (c *Counting) Validate() error {
	increases := func(a, b time.Time) int { return cmp.Or(a.Compare(b), -1) } // equal ones do not
	switch n := len(c.Bounds); {
	case n == 1 || n > MaxBuckets+1:
		return FieldErrorf("buckets", "must be from 1 to %d", MaxBuckets)
	case !slices.IsSortedFunc(c.Bounds, increases):
		return FieldErrorf("buckets", "must follow each other")
	}
	return nil
}

// Stats are the counts of what a query selects.
type Stats struct {
	Total    int64
	Outcomes Counts
	// Buckets are the parts between the Bounds of the Counting.
	Buckets []Bucket
	// The values that occur, most frequent first.
	ResourceTypes, Actions, Actors []ValueCount
}

// Counts holds the number of entries by outcome.
type Counts struct{ Success, Forbidden, Error int64 }

// Add counts n more entries of an outcome.
func (c *Counts) Add(outcome Outcome, n int64) {
	switch outcome {
	case Success:
		c.Success += n
	case Forbidden:
		c.Forbidden += n
	case Error:
		c.Error += n
	}
}

// Bucket counts the entries of a half-open part of time.
type Bucket struct {
	From, To time.Time
	Counts
}

// ValueCount is a value and how many entries have it.
type ValueCount struct {
	Value string
	Count int64
}
