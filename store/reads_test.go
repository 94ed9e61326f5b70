package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/blocks"
	"auditlog/store/keys"
	"auditlog/store/kv/kvtest"
)

var errRead = errors.New("the line was cut")

// cutter is an engine of which one read fails, and all that follow it in the same
// transaction.
type cutter struct {
	kvtest.DB
	left   int // reads until one fails; below 0 none does
	failed bool
}

func openCut(t *testing.T) (*Store, *cutter) {
	c := &cutter{left: -1}
	c.Read = func() error {
		if c.left--; c.left != -1 {
			return nil
		}
		c.failed = true
		return errRead
	}
	s := openFaulty(t, t.TempDir(), Options{SealAfter: time.Hour,
		sizes:    blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 4, Ahead: 1, Direct: 2, Layers: 8},
		keySizes: keys.Sizes{MoveAt: 5, RowKeys: 2, StepKeys: 4, Fan: 2}}, &c.DB)
	readable(t, s)
	return s, c
}

// each calls fn with the first read failing, then with the second, and so on until
// none does.
func (c *cutter) each(fn func(n int)) {
	for n := 0; n == 0 || c.failed; n++ {
		c.left, c.failed = n, false
		fn(n)
	}
	c.left = -1
}

// TestReadsThatFail lets each read of an engine fail, one at a time: whoever asked gets
// its error or the answer that is right, never one with something missing.
func TestReadsThatFail(t *testing.T) {
	s, c := openCut(t)
	for _, ask := range askings() {
		t.Run(ask.name, func(t *testing.T) {
			want, err := ask.run(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			c.each(func(n int) {
				got, err := ask.run(t.Context(), s)
				if n == 0 && !c.failed {
					t.Error("it reads nothing")
				}
				if (!c.failed || !errors.Is(err, errRead)) && (err != nil || asJSON(t, got) != asJSON(t, want)) {
					t.Fatalf("read %d failed: %t: %s, %v", n, c.failed, asJSON(t, got), err)
				}
			})
		})
	}
	checkClean(t, s)
}

// TestWritesWhoseReadsFail lets each read of a seal and of a purge fail: that leaves the
// log as it was, or goes on where it was.
func TestWritesWhoseReadsFail(t *testing.T) {
	s, c := openCut(t)
	c.each(func(n int) {
		if err := s.Seal(); !c.failed && err != nil || err != nil && !errors.Is(err, errRead) {
			t.Fatalf("read %d failed: %t: %v", n, c.failed, err)
		}
	})
	checkClean(t, s)
	if _, err := s.Delete(t.Context(), "acme", entry("acme", 0), audit.DeletionOrder{Grace: 0}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		c.each(func(n int) {
			was, err := s.PurgeStep(t.Context(), "acme")
			if !c.failed && err != nil || err != nil && !errors.Is(err, errRead) {
				t.Fatalf("read %d failed: %t: %v", n, c.failed, err)
			}
			done = done || was
		})
		checkClean(t, s)
	}
}

// readable fills a store with blocks, spans and a tail.
func readable(t *testing.T, s *Store) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range 120 {
		e, other := entry("acme", i), entry("globex", i)
		e.CreatedAt, e.Outcome = at.Add(time.Duration(i)*time.Second), audit.Outcomes()[i%3]
		if e.Key = "key"; i > 0 {
			e.Key = fmt.Sprint("key", i)
		}
		if _, err := s.Record(t.Context(), []*audit.Entry{e, other}); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 {
			if err := s.Seal(); err != nil {
				t.Fatal(err)
			}
		}
		if i == 105 { // some come late, and scattered over all
			late := scattered("acme", 24, 0)
			for k, e := range late {
				e.CreatedAt = at.Add(time.Duration(4*k)*time.Second + time.Second/2)
				e.Key = ""
			}
			mustRecordAll(t, s, late)
		}
	}
	if len(s.mem.Projects["acme"].Rec.Late) == 0 {
		t.Fatal("no late entries are in a layer of their own")
	}
}

type asking struct {
	name string
	run  func(context.Context, *Store) (any, error)
}

// askings are calls that read and leave the store as it is.
func askings() []asking {
	list := func(q audit.Query) func(context.Context, *Store) (any, error) {
		q.Project = "acme"
		return func(ctx context.Context, s *Store) (any, error) {
			return audittest.List(ctx, s, q, audit.Paging{Limit: 200})
		}
	}
	return []asking{
		{"list", list(audit.Query{})},
		{"list by outcome", list(audit.Query{Is: audit.Terms{"outcome": {string(audit.Forbidden)}}})},
		{"list by actor that is not there", list(audit.Query{Is: audit.Terms{"actor": {"nobody"}}})},
		{"get", func(ctx context.Context, s *Store) (any, error) { return s.Get(ctx, "acme", 31) }},
		{"stats", func(ctx context.Context, s *Store) (any, error) {
			return audittest.Stats(ctx, s, audit.Query{Project: "acme"}, audit.Counting{})
		}},
		{"since", func(ctx context.Context, s *Store) (any, error) { return s.Since(ctx, "acme", 7, 1000) }},
		{"after", func(ctx context.Context, s *Store) (any, error) {
			entries, through, err := s.After(ctx, 7, 1000)
			return []any{entries, through}, err
		}},
		{"cursors", func(_ context.Context, s *Store) (any, error) { return s.Cursors() }},
		{"tokens", func(_ context.Context, s *Store) (any, error) { return s.Tokens() }},
		{"changes", func(_ context.Context, s *Store) (any, error) {
			changes, through, err := s.BlockChanges(3, 1000)
			return []any{changes, through}, err
		}},
		{"record a duplicate", func(ctx context.Context, s *Store) (any, error) {
			e := entry("acme", 0)
			e.Key = "key"
			return s.Record(ctx, []*audit.Entry{e})
		}},
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
