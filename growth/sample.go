package growth

import (
	"encoding/json"
	"slices"
	"time"
)

// Sample is how large the log was at a moment.
type Sample struct {
	At     time.Time
	LastID int64
	// Used is how many bytes of the disk hold something.
	Used int64
}

// MarshalJSON writes a sample as its three numbers: a file holds thousands.
func (s Sample) MarshalJSON() ([]byte, error) {
	return json.Marshal([3]int64{s.At.Unix(), s.LastID, s.Used})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Sample) UnmarshalJSON(b []byte) error {
	var n [3]int64
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*s = Sample{time.Unix(n[0], 0).UTC(), n[1], n[2]}
	return nil
}

// series is samples at regular moments, the oldest first.
type series struct {
	step time.Duration
	most int
	list []Sample
}

// add keeps a sample as the one of its step, and drops the oldest one beyond most. One that comes
// before the newest, because a clock was put back, takes the place of those after it.
func (s *series) add(at Sample) {
	at.At = at.At.Truncate(s.step)
	i, _ := slices.BinarySearchFunc(s.list, at, func(a, b Sample) int { return a.At.Compare(b.At) })
	if i < len(s.list) && s.list[i].At.Equal(at.At) {
		s.list = s.list[:i+1] // the first sample of a step stays
		return
	}
	s.list = append(s.list[:i], at)
	if extra := len(s.list) - s.most; extra > 0 {
		s.list = slices.Delete(s.list, 0, extra)
	}
}

// at returns the newest sample that is not after a moment.
func (s *series) at(t time.Time) (Sample, bool) {
	i, found := slices.BinarySearchFunc(s.list, t, func(a Sample, t time.Time) int { return a.At.Compare(t) })
	if found {
		return s.list[i], true
	}
	if i == 0 {
		return Sample{}, false
	}
	return s.list[i-1], true
}

// Part is what came in within a part of time.
type Part struct {
	From, To time.Time
	Entries  int64
	// Bytes is by how much the log grew on disk: below zero where room was made.
	Bytes int64
}

// parts returns what came in between the bounds, which are in order, up to now. What lies before the
// first sample is not known, and is left out.
func (s *series) parts(bounds []time.Time, now Sample) (parts []Part) {
	if len(s.list) == 0 {
		return nil
	}
	at := func(t time.Time) (Sample, bool) {
		if !t.Before(now.At) {
			return now, true
		}
		return s.at(t)
	}
	for i := range len(bounds) - 1 {
		to, known := at(bounds[i+1])
		if !known || bounds[i+1].Equal(s.list[0].At) {
			continue
		}
		from, known := at(bounds[i])
		if !known {
			from = s.list[0]
		}
		parts = append(parts, Part{bounds[i], bounds[i+1], max(0, to.LastID-from.LastID), to.Used - from.Used})
	}
	return parts
}
