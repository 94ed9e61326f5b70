package store

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/kv/kvtest"
	"auditlog/store/storetest"
)

// examined is a store with blocks so small that random operations make many of them.
type examined struct {
	*Store
	db *kvtest.DB
	// asked is how many searches were prepared: every other one has an index. settled is how often
	// the log was settled: every other time followers are told of small blocks.
	asked, settled int
}

// newExamined returns one that is not open yet, and what it is opened with.
func newExamined(o storetest.Options) (*examined, Options) {
	x := &examined{db: new(kvtest.DB)}
	return x, Options{
		Now: o.Now, SealAfter: time.Hour, SealRows: 1 << 20, QuietAfter: time.Hour, CacheBytes: 50 << 10,
		Search:   func(text string) (fulltext.Query, error) { return x.search(o.Search(text)) },
		Narrow:   func(e fulltext.Exact) fulltext.Narrowing { return exactIndex{wanted{exact: e}, x.Store} },
		sizes:    blocks.Sizes{BlockRows: 12, IndexableRows: 6, IndexableBytes: 4 << 10, Many: 1, Span: 4, Ahead: 2, Direct: 1, Layers: 2, Step: 24},
		keySizes: keys.Sizes{MoveAt: 3, RowKeys: 2, StepKeys: 3, Fan: 2},
	}
}

func openExamined(dir string, o storetest.Options) (storetest.Log, error) {
	return examine(o, func(opts Options) (kv.DB, error) { return openDB(dir, opts) })
}

// examine opens a store that is examined in what open opens.
func examine(o storetest.Options, open func(Options) (kv.DB, error)) (storetest.Log, error) {
	x, opts := newExamined(o)
	opts.setDefaults()
	var err error
	if x.db.DB, err = open(opts); err != nil {
		return nil, err
	}
	x.Store, err = New(x.db, opts)
	return x, err
}

// Settle seals what there is.
func (x *examined) Settle() error {
	if err := x.Seal(); err != nil {
		return err
	}
	if x.settled++; x.settled%2 == 0 {
		return nil
	}
	return tellAll(x.Store)
}

// Check is the check of the store, without its numbers.
func (x *examined) Check(ctx context.Context, report func(problem string)) error {
	_, err := x.Store.Check(ctx, report)
	return err
}

// FailNext has the next commit fail that is no node's beat.
func (x *examined) FailNext(unknown bool) {
	x.writing.Lock()
	defer x.writing.Unlock()
	beat := false
	fail := func() error {
		if beat {
			return nil
		}
		x.db.Before, x.db.After = nil, nil
		return syscall.EIO
	}
	x.db.Before = func(buckets []string) error {
		if beat = slices.Equal(buckets, []string{format.Meta}); unknown {
			return nil
		}
		return fail()
	}
	if unknown {
		x.db.After = fail
	}
}

func (x *examined) search(q fulltext.Query, err error) (fulltext.Query, error) {
	if x.asked++; err != nil || x.asked%2 == 0 {
		return q, err
	}
	return exactIndex{q, x.Store}, nil
}

// wanted is the condition that an index narrows ids and addresses by.
type wanted struct {
	fulltext.Query
	exact fulltext.Exact
}

func (w wanted) Terms(value string) uint64 {
	if a, err := netip.ParseAddr(value); err == nil && w.exact.Addresses.Contains(a.Unmap()) {
		return 1 << len(w.exact.Whole)
	}
	return 0
}

func (w wanted) Whole(value string) (terms uint64) {
	for i, v := range w.exact.Whole {
		if v == value {
			terms |= 1 << i
		}
	}
	return terms
}

func (w wanted) Match(terms uint64) bool {
	want := uint64(1)<<len(w.exact.Whole) - 1
	if w.exact.Addresses.IsValid() {
		want |= 1 << len(w.exact.Whole)
	}
	return terms == want
}

// exactIndex answers like an index that is complete and names no block too many.
type exactIndex struct {
	fulltext.Query
	s *Store
}

func (x exactIndex) Blocks(_ context.Context, of []format.ProjectID, before audit.Position, _ int64) (keys [][]format.BlockKey, through uint64, ok bool, err error) {
	changes, through, err := x.s.BlockChanges(0, 1<<30)
	if err != nil {
		return nil, 0, false, err
	}
	keys = make([][]format.BlockKey, len(of))
	for _, c := range changes {
		var terms uint64
		there, err := x.s.BlockTexts(c.Key, func(v string) { terms |= x.Terms(v) }, func(v string) { terms |= x.Whole(v) })
		if err != nil || !there && !c.Deleted {
			return nil, 0, false, fmt.Errorf("texts of %v: %t, %w", c.Key, there, err)
		}
		if i := slices.Index(of, c.Key.Project); i >= 0 && there && c.Key.Compare(before) < 0 && x.Match(terms) {
			keys[i] = append(keys[i], c.Key)
		}
	}
	for _, k := range keys {
		slices.SortFunc(k, func(a, b format.BlockKey) int { return b.Compare(a.Position) })
	}
	return keys, through, true, nil
}

// TestExamination puts the store through what every log has to pass.
func TestExamination(t *testing.T) { storetest.Run(t, openExamined) }
