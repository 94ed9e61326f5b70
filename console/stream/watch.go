package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"auditlog/audit"
)

const (
	// heartbeat keeps proxies from taking a quiet view for a dead one.
	heartbeat = 15 * time.Second
	// settle is how long a view waits after an entry for more to come with it.
	settle = 200 * time.Millisecond
	// Burst and burstBytes are how many entries of its own a view takes at once; of
	// more it is told that there are too many to show.
	Burst      = 200
	burstBytes = 1 << 20
	// chunk is how many entries are read at once.
	chunk = 1000
)

// Log is what a live view follows.
type Log interface {
	audit.Follower
	// Since returns up to limit entries of a project whose ids are greater than after.
	Since(ctx context.Context, project string, after int64, limit int) ([]*audit.Entry, error)
}

// Watch is one live view: server-sent events are "rows" with the rows' HTML, "many" when there
// were too many to show, and "end" when the view is over.
type Watch struct {
	Log Log
	// Project is the one that is shown, or empty for those of all; Shown selects of its entries.
	Project string
	Shown   audit.Selection
	// After is the id of the last entry that the browser has.
	After int64
	// Rows returns the HTML of entries, the newest first.
	Rows func([]*audit.Entry) (string, error)
	// Over reports whether the visitor may see no more.
	Over func() bool
	Out  Patient
}

// Run sends events until ctx or the view ends, or the connection fails.
func (w *Watch) Run(ctx context.Context) error {
	if err := w.send("", "retry: 2000\n\n"); err != nil {
		return err
	}
	for {
		found, err := w.wait(ctx)
		switch {
		case w.Over():
			return w.send("end", "over")
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case found:
			err = w.entries(ctx)
		default:
			err = w.send("", ": beat\n\n")
		}
		if err != nil {
			return err
		}
	}
}

// wait returns true once there are entries that the view has not seen, false
// when it is time for a heartbeat.
func (w *Watch) wait(ctx context.Context) (bool, error) {
	beat, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	err := w.Log.Wait(beat, w.After)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// entries sends what was committed since the last time.
func (w *Watch) entries(ctx context.Context) error {
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return nil
	}
	last := w.Log.LastID()
	var fresh []*audit.Entry
	size := 0 // of what is large in them
	for {
		entries, through, err := w.next(ctx)
		if err != nil {
			return err
		}
		if through == w.After {
			break
		}
		w.After = through
		for _, e := range entries {
			if w.Shown.Match(e) {
				fresh = append(fresh, e)
				size += len(e.Detail)
			}
		}
		if len(fresh) > Burst || size > burstBytes {
			w.After = max(last, w.After)
			return w.send("many", "more")
		}
	}
	w.After = max(last, w.After)
	html, err := w.Rows(fresh)
	if err != nil || html == "" {
		return err
	}
	return w.send("rows", html)
}

// next returns entries that the view has not seen, of its project or of all, and the id up to
// which it then has seen everything: that of before at the end.
func (w *Watch) next(ctx context.Context) (entries []*audit.Entry, through int64, err error) {
	if w.Project == "" {
		return w.Log.After(ctx, w.After, chunk)
	}
	entries, err = w.Log.Since(ctx, w.Project, w.After, chunk)
	if len(entries) == 0 {
		return nil, w.After, err
	}
	return entries, entries[len(entries)-1].ID, nil
}

// send writes one event, or data alone when it has no name.
func (w *Watch) send(event, data string) error {
	if event != "" {
		data = fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", w.After, event, eventLines.Replace(data))
	}
	if _, err := w.Out.Write([]byte(data)); err != nil {
		return err
	}
	return w.Out.flush()
}

// eventLines lets data have lines of its own. A carriage return ends a line of an
// event as well, and can only be part of a value here.
var eventLines = strings.NewReplacer("\r", "&#13;", "\n", "\ndata: ")
