package shipping

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"auditlog/audit"
	"auditlog/sink"
)

// repeatAfter is how many entries are delivered at most until the checkpoint is carried again,
// so that who asks for it need not look far back.
const repeatAfter = 20_000

// Checkpointed tells the engine of the newest checkpoint of the log, which sinks are to carry.
func (e *Engine) Checkpointed(c sink.Checkpoint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.checkpoint == nil || c.Number > e.checkpoint.Number {
		e.checkpoint = &c
		close(e.checkpointed)
		e.checkpointed = make(chan struct{})
	}
}

// newestCheckpoint returns the newest checkpoint, or nil, and what is closed when there is a newer one.
func (e *Engine) newestCheckpoint() (c *sink.Checkpoint, next <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.checkpoint, e.checkpointed
}

// carrier knows which checkpoint a sink has carried.
type carrier struct {
	number, lastID int64 // of the checkpoint that it has carried last
	delivered      int64 // the newest id that was delivered; 1 stands for what was before
	since          int   // entries that were delivered since the last checkpoint
}

// note notes that entries were delivered.
func (c *carrier) note(entries []*audit.Entry) {
	c.since += len(entries)
	c.delivered = max(c.delivered, entries[len(entries)-1].ID)
}

// owes reports whether something was delivered that no checkpoint which was carried covers.
func (c *carrier) owes() bool { return c.delivered > c.lastID }

// due returns the checkpoint that is to be carried now, or nil, and what is closed when one may be.
func (r *runner) due() (c *sink.Checkpoint, next <-chan struct{}) {
	if !r.carried.owes() {
		return nil, nil
	}
	c, next = r.e.newestCheckpoint()
	if c == nil || c.Number <= r.carried.number && r.carried.since < repeatAfter {
		return nil, next
	}
	return c, next
}

// carry delivers the newest checkpoint where it is due. It comes behind entries, and what fails
// holds none of them up: the next checkpoint is another try.
func (r *runner) carry(ctx context.Context) {
	c, _ := r.due()
	if c == nil {
		return
	}
	r.carried.number, r.carried.lastID, r.carried.since = c.Number, c.LastID, 0
	e := r.checkpointEntry(c)
	wanted := *e
	if r.h.Project != "" {
		wanted.Project = r.h.Project
	}
	if slices.Contains(chats, strings.ToLower(r.h.Format)) || !r.sel.Match(&wanted) {
		return
	}
	at := r.h.where().At
	b := &sink.Batch{Log: r.e.log.Lineage(), Project: r.h.Project, Sink: r.h.Name, From: at, To: at, Entries: []*audit.Entry{e}, Proven: true}
	within, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	err := r.dest.Deliver(within, b)
	if err != nil && ctx.Err() == nil && !r.uncarried {
		r.e.opts.Log.Warn().Str("sink", r.h.Name).Str("error", r.h.clean(err.Error())).Msg("a sink has not taken the log's checkpoint: the next one is another try")
	}
	r.uncarried = err != nil
}

// checkpointEntry returns the entry that carries a checkpoint. Of other projects than its own a
// sink learns nothing.
func (r *runner) checkpointEntry(c *sink.Checkpoint) *audit.Entry {
	told := sink.Checkpoint{Number: c.Number, Signed: c.Signed, LastID: c.LastID}
	switch seq, ok := c.Seqs[r.h.Project]; {
	case r.h.Project != "" && ok:
		told.Seqs = map[string]int64{r.h.Project: seq}
	case r.h.all():
		told.Seqs = c.Seqs
	}
	return told.Entry(r.e.log.Lineage().Log, r.e.opts.Now())
}

// all reports whether a sink ships everything there is.
func (s *Sink) all() bool {
	return s.Project == "" && len(s.Is) == 0 && len(s.Not) == 0 && s.Text == ""
}

// Seen is the newest checkpoint that a sink holds of the log.
type Seen struct {
	Sink string
	sink.Checkpoint
}

const (
	// askWithin is how long all sinks may take that are asked, askAtOnce how many are at once.
	askWithin = 5 * time.Second
	askAtOnce = 8
)

// Seen asks the sinks that can be asked for the newest checkpoint which they hold of the log, in
// which its lineage is at any epoch. Those that do not answer are warned of. It is called
// before Run.
func (e *Engine) Seen(ctx context.Context, isOwn func(signed string) bool) []Seen {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		seen  []Seen
		slots = make(chan struct{}, askAtOnce)
	)
	for _, h := range e.all() {
		if h.fault != nil {
			continue
		}
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			c, err := e.ask(ctx, h, isOwn)
			if err != nil {
				e.opts.Log.Warn().Str("sink", h.Name).Str("error", h.clean(err.Error())).Msg("a sink does not say which checkpoint of the log it holds")
			}
			if c != nil {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, Seen{h.Name, *c})
			}
		})
	}
	group.Wait()
	slices.SortFunc(seen, func(a, b Seen) int { return strings.Compare(a.Sink, b.Sink) })
	return seen
}

// ask returns what one sink holds, nil where it holds nothing or cannot be asked.
func (e *Engine) ask(ctx context.Context, h *held, isOwn func(string) bool) (_ *sink.Checkpoint, err error) {
	dest, err := e.opts.Open(h.config(), h.configured)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dest.Close()) }()
	asker, ok := dest.(sink.Asker)
	if !ok {
		return nil, nil
	}
	var holds *sink.Checkpoint
	_, err = asker.Newest(ctx, func(b []byte) bool {
		var c sink.Checkpoint
		if json.Unmarshal(b, &c) != nil || !isOwn(c.Signed) {
			return false
		}
		holds = &c
		return true
	})
	if err != nil {
		return nil, err
	}
	return holds, nil
}
