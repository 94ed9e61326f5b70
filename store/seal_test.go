package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/kvtest"
)

// Blocks that are full by the size of their entries, few as these are, are left
// alone by the seals that follow, and the full-text index is told of them.
func TestSealLeavesHeavyBlocks(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour})
	for round := range 4 {
		var batch []*audit.Entry
		for i := range 1000 {
			e := entry("acme", i)
			e.Detail = strings.Repeat("lorem ipsum ", 400)
			batch = append(batch, e)
		}
		if _, err := s.Record(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		before := s.BlockSeq()
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
		if n := s.BlockSeq() - before; n > 6 {
			t.Errorf("seal %d wrote %d blocks for 5 MB of entries", round, n)
		}
	}
	changes, _, err := s.BlockChanges(0, 1000)
	if blocks := checkClean(t, s).Blocks; err != nil || len(changes) < blocks-1 {
		t.Errorf("followers are told of %d of %d blocks, %v", len(changes), blocks, err)
	}
}

// However many blocks late entries go to, each record of a span is written once,
// and what is in it was worked out before the transaction.
func TestLateEntriesWriteASpanOnce(t *testing.T) {
	written := make(map[string]int) // by bucket
	keys := make(map[string]bool)   // of spans
	db := &kvtest.DB{Put: func(bucket string, key []byte) {
		written[bucket]++
		if bucket == format.Spans {
			keys[string(key)] = true
		}
	}}
	s := openFaulty(t, t.TempDir(), Options{SealAfter: time.Hour,
		sizes: blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 8, Ahead: 1}}, db)
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	batch := func(offset time.Duration) (entries []*audit.Entry) {
		for i := range 200 {
			e := entry("acme", i)
			e.Resource.ID = fmt.Sprint(i, offset)
			e.CreatedAt = at.Add(time.Duration(i)*time.Minute + offset)
			entries = append(entries, e)
		}
		return entries
	}
	if _, err := s.Record(t.Context(), batch(0)); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(t.Context(), batch(time.Second)); err != nil {
		t.Fatal(err)
	}
	records := 0
	if err := s.db.View(func(tx kv.Tx) error {
		records = keysIn(tx, format.Spans)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	clear(written)
	clear(keys)
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	if n := written[format.Spans]; n == 0 || len(keys) != n || n > records || written[format.Blocks] < 50 {
		t.Errorf("%d blocks change %d records of %d, in %d writes", written[format.Blocks], len(keys), records, n)
	}
	checkClean(t, s)
}

// TestSealerThatFails wants a sealer that cannot go on to be reported once, and
// recording to be refused, not held in memory without end, until it can.
func TestSealerThatFails(t *testing.T) {
	var failing atomic.Bool
	failing.Store(true)
	reports := make(chan error, 100)
	db := &kvtest.DB{Before: func(buckets []string) error {
		if slices.Contains(buckets, format.Blocks) && failing.Load() {
			return syscall.ENOSPC
		}
		return nil
	}}
	opts := Options{SealRows: 10, SealAfter: time.Hour, Report: func(err error) { reports <- err }}
	s := openFaulty(t, t.TempDir(), opts, db)
	var err error
	n := 0
	share := s.sealer.Room().Entries / 2
	for ; err == nil && n < share+100; n++ {
		_, err = s.Record(t.Context(), []*audit.Entry{entry("acme", n)})
	}
	if audit.KindOf(err) != audit.Unavailable || !errors.Is(err, syscall.ENOSPC) || n < share {
		t.Fatalf("entry %d into a tail that cannot be sealed: %v", n, err)
	}
	if err := <-reports; !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("reported: %v", err)
	}
	failing.Store(false)
	for err != nil {
		_, err = s.Record(t.Context(), []*audit.Entry{entry("acme", n)})
	}
	if len(reports) != 0 {
		t.Errorf("reported %d times more", len(reports))
	}
	checkClean(t, s)
}

// A project that fills a block is sealed up to there: what does not fill the next one stays in the
// tail, in which the entries of a seal that has not ended are read once, whatever order they
// were recorded in, also by whoever opens the store then.
func TestWhatFillsNoBlockStaysInTheTail(t *testing.T) {
	dir := t.TempDir()
	s := openIdle(t, dir)
	rows := s.opts.sizes.BlockRows
	began := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	draw := rand.New(rand.NewPCG(1, 2))
	n, ahead := 0, 0
	for round := range 12 {
		batch := scattered("acme", 3*rows+1, time.Duration(n)*time.Hour)
		for i, e := range batch {
			e.CreatedAt, e.Key = began.Add(time.Duration(n+i)*time.Second), ""
		}
		draw.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
		mustRecordAll(t, s, batch)
		n += len(batch)
		blocks := s.mem.Projects["acme"].Rec.Entries
		s.step(t, false)
		p := s.mem.Projects["acme"]
		if sealed := p.Rec.Entries - blocks; sealed == 0 || p.Rec.Entries%int64(rows) != 0 {
			t.Fatalf("round %d: %d entries are in blocks, %d more than before", round, p.Rec.Entries, sealed)
		}
		if p.Rec.Sealing != nil {
			ahead++
		}
		if got := len(everything(t, s, "acme")); got != n {
			t.Fatalf("round %d: %d of %d entries are there", round, got, n)
		}
		checkClean(t, s)
	}
	if ahead < 3 {
		t.Errorf("%d seals have not ended", ahead)
	}
	// One that belongs before what is sealed has the seal end before it is sealed itself.
	early := scattered("acme", 1, 0)
	early[0].CreatedAt, early[0].Key = began.Add(time.Second/2), ""
	mustRecordAll(t, s, early)
	n++
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openIdle(t, dir)
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	if got := len(everything(t, s, "acme")); got != n || s.Unsealed() != 0 {
		t.Fatalf("%d of %d entries are there, %d in the tail", got, n, s.Unsealed())
	}
	checkClean(t, s)
}
