package shipping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/backoff"
	"auditlog/follow"
	"auditlog/shipping/tap"
	"auditlog/sink"
)

const (
	// batchBytes bounds the memory of the entries of one delivery, about.
	batchBytes = 2 << 20
	// encoded is how many times as much as its entries a batch takes while it is delivered.
	encoded = 3
	// parts is how many parts of the log one step looks at, if hardly anything of them is for
	// its sink.
	parts = 20
	// deliverWithin is how long one delivery may take, whatever the destination waits for.
	deliverWithin = 5 * time.Minute
)

// pauses are those after failures of one sink.
var pauses = backoff.Policy{First: time.Second, Most: 5 * time.Minute}

// runner ships to one sink. It is a follow.Follower.
type runner struct {
	e    *Engine
	h    *held
	dest sink.Destination
	sel  audit.Selection
	// quietFrom is from when on nothing was there to be shipped, beside what the place says.
	quietFrom time.Time
	// read counts the entries that the last step has read for itself.
	read int64
	// carried says which checkpoints the destination has, uncarried that it took the last one not.
	carried   carrier
	uncarried bool
}

// errStopped is why a runner ends whose sink stopped by itself: its place says why.
var errStopped = errors.New("the sink has stopped")

// ship ships to a sink until ctx is done or the sink stops.
func (e *Engine) ship(ctx context.Context, h *held) {
	r := &runner{e: e, h: h, quietFrom: time.Now()}
	if h.where().Delivered > 0 {
		r.carried.delivered = 1 // of which it may have no checkpoint
	}
	var err error
	if r.sel, err = e.log.Prepare(h.Query()); err == nil {
		r.dest, err = e.opts.Open(h.config(), h.configured)
	}
	if err != nil { // which was checked before: something changed beneath
		h.fail(e.opts.Now(), err, 0)
		return
	}
	err = follow.Run(ctx, r, follow.Options{Again: r.again, Rest: r.rest})
	r.keepQuiet()
	if closing := r.dest.Close(); closing != nil {
		e.opts.Log.Warn().Str("sink", h.Name).Str("error", h.clean(closing.Error())).Msg("closing a destination")
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, errStopped) {
		e.opts.Log.Error().Str("sink", h.Name).Str("error", h.clean(err.Error())).Msg("a sink ends")
	}
}

// runTap reads what is new for those who wait, until ctx is done.
func (e *Engine) runTap(ctx context.Context) {
	again := func(err error, n int) (time.Duration, bool) {
		if n == 1 {
			e.opts.Log.Error().Err(err).Msg("reading the log for sinks, which read for themselves meanwhile")
		}
		return pauses.Pause(n), true
	}
	_ = follow.Run(ctx, e.tap, follow.Options{Again: again}) // it ends with ctx alone
}

// again says of a failure how long to wait until the next try.
func (r *runner) again(err error, n int) (pause time.Duration, ok bool) {
	if errors.Is(err, errStopped) {
		return 0, false
	}
	pause = pauses.Pause(n)
	if later := (*sink.Later)(nil); errors.As(err, &later) {
		pause = max(pause, later.After)
	}
	r.h.fail(r.e.opts.Now(), err, pause)
	r.e.hurry()
	if n == 1 {
		r.e.opts.Log.Warn().Str("sink", r.h.Name).Str("error", r.h.clean(err.Error())).Dur("pause", pause).Msg("a sink fails, and is tried again")
	}
	return pause, true
}

// rest returns how long to rest while there is more to deliver.
func (r *runner) rest(time.Duration) time.Duration {
	return r.e.load.rest(time.Now(), r.e.log.LastID(), r.read)
}

// Step delivers what comes next.
func (r *runner) Step(ctx context.Context) (more bool, err error) {
	call, err := r.e.door.Enter(ctx, admit.Read, r.h.Name)
	if err != nil {
		return false, err
	}
	defer call.Leave()
	ctx = admit.In(ctx, call)
	r.read = 0
	switch p := r.h.where(); {
	case p.Notice != 0:
		return true, r.deliverNotice(ctx, p.Notice)
	case p.Resending:
		return true, r.resend(ctx, &p)
	default:
		if more, err = r.next(ctx, &p); err == nil {
			r.carry(ctx)
		}
		return more, err
	}
}

// next delivers entries behind the place.
func (r *runner) next(ctx context.Context, p *place) (more bool, err error) {
	g := &gathering{r: r, floor: p.Floor, from: p.At, to: p.At}
	if err := g.run(ctx); err != nil {
		return false, err
	}
	r.read = g.read
	if g.active() {
		if err := r.wake(ctx); err != nil {
			return false, err
		}
	}
	if len(g.entries) == 0 {
		if g.to > g.from {
			r.h.pass(g.to, g.purged)
		}
		return g.to > g.from && g.more, nil
	}
	b := &sink.Batch{Project: r.h.Project, From: g.from + 1, To: g.to, Entries: g.entries}
	err = r.deliver(ctx, b, func(p *place, _ []*audit.Entry) { p.At, p.Purged = g.to, p.Purged+g.purged })
	if err == nil {
		r.carried.note(g.entries)
	}
	return g.more || r.h.where().Notice != 0, err
}

// deliver hands a batch over. Once it was taken, but for what was refused for good, moved
// changes the place.
func (r *runner) deliver(ctx context.Context, b *sink.Batch, moved func(p *place, taken []*audit.Entry)) error {
	b.Log, b.Sink, b.Proven = r.e.log.Lineage(), r.h.Name, b.Proven || r.h.where().Proven
	within, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	err := r.dest.Deliver(within, b)
	refused, gone := (*sink.Refused)(nil), (*sink.Gone)(nil)
	switch {
	case errors.As(err, &gone):
		return r.stop(ctx, "the destination wants nothing any more: "+r.h.clean(gone.Reason))
	case err != nil && !errors.As(err, &refused):
		return err
	case refused != nil && len(refused.Entries) > 0:
		if err := refused.Of(b); err != error(refused) {
			return err
		}
	}
	full := r.h.delivered(r.e.opts.Now(), b, refused, moved)
	r.e.hurry()
	if refused != nil && len(refused.Entries) > 0 {
		r.e.opts.Log.Warn().Str("sink", r.h.Name).Int("entries", len(refused.Entries)).
			Str("error", r.h.clean(refused.Entries[0].Reason)).Msg("a destination refuses entries for good: their ids are kept")
	}
	if full {
		return r.stop(ctx, "its destination has refused so many entries that somebody should look at it")
	}
	return nil
}

// Wait waits until there is something to look at or a checkpoint to carry, and then for as long as
// entries are to be collected for one delivery. Meanwhile it watches for silence.
func (r *runner) Wait(ctx context.Context) error {
	told, forget := r.e.tap.Listen(r.h.Project)
	defer forget()
	for r.behind() == 0 {
		due, next := r.due()
		if due != nil {
			return nil
		}
		timer := time.NewTimer(r.patience())
		select {
		case <-told:
		case <-next:
		case <-timer.C:
			if r.silent() {
				return r.noteSilence(ctx)
			}
			r.keepQuiet()
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
	return r.collect(ctx)
}

// behind returns how many numbers there are above the place.
func (r *runner) behind() int64 {
	p := r.h.where()
	return r.e.newest(r.h.Project) - p.At
}

// collectMost is how many entries are waited for at most: those that the tap still has then.
const collectMost = 2000

// collect waits for more entries to come, until there is a batch of them or the time is over.
func (r *runner) collect(ctx context.Context) error {
	wait := r.h.WaitOf()
	slice := min(max(wait/20, 50*time.Millisecond), time.Second)
	for began := time.Now(); r.behind() < int64(min(r.h.BatchOf(), collectMost)); {
		left := wait - time.Since(began)
		if left <= 0 {
			return nil
		}
		if err := backoff.Sleep(ctx, min(slice, left)); err != nil {
			return err
		}
	}
	return nil
}

// gathering collects the entries of one batch.
type gathering struct {
	r           *runner
	floor, from int64
	to          int64 // up to where it has looked
	entries     []*audit.Entry
	bytes       int
	purged      int64
	more        bool // it stopped before the end
	read        int64
}

// run looks at parts of the log until the batch is full or nothing more is there.
func (g *gathering) run(ctx context.Context) error {
	for range parts {
		before := g.to
		if err := g.part(ctx); err != nil {
			return err
		}
		if g.to == before {
			return nil
		}
		if len(g.entries) >= g.r.h.BatchOf() || g.bytes >= batchBytes {
			break
		}
	}
	g.more = true
	return nil
}

// part looks at the next part.
func (g *gathering) part(ctx context.Context) error {
	s := &g.r.h.Sink
	if entries, to, ok := g.r.e.tap.Next(s.Project, g.to); ok {
		return g.all(ctx, entries, to)
	}
	switch newest := g.r.e.newest(s.Project); {
	case newest < g.to:
		return g.r.stop(ctx, fmt.Sprintf("the log ends at %d, and the sink was at %d: replay it from where it should go on", newest, g.to))
	case newest == g.to:
		return nil
	}
	before := g.to
	defer func() { g.read += g.to - before }()
	if s.Project == "" {
		return g.afterID(ctx)
	}
	limit := min(s.BatchOf()-len(g.entries), audit.MaxLimit)
	part, err := g.r.sel.Pull(ctx, audit.Pulling{After: g.to, Limit: limit, Bytes: batchBytes})
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	if len(part.Damaged) > 0 { // who went on would never deliver what a repair brings back
		return fmt.Errorf("the log is damaged: entries %d to %d cannot be read", part.Damaged[0].From, part.Damaged[0].To)
	}
	for _, e := range part.Entries {
		if full, err := g.add(ctx, e); full || err != nil {
			return err
		}
		g.purgedIn(part.Purged, g.to, e.Seq)
		g.to = e.Seq
	}
	g.purgedIn(part.Purged, g.to, part.Covered.To)
	g.to = max(g.to, part.Covered.To)
	return nil
}

// readAtOnce is how many entries of all projects are read at once, readBytes about how much
// memory they take meanwhile.
const (
	readAtOnce = 1000
	readBytes  = 1 << 20
)

// afterID looks at the next entries of all projects.
func (g *gathering) afterID(ctx context.Context) error {
	if err := admit.Take(ctx, readBytes); err != nil {
		return err
	}
	defer admit.Give(ctx, readBytes)
	entries, through, err := g.r.e.log.After(ctx, g.to, readAtOnce)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	return g.all(ctx, entries, through)
}

// all looks at entries that are all there are up to a number.
func (g *gathering) all(ctx context.Context, entries []*audit.Entry, to int64) error {
	for _, e := range entries {
		number := g.r.h.number(e)
		if g.r.sel.Match(e) {
			if full, err := g.add(ctx, e); full || err != nil {
				return err
			}
		}
		g.cover(number - 1)
		g.to = number
	}
	g.cover(to)
	return nil
}

// add takes an entry in, unless the batch is full without it. An error says that there is no
// memory for even one.
func (g *gathering) add(ctx context.Context, e *audit.Entry) (full bool, err error) {
	size := tap.SizeOf(e)
	if len(g.entries) == g.r.h.BatchOf() || len(g.entries) > 0 && g.bytes+size > batchBytes {
		g.bytes = batchBytes
		return true, nil
	}
	if err := admit.Take(ctx, encoded*size); err != nil {
		if len(g.entries) > 0 {
			g.bytes = batchBytes
			return true, nil
		}
		return true, err
	}
	g.entries, g.bytes = append(g.entries, e), g.bytes+size
	return false, nil
}

// cover counts as purged what is between the place and a number, of all entries that there are.
func (g *gathering) cover(through int64) {
	if gone := through - max(g.to, g.floor); gone > 0 {
		g.purged += gone
	}
	g.to = max(g.to, through)
}

// purgedIn counts what of ranges is above one number and up to another.
func (g *gathering) purgedIn(ranges []audit.Range, above, through int64) {
	for _, r := range ranges {
		part := audit.Range{From: max(r.From, above+1, g.floor+1), To: min(r.To, through)}
		g.purged += part.Len()
	}
}

// active reports whether anything was gathered that is no notice.
func (g *gathering) active() bool {
	for _, e := range g.entries {
		if !isNotice(e) {
			return true
		}
	}
	return false
}
