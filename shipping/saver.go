package shipping

import (
	"context"
	"slices"
	"time"

	"auditlog/backoff"
)

const (
	// saveEvery is how soon a place is on disk after a delivery, restEvery after it moved over
	// what is not for its sink. Those of all sinks are saved together.
	saveEvery = time.Second
	restEvery = time.Minute
	// lastSave is how long saving may take at the end.
	lastSave = 10 * time.Second
)

// keepSaving saves places until ctx is done.
func (e *Engine) keepSaving(ctx context.Context) {
	rest := time.NewTicker(restEvery)
	defer rest.Stop()
	for failures := 0; ; {
		which := []urgency{soon}
		select {
		case <-ctx.Done():
			return
		case <-rest.C:
			which = append(which, some)
		case <-e.kick:
			if backoff.Sleep(ctx, saveEvery) != nil {
				return
			}
		}
		err := e.save(ctx, which...)
		switch {
		case err == nil:
			failures = 0
			continue
		case ctx.Err() != nil:
			return
		case failures == 0:
			e.opts.Log.Error().Err(err).Msg("how far sinks have come is not saved, and tried again")
		}
		failures++
		if backoff.Sleep(ctx, pauses.Pause(failures)) != nil {
			return
		}
		e.hurry()
	}
}

// hurry has places be saved soon.
func (e *Engine) hurry() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

// save writes the places of those sinks that changed so, and the letters that go with them.
func (e *Engine) save(ctx context.Context, which ...urgency) error {
	e.writing.Lock()
	defer e.writing.Unlock()
	put := make(map[string][]byte)
	var del []string
	var done []func(err error)
	e.mu.Lock()
	for name, h := range e.sinks {
		h.mu.Lock()
		if slices.Contains(which, h.changed) {
			done = append(done, h.take(name, put, &del))
		}
		h.mu.Unlock()
	}
	e.mu.Unlock()
	if len(put) == 0 {
		return nil
	}
	err := e.log.ChangeSinks(ctx, put, del, nil)
	for _, fn := range done {
		fn(err)
	}
	return err
}

// take adds to rows what of h is to be written. What it returns is called once that is written,
// or was not. The caller holds h.mu, and Engine.writing until then.
func (h *held) take(name string, put map[string][]byte, del *[]string) (done func(error)) {
	was, letters, gone := h.changed, h.put, h.del
	put[placeRows+name] = encode(h.place)
	for k, v := range letters {
		put[k] = v
	}
	*del = append(*del, gone...)
	h.changed, h.put, h.del = saved, nil, nil
	return func(err error) {
		if err == nil {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.changed = max(h.changed, was)
		for k, v := range letters {
			if _, again := h.put[k]; !again && !slices.Contains(h.del, k) {
				h.write(k, v)
			}
		}
		for _, k := range gone {
			if _, again := h.put[k]; !again {
				h.del = append(h.del, k)
			}
		}
	}
}

// write has a letter be written with the place. The caller holds h.mu.
func (h *held) write(key string, value []byte) {
	if h.put == nil {
		h.put = make(map[string][]byte)
	}
	h.put[key] = value
	h.del = slices.DeleteFunc(h.del, func(k string) bool { return k == key })
}

// drop has a letter be deleted with the place. The caller holds h.mu.
func (h *held) drop(key string) {
	delete(h.put, key)
	h.del = append(h.del, key)
}
