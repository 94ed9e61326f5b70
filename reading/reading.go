package reading

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
)

// Reading is one read that is always recorded, for as long as it goes on. It is for one
// goroutine.
//
// Run does the work. The work calls Begin before anything is sent, and counts in Entries
// what it gives.
type Reading struct {
	// Entries is how many entries were given.
	Entries int64

	*Recorder
	note
	begun bool
	quiet bool // told of with others, because there are too many
	id    int64
}

// Reading returns one that is about to begin: an export, evidence, a backup.
func (r *Recorder) Reading(call *rights.Call, read Read) *Reading {
	return &Reading{Recorder: r, note: note{call, read}}
}

// Begin records that the read begins, before its first byte is sent. What cannot be
// recorded must not be read: the error is Unavailable. A second call does nothing.
func (g *Reading) Begin(ctx context.Context) error {
	if g.begun || g.Recorder == nil {
		return nil
	}
	g.begun = true
	if g.quiet = !g.singly.Take(caller(g.call), g.opts.Now()); g.quiet {
		return nil
	}
	e := g.entry()
	e.Detail = "Began " + g.read.What
	e.AddMetadata(map[string]string{"step": "begin"})
	e.Clean()
	if err := g.opts.Storage.RecordOwn(ctx, e); err != nil {
		return fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the log cannot record now that it is read, and so is not"), err)
	}
	g.id = e.ID
	return nil
}

// errPanic is how work ends that does not return.
var errPanic = errors.New("the work panicked")

// Run does the work of a read and records how it ended, if it began: whole where the work
// returns nil. It returns what the work does.
func (g *Reading) Run(work func() error) (err error) {
	err = errPanic
	defer func() { g.end(err) }()
	err = work()
	return err
}

func (g *Reading) end(err error) {
	if !g.begun || g.Recorder == nil {
		return
	}
	if g.quiet {
		g.add(g.note, g.Entries)
		return
	}
	e := g.entry()
	e.Detail = fmt.Sprintf("Ended %s, of %d entries", g.read.What, g.Entries)
	if err != nil {
		e.Outcome = audit.Error
		e.Detail = fmt.Sprintf("Broke off %s, after %d entries: %s", g.read.What, g.Entries, reason(err))
	}
	e.AddMetadata(map[string]string{
		"step": "end", "began": strconv.FormatInt(g.id, 10), "entries": strconv.FormatInt(g.Entries, 10),
		"whole": strconv.FormatBool(err == nil),
	})
	e.Clean()
	// The caller may be gone, and that is just what is to be recorded.
	ctx, cancel := context.WithTimeout(context.Background(), recordIn)
	defer cancel()
	if err := g.opts.Storage.RecordOwn(ctx, e); err != nil {
		g.opts.Report(fmt.Errorf("record the end of what entry %d began: %w", g.id, err))
	}
}

// reason says why a read broke off, and nothing of what is inside this program.
func reason(err error) string {
	var fault *audit.Fault
	switch {
	case errors.As(err, &fault) && audit.KindOf(err) != audit.Internal:
		return fault.Error()
	case errors.Is(err, context.Canceled):
		return "the caller went away, or the server stopped"
	}
	return "something failed in the log"
}

// burst is how many readings of one caller are told of one by one when they come at once;
// it has one more each refill.
const (
	burst  = 60
	refill = time.Minute
)
