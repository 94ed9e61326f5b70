package store

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/blocks"
	"auditlog/store/copies"
	"auditlog/store/kv"
)

// small are sizes of which a few hundred entries make many blocks.
func small() blocks.Sizes {
	return blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 8, Ahead: 1}
}

// scattered returns entries of a project, one a minute and each so much later, some with keys.
func scattered(project string, n int, late time.Duration) (entries []*audit.Entry) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		e := entry(project, i)
		e.CreatedAt = at.Add(time.Duration(i)*time.Minute + late)
		if i%3 == 0 {
			e.Key = fmt.Sprint(i, late)
		}
		entries = append(entries, e)
	}
	return entries
}

// openIdle opens a store of small blocks whose sealer does nothing by itself.
func openIdle(t *testing.T, dir string) *Store {
	t.Helper()
	return openIdleAs(t, dir, Options{SealAfter: time.Hour, sizes: small()})
}

func openIdleAs(t *testing.T, dir string, opts Options) *Store {
	t.Helper()
	db, err := openDB(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStore(db, opts)
	if err != nil {
		t.Fatal(err)
	}
	s.done.Go(s.commitLoop)
	t.Cleanup(func() { s.Close() })
	return s
}

func mustRecordAll(t *testing.T, s *Store, entries []*audit.Entry) {
	t.Helper()
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
}

// midway returns a store with a project in the midst of a seal by steps, and another one.
func midway(t *testing.T, dir string) *Store {
	t.Helper()
	s := openIdle(t, dir)
	mustRecordAll(t, s, scattered("late", 600, 0))
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	late := scattered("late", 600, time.Second)
	slices.Reverse(late) // so that no seq is sealed before the last step
	mustRecordAll(t, s, late)
	mustRecordAll(t, s, scattered("other", 10, 0))
	s.step(t, true)
	return s
}

func (s *Store) step(t *testing.T, due bool) {
	t.Helper()
	var until int64
	if due {
		until = s.mem.Tail.Next()
	}
	if _, err := s.sealStep(until, true); err != nil {
		t.Fatal(err)
	}
}

// everything reads all that a store has of a project in each way that there is.
func everything(t *testing.T, s *Store, project string) []*audit.Entry {
	t.Helper()
	ctx := t.Context()
	var listed []*audit.Entry
	err := audittest.Export(ctx, s, audit.Query{Project: project}, func(e *audit.Entry) error {
		listed = append(listed, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stats, err := audittest.Stats(ctx, s, audit.Query{Project: project}, audit.Counting{})
	if err != nil || stats.Total != int64(len(listed)) {
		t.Errorf("%s: %d are listed, counted are %v, %v", project, len(listed), stats, err)
	}
	if p, err := s.Project(project); err != nil || p.Entries != int64(len(listed)) {
		t.Errorf("%s: %d are listed, the project says %d, %v", project, len(listed), p.Entries, err)
	}
	bySeq, err := s.AfterSeq(ctx, project, 0, 1<<20)
	if err != nil || len(bySeq) != len(listed) {
		t.Errorf("%s: %d are listed, %d read by seq, %v", project, len(listed), len(bySeq), err)
	}
	byID, _, err := s.After(ctx, 0, 1<<20)
	byID = slices.DeleteFunc(byID, func(e *audit.Entry) bool { return e.Project != project })
	if err != nil || len(byID) != len(listed) {
		t.Errorf("%s: %d are listed, %d read by id, %v", project, len(listed), len(byID), err)
	}
	for _, e := range listed {
		if got, err := s.Get(ctx, project, e.ID); err != nil || !slices.Equal(got.AppendJSON(nil), e.AppendJSON(nil)) {
			t.Fatalf("%s: entry %d: %v, %v", project, e.ID, got, err)
		}
	}
	return listed
}

// checkDescribed wants a copy of the log to say that it has so many entries.
func checkDescribed(t *testing.T, s *Store, want int64) {
	t.Helper()
	err := s.View(func(tx kv.Tx) error {
		if n, _, err := copies.Describe(tx); err != nil || n != want {
			t.Errorf("a copy would say that it has %d of %d entries, %v", n, want, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// In the midst of a seal that goes by steps every entry is read once, in every way, by
// those who read now and by whoever opens the store after a crash, which goes on where it was.
func TestSealBySteps(t *testing.T) {
	dir := t.TempDir()
	s := midway(t, dir)
	steps := 0
	for ; s.mem.Projects["late"].Rec.Sealing != nil; steps++ {
		if n := len(everything(t, s, "late")); n != 1200+steps {
			t.Fatalf("after %d steps there are %d entries", steps, n)
		}
		checkDescribed(t, s, checkClean(t, s).Entries)
		if steps%2 == 1 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openIdle(t, dir)
		}
		// What comes meanwhile, at the front, is of the next seal; a repeated one is known.
		e := scattered("late", 1, time.Duration(-steps)*time.Second)[0]
		e.Key = fmt.Sprint("meanwhile", steps)
		mustRecordAll(t, s, []*audit.Entry{e})
		again := scattered("late", 1, time.Second)
		if got, err := s.Record(t.Context(), again); err != nil || !got[0].Duplicate {
			t.Fatalf("repeated: %+v, %v", got, err)
		}
		s.step(t, false)
	}
	if steps < 4 {
		t.Errorf("it took %d steps", steps)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	if n := len(everything(t, s, "late")); n != 1200+steps || s.Unsealed() != 0 || len(s.mem.Tail.Slots) != 0 {
		t.Errorf("in the end there are %d entries, %d of them and %d slots in the tail", n, s.Unsealed(), len(s.mem.Tail.Slots))
	}
	checkClean(t, s)
	if line := s.queue.State(); line.Tail.Entries != 0 || line.Tail.Bytes != 0 {
		t.Errorf("the tail is empty, its shares are %+v", line)
	}
}

// While one project is sealed by steps, the others are sealed as they always are, although
// the tail's rows have entries of both.
func TestOthersAreSealedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	s := midway(t, dir)
	if n := s.mem.Projects["other"].Rec.Entries; n != 10 {
		t.Fatalf("%d entries of the other are in blocks after the first step, want 10", n)
	}
	for round := range 3 {
		mixed := append(scattered("other", 5, time.Duration(round+1)*time.Hour), scattered("late", 1, time.Duration(round+2)*time.Second)...)
		mustRecordAll(t, s, mixed)
		s.step(t, true)
		if s.mem.Projects["late"].Rec.Sealing == nil {
			t.Fatal("the late ones are sealed already")
		}
		if n := s.mem.Projects["other"].Rec.Entries; n != int64(10+5*(round+1)) {
			t.Errorf("round %d: %d entries of the other are in blocks", round, n)
		}
		for _, p := range []string{"late", "other"} {
			everything(t, s, p)
		}
		checkClean(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openIdle(t, dir)
	}
	if len(s.mem.Tail.Slots) < 600 {
		t.Errorf("only %d slots are in the tail", len(s.mem.Tail.Slots))
	}
	// A purge of the other waits until the tail has none of its ids.
	if _, err := s.Delete(t.Context(), "other", entry("other", 0), audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		var err error
		if done, err = s.PurgeStep(t.Context(), "other"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(everything(t, s, "late")); n != 1203 {
		t.Errorf("%d late ones are left", n)
	}
	checkClean(t, s)
}

// A step that rewrites one project's blocks is bounded, however many of them its entries go to,
// and so is what all of a step writes.
func TestStepsAreBounded(t *testing.T) {
	alone(t)
	s := openIdle(t, t.TempDir())
	for p := range 40 {
		mustRecordAll(t, s, scattered(fmt.Sprint("p", p), 200, 0))
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	for p := range 40 {
		mustRecordAll(t, s, scattered(fmt.Sprint("p", p), 200, time.Second))
	}
	for s.Unsealed() > 0 {
		before := s.BlockSeq()
		s.step(t, true)
		// A block that is cut in two is one that goes and two that come; the last of a
		// project may take in those before it.
		if n := s.BlockSeq() - before; n > 4*128 {
			t.Fatalf("a step wrote %d blocks", n)
		}
	}
	checkClean(t, s)
}

// Whose share of the tail is full waits; the others record, and so does the log itself.
func TestWhoFillsTheTailWaits(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealRows: 16, SealAfter: time.Hour})
	s.maintenance.Lock() // the sealer is busy for long
	release := sync.OnceFunc(s.maintenance.Unlock)
	t.Cleanup(release)
	flood := make(chan error, 64)
	for i := range 64 {
		go func() {
			_, err := s.Record(t.Context(), scattered("evil", 16, time.Duration(i)*time.Second))
			flood <- err
		}()
	}
	share := s.sealer.Room().Entries / 2
	for s.queue.State().Held == 0 {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	for i := range 20 {
		mustRecordAll(t, s, scattered("good", 1, time.Duration(i)*time.Second))
	}
	if err := s.RecordOwn(t.Context(), entry("evil", 1)); err != nil {
		t.Error(err)
	}
	if err := s.ChangeTokens(t.Context(), map[string][]byte{"t": []byte("x")}, nil, nil); err != nil {
		t.Error(err)
	}
	if _, err := s.Hold(t.Context(), "evil", entry("evil", 2), "why"); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > roomWait/2 {
		t.Errorf("the others took %v", took)
	}
	s.mem.Mu.RLock()
	n := len(s.mem.Projects["evil"].Tail)
	s.mem.Mu.RUnlock()
	if n > share+16+2 || n < share {
		t.Errorf("%d entries of who floods are in the tail, its share is %d", n, share)
	}
	release()
	for range 64 {
		if err := <-flood; err != nil {
			t.Error(err)
		}
	}
	checkClean(t, s)
}
