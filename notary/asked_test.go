package notary

import (
	"context"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
)

// TestHeadsAreAskedFor: who may read cannot fill the master log. What the worker does is not held up.
func TestHeadsAreAskedFor(t *testing.T) {
	b := open(t)
	var err error
	b.n, err = New(b.Store, b.key, Options{Apart: time.Hour})
	b.must(err)
	for range askedAtOnce {
		b.record("acme", 1)
		b.head()
	}
	if c := b.master(); c.Size != askedAtOnce {
		t.Errorf("%d heads, want %d", c.Size, askedAtOnce)
	}
	soon, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := b.n.Head(soon); err != nil {
		t.Errorf("of what has a head already: %v", err)
	}
	b.record("acme", 1)
	if err := b.n.Head(soon); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("one more: %v", err)
	}
	b.must(b.n.work(t.Context()))
	if c := b.master(); c.Size != askedAtOnce+1 {
		t.Errorf("the worker makes none: %d", c.Size)
	}
	b.must(b.n.Head(soon))
}

// TestHeadIsShared: of many who wait for a head of the same entries, one makes it.
func TestHeadIsShared(t *testing.T) {
	b := open(t)
	b.record("acme", 1)
	b.n.making.Lock()
	asked := b.n.begun.Load()
	b.n.making.Unlock()
	b.head() // begun since
	b.record("acme", 1)
	b.n.making.Lock()
	b.must(b.n.cover(t.Context(), asked))
	b.n.making.Unlock()
	if c := b.master(); c.Size != 1 {
		t.Errorf("%d heads, want the one that began since", c.Size)
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			entries := []*audit.Entry{entry("acme", 1)}
			if _, err := b.Record(t.Context(), entries); err != nil {
				t.Error(err)
				return
			}
			if _, err := b.n.Proof(t.Context(), "acme", entries[0].Seq); err != nil {
				t.Errorf("seq %d: %v", entries[0].Seq, err)
			}
		})
	}
	group.Wait()
}
