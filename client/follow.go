package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"auditlog/audit"
	"auditlog/backoff"
	"auditlog/rpc"
)

// Event is what comes next to who follows: an Entry, or a range of numbers without one for him.
type Event struct {
	Entry *audit.Entry
	// Skipped, Purged, Damaged and Lost are as those of rpc.PullResult; nil unless the event is one.
	Skipped, Purged, Damaged, Lost *audit.Range
	// Cursor is behind the event.
	Cursor string
}

// silence is how long a log that sends something every 15 seconds may be silent.
const silence = time.Minute

// Follow returns what is recorded as it comes, from where req says. A connection that breaks, or
// falls silent, is made again behind what came last, as often in a row as a call is tried,
// counted anew whenever something comes. It ends at an error that no other try helps with,
// such as that of a token that was revoked.
func (c *Client) Follow(ctx context.Context, req rpc.FollowRequest) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		next, failures := req, 0
		for {
			stopped := false
			err := c.followOnce(ctx, next, func(ev Event) bool {
				failures, next.Cursor = 0, ev.Cursor
				stopped = !yield(ev, nil)
				return !stopped
			})
			if stopped {
				return
			}
			failures++
			if err = c.again(ctx, err, failures); err != nil {
				yield(Event{}, err)
				return
			}
		}
	}
}

// again waits for the time of another try after a failure, the n-th in a row, or returns why there
// is none.
func (c *Client) again(ctx context.Context, err error, n int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var f *failure
	if !errors.As(err, &f) || !f.passing || n >= c.tries() {
		return cause(err)
	}
	if ended := backoff.Sleep(ctx, c.pause(n, f.after)); ended != nil {
		return fmt.Errorf("%w: %w", f.err, ended)
	}
	return nil
}

// followOnce follows by one connection, until that ends, which is an error, or emit says so.
func (c *Client) followOnce(ctx context.Context, req rpc.FollowRequest, emit func(Event) bool) error {
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encode %s: %w", rpc.Follow, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(silence, cancel)
	defer silent.Stop()
	res, err := c.send(ctx, http.MethodPost, rpc.Follow, rpc.TypeJSON, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return failureOf(res)
	}
	r := bufio.NewReader(res.Body)
	for {
		ev, err := readEvent(r, func() { silent.Reset(silence) })
		switch {
		case err != nil:
			return err
		case !emit(ev):
			return nil
		}
	}
}

// readEvent returns the next event. alive is called for each line.
func readEvent(r *bufio.Reader, alive func()) (Event, error) {
	var ev Event
	name, data := "", []byte(nil)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF // there is no other end than an event
			}
			return ev, unreachable(err)
		}
		alive()
		line = bytes.TrimRight(line, "\r\n")
		field, value, _ := bytes.Cut(line, []byte(": "))
		switch string(field) {
		case "id":
			ev.Cursor = string(value)
		case "event":
			name = string(value)
		case "data":
			data = value
		case "":
			if len(line) > 0 {
				continue // a comment
			}
			if known, err := ev.decode(name, data); known || err != nil {
				return ev, err
			}
		}
	}
}

// decode reads the data of an event with a name, if that is known. What ends the events is its
// error.
func (ev *Event) decode(name string, data []byte) (known bool, err error) {
	var into any
	switch name {
	case rpc.EventEntry:
		ev.Entry = new(audit.Entry)
		into = ev.Entry
	case rpc.EventSkipped, rpc.EventPurged, rpc.EventDamaged, rpc.EventLost:
		into = ev.rangeOf(name)
	case rpc.EventEnd:
		var e rpc.Error
		if err := json.Unmarshal(data, &e); err != nil {
			return true, unreachable(fmt.Errorf("read why the log ends: %w", err))
		}
		fault := e.Fault()
		return true, &failure{err: fault, passing: passes(fault.Kind)}
	default:
		return false, nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return true, unreachable(fmt.Errorf("read an event: %w", err))
	}
	return true, nil
}

// rangeOf makes the range of an event with a name.
func (ev *Event) rangeOf(name string) *audit.Range {
	r := new(audit.Range)
	switch name {
	case rpc.EventSkipped:
		ev.Skipped = r
	case rpc.EventPurged:
		ev.Purged = r
	case rpc.EventDamaged:
		ev.Damaged = r
	case rpc.EventLost:
		ev.Lost = r
	}
	return r
}

// passes reports whether the same may be taken later after an error of a kind.
func passes(k audit.Kind) bool {
	return k == audit.RateLimited || k == audit.Unavailable || k == audit.Internal
}
