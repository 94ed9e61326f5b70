package rpc

import "time"

// CheckRequest asks how the readings of the whole log go, and with Start for one at once.
type CheckRequest struct {
	// Start begins a check unless one is under way.
	Start bool `json:"start,omitempty"`
	// Stop ends the check that is under way, if there is one.
	Stop bool `json:"stop,omitempty"`
}

// CheckResult says what is known of the log's integrity.
type CheckResult struct {
	// Check is the check under way that somebody asked for, Slow the reading that goes on by
	// itself, Last what ended last.
	Check *Reading `json:"check,omitempty"`
	Slow  *Reading `json:"slow,omitempty"`
	Last  *Reading `json:"last,omitempty"`
	// Paused says why the log takes nothing until somebody decides.
	Paused string `json:"paused,omitempty"`
	// Damaged says what is known to be damaged or lost, whoever found it: answers lack it, or a
	// project is set aside because of it.
	Damaged []string `json:"damaged,omitempty"`
}

// Reading is one reading of the whole log.
type Reading struct {
	// Whole is set on a check, which holds everything against each other; else each value was
	// read by itself.
	Whole   bool      `json:"whole"`
	BeganAt time.Time `json:"beganAt"`
	EndedAt time.Time `json:"endedAt,omitzero"`
	// Progress is how much is done, from 0 to 1, of a reading under way.
	Progress float64 `json:"progress,omitempty"`
	// Entries were read by a check that has ended.
	Entries int64 `json:"entries,omitempty"`
	// Problems counts what is wrong; Faults are the first of them, in words.
	Problems int      `json:"problems"`
	Faults   []string `json:"faults,omitempty"`
	// Error is why it could not go on.
	Error string `json:"error,omitempty"`
}
