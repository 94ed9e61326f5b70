package sink

import (
	"context"
	"io"
	"net/url"
	"time"

	"auditlog/audit"
	"auditlog/format"
)

// Destination is where entries are shipped to. One goroutine at a time uses it.
type Destination interface {
	// Deliver hands over a batch, and returns nil once all of it has been taken. Other
	// answers are
	//
	//	*Refused  the destination will never take the entries named, and has taken all others
	//	*Later    it wants to be left alone for a time
	//	*Gone     it wants nothing any more, ever
	//
	// and any other error says that nothing is certain and that another try may help.
	// A *Later or another error may come after a part of the batch was taken. Deliver
	// does not try again by itself, and returns soon after ctx is done.
	Deliver(ctx context.Context, b *Batch) error
	// Close lets go of connections and files. What was delivered is safe before.
	Close() error
}

// Batch is what is delivered at once: entries of one lineage in commit order.
type Batch struct {
	Log audit.Lineage
	// Project is the only project whose entries are delivered, or empty where those of all
	// are.
	Project string
	// Sink is the name of what is delivered to, of which the other side may be told.
	Sink string
	// From and To are the ids, or the seqs where there is a Project, that the batch covers,
	// both included: Entries are all that the sink wants of these. After a failure the next
	// batch begins at the same From, but may end elsewhere.
	From, To int64
	// Proven says that the destination has taken entries before, as it is set up now. If it has
	// not, and refuses all, its address or settings are at fault, and no entry.
	Proven bool
	// Entries are at least one. They must not be changed. One that is alone may be no entry of the
	// log but carry a checkpoint of it, as if it were: its ID is below 0.
	Entries []*audit.Entry
}

// Checkpoint returns what carries a checkpoint of the log, or nil of a batch of entries.
func (b *Batch) Checkpoint() *audit.Entry {
	if b.Entries[0].ID < 0 {
		return b.Entries[0]
	}
	return nil
}

// Kind describes a sort of destination.
type Kind struct {
	// Name is what this program calls it, and Title what everybody does.
	Name, Title string
	// Schemes are what its addresses begin with, such as "splunk+https". What is in front of
	// a plus sign is not in Options.URL.
	Schemes []string
	// Example is an address.
	Example string
	// Formats are the names of those it can send, the usual one first.
	Formats []string
	// Settings are what can be said of it besides its address.
	Settings []Setting
	// Open returns a destination. It connects to nothing and touches no file: what cannot be
	// meant is an Invalid Fault, and all else is Deliver's to find out.
	Open func(o *Options) (Destination, error)
}

// Setting is something that can be said of a destination.
type Setting struct {
	Name string
	// Usage is a sentence of what it says, with its unit.
	Usage string
	// Default is its value if it is not given.
	Default string
	// Secret says that it is never shown again. Required says that it must be given.
	Secret, Required bool
	// Choices are the values that it can have; none: any.
	Choices []string
}

// Config is what a user says of a destination.
type Config struct {
	// To is the address. Its scheme tells the kind.
	To string
	// Format is the name of one of the kind's formats. Default: its first.
	Format string
	// Settings and Secrets hold values by the names of the kind's settings.
	Settings, Secrets map[string]string
}

// Environment is what the program that opens destinations lets them have.
type Environment struct {
	// AllowLocal lets destinations be on loopback and link-local addresses.
	AllowLocal bool
	// Stdout is where the destination stdout writes. Nil: there is none.
	Stdout io.Writer
	// Folder is the one in which files of destinations must lie. Empty: they may anywhere.
	Folder string
	// Host is what this machine is called in what is sent. Default: auditlog.
	Host string
	// Version is this program's.
	Version string
	// Now tells the time. Default: time.Now.
	Now func() time.Time
	// Scratch is what those of one program write in. Default: one of its own.
	Scratch *Scratch
}

// Options are a Config that was checked, as a kind opens it.
type Options struct {
	URL    *url.URL
	Format string
	// Line writes an entry in the format, if it is one of package format. Nil: it is one that
	// the kind has for itself.
	Line *format.Format
	// Settings and Secrets have a value, perhaps an empty one, for each that the kind has.
	Settings, Secrets map[string]string
	Environment
}

// Origin returns what a format says of where entries come from.
func (o *Options) Origin(b *Batch) *format.Origin {
	return &format.Origin{Log: b.Log, Version: o.Version}
}

// AppendLines appends the entries of a batch to lines, each on one of its own.
func (o *Options) AppendLines(lines []byte, b *Batch) []byte {
	origin := o.Origin(b)
	for _, e := range b.Entries {
		lines = append(o.Line.Append(lines, origin, e), '\n')
	}
	return lines
}
