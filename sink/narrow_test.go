package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"auditlog/audit"
)

func batch(from, n int64) *Batch {
	b := &Batch{From: from, To: from + 10*n}
	for i := range n {
		b.Entries = append(b.Entries, &audit.Entry{ID: from + 10*i + 5, Seq: from + i})
	}
	return b
}

// Of a batch that is refused as a whole, every entry that is fit arrives once, in order, and
// those that are not are named by their places.
func TestNarrow(t *testing.T) {
	t.Run("halves", func(t *testing.T) { testNarrow(t, false) })
	t.Run("known", func(t *testing.T) { testNarrow(t, true) })
}

// testNarrow tells, or not, which entry is at fault.
func testNarrow(t *testing.T, known bool) {
	for _, bad := range [][]int64{{}, {105}, {195}, {105, 115, 145}, {105, 115, 125, 135, 145, 155, 165, 175, 185, 195}} {
		b := batch(100, 10)
		b.Proven = len(bad) == len(b.Entries)
		var took []int64
		covered := b.From
		err := new(Narrower).Deliver(t.Context(), b, func(_ context.Context, b *Batch) error {
			for i, e := range b.Entries {
				if slices.Contains(bad, e.ID) {
					return &Unfit{Reason: fmt.Sprint(len(b.Entries)), Known: known, At: i}
				}
			}
			if b.From < covered {
				t.Errorf("%v: a part begins at %d, below %d", bad, b.From, covered)
			}
			covered = b.To + 1
			for _, e := range b.Entries {
				took = append(took, e.ID)
			}
			return nil
		})
		var left []int64
		if refused := new(Refused); errors.As(err, &refused) {
			for _, r := range refused.Entries {
				left = append(left, b.Entries[r.Index].ID)
				if r.Reason != "1" && !known {
					t.Errorf("%v: refused among %s", bad, r.Reason)
				}
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(left, bad) && len(bad)+len(left) > 0 {
			t.Errorf("%v were refused, want %v", left, bad)
		}
		if !slices.IsSorted(took) || len(took)+len(bad) != 10 {
			t.Errorf("%v: %v arrived", bad, took)
		}
	}
}

// What one part of a batch meets stops the rest, and is the answer.
func TestNarrowStops(t *testing.T) {
	want := &Later{Err: errors.New("busy")}
	sent := 0
	err := new(Narrower).Deliver(t.Context(), batch(1, 8), func(_ context.Context, b *Batch) error {
		if sent++; sent == 1 {
			return &Unfit{Reason: "too large"}
		}
		return want
	})
	if err != want || sent != 2 {
		t.Errorf("%v after %d", err, sent)
	}
}

// A destination that has taken nothing, and refuses whatever it is sent, refuses no entry: nothing is
// kept of it, and few entries are tried.
func TestNarrowDoubts(t *testing.T) {
	for _, n := range []int64{1, 3, 1000} {
		var r Narrower
		b, sent := batch(1, n), 0
		err := r.Deliver(t.Context(), b, func(_ context.Context, b *Batch) error {
			sent++
			return &Unfit{Reason: "no such path"}
		})
		if refused := new(Refused); err == nil || errors.As(err, &refused) || sent > 30 {
			t.Errorf("%d entries: %v, after %d requests", n, err, sent)
		}
		if err := r.Deliver(t.Context(), b, func(_ context.Context, b *Batch) error { return nil }); err != nil {
			t.Errorf("%d entries, once the address is right: %v", n, err)
		}
		b.Proven = true
		err = r.Deliver(t.Context(), b, func(_ context.Context, b *Batch) error { return &Unfit{Reason: "odd"} })
		if refused := new(Refused); !errors.As(err, &refused) || len(refused.Entries) != int(n) {
			t.Errorf("%d entries of a destination that takes others: %v", n, err)
		}
	}
}

// Where there is time for a few parts alone each time, everything is delivered in the end, and
// each entry that is refused is named once.
func TestNarrowInterrupted(t *testing.T) {
	b := batch(100, 64)
	b.Proven = true
	var r Narrower
	took := make(map[int64]bool)
	interrupted := errors.New("no more time")
	for try := 1; ; try++ {
		left := 40
		err := r.Deliver(t.Context(), b, func(_ context.Context, b *Batch) error {
			if left--; left < 0 {
				return interrupted
			}
			for _, e := range b.Entries {
				if e.ID%100 != 15 { // all but a few are refused
					return &Unfit{Reason: "odd"}
				}
			}
			for _, e := range b.Entries {
				took[e.ID] = true
			}
			return nil
		})
		if refused := new(Refused); errors.As(err, &refused) {
			seen := make(map[int]bool)
			for _, e := range refused.Entries {
				if seen[e.Index] || b.Entries[e.Index].ID%100 == 15 || e.Reason != "odd" {
					t.Errorf("%+v", e)
				}
				seen[e.Index] = true
			}
			if len(seen)+len(took) != len(b.Entries) {
				t.Errorf("%d refused, %d taken", len(seen), len(took))
			}
			t.Logf("%d tries", try)
			break
		}
		if err != interrupted || try > 20 {
			t.Fatalf("try %d: %v", try, err)
		}
	}
	// The next batch begins anew.
	if err := r.Deliver(t.Context(), b, func(context.Context, *Batch) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestParts(t *testing.T) {
	b := batch(100, 4)
	first, last := b.Part(0, 1), b.Part(1, 4)
	if first.From != 100 || first.To != 105 || last.From != 106 || last.To != b.To {
		t.Errorf("by id: %d to %d, %d to %d", first.From, first.To, last.From, last.To)
	}
	b.Project, b.From, b.To = "acme", 100, 103
	first, last = b.Part(0, 1), b.Part(1, 4)
	if first.From != 100 || first.To != 100 || last.From != 101 || last.To != 103 {
		t.Errorf("by seq: %d to %d, %d to %d", first.From, first.To, last.From, last.To)
	}
}
