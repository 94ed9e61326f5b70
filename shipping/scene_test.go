package shipping

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/index"
	"auditlog/sink"
	"auditlog/store"
)

// bubble runs a test in time of its own. What pools hold is of the test before, and has channels
// that are of no use in this one. Its goroutines run one at a time: the race detector, which sees as much of
// them so, fails itself where several run (golang.org/issue/78156).
func bubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	runtime.GC()
	runtime.GC() // what the first has left to those who come at once
	synctest.Test(t, test)
}

// receivers are the destinations of a test, by their addresses.
type receivers struct {
	mu  sync.Mutex
	all map[string]*receiver
	// others are destinations of another kind, by their addresses; no test changes them while it ships.
	others map[string]sink.Destination
}

// receiver takes what is delivered to one address.
type receiver struct {
	mu   sync.Mutex
	got  []*audit.Entry
	from []int64 // of the batches
	last *sink.Batch
	// answer decides about a batch instead, if it is set.
	answer func(ctx context.Context, b *sink.Batch) error
	tries  int
	open   int
}

func (r *receivers) of(to string) *receiver {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = make(map[string]*receiver)
	}
	if r.all[to] == nil {
		r.all[to] = &receiver{}
	}
	return r.all[to]
}

func (r *receivers) openDest(c sink.Config, _ bool) (sink.Destination, error) {
	if !strings.HasPrefix(c.To, "test:") {
		return nil, audit.FieldErrorf("to", "must begin with test")
	}
	if d := r.others[c.To]; d != nil {
		return d, nil
	}
	d := r.of(c.To)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open++
	return d, nil
}

func (r *receiver) Deliver(ctx context.Context, b *sink.Batch) error {
	r.mu.Lock()
	r.tries++
	answer := r.answer
	r.mu.Unlock()
	var err error
	if answer != nil {
		err = answer(ctx, b)
	}
	refused := (*sink.Refused)(nil)
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last, r.from = b, append(r.from, b.From)
	for i, e := range b.Entries {
		if refused == nil || !slices.ContainsFunc(refused.Entries, func(f sink.Refusal) bool { return f.Index == i }) {
			r.got = append(r.got, e)
		}
	}
	return err
}

func (r *receiver) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open--
	return nil
}

func (r *receiver) set(answer func(context.Context, *sink.Batch) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// ids returns the ids of what came, and forgets it.
func (r *receiver) ids() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []int64
	for _, e := range r.got {
		ids = append(ids, e.ID)
	}
	r.got = nil
	return ids
}

// tried returns how often a batch came.
func (r *receiver) tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries
}

// scene is a log with its sinks.
type scene struct {
	*testing.T
	receivers
	dir    string
	log    *store.Store
	engine *Engine
	opts   Options
	ctx    context.Context
	stop   func() error
}

// start opens a log in a folder and runs its sinks.
func start(t *testing.T, dir string, opts Options) *scene {
	t.Helper()
	s := &scene{T: t, dir: dir, opts: opts, ctx: t.Context()}
	s.begin()
	t.Cleanup(func() { s.end() })
	return s
}

// search is full text without an index.
func search(text string) (fulltext.Query, error) {
	q, err := index.Parse(text)
	return everywhere{q}, err
}

type everywhere struct{ *index.Query }

func (everywhere) Blocks(context.Context, []fulltext.ProjectID, audit.Position, int64) ([][]fulltext.BlockKey, uint64, bool, error) {
	return nil, 0, false, nil
}

func (s *scene) begin() {
	s.Helper()
	var err error
	s.log, err = store.Open(s.dir, store.Options{
		SealRows: 64,
		Search:   search,
		Purging:  func(project string) map[string]int64 { return s.engine.Purging(s.ctx, project) },
	})
	if err != nil {
		s.Fatal(err)
	}
	opts := s.opts
	opts.Open = s.openDest
	if s.engine, err = Open(s.ctx, s.log, opts); err != nil {
		s.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.engine.Run(ctx) }()
	s.stop = func() error { cancel(); return <-ended }
}

// end ends both; a second time is nothing.
func (s *scene) end() {
	s.Helper()
	if s.stop == nil {
		return
	}
	if err := s.stop(); err != nil {
		s.Error(err)
	}
	s.stop = nil
	if err := s.log.Close(); err != nil {
		s.Error(err)
	}
}

func entry(project, action string) *audit.Entry {
	return &audit.Entry{
		Project: project, Actor: audit.Actor{Email: "ada@example.com"}, Action: action,
		Resource: audit.Resource{Type: "Deployment"}, Outcome: audit.Success,
	}
}

// record records n entries and returns their ids.
func (s *scene) record(project string, n int) (ids []int64) {
	s.Helper()
	entries := make([]*audit.Entry, n)
	for i := range entries {
		entries[i] = entry(project, fmt.Sprintf("deployment.deploy%d", i%3))
	}
	results, err := s.log.Record(s.ctx, entries)
	if err != nil {
		s.Fatal(err)
	}
	for _, r := range results {
		ids = append(ids, r.ID)
	}
	return ids
}

func (s *scene) create(sink Sink, from Start) {
	s.Helper()
	if sink.To == "" {
		sink.To = "test:" + sink.Name
	}
	if _, err := s.engine.Create(s.ctx, sink, from, entry(audit.SystemProject, "sink.create")); err != nil {
		s.Fatal(err)
	}
}

func (s *scene) to(name string) *receiver { return s.of("test:" + name) }

func (s *scene) status(name string) Status {
	s.Helper()
	st, err := s.engine.Get(s.ctx, name)
	if err != nil {
		s.Fatal(err)
	}
	return st
}

// settle lets so much time pass.
func settle(d time.Duration) { time.Sleep(d); synctest.Wait() }

func (s *scene) want(what string, got, want []int64) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Errorf("%s: %v came, want %v", what, got, want)
	}
}
