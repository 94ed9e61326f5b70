package client

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"auditlog/audit"
)

// drops collects what a Queue reports.
type drops struct {
	mu   sync.Mutex
	whys []error
}

func (d *drops) on(_ audit.Entry, why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.whys = append(d.whys, why)
}

func TestQueueRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, c := newFakeLog(t)
		c.Channel = audit.ChannelAPI
		q := c.NewQueue(QueueConfig{})
		start := time.Now()
		for i := range 3000 {
			if !q.Add(entry(strconv.Itoa(i))) {
				t.Fatalf("entry %d is dropped", i)
			}
		}
		time.Sleep(time.Minute)
		for i := range 10 {
			q.Add(entry(strconv.Itoa(3000 + i)))
		}
		if err := q.Close(t.Context()); err != nil || q.Dropped() != 0 {
			t.Fatalf("close: %v, %d dropped", err, q.Dropped())
		}
		got := log.recorded()
		if len(got) != 3010 {
			t.Fatalf("%d entries are recorded", len(got))
		}
		for i, e := range got {
			if e.Actor.Email != strconv.Itoa(i) || e.Key == "" || e.Channel != audit.ChannelAPI {
				t.Fatalf("entry %d is %+v", i, e)
			}
		}
		if !got[0].CreatedAt.Equal(start) || !got[3009].CreatedAt.Equal(start.Add(time.Minute)) {
			t.Errorf("created at %v and %v", got[0].CreatedAt, got[3009].CreatedAt)
		}
		if log.calls > 14 {
			t.Errorf("%d calls: the entries were not batched", log.calls)
		}
		if err := q.Close(t.Context()); err != nil {
			t.Errorf("close again: %v", err)
		}
	})
}

// TestQueueOutlivesAnOutage: while the log is down an hour the queue fills, drops
// and counts; afterwards it records what waited and says in the log what did not.
func TestQueueOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, c := newFakeLog(t)
		up := time.Now().Add(time.Hour)
		log.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
			return time.Now().Before(up) && down(n, w, r)
		}
		var d drops
		var gapSince time.Time
		q := c.NewQueue(QueueConfig{
			Size:   100,
			OnDrop: d.on,
			Gap: func(n int64, since time.Time) audit.Entry {
				e := entry("log")
				e.Action, e.Detail = "auditLog.gap", strconv.FormatInt(n, 10)
				gapSince = since
				return e
			},
		})
		var full time.Time
		for i := range 150 {
			if i == 100 {
				full = time.Now()
			}
			if ok := q.Add(entry("ada@example.com")); ok != (i < 100) {
				t.Fatalf("entry %d: %v", i, ok)
			}
			time.Sleep(10 * time.Second)
		}
		if q.Dropped() != 50 || len(d.whys) != 50 || d.whys[0] != ErrFull {
			t.Fatalf("%d dropped: %v", q.Dropped(), d.whys)
		}
		time.Sleep(2 * time.Hour)
		if err := q.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := log.recorded()
		if len(got) != 101 || q.Dropped() != 50 {
			t.Fatalf("%d recorded, %d dropped", len(got), q.Dropped())
		}
		gap := got[slices.IndexFunc(got, func(e audit.Entry) bool { return e.Action == "auditLog.gap" })]
		if gap.Detail != "50" || !gapSince.Equal(full) {
			t.Errorf("the gap is %+v since %v, want since %v", gap, gapSince, full)
		}
	})
}

func TestQueueDropsOnlyWhatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, c := newFakeLog(t)
		var d drops
		q := c.NewQueue(QueueConfig{OnDrop: d.on})
		for i := range 500 {
			e := entry("ada@example.com")
			if i == 7 || i == 8 || i == 499 {
				e.Actor.Email = "bad"
			}
			q.Add(e)
		}
		lacking := entry("")
		if q.Add(lacking) {
			t.Error("an entry without an actor is taken")
		}
		if err := q.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(log.recorded()) != 497 || q.Dropped() != 4 || len(d.whys) != 4 {
			t.Errorf("%d recorded, %d dropped: %v", len(log.recorded()), q.Dropped(), d.whys)
		}
		for _, why := range d.whys {
			if audit.KindOf(why) != audit.Invalid {
				t.Errorf("dropped for %v", why)
			}
		}
	})
}

// What another entry has the key of is dropped, and the others are not.
func TestQueueDropsConflicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, c := newFakeLog(t)
		var d drops
		q := c.NewQueue(QueueConfig{OnDrop: d.on})
		for i := range 10 {
			e := entry("ada@example.com")
			e.Key = "k" + strconv.Itoa(i%9)
			e.Detail = strconv.Itoa(i)
			q.Add(e)
		}
		if err := q.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(log.recorded()) != 9 || q.Dropped() != 1 || len(d.whys) != 1 || audit.KindOf(d.whys[0]) != audit.Conflict {
			t.Errorf("%d recorded, %d dropped: %v", len(log.recorded()), q.Dropped(), d.whys)
		}
	})
}

func TestQueueClosedInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, c := newFakeLog(t)
		log.before = down
		var d drops
		q := c.NewQueue(QueueConfig{OnDrop: d.on})
		for range 20 {
			q.Add(entry("ada@example.com"))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := q.Close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "close the queue: 20 entries are not recorded: context deadline exceeded" {
			t.Errorf("got %v", err)
		}
		if q.Add(entry("ada@example.com")) || q.Dropped() != 21 || d.whys[20] != ErrClosed {
			t.Errorf("%d dropped: %v", q.Dropped(), d.whys)
		}
		if len(log.recorded()) != 0 {
			t.Errorf("%d recorded", len(log.recorded()))
		}
	})
}

// TestQueueTakesFromMany is for the race detector.
func TestQueueTakesFromMany(t *testing.T) {
	log, c := newFakeLog(t)
	q := c.NewQueue(QueueConfig{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				q.Add(entry("ada@example.com"))
			}
		})
	}
	wg.Wait()
	if err := q.Close(t.Context()); err != nil || len(log.recorded()) != 1600 || q.Dropped() != 0 {
		t.Errorf("%v: %d recorded, %d dropped", err, len(log.recorded()), q.Dropped())
	}
}
