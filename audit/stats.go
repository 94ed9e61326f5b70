package audit

import "time"

// Limits of the number of buckets that entries are counted in.
const (
	DefaultBuckets = 60
	MaxBuckets     = 1000
)

// Counting says how to count what a query selects.
type Counting struct {
	// Buckets is how many equal parts the time range is cut into: 1 to MaxBuckets;
	// 0 means DefaultBuckets.
	Buckets int
}

// Stats are the counts of what a query selects.
type Stats struct {
	Total    int64
	Outcomes Counts
	// Buckets cut the query's time range into equal parts, oldest first. A range
	// without an end takes it from the project's own entries.
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
