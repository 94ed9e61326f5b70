package audit

// Range is numbers in commit order, both ends included. It is empty where To is less than From.
type Range struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Len returns how many numbers are in r.
func (r Range) Len() int64 { return max(0, r.To-r.From+1) }

// AppendRange appends a range to others, which are before it: to the last of them where it
// follows that at once. An empty one changes nothing.
func AppendRange(ranges []Range, r Range) []Range {
	if r.Len() == 0 {
		return ranges
	}
	if n := len(ranges); n > 0 && ranges[n-1].To == r.From-1 {
		ranges[n-1].To = r.To
		return ranges
	}
	return append(ranges, r)
}

// Pulling asks for the next part of a log in commit order.
type Pulling struct {
	// After is up to where the caller knows everything: a seq of the query's project, or an
	// id where the query is of no single one. 0 is the beginning.
	After int64
	// Limit is how many entries to give at most, 1 to MaxLimit; 0 means DefaultLimit.
	Limit int
	// Bytes bounds the JSON of the entries as that of Paging does.
	Bytes int
}

// Part is a part of a log in commit order, by seqs of one project, or by ids where it is of
// all. Whoever adds parts up, each of which begins where the one before has ended, knows
// that he has everything: each number of Covered is that of one entry, or in one range of
// Skipped, Purged, Damaged or Lost. What is recorded late, as its CreatedAt says, has a number
// like all else, and is behind what was recorded before it.
type Part struct {
	// Entries are what the query selects, in the order of their numbers.
	Entries []*Entry
	// Covered begins behind Pulling.After. It is empty when there was nothing more.
	Covered Range
	// Skipped are entries that the query leaves out, or that are none of the reader's.
	Skipped []Range
	// Purged are numbers of which a purge has left nothing, or will. An entry that a purge
	// leaves is given before, during and after it.
	Purged []Range
	// Damaged are entries that cannot be read because where they are is damaged: they may be
	// given again once the log is repaired. Lost are those that nobody had any more when it was.
	Damaged, Lost []Range
	// Newest is the greatest number that there was. Less than the end of Covered, or than
	// Pulling.After, is a log that has lost what it had.
	Newest int64
}
