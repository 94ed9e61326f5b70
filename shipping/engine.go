package shipping

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/shipping/secrets"
	"auditlog/shipping/tap"
	"auditlog/sink"
)

// Log is the log that is shipped; *store.Store is one.
type Log interface {
	audit.Follower
	audit.SinkStore
	audit.ProjectReader
	Prepare(q audit.Query) (audit.Selection, error)
	Get(ctx context.Context, project string, id int64) (*audit.Entry, error)
	// RecordOwn records an entry of the log itself.
	RecordOwn(ctx context.Context, entry *audit.Entry) error
	// Lineage tells the entries of this log from those of every other one.
	Lineage() audit.Lineage
}

// Options configure an Engine. Open is required.
type Options struct {
	// Open opens a destination, and tells what is wrong with a Config. configured says whether
	// the configuration has it, or whoever may make sinks by the API.
	Open func(c sink.Config, configured bool) (sink.Destination, error)
	// Configured are the sinks of the configuration, which only that changes.
	Configured []Configured
	// Keys seal secrets.
	Keys secrets.Keys
	// Memory bounds the bytes of entries that all sinks hold together. Default 24 MiB.
	Memory int64
	// Duty says which of several nodes of the log ships. Nil: there is one.
	Duty Duty
	// Log is told of what happens to sinks. Its zero value is silent.
	Log zerolog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Configured is a sink of the configuration, and where it begins when it is there for the
// first time.
type Configured struct {
	Sink
	Start Start
}

// Engine ships. Its methods may be called by several goroutines at once.
type Engine struct {
	log  Log
	opts Options
	door *admit.Door
	tap  *tap.Tap
	load load
	kick chan struct{} // the saver has something to save

	acts sync.Mutex // held by who makes or deletes a sink

	writing sync.Mutex // held by who writes places, from what they are to what is written

	mu     sync.Mutex // guards what follows
	sinks  map[string]*held
	loaded time.Time       // when sinks were read
	base   context.Context // of the runners; nil but during Run
	begun  chan struct{}   // closed when base is there, and made anew when it goes
	// checkpoint is the newest of the log, nil where none is known, and checkpointed is closed
	// when there is a newer one.
	checkpoint   *sink.Checkpoint
	checkpointed chan struct{}
	group        sync.WaitGroup // of the runners
}

// Open returns the engine of a log, which ships nothing before Run. A sink that cannot be used is
// there, and says so; rows that cannot be read are an error.
func Open(ctx context.Context, log Log, opts Options) (*Engine, error) {
	if opts.Memory == 0 {
		opts.Memory = 24 << 20
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	e := &Engine{
		log: log, opts: opts, tap: tap.New(log, int(opts.Memory/2)), kick: make(chan struct{}, 1),
		// Of a door, reads may fill half. One of them at a time computes.
		door:  admit.New(admit.Options{Memory: opts.Memory, Processors: 1}),
		sinks: make(map[string]*held), checkpointed: make(chan struct{}), begun: make(chan struct{}),
	}
	if err := e.read(ctx, opts.Duty == nil); err != nil {
		return nil, fmt.Errorf("open sinks: %w", err)
	}
	return e, nil
}

// read reads which sinks there are and how far they have come. Where this node is to ship, what
// the configuration has is added, and what a crash left is deleted.
func (e *Engine) read(ctx context.Context, ships bool) error {
	sinks, places, err := e.readSinks(ctx, ships)
	if err == nil {
		err = e.configure(ctx, sinks, places, ships)
	}
	if err == nil && ships {
		err = e.dropOrphans(ctx, sinks, places)
	}
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if ships || e.base == nil { // else this node has begun to ship meanwhile
		e.sinks, e.loaded = sinks, e.opts.Now()
	}
	return nil
}

// readSinks reads the sinks of the log, and the places of all.
func (e *Engine) readSinks(ctx context.Context, ships bool) (sinks map[string]*held, places map[string]place, err error) {
	rows := make(map[string]map[string]audit.SinkRow)
	for _, prefix := range []string{sinkRows, secretRows, placeRows} {
		if rows[prefix], err = readRows(e.log, prefix); err != nil {
			return nil, nil, err
		}
	}
	sinks, places = make(map[string]*held), make(map[string]place)
	for name, row := range rows[placeRows] {
		var p place
		if err := decode(row, &p); err != nil {
			return nil, nil, err
		}
		places[name] = p
	}
	put := make(map[string][]byte)
	for name, row := range rows[sinkRows] {
		h := &held{}
		if err := decode(row, &h.Sink); err != nil {
			return nil, nil, err
		}
		p, ok := places[name]
		if !ok {
			return nil, nil, fmt.Errorf("sink %q has no place", name)
		}
		h.place = p
		kept, again, err := e.unseal(name, rows[secretRows][name])
		switch {
		case err == nil:
			h.To, h.Secrets = kept.To, kept.Secrets
			h.fault = e.check(&h.Sink, false)
		case audit.KindOf(err) == audit.Unavailable:
			h.fault = err
		default:
			return nil, nil, err
		}
		if again {
			put[secretRows+name] = e.opts.Keys.Seal(name, encode(kept))
		}
		sinks[name] = h
	}
	if len(put) == 0 || !ships {
		return sinks, places, nil
	}
	if err := e.log.ChangeSinks(ctx, put, nil, nil); audit.KindOf(err) != audit.Unavailable {
		return sinks, places, err
	}
	e.opts.Log.Warn().Msg("secrets of sinks are not sealed by the new key, because the log takes nothing now: the next start does it")
	return sinks, places, nil
}

// configure adds the sinks of the configuration. Those that are there for the first time get a
// place.
func (e *Engine) configure(ctx context.Context, sinks map[string]*held, places map[string]place, ships bool) error {
	put := make(map[string][]byte)
	var fresh []*held
	for _, c := range e.opts.Configured {
		if sinks[c.Name] != nil {
			return audit.Errorf(audit.Conflict, "sink %q is in the configuration, and another of this name was made by sink.create: "+
				"give one another name", c.Name)
		}
		if err := e.check(&c.Sink, true); err != nil {
			return fmt.Errorf("sink %q: %w", c.Name, err)
		}
		h := &held{Sink: c.Sink, configured: true}
		p, ok := places[c.Name]
		if !ok {
			at, err := e.resolve(ctx, &c.Sink, c.Start)
			if err != nil {
				return fmt.Errorf("sink %q: %w", c.Name, err)
			}
			p = newPlace(at, e.newest(c.Project))
			put[placeRows+c.Name], places[c.Name] = encode(p), p
			fresh = append(fresh, h)
		}
		h.place = p
		sinks[c.Name] = h
	}
	if len(put) == 0 || !ships {
		return nil
	}
	err := e.log.ChangeSinks(ctx, put, nil, nil)
	if audit.KindOf(err) != audit.Unavailable {
		return err
	}
	for _, h := range fresh { // the log takes nothing now, and so nothing is lost until it does
		h.changed = soon
	}
	e.hurry()
	return nil
}

// check returns what the destination or the log says is wrong with a sink.
func (e *Engine) check(s *Sink, configured bool) error {
	if err := s.Check(); err != nil {
		return err
	}
	if _, err := e.log.Prepare(s.Query()); err != nil {
		return audit.AtPath(err, "filters")
	}
	d, err := e.opts.Open(s.config(), configured)
	if err != nil {
		return err
	}
	return d.Close()
}

// dropOrphans deletes the letters of sinks that are gone: a crash left them.
func (e *Engine) dropOrphans(ctx context.Context, sinks map[string]*held, places map[string]place) error {
	known := make(map[string]bool)
	for name, p := range places {
		known[p.Number] = true
		if sinks[name] == nil {
			e.opts.Log.Warn().Str("sink", name).Msg("a sink is in the configuration no more; should it come again, it goes on from where it was")
		}
	}
	for after := ""; ; {
		rows, err := e.log.SinkRows(letterRows, after, 1)
		if err != nil || len(rows) == 0 {
			return err
		}
		number, _, _ := strings.Cut(strings.TrimPrefix(rows[0].Key, letterRows), "/")
		prefix := letterRows + number + "/"
		if !known[number] {
			if err := e.dropRows(ctx, prefix); err != nil {
				return err
			}
		}
		after = prefix + "~" // behind all hex digits
	}
}

// dropRows deletes all rows whose keys begin with prefix.
func (e *Engine) dropRows(ctx context.Context, prefix string) error {
	for {
		rows, err := e.log.SinkRows(prefix, "", rowsAtOnce)
		if err != nil || len(rows) == 0 {
			return err
		}
		keys := make([]string, len(rows))
		for i, r := range rows {
			keys[i] = r.Key
		}
		if err := e.log.ChangeSinks(ctx, nil, keys, nil); err != nil {
			return err
		}
	}
}

// held is a sink in memory.
type held struct {
	Sink
	configured bool
	// fault is why it cannot be used, for as long as it is as it is.
	fault error

	changing sync.Mutex // held by who changes it, which the runner does not survive
	stop     func()     // ends the runner and waits for that; nil while there is none. Guarded by changing

	mu    sync.Mutex // guards what follows
	place place
	// changed says that place is not on disk as it is, and how soon it has to be.
	changed urgency
	// put and del are letters that are written, and deleted, with the place.
	put  map[string][]byte
	del  []string
	live live
}

// urgency says how soon something has to be saved.
type urgency int

const (
	saved urgency = iota
	// some says that nothing was delivered since: what is lost is looked at again.
	some
	soon
)

// Run ships until ctx is done, and returns nil. Places are saved before it does. Where there are
// several nodes, it is called whenever this one is on duty.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.reload(ctx); err != nil {
		return nil // ctx is done
	}
	runners, stop := context.WithCancel(ctx)
	defer stop()
	e.mu.Lock()
	e.base = runners
	close(e.begun)
	all := slices.Collect(maps.Values(e.sinks))
	e.mu.Unlock()
	for _, h := range all {
		h.changing.Lock()
		e.start(h)
		h.changing.Unlock()
	}
	e.group.Go(func() { e.runTap(runners) })
	e.keepSaving(ctx)
	e.mu.Lock()
	e.base, e.begun = nil, make(chan struct{})
	e.mu.Unlock()
	stop()
	e.group.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSave)
	defer cancel()
	if err := e.save(last, soon, some); err != nil {
		e.opts.Log.Error().Err(err).Msg("how far sinks have come is not saved: what was delivered last is delivered again")
	}
	return nil
}

// start begins to ship to a sink unless it is not to. The caller holds h.changing, and there is
// no runner.
func (e *Engine) start(h *held) {
	h.mu.Lock()
	idle := h.place.Paused || h.place.Stopped != ""
	h.live.forget()
	h.mu.Unlock()
	e.mu.Lock()
	base := e.base
	if base != nil && !idle && h.fault == nil {
		e.group.Add(1)
	}
	e.mu.Unlock()
	if base == nil || idle || h.fault != nil {
		return
	}
	ctx, cancel := context.WithCancel(base)
	ended := make(chan struct{})
	h.stop = func() { cancel(); <-ended }
	go func() {
		defer e.group.Done()
		defer close(ended)
		defer cancel()
		e.ship(ctx, h)
	}()
}

// halt ends the runner of a sink, if there is one. The caller holds h.changing.
func (h *held) halt() {
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

// find returns the sink with a name, or a NotFound Fault.
func (e *Engine) find(name string) (*held, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if h := e.sinks[name]; h != nil {
		return h, nil
	}
	return nil, audit.Errorf(audit.NotFound, "there is no sink %q", name)
}

// newest returns the newest number of a project, or of all.
func (e *Engine) newest(project string) int64 {
	if project == "" {
		return e.log.LastID()
	}
	return e.log.LastSeq(project)
}
