package shipping

import (
	"context"
	"errors"
	"sort"
	"sync"
	"time"

	"auditlog/audit"
	"auditlog/backoff"
	"auditlog/store/block"
)

const (
	// tapChunk is how many entries are read at once, tapPause how long is waited after each
	// wake until then: what is recorded meanwhile comes along.
	tapChunk = 2000
	tapPause = 20 * time.Millisecond
	// tapIdle is for how long nobody uses the tap until it no longer reads.
	tapIdle = 2 * time.Second
)

// tap holds the newest entries of the log, for those runners that are at its end: they are read
// once, whoever many wait for them. While nobody does it reads nothing.
//
// It is a follow.Follower.
type tap struct {
	log  Log
	most int // bytes of the entries that it holds
	kick chan struct{}

	mu     sync.Mutex // guards what follows
	awake  bool
	used   time.Time // when somebody had something of it last
	last   int64     // the id up to which it has read
	chunks []chunk   // the oldest first; each begins where the one before ends
	bytes  int
	// waiting are those who wait, by the project; of all by "".
	waiting map[string]map[chan struct{}]bool
}

// chunk is what was read at once: all entries with ids above from, up to through.
type chunk struct {
	from, through int64
	entries       []*audit.Entry
	of            map[string][]*audit.Entry // by project, made when asked for
	bytes         int
}

func newTap(log Log, most int) *tap {
	return &tap{log: log, most: most, kick: make(chan struct{}, 1), waiting: make(map[string]map[chan struct{}]bool)}
}

// wait returns a channel on which is told that the log may hold another entry of a project, or
// of all where it is empty, from now on; and what ends that.
func (t *tap) wait(project string) (told <-chan struct{}, forget func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.awake {
		t.awake, t.last, t.chunks, t.bytes = true, t.log.LastID(), nil, 0
		select {
		case t.kick <- struct{}{}:
		default:
		}
	}
	t.used = time.Now()
	ch := make(chan struct{}, 1)
	if t.waiting[project] == nil {
		t.waiting[project] = make(map[chan struct{}]bool)
	}
	t.waiting[project][ch] = true
	return ch, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if delete(t.waiting[project], ch); len(t.waiting[project]) == 0 {
			delete(t.waiting, project)
		}
	}
}

// next returns entries behind a number, of a project or of all, if they are here: those that
// follow it, and the number up to which they are all: what is missing among these was purged.
func (t *tap) next(project string, at int64) (entries []*audit.Entry, to int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.awake {
		return nil, 0, false
	}
	t.used = time.Now()
	if project == "" {
		return t.nextID(at)
	}
	for i := range t.chunks {
		entries = t.chunks[i].ofProject(project)
		if len(entries) == 0 || entries[len(entries)-1].Seq <= at {
			continue
		}
		entries = entries[sort.Search(len(entries), func(i int) bool { return entries[i].Seq > at }):]
		// A gap was purged, or is of before: who reads the log knows.
		n := 0
		for n < len(entries) && entries[n].Seq == at+int64(n)+1 {
			n++
		}
		if n == 0 {
			return nil, 0, false
		}
		return entries[:n], at + int64(n), true
	}
	return nil, 0, false
}

func (t *tap) nextID(at int64) (entries []*audit.Entry, to int64, ok bool) {
	i := sort.Search(len(t.chunks), func(i int) bool { return t.chunks[i].through > at })
	if i == len(t.chunks) || t.chunks[i].from > at {
		return nil, 0, false
	}
	c := &t.chunks[i]
	entries = c.entries[sort.Search(len(c.entries), func(i int) bool { return c.entries[i].ID > at }):]
	return entries, c.through, true
}

func (c *chunk) ofProject(project string) []*audit.Entry {
	if c.of == nil {
		c.of = make(map[string][]*audit.Entry)
		for _, e := range c.entries {
			c.of[e.Project] = append(c.of[e.Project], e)
		}
	}
	return c.of[project]
}

// Step reads what comes next.
func (t *tap) Step(ctx context.Context) (more bool, err error) {
	t.mu.Lock()
	last, awake := t.last, t.awake
	t.mu.Unlock()
	if !awake {
		return false, nil
	}
	entries, through, err := t.log.After(ctx, last, tapChunk)
	if err != nil || through == last {
		return false, err
	}
	t.add(chunk{from: last, through: through, entries: entries})
	return through < t.log.LastID(), nil
}

// add takes in what was read, drops the oldest of what there is too much of, and tells those
// who wait.
func (t *tap) add(c chunk) {
	for _, e := range c.entries {
		c.bytes += entryWeight + block.SizeOf(e)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = c.through
	t.chunks, t.bytes = append(t.chunks, c), t.bytes+c.bytes
	for len(t.chunks) > 1 && t.bytes > t.most {
		t.bytes -= t.chunks[0].bytes
		t.chunks[0] = chunk{} // the entries are not held by what is left of the array
		t.chunks = t.chunks[1:]
	}
	t.tell("")
	for project := range t.waiting {
		if project != "" && len(t.chunks[len(t.chunks)-1].ofProject(project)) > 0 {
			t.tell(project)
		}
	}
}

// tell wakes those who wait for a project. The caller holds mu.
func (t *tap) tell(project string) {
	for ch := range t.waiting[project] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Wait waits until there is something to read, for as long as anybody has use for it.
func (t *tap) Wait(ctx context.Context) error {
	for {
		last, ok := t.needed()
		if !ok {
			select {
			case <-t.kick:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		until, cancel := context.WithTimeout(ctx, tapIdle)
		err := t.log.Wait(until, last)
		cancel()
		switch {
		case err == nil:
			return backoff.Sleep(ctx, tapPause)
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return err
		}
	}
}

// drop lets go of all entries. Those who want them read them from the log, if they are there.
func (t *tap) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.chunks, t.bytes = nil, 0
}

// needed returns where the tap is, or falls asleep, and lets go of its entries, if nobody has
// used it for a while.
func (t *tap) needed() (last int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.awake && len(t.waiting) == 0 && time.Since(t.used) >= tapIdle {
		t.awake, t.chunks, t.bytes = false, nil, 0
	}
	return t.last, t.awake
}
