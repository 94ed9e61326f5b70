package audit

import (
	"fmt"
	"reflect"
	"time"
)

// Gap says that entries of a project are not in an answer, because where they are is damaged,
// or because they are lost. Of each entry that was sealed the log knows id and seq in
// another place as well, so that an answer tells what it lacks.
type Gap struct {
	Project string `json:"project"`
	// Lost says that nobody had the entries any more when the log was repaired. Else they are
	// where they were, cannot be read, and may be in a backup.
	Lost bool `json:"lost,omitempty"`
	// From and To bound the times of what is missing: at or after From and before To. They
	// are zero where nothing is known.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Entries counts what is missing, FirstID and LastID bound its ids, and Seqs are its seqs,
	// in order.
	Entries int64      `json:"entries"`
	FirstID int64      `json:"firstId,omitempty"`
	LastID  int64      `json:"lastId,omitempty"`
	Seqs    []SeqRange `json:"seqs,omitempty"`
	// AtMost says that some of it may be in the answer all the same, and AtLeast that more may
	// be missing.
	AtMost  bool `json:"atMost,omitempty"`
	AtLeast bool `json:"atLeast,omitempty"`
}

// SeqRange is the seqs from First to Last.
type SeqRange struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// MaxSeqRanges bounds how many ranges a Gap has.
const MaxSeqRanges = 1000

// Add adds an entry, whose seq is above those before, or among them.
func (g *Gap) Add(id, seq int64) {
	if g.Entries == 0 {
		g.FirstID, g.LastID = id, id
	}
	g.Entries++
	g.FirstID, g.LastID = min(g.FirstID, id), max(g.LastID, id)
	n := len(g.Seqs)
	switch {
	case n > 0 && g.Seqs[n-1].Last+1 == seq:
		g.Seqs[n-1].Last = seq
	case n == MaxSeqRanges:
		g.Seqs[n-1].Last, g.AtMost = max(g.Seqs[n-1].Last, seq), true
	default:
		g.Seqs = append(g.Seqs, SeqRange{seq, seq})
	}
}

// Widen has the bounds of g's times include those from one time to before another.
func (g *Gap) Widen(from, to time.Time) {
	if g.From.IsZero() || from.Before(g.From) {
		g.From = from
	}
	if to.After(g.To) {
		g.To = to
	}
}

// Touches reports whether some of what is missing may have been created from one time to
// another.
func (g *Gap) Touches(from, to time.Time) bool {
	return g.From.IsZero() || g.From.Compare(to) <= 0 && g.To.After(from)
}

// AppendGaps adds those that are not told yet: a part of a listing begins where the one before
// ended, which may be before a gap that this has come to as well.
func AppendGaps(gaps []Gap, more ...Gap) []Gap {
	for _, g := range more {
		if n := len(gaps); n == 0 || !reflect.DeepEqual(gaps[n-1], g) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

// String tells of g in a line.
func (g *Gap) String() string {
	what, about := "cannot be read", ""
	if g.Lost {
		what = "are lost"
	}
	switch {
	case g.AtMost:
		about = "up to "
	case g.AtLeast:
		about = "at least "
	}
	of := "project " + g.Project
	if g.Project == "" {
		of = "unknown projects"
	}
	s := fmt.Sprintf("%s%d entries of %s %s", about, g.Entries, of, what)
	if g.Entries == 0 && g.AtLeast {
		s = fmt.Sprintf("entries of %s may be missing, which %s", of, what)
	}
	if g.Entries > 0 {
		s += fmt.Sprintf(", ids %d to %d", g.FirstID, g.LastID)
	}
	if n := len(g.Seqs); n > 0 {
		s += fmt.Sprintf(", seqs %d to %d", g.Seqs[0].First, g.Seqs[n-1].Last)
	}
	if !g.From.IsZero() {
		s += fmt.Sprintf(", created from %s to %s", FormatTime(g.From), FormatTime(g.To))
	}
	return s
}

// Incomplete is the error of an answer that is all there is to be had, and not all there
// should be.
type Incomplete struct{ Gaps []Gap }

// Error says what is missing first.
func (e *Incomplete) Error() string {
	if len(e.Gaps) == 0 {
		return "something is missing"
	}
	s := e.Gaps[0].String()
	if n := len(e.Gaps) - 1; n > 0 {
		s += fmt.Sprintf("; and %d gaps more", n)
	}
	return s
}
