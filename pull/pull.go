package pull

import (
	"context"
	"time"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/backoff"
)

// Log is what is pulled.
type Log interface {
	audit.Follower
	// Prepare makes a query ready to be read by.
	Prepare(q audit.Query) (audit.Selection, error)
	// Lineage says which log it is.
	Lineage() audit.Lineage
}

// Options configure a Server. Log is required.
type Options struct {
	Log Log
	// Stopping is closed when the server stops: who waits is answered then. Nil is never.
	Stopping <-chan struct{}
	// Heartbeat is how often who follows hears that nothing came. Default 15 s.
	Heartbeat time.Duration
}

const (
	// maxWait is how long a pull may wait for something to come.
	maxWait = time.Minute
	// settle is how long who waits lets more come together with what has come, so that
	// thousands of commits a second do not wake everybody as often.
	settle = 50 * time.Millisecond
)

// Server answers those who pull. Its methods may be called by several goroutines at once.
type Server struct {
	opts     Options
	watchers admit.Watchers
}

// New returns a Server.
func New(opts Options) *Server {
	if opts.Heartbeat == 0 {
		opts.Heartbeat = 15 * time.Second
	}
	return &Server{opts: opts}
}

// Request asks for what comes next.
type Request struct {
	// Query is the project and the filters, or all that is Within. It has no times and no order.
	Query audit.Query
	// Cursor is that of the part before. Without one it begins where Start says.
	Cursor string
	Start  Start
	// Limit and Bytes bound a part as those of audit.Pulling.
	Limit, Bytes int
	// Wait is how long to wait for an entry while there is none, up to maxWait.
	Wait time.Duration
	// Who names who asks, of whom only some may wait at once.
	Who string
	// Reading, unless it is nil, is asked for the context of each reading, which waiting is no
	// part of. done is called once what Follow has read is told of; Pull calls it at once.
	Reading func(context.Context) (reading context.Context, done func(), err error)
}

// Part is a part of the log and the cursor behind it.
type Part struct {
	audit.Part
	Next string
}

// Pull returns the next part: at once if it has an entry, or if nobody may wait, else as soon
// as one comes or the time is over. ctx is that of the caller, with the end of his rights: what
// ends it is returned as it is.
//
// It returns Invalid for a query, a start or a cursor that cannot be meant, with its path;
// Conflict for a cursor of a state that the log has lost; RateLimited where too many wait.
func (s *Server) Pull(ctx context.Context, r *Request) (Part, error) {
	if r.Wait < 0 || r.Wait > maxWait {
		return Part{}, audit.FieldErrorf("waitSeconds", "must be from 0 to %d", maxWait/time.Second)
	}
	c, err := s.begin(ctx, r)
	if err != nil {
		return Part{}, err
	}
	before := s.opts.Log.LastID()
	part, done, err := c.next(ctx)
	done()
	if err != nil || len(part.Entries) > 0 || r.Wait == 0 || part.Covered.To < part.Newest {
		return part, err
	}
	leave, err := s.watchers.Enter(r.Who)
	if err != nil {
		return Part{}, err
	}
	defer leave()
	over, cancel := s.waiting(ctx, r.Wait)
	defer cancel()
	for {
		if s.opts.Log.Wait(over, before) == nil {
			_ = backoff.Sleep(over, settle) // shorter only where over ends, which is looked at below
		}
		if ctx.Err() != nil {
			return Part{}, context.Cause(ctx)
		}
		ended := over.Err() != nil
		before = s.opts.Log.LastID()
		if !ended && newest(s.opts.Log, r.Query.Project) <= part.Covered.To {
			continue // it was another project's
		}
		more, done, err := c.next(ctx)
		done()
		if err != nil {
			return Part{}, err
		}
		part = joined(part, more)
		if ended || len(part.Entries) > 0 || part.Covered.To < part.Newest {
			return part, nil
		}
	}
}

// waiting returns a context that ends when ctx does, the server stops or a time is over.
func (s *Server) waiting(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, most)
	if s.opts.Stopping != nil {
		go func() {
			select {
			case <-s.opts.Stopping:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return ctx, cancel
}

// joined returns the part that two make, the second of which follows the first.
func joined(a, b Part) Part {
	for _, list := range []struct{ to, from *[]audit.Range }{
		{&a.Skipped, &b.Skipped}, {&a.Purged, &b.Purged}, {&a.Damaged, &b.Damaged}, {&a.Lost, &b.Lost},
	} {
		for _, r := range *list.from {
			*list.to = audit.AppendRange(*list.to, r)
		}
	}
	a.Entries = append(a.Entries, b.Entries...)
	a.Covered.To, a.Newest, a.Next = b.Covered.To, b.Newest, b.Next
	return a
}

// consumer is one who pulls, at some cursor.
type consumer struct {
	log    Log
	r      *Request
	sel    audit.Selection
	cursor Cursor
}

// begin finds out where r begins.
func (s *Server) begin(ctx context.Context, r *Request) (*consumer, error) {
	sel, err := s.opts.Log.Prepare(r.Query)
	if err != nil {
		return nil, err
	}
	c := &consumer{log: s.opts.Log, r: r, sel: sel, cursor: cursorOf(s.opts.Log.Lineage(), sel.Query())}
	if r.Cursor == "" {
		ctx, done, err := c.reading(ctx)
		if err == nil {
			c.cursor.After, err = r.Start.before(ctx, c.log, r.Query.Project)
		}
		done()
		return c, err
	}
	at, ok := ParseCursor(r.Cursor)
	if !ok {
		return nil, audit.FieldErrorf("cursor", "is not a cursor of a pull: use the nextCursor of an answer")
	}
	if err := at.check(c.cursor, newest(c.log, r.Query.Project)); err != nil {
		return nil, err
	}
	c.cursor = at
	return c, nil
}

// newest returns the greatest number of a project, or of all.
func newest(log Log, project string) int64 {
	if project == "" {
		return log.LastID()
	}
	return log.LastSeq(project)
}

func (c *consumer) reading(ctx context.Context) (context.Context, func(), error) {
	if c.r.Reading == nil {
		return ctx, func() {}, nil
	}
	reading, done, err := c.r.Reading(ctx)
	if err != nil {
		return ctx, func() {}, err
	}
	return reading, done, nil
}

// next returns the next part, and moves the cursor behind it. done is never nil.
func (c *consumer) next(ctx context.Context) (part Part, done func(), err error) {
	reading, done, err := c.reading(ctx)
	if err != nil {
		return Part{}, done, err
	}
	part.Part, err = c.sel.Pull(reading, audit.Pulling{After: c.cursor.After, Limit: c.r.Limit, Bytes: c.r.Bytes})
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return Part{}, done, err
	}
	c.cursor.After = part.Covered.To
	part.Next = c.cursor.String()
	return part, done, nil
}
