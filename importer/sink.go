package importer

import (
	"strconv"

	"auditlog/audit"
)

// Sink takes what an importer reads. An error of either function stops the reading,
// which then returns that error as it is.
type Sink struct {
	// Entry takes an entry and the place where it stood.
	Entry func(Place, audit.Entry) error
	// Refused takes an item that cannot be recorded, and why: a Fault whose path is
	// the field's as the stream names it, where it is about a field.
	Refused func(Place, error) error
}

// Place is where an item stands in its stream.
type Place struct {
	// Kind is what items are called there: "event" or "line".
	Kind string
	// Number counts items from 1.
	Number int64
	// ID is what the item calls itself. It may be empty.
	ID string
}

// String returns "event 7 (id 0b1c…)", or "line 7".
func (p Place) String() string {
	s := p.Kind + " " + strconv.FormatInt(p.Number, 10)
	if p.ID != "" {
		s += " (id " + p.ID + ")"
	}
	return s
}

// Passed is what an importer has read and left out on purpose.
type Passed struct {
	// Reads counts read-only calls, DeniedReads those among them that were refused.
	Reads, DeniedReads int64
	// Others counts what is no call at all, by what it is called: "insight event".
	Others map[string]int64
}

// Add adds what was left out of another stream.
func (p *Passed) Add(other Passed) {
	p.Reads += other.Reads
	p.DeniedReads += other.DeniedReads
	for name, n := range other.Others {
		p.Count(name, n)
	}
}

// Count counts n things that are no calls.
func (p *Passed) Count(name string, n int64) {
	if p.Others == nil {
		p.Others = make(map[string]int64)
	}
	p.Others[name] += n
}

// EmptyFile is what Passed calls a stream in which there is nothing.
const EmptyFile = "empty file"
