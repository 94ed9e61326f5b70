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
	// Top is how many values of each field are told of, up to MaxTop; 0 means DefaultTop.
	Top int
}

// Limits of Counting.Top.
const (
	DefaultTop = 100
	MaxTop     = 1000
)

// Validate returns an Invalid Fault of the field buckets or top when c cannot be meant.
func (c *Counting) Validate() error {
	increases := func(a, b time.Time) int { return cmp.Or(a.Compare(b), -1) } // equal ones do not
	switch n := len(c.Bounds); {
	case n == 1 || n > MaxBuckets+1:
		return FieldErrorf("buckets", "must be from 1 to %d", MaxBuckets)
	case !slices.IsSortedFunc(c.Bounds, increases):
		return FieldErrorf("buckets", "must follow each other")
	case c.Top < 0 || c.Top > MaxTop:
		return FieldErrorf("top", "must be from 1 to %d", MaxTop)
	}
	return nil
}

// Stats are the counts of what a query selects.
type Stats struct {
	Total    int64
	Outcomes Counts
	// Buckets are the parts between the Bounds of the Counting.
	Buckets []Bucket
	// The values that occur.
	ResourceTypes, Actions, Actors Values
	// Gaps say what is not counted, because it is damaged or lost.
	Gaps []Gap
}

// Values counts the values of a field.
type Values struct {
	// Top are the most frequent ones, the most frequent first. Their counts are exact.
	Top []ValueCount
	// Others counts the values that are not in Top, OtherEntries the entries that have
	// them.
	Others, OtherEntries int64
	// Estimated says that there are so many values that Others is an estimate, to a few
	// percent, and that of those which occur in less than one of thousands of entries others
	// than the most frequent may be in Top.
	Estimated bool
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
