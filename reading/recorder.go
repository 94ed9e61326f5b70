package reading

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"auditlog/allowance"
	"auditlog/audit"
	"auditlog/auth/fold"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// Scope says which of the reads in pages are recorded.
type Scope string

const (
	// Exports records none of them.
	Exports Scope = "exports"
	// Searches records those that ask for more than a project and times.
	Searches Scope = "searches"
	// All records all of them, single entries and counts included.
	All Scope = "all"
)

// Storage keeps entries of the log itself; a log is one.
type Storage interface {
	RecordOwn(ctx context.Context, entry *audit.Entry) error
}

// Options configure a Recorder. Storage is required.
type Options struct {
	Storage Storage
	// Scope is which reads in pages are recorded. Default Exports: none of them.
	Scope Scope
	// Report is told of what could not be recorded. Default: nobody.
	Report func(error)
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Recorder records who read what. Its methods may be called by several goroutines at once.
// Run must run for as long as it is used. A nil one records nothing.
type Recorder struct {
	opts   Options
	notes  *fold.Tally[note]
	singly *allowance.Book // of readings that are told of one by one
}

// New returns a Recorder.
func New(opts Options) *Recorder {
	opts.Scope = cmp.Or(opts.Scope, Exports)
	if opts.Report == nil {
		opts.Report = func(error) {}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Recorder{opts: opts, notes: fold.New[note](maxKinds), singly: allowance.New(burst, refill)}
}

// Read is what somebody reads.
type Read struct {
	// Action is the permission that it needs.
	Action rights.Permission
	// Query is what was asked for. Its Project is empty for what concerns all of them.
	Query audit.Query
	// What it is, in words, such as "an export as csv", or "entry 17".
	What string
}

// maxKinds is how many kinds of reads one caller has before others are counted together.
// A kind is what a Read says but for times.
const maxKinds = 64

// note is a read that is told of with others.
type note struct {
	call *rights.Call
	read Read
}

// Pages reports whether reads in pages are recorded at all.
func (r *Recorder) Pages() bool { return r != nil && r.opts.Scope != Exports }

// Wants reports whether Note would record a read.
func (r *Recorder) Wants(read *Read) bool {
	switch {
	case r == nil:
		return false
	case r.opts.Scope == All:
		return true
	}
	return r.opts.Scope == Searches && searches(read.Query)
}

// searches reports whether a query asks for more than a project and times.
func searches(q audit.Query) bool { return timeless(q) != "{}" }

// timeless returns what a query asks for but its times, which move on from one call of a
// view to the next.
func timeless(q audit.Query) string {
	q.From, q.To = time.Time{}, time.Time{}
	return filters(q)
}

// filters returns what a query asks for within its project, as JSON of the API.
func filters(q audit.Query) string {
	wire := rpc.QueryOf(q)
	wire.Project = ""
	b, err := json.Marshal(struct {
		Project string `json:"project,omitempty"` // in place of the one that is always there
		rpc.Query
	}{Query: wire})
	if err != nil {
		return fmt.Sprintf("cannot be written: %v", err) // of texts and times, it always can
	}
	return string(b)
}

// Note records a read in pages, if Scope says so. It waits for nothing.
func (r *Recorder) Note(call *rights.Call, read Read) {
	if r.Wants(&read) {
		r.add(note{call, read}, 0)
	}
}

func (r *Recorder) add(n note, entries int64) {
	kind := fold.Kind{Caller: caller(n.call), What: string(n.read.Action), Where: n.read.Query.Project, Which: n.read.What + timeless(n.read.Query)}
	r.notes.Add(r.opts.Now(), kind, n, 1, entries)
}

// caller tells callers apart: by token or session, in development mode by name.
func caller(c *rights.Call) string { return cmp.Or(c.Principal.TokenID, c.Principal.Owner) }

// entry returns what all entries about a read have.
func (n *note) entry() *audit.Entry {
	project := n.read.Query.Project
	e := n.call.Entry(n.read.Action, cmp.Or(project, audit.SystemProject), audit.Resource{Type: "Project", ID: project, Name: project})
	if asked := filters(n.read.Query); asked != "{}" {
		e.AddMetadata(map[string]string{"filters": asked})
	}
	return e
}

// folded tells of the reads of a report.
func folded(rep *fold.Report[note]) *audit.Entry {
	n := rep.Latest
	if rep.Kind.Others() {
		n.read.Query = audit.Query{}
	}
	e := n.entry()
	e.Detail = "Read " + n.read.What
	if rep.Kind.Others() {
		e.Detail = fmt.Sprintf("%s, and others: this caller read in more than %d ways", e.Detail, maxKinds)
	}
	if rep.Amount > 0 {
		e.AddMetadata(map[string]string{"entries": strconv.FormatInt(rep.Amount, 10)})
	}
	fold.Tell(e, rep.Count, rep.First, rep.Last)
	e.Clean()
	return e
}

// Run records notes as their time comes, until ctx ends; then those that are left.
func (r *Recorder) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return r.record(ctx, r.notes.TakeAll(r.opts.Now()))
		case <-r.notes.Due():
		case <-time.After(r.notes.Wait(r.opts.Now())):
		}
		if err := r.record(ctx, r.notes.Take(r.opts.Now())); err != nil {
			r.opts.Report(err)
		}
	}
}

// recordIn bounds how long the end of something waits for a log that does not answer.
const recordIn = 5 * time.Second

// record records reports, even if ctx ends; what fails is counted on and tried again.
func (r *Recorder) record(ctx context.Context, reports []fold.Report[note]) (failed error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordIn)
	defer cancel()
	for _, rep := range reports {
		if err := r.opts.Storage.RecordOwn(ctx, folded(&rep)); err != nil {
			r.notes.GiveBack(rep, r.opts.Now())
			failed = errors.Join(failed, fmt.Errorf("record reads: %w", err))
		}
	}
	return failed
}
