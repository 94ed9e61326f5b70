package shipping

import (
	"context"
	"time"

	"auditlog/audit"
	"auditlog/sink"
)

// sparkMinutes is how many minutes the deliveries of which are counted one by one.
const sparkMinutes = 60

// live is what is known of a sink since it was started, or since the server was.
type live struct {
	// failing is when the deliveries began to fail that have failed since, zero when the last
	// one was taken; next when the next one is tried.
	failing, next time.Time
	// lastError stays when it is over, with when it was.
	lastError   string
	lastErrorAt time.Time
	// spark counts what was delivered by minutes since 1970, of the last sparkMinutes, the
	// last of which is minute.
	spark  [sparkMinutes]int64
	minute int64
}

// forget begins anew: what failed before says nothing of what comes.
func (l *live) forget() { l.failing, l.next = time.Time{}, time.Time{} }

// count counts entries that were delivered.
func (l *live) count(now time.Time, n int) {
	l.turn(now)
	l.spark[sparkMinutes-1] += int64(n)
}

// turn has the last minute be that of now. A clock that goes back adds to the newest one.
func (l *live) turn(now time.Time) {
	minute := now.Unix() / 60
	if l.minute == 0 {
		l.minute = minute
	}
	ahead := min(max(minute-l.minute, 0), sparkMinutes)
	copy(l.spark[:], l.spark[ahead:])
	clear(l.spark[sparkMinutes-ahead:])
	l.minute = max(l.minute, minute)
}

// where returns a copy of the place.
func (h *held) where() place {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.place
}

// pass moves the place over what is not for the sink.
func (h *held) pass(to, purged int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.place.At, h.place.Purged = to, h.place.Purged+purged
	h.changed = max(h.changed, some)
	if purged > 0 {
		h.changed = soon
	}
	h.live.forget()
}

// fail notes that a delivery failed and when it is tried again.
func (h *held) fail(now time.Time, err error, pause time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.live.failing.IsZero() {
		h.live.failing = now
	}
	h.live.next = now.Add(pause)
	h.live.lastError, h.live.lastErrorAt = h.clean(err.Error()), now
	h.place.Retries++
	h.changed = max(h.changed, some)
}

// delivered notes a batch that was taken, but for what was refused for good. full says that
// there is no room for more letters.
func (h *held) delivered(now time.Time, b *sink.Batch, refused *sink.Refused, moved func(*place, []*audit.Entry)) (full bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	taken := b.Entries
	if refused != nil && len(refused.Entries) > 0 {
		taken = h.refused(now, b, refused)
		h.live.lastError, h.live.lastErrorAt = h.clean(refused.Entries[0].Reason), now
	}
	p := &h.place
	p.Delivered += int64(len(taken))
	if len(taken) > 0 {
		p.DeliveredAt, p.Proven = audit.Truncate(now), true
	}
	moved(p, taken)
	h.changed = soon
	h.live.forget()
	h.live.count(now, len(taken))
	return p.Letters > p.Room
}

// refused has letters be kept of what was refused, and returns the other entries. The caller
// holds h.mu.
func (h *held) refused(now time.Time, b *sink.Batch, refused *sink.Refused) (taken []*audit.Entry) {
	reasons := make(map[int]string, len(refused.Entries))
	for _, r := range refused.Entries {
		reasons[r.Index] = r.Reason
	}
	for i, e := range b.Entries {
		reason, ok := reasons[i]
		if !ok {
			taken = append(taken, e)
			continue
		}
		h.place.Refused++
		if !h.place.Resending {
			h.place.Letters++
		}
		h.write(h.place.letterKey(e.ID), encode(letter{h.number(e), audit.Truncate(now), kindOf(reason)}))
	}
	return taken
}

// kindOf returns what a letter keeps of a reason: the words in front of what a destination says
// of an entry, which may repeat its content, and content goes with a purge.
func kindOf(reason string) string {
	const most = 40
	for i, r := range reason {
		if i >= most || r == ':' || r == '"' || r == '\'' || r == '[' || r == '{' || r == '(' {
			return reason[:i]
		}
	}
	return reason
}

// stop has the sink stop by itself, which an entry tells of, until it is resumed.
func (r *runner) stop(ctx context.Context, why string) error {
	e := ownEntry(actionStop, r.h)
	e.Outcome = audit.Error
	e.Detail = "The sink stopped: " + why
	e.Clean()
	r.e.writing.Lock()
	defer r.e.writing.Unlock()
	r.h.mu.Lock()
	r.h.place.Stopped = why
	put := make(map[string][]byte)
	var del []string
	done := r.h.take(r.h.Name, put, &del)
	r.h.mu.Unlock()
	err := r.e.log.ChangeSinks(ctx, put, del, e)
	done(err)
	if err != nil {
		r.h.mu.Lock()
		r.h.place.Stopped = ""
		r.h.mu.Unlock()
		return err
	}
	r.e.opts.Log.Error().Str("sink", r.h.Name).Str("reason", why).Msg("a sink stopped")
	return errStopped
}
