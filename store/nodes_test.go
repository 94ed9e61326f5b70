package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/kv"
	"auditlog/store/kv/kvtest"
	"auditlog/store/memory"
	"auditlog/store/queue"
	"auditlog/store/storetest"
)

// share is a node's part of a database that others have as well: closing it closes nothing.
type share struct{ kv.DB }

func (share) Close() error { return nil }

// nodes are several stores on one database.
type nodes struct {
	storetest.Log // the first
	all           []*node
	db            kv.DB // nil where each has one of its own
	// racing is set while one of them loses a race, so that the other does not lose one too.
	racing atomic.Bool
}

// node is one of them. What it remembers is held against the database each time that it is sealed.
type node struct{ *examined }

func (n node) Settle() error {
	return errors.Join(remembers(n.Store), n.Seal(), remembers(n.Store))
}

func (n *nodes) Nodes() []storetest.Log {
	logs := make([]storetest.Log, len(n.all))
	for i := range n.all {
		logs[i] = n.all[i]
	}
	return logs
}

func (n *nodes) Close() error {
	var errs []error
	for _, x := range n.all {
		errs = append(errs, x.Close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	return errors.Join(errs...)
}

// openNodes returns an engine of so many nodes, of which each write loses races to the next.
func openNodes(count int) storetest.Engine {
	return func(dir string, o storetest.Options) (storetest.Log, error) {
		_, opts := newExamined(o)
		db, err := openDB(dir, opts)
		if err != nil {
			return nil, err
		}
		return openNodesOn(count, func(string, Options) (kv.DB, error) { return share{db}, nil }, db)(dir, o)
	}
}

// openNodesOn is openNodes on databases that open gives, and one that is closed in the end.
func openNodesOn(count int, open func(dir string, opts Options) (kv.DB, error), db kv.DB) storetest.Engine {
	return func(dir string, o storetest.Options) (storetest.Log, error) {
		n := &nodes{db: db}
		for range count {
			x, opts := newExamined(o)
			opts.setDefaults()
			var err error
			if x.db.DB, err = open(dir, opts); err != nil {
				return nil, err
			}
			x.db.Nodes = true
			if x.Store, err = New(x.db, opts); err != nil {
				return nil, err
			}
			n.all = append(n.all, &node{x})
			for !n.all[0].OnDuty() { // which is to change sinks
				time.Sleep(time.Millisecond)
			}
		}
		for i, x := range n.all {
			next := n.all[(i+1)%count].Store
			x.writing.Lock()
			x.db.Again, x.db.Faster = true, func() { n.race(next) }
			x.writing.Unlock()
		}
		n.Log = n.all[0]
		return n, nil
	}
}

// race has a node be faster than another: it does what changes no answer, but what all remember.
func (n *nodes) race(s *Store) {
	if !n.racing.CompareAndSwap(false, true) {
		return
	}
	defer n.racing.Store(false)
	must := func(err error) {
		if err != nil && audit.KindOf(err) != audit.Unavailable { // as when it is closed
			panic(err)
		}
	}
	must(s.Seal())
	for name := range s.Purges() {
		if p, err := s.Project(name); err == nil && p.State == audit.Purging {
			_, err := s.PurgeStep(context.Background(), name)
			must(err)
		}
	}
}

// TestNodes puts several stores on one database through what a log has to pass.
func TestNodes(t *testing.T) {
	counts := []int{2, 3}
	if testing.Short() {
		counts = counts[:1]
	}
	for _, count := range counts {
		t.Run(fmt.Sprint(count), func(t *testing.T) { storetest.Run(t, openNodes(count)) })
	}
}

// remembers returns how the memory of a store that others write beside differs from that of one
// that is opened now.
func remembers(s *Store) error {
	if err := s.Fresh(); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	fresh, err := newStore(share{s.db}, s.opts)
	if err != nil {
		return err
	}
	defer fresh.Close()
	got, want := memoryOf(s), memoryOf(fresh)
	if strings.Join(got, "\n") == strings.Join(want, "\n") {
		return nil
	}
	only := func(a, b []string) (lines []string) {
		for _, l := range a {
			if !slices.Contains(b, l) {
				lines = append(lines, l)
			}
		}
		return lines
	}
	return fmt.Errorf("a node remembers\n%s\nwhere it would load\n%s", strings.Join(only(got, want), "\n"), strings.Join(only(want, got), "\n"))
}

// memoryOf returns what a store remembers, as text.
func memoryOf(s *Store) (lines []string) {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	add("block %d, epoch %d, purging %d", s.mem.BlockSeq, s.epoch.Load(), len(s.mem.Purging))
	r := &s.mem.Tail
	add("tail from %d to %d, unsealed %d of %d bytes", r.First, r.Next(), r.Unsealed, r.Bytes)
	for i, t := range r.Slots {
		line := fmt.Sprintf("slot %d: %s %d, seq %d, %d bytes", r.First+int64(i), t.Owner.Name, t.Owner.ID, t.Seq, t.Size)
		if e := r.Entries[i]; e != nil {
			line += " " + string(e.AppendJSON(nil))
		}
		lines = append(lines, line)
	}
	var of []string
	for name, p := range s.mem.Projects {
		rec, _ := p.Rec.Encode()
		line := fmt.Sprintf("project %s %d %t %s keys %v of %d", name, p.ID, s.mem.ByID[p.ID] == p, rec,
			reflect.ValueOf(p.Keys).FieldByName("order"), p.Keys.Sealed())
		for _, e := range p.Tail {
			line += fmt.Sprintf(" %d", e.ID)
		}
		of = append(of, line, fmt.Sprintf("%s has used %+v", name, s.meter.Used(queue.Party{Kind: queue.Project, Name: name})))
		for _, e := range p.Tail {
			if e.RecordedBy == "" {
				continue // what is recorded without a token is nobody's
			}
			of = append(of, fmt.Sprintf("token %s has used %+v", e.RecordedBy, s.meter.Used(queue.Party{Kind: queue.Token, Name: e.RecordedBy})))
		}
	}
	slices.Sort(of)
	state := s.queue.State()
	add("the queue holds %+v of %v, the sealer has begun with %d, merges %d", state.Tail, state.Most, s.sealer.Stepwise(), s.sealer.Merging())
	return append(lines, of...)
}

// Two nodes do what comes to a die's mind. However far one of them is behind, and of whichever
// state it is when it takes in what it has read, it remembers afterwards what a start would load.
func TestNodesRemember(t *testing.T) {
	seeds := uint64(30)
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		log, err := openNodes(2)(t.TempDir(), storetest.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		n := log.(*nodes)
		die := rand.New(rand.NewPCG(seed, 16))
		a, b := n.all[0].Store, n.all[1].Store
		mark := b.take(func() {})
		for step := range 60 {
			at := a
			if die.IntN(4) == 0 {
				at = b
			}
			if err := wander(t, at, die); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
			switch die.IntN(4) {
			case 0:
				if err := remembers(b); err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, step, err)
				}
			case 1:
				if err := takeInSince(b, mark); err != nil {
					t.Fatal(err)
				}
				mark = b.take(func() {})
			}
		}
		if err := errors.Join(remembers(a), remembers(b)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		checkClean(t, a)
		checkClean(t, b)
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// takeInSince has a store take in all behind a mark, of which it knows a part.
func takeInSince(s *Store, mark memory.Mark) error {
	var d *memory.Delta
	err := s.read(func(tx kv.Tx) (err error) {
		d, err = s.delta(tx, mark)
		return err
	})
	return errors.Join(err, s.takeInAlone(d))
}

// wander does something on a node.
func wander(t *testing.T, s *Store, die *rand.Rand) error {
	project := []string{"acme", "globex", "initech"}[die.IntN(3)]
	own := func() *audit.Entry { return entry(project, 1) }
	refused := func(err error) error {
		if k := audit.KindOf(err); k == audit.Conflict || k == audit.NotFound {
			return nil
		}
		return err
	}
	switch die.IntN(9) {
	case 0, 1, 2:
		var entries []*audit.Entry
		for range 1 + die.IntN(15) {
			e := entry(project, die.IntN(100))
			if die.IntN(2) == 0 {
				e.Key = fmt.Sprint("k", die.IntN(60))
			}
			e.RecordedBy = fmt.Sprint("token", die.IntN(2))
			entries = append(entries, e)
		}
		_, err := s.Record(t.Context(), entries)
		return refused(err)
	case 3, 4:
		_, err := s.sealStep(0, die.IntN(2) == 0)
		return err
	case 5:
		return s.Seal()
	case 6:
		_, err := s.Delete(t.Context(), project, own(), audit.DeletionOrder{})
		return refused(err)
	case 7:
		_, err := s.Restore(t.Context(), project, own())
		return refused(err)
	}
	for range die.IntN(12) {
		if done, err := s.PurgeStep(t.Context(), project); done || err != nil {
			return refused(err)
		}
	}
	return nil
}

// openTwo returns two nodes that lose races to nobody but each other.
func openTwo(t *testing.T, opts Options) (a, b *Store) {
	t.Helper()
	db, err := openDB(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var all []*Store
	for range 2 {
		s, err := New(&kvtest.DB{DB: share{db}, Nodes: true}, opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		all = append(all, s)
	}
	return all[0], all[1]
}

// Several nodes record, seal and list at once. What one has acknowledged is in the next listing of
// the other; ids are dense in all, seqs in each project, and a key counts once.
func TestNodesAtOnce(t *testing.T) {
	a, b := openTwo(t, smallKeys)
	const each, writers = 60, 4
	var group sync.WaitGroup
	var keys sync.Map // -> the id that a node gave
	for w := range 2 * writers {
		one, other := a, b
		if w%2 == 1 {
			one, other = b, a
		}
		group.Go(func() {
			for i := range each {
				e := entry([]string{"acme", "globex"}[w/2%2], i)
				if i%3 == 0 {
					e.Key = fmt.Sprint("k", i, w/4) // as another node's has
				}
				got, err := one.Record(t.Context(), []*audit.Entry{e})
				if err != nil {
					t.Error(err)
					return
				}
				if first, known := keys.LoadOrStore(fmt.Sprint(e.Project, e.Key), got[0].ID); e.Key != "" && known && first != got[0].ID {
					t.Errorf("key %s is of entries %d and %d", e.Key, first, got[0].ID)
				}
				if _, err := other.Get(t.Context(), e.Project, got[0].ID); err != nil {
					t.Errorf("entry %d is not there on the other node: %v", got[0].ID, err)
				}
				if page, err := audittest.List(t.Context(), other, audit.Query{Project: e.Project}, audit.Paging{Limit: 1000}); err != nil ||
					!slices.ContainsFunc(page.Entries, func(e *audit.Entry) bool { return e.ID == got[0].ID }) {
					t.Errorf("entry %d is not listed on the other node: %v", got[0].ID, err)
				}
				if i%10 == 0 {
					if err := one.Seal(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	for _, s := range []*Store{a, b} {
		entries, through, err := s.After(t.Context(), 0, 10_000)
		if err != nil || through != s.LastID() || int64(len(entries)) != through {
			t.Fatalf("%d entries up to %d of %d: %v", len(entries), through, s.LastID(), err)
		}
		seqs := make(map[string]int64)
		for _, e := range entries {
			if seqs[e.Project]++; e.Seq != seqs[e.Project] {
				t.Fatalf("entry %d of %s has seq %d, want %d", e.ID, e.Project, e.Seq, seqs[e.Project])
			}
		}
		if err := remembers(s); err != nil {
			t.Error(err)
		}
		checkClean(t, s)
	}
}

// Who waits on one node is woken by what another one commits.
func TestNodesWake(t *testing.T) {
	a, b := openTwo(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 3 {
		after, blocks := b.LastID(), b.BlockSeq()
		recordOne(t, a, entry("acme", 1))
		if err := a.Seal(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(b.Wait(ctx, after), b.WaitBlocks(ctx, blocks)); err != nil {
			t.Fatal(err)
		}
	}
}

// What a node gives to those who follow the log is durable.
func TestNodesGiveWhatIsDurable(t *testing.T) {
	a, b := openTwo(t, Options{SealAfter: time.Hour})
	var got audit.Recorded
	for range 5 {
		got = recordOne(t, a, entry("acme", 1))
	}
	for name, follow := range map[string]func() error{
		"after":     func() error { _, _, err := b.After(t.Context(), 0, 100); return err },
		"after seq": func() error { _, err := b.AfterSeq(t.Context(), "acme", 0, 100); return err },
	} {
		b.durable.Store(0)
		if err := follow(); err != nil {
			t.Fatal(err)
		}
		if b.durable.Load() <= got.ID {
			t.Errorf("%s: entry %d is given, and durable is what is before %d", name, got.ID, b.durable.Load())
		}
	}
}

// A duplicate that another node has recorded is acknowledged once that is durable.
func TestNodesCommitBehindDuplicates(t *testing.T) {
	a, b := openTwo(t, Options{SealAfter: time.Hour})
	first := recordOne(t, a, keyed("acme", "k"))
	b.durable.Store(0)
	if again := recordOne(t, b, keyed("acme", "k")); !again.Duplicate || again.ID != first.ID {
		t.Fatalf("the duplicate of %+v is %+v", first, again)
	}
	if b.durable.Load() <= first.ID {
		t.Error("it is acknowledged by what was read alone")
	}
}

// A step of merging keys that was worked out before another node merged them is not written.
func TestNodesMergeKeysOnce(t *testing.T) {
	opts := smallKeys
	opts.keySizes.MoveAt = 1000 // this test says when they are moved
	a, b := openTwo(t, opts)
	const count = 36
	for i := 0; i < count; i += 12 {
		recordKeys(t, a, "acme", i, i+12)
		if err := a.moveKeys(); err != nil {
			t.Fatal(err)
		}
	}
	merge := func(s *Store) (steps int64) {
		s.maintenance.Lock()
		defer s.maintenance.Unlock()
		for {
			done, err := s.mergeKeys()
			if err != nil {
				t.Error(err)
			}
			if done == 0 || err != nil {
				return steps
			}
			steps++
		}
	}
	var faster atomic.Int64 // steps of the other node
	db := a.db.(*kvtest.DB)
	a.writing.Lock()
	db.Again, db.Faster = true, func() {
		if err := b.Fresh(); err != nil {
			t.Error(err)
		}
		faster.Add(merge(b))
	}
	a.writing.Unlock()
	merge(a)
	if faster.Load() < 2 {
		t.Fatalf("the other node has done %d steps in between: this test tests nothing", faster.Load())
	}
	for i := range count {
		if got := recordOne(t, a, keyed("acme", fmt.Sprint("k", i))); !got.Duplicate || got.ID != int64(i+1) {
			t.Errorf("k%d is %+v", i, got)
		}
	}
	checkClean(t, a)
	checkClean(t, b)
}
