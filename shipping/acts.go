package shipping

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"time"

	"auditlog/audit"
	"auditlog/sink"
)

// newPlace returns the place of a sink that begins behind a number.
func newPlace(at, newest int64) place {
	number := make([]byte, 8)
	_, _ = rand.Read(number) // it never fails
	return place{Number: hex.EncodeToString(number), At: at, Floor: newest, Room: letterRoom}
}

// Create makes a sink that begins at from, together with the entry that tells of it, and begins
// to ship to it. It returns Invalid for what cannot be meant, and Conflict for a name that
// is taken.
func (e *Engine) Create(ctx context.Context, s Sink, from Start, entry *audit.Entry) (Status, error) {
	if from.Refused {
		return Status{}, audit.FieldErrorf("from", "cannot be what was refused: nothing was")
	}
	if err := e.turn(ctx); err != nil {
		return Status{}, err
	}
	if err := e.check(&s, false); err != nil {
		return Status{}, err
	}
	at, err := e.resolve(ctx, &s, from)
	if err != nil {
		return Status{}, err
	}
	e.acts.Lock()
	defer e.acts.Unlock()
	if err := e.room(s.Name); err != nil {
		return Status{}, err
	}
	s.CreatedAt = audit.Truncate(e.opts.Now())
	h := &held{Sink: s, place: newPlace(at, e.newest(s.Project))}
	h.changing.Lock()
	defer h.changing.Unlock()
	put := map[string][]byte{placeRows + s.Name: encode(h.place)}
	e.putSink(&s, put)
	if err := e.log.ChangeSinks(ctx, put, nil, entry); err != nil {
		return Status{}, err
	}
	e.mu.Lock()
	e.sinks[s.Name] = h
	e.mu.Unlock()
	e.start(h)
	return e.status(ctx, h), nil
}

// room returns why no sink of a name can be made, or nil.
func (e *Engine) room(name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.sinks[name] != nil:
		return audit.Errorf(audit.Conflict, "there is a sink %q already", name)
	case len(e.sinks) >= maxSinks:
		return audit.Errorf(audit.Conflict, "there are %d sinks, which is as many as a log can have", len(e.sinks))
	}
	return nil
}

// putSink adds the rows of what a user says of a sink.
func (e *Engine) putSink(s *Sink, put map[string][]byte) {
	put[sinkRows+s.Name] = encode(s)
	put[secretRows+s.Name] = e.opts.Keys.Seal(s.Name, encode(private{To: s.To, Secrets: s.Secrets}))
}

// Update changes a sink as change does, together with the entry that tells of it. Its place
// stays; one that stopped by itself begins again. It returns Conflict for a sink of the
// configuration.
func (e *Engine) Update(ctx context.Context, name string, change func(*Sink) error, entry *audit.Entry) (Status, error) {
	return e.alter(ctx, name, entry, func(h *held, p *place, put map[string][]byte) (func(), error) {
		if err := h.readOnly(); err != nil {
			return nil, err
		}
		s := h.Sink
		s.Settings, s.Secrets = maps.Clone(s.Settings), maps.Clone(s.Secrets)
		if err := change(&s); err != nil {
			return nil, err
		}
		switch {
		case s.Name != h.Name:
			return nil, audit.FieldErrorf("name", "cannot be changed")
		case s.Project != h.Project:
			return nil, audit.FieldErrorf("project", "cannot be changed: make another sink")
		}
		if err := e.check(&s, false); err != nil {
			return nil, err
		}
		p.Stopped, p.Proven = "", false
		e.putSink(&s, put)
		return func() { h.become(&s) }, nil
	})
}

// become makes h what a user says, all but its name and project. The caller holds h.mu.
func (h *held) become(s *Sink) {
	h.Is, h.Not, h.Text, h.To, h.Format, h.Settings, h.Secrets = s.Is, s.Not, s.Text, s.To, s.Format, s.Settings, s.Secrets
	h.Batch, h.Wait, h.Silence, h.fault = s.Batch, s.Wait, s.Silence, nil
}

func (h *held) readOnly() error {
	if h.configured {
		return audit.Errorf(audit.Conflict, "sink %q is in the configuration of the server, which alone changes it", h.Name)
	}
	return nil
}

// alter changes a sink while nothing is shipped to it, and writes what that changes together
// with an entry.
func (e *Engine) alter(ctx context.Context, name string, entry *audit.Entry, change alteration) (Status, error) {
	if err := e.turn(ctx); err != nil {
		return Status{}, err
	}
	h, err := e.find(name)
	if err != nil {
		return Status{}, err
	}
	h.changing.Lock()
	defer h.changing.Unlock()
	if again, err := e.find(name); err != nil || again != h {
		return Status{}, audit.Errorf(audit.NotFound, "there is no sink %q", name)
	}
	h.halt()
	err = e.write(ctx, h, entry, change)
	e.start(h)
	if err != nil {
		return Status{}, err
	}
	return e.status(ctx, h), nil
}

// alteration changes a place, adds rows to what is written with it, and returns what is left to
// do once that is written, if anything is.
type alteration func(h *held, p *place, put map[string][]byte) (after func(), err error)

// write alters a sink. The caller holds h.changing, and there is no runner.
func (e *Engine) write(ctx context.Context, h *held, entry *audit.Entry, change alteration) error {
	e.writing.Lock()
	defer e.writing.Unlock()
	put := make(map[string][]byte)
	p := h.where()
	after, err := change(h, &p, put)
	if err != nil {
		return err
	}
	h.mu.Lock()
	before := h.place
	h.place = p
	var del []string
	done := h.take(h.Name, put, &del)
	h.mu.Unlock()
	err = e.log.ChangeSinks(ctx, put, del, entry)
	done(err)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err != nil:
		h.place = before
	case after != nil:
		after()
	}
	return err
}

// Pause has nothing be shipped to a sink until Resume. It returns Conflict for one that is paused.
func (e *Engine) Pause(ctx context.Context, name string, entry *audit.Entry) (Status, error) {
	return e.alter(ctx, name, entry, func(_ *held, p *place, _ map[string][]byte) (func(), error) {
		if p.Paused {
			return nil, audit.Errorf(audit.Conflict, "sink %q is paused already", name)
		}
		p.Paused = true
		return nil, nil
	})
}

// Resume goes on with a sink that is paused, or has stopped by itself, and tries at once what
// failed.
func (e *Engine) Resume(ctx context.Context, name string, entry *audit.Entry) (Status, error) {
	return e.alter(ctx, name, entry, func(_ *held, p *place, _ map[string][]byte) (func(), error) {
		p.Paused, p.Stopped, p.Room = false, "", p.Letters+letterRoom
		return nil, nil
	})
}

// Replay has a sink begin again at another place, or send its letters again.
func (e *Engine) Replay(ctx context.Context, name string, from Start, entry *audit.Entry) (Status, error) {
	return e.alter(ctx, name, entry, func(h *held, p *place, _ map[string][]byte) (func(), error) {
		if from.Refused {
			p.Resending, p.ResentTo = true, 0
			return nil, nil
		}
		at, err := e.resolve(ctx, &h.Sink, from)
		if err != nil {
			return nil, err
		}
		p.At, p.Floor, p.Stopped = at, max(p.Floor, e.newest(h.Project)), ""
		return nil, nil
	})
}

// Delete ends a sink, together with the entry that tells of it. Its letters go. It returns
// Conflict for a sink of the configuration.
func (e *Engine) Delete(ctx context.Context, name string, entry *audit.Entry) (Status, error) {
	if err := e.turn(ctx); err != nil {
		return Status{}, err
	}
	e.acts.Lock()
	defer e.acts.Unlock()
	h, err := e.find(name)
	if err != nil {
		return Status{}, err
	}
	if err := h.readOnly(); err != nil {
		return Status{}, err
	}
	h.changing.Lock()
	defer h.changing.Unlock()
	h.halt()
	e.writing.Lock()
	defer e.writing.Unlock()
	st := e.status(ctx, h)
	err = e.log.ChangeSinks(ctx, nil, []string{sinkRows + name, secretRows + name, placeRows + name}, entry)
	if err != nil {
		e.start(h)
		return Status{}, err
	}
	e.mu.Lock()
	delete(e.sinks, name)
	e.mu.Unlock()
	p := h.where()
	if err := e.dropRows(ctx, p.letters()); err != nil {
		// They are no sink's any more, and go at the next start.
		e.opts.Log.Warn().Err(err).Str("sink", name).Msg("letters of a sink that is gone are left")
	}
	return st, nil
}

// testWithin is how long a test may take.
const testWithin = 30 * time.Second

// TestError says that a destination did not take a test.
type TestError struct {
	// Reason is what it said.
	Reason string
}

func (e *TestError) Error() string { return "the destination did not take the test: " + e.Reason }

// Test records an entry and delivers it to a sink, whatever that ships. It returns a *TestError
// if the destination did not take it.
func (e *Engine) Test(ctx context.Context, name string, entry *audit.Entry) error {
	if err := e.turn(ctx); err != nil {
		return err
	}
	h, err := e.find(name)
	if err != nil {
		return err
	}
	h.changing.Lock()
	defer h.changing.Unlock()
	if h.fault != nil {
		return audit.Errorf(audit.Conflict, "sink %q cannot be used as it is: %s", name, h.clean(h.fault.Error()))
	}
	if err := e.log.RecordOwn(ctx, entry); err != nil {
		return err
	}
	// One goroutine at a time uses what is behind a destination, such as a file.
	h.halt()
	defer e.start(h)
	dest, err := e.opts.Open(h.config(), h.configured)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, testWithin)
	defer cancel()
	b := &sink.Batch{Log: e.log.Lineage(), Sink: name, From: entry.ID, To: entry.ID, Entries: []*audit.Entry{entry}}
	if err := errors.Join(dest.Deliver(ctx, b), dest.Close()); err != nil {
		return &TestError{h.clean(err.Error())}
	}
	return nil
}
