package client

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"auditlog/audit"
)

func TestRecordIsTriedAgain(t *testing.T) {
	status := func(code int, header ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if len(header) == 2 {
				w.Header().Set(header[0], header[1])
			}
			w.WriteHeader(code)
		}
	}
	tests := map[string]struct {
		fail func(http.ResponseWriter)
		// The pauses after the first and the second try lie between these.
		min, max time.Duration
	}{
		"unavailable":      {func(w http.ResponseWriter) { down(0, w, nil) }, 150 * time.Millisecond, 300 * time.Millisecond},
		"internal":         {func(w http.ResponseWriter) { refuse(w, audit.Internal, "", "oops") }, 150 * time.Millisecond, 300 * time.Millisecond},
		"a bare 500":       {status(500), 150 * time.Millisecond, 300 * time.Millisecond},
		"a proxy's 502":    {status(502), 150 * time.Millisecond, 300 * time.Millisecond},
		"asked to wait":    {status(429, "Retry-After", "3"), 6150 * time.Millisecond, 6300 * time.Millisecond},
		"asked for a date": {status(503, "Retry-After", "Sat, 01 Jan 2000 00:00:05 GMT"), 5 * time.Second, 6 * time.Second},
		"asked nonsense":   {status(503, "Retry-After", "-1"), 150 * time.Millisecond, 300 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, c := newFakeLog(t)
				log.before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
					if n < 3 {
						tt.fail(w)
					}
					return n < 3
				}
				start := time.Now() // the bubble's clock begins at midnight of 2000-01-01
				res, err := c.Record(t.Context(), entry("ada@example.com"))
				if err != nil || res.Recorded != 1 || log.calls != 3 {
					t.Fatalf("got %+v, %v after %d calls", res, err, log.calls)
				}
				if took := time.Since(start); took < tt.min || took > tt.max {
					t.Errorf("took %v, want between %v and %v", took, tt.min, tt.max)
				}
			})
		})
	}
}

func TestPausesGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, c := newFakeLog(t)
		c.Tries, c.Pause = 12, time.Second
		log.before = down
		_, err := c.Record(t.Context(), entry("ada@example.com"))
		if audit.KindOf(err) != audit.Unavailable || err.Error() != "the log is closing" || log.calls != 12 {
			t.Fatalf("got %v after %d calls", err, log.calls)
		}
		for i, want := 1, time.Second; i < len(log.at); i, want = i+1, min(2*want, maxPause) {
			if got := log.at[i].Sub(log.at[i-1]); got < want/2 || got > want {
				t.Errorf("pause %d is %v, want between %v and %v", i, got, want/2, want)
			}
		}
	})
}

func TestALostAnswerDoublesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, c := newFakeLog(t)
		log.after = func(n int) error {
			if n == 1 {
				return errNetwork
			}
			return nil
		}
		own := entry("ada@example.com")
		own.Key = "mine"
		res, err := c.Record(t.Context(), entry("ada@example.com"), own, entry("ada@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		// Of the caller's own key nobody can tell who recorded it first.
		if res.Recorded != 2 || res.Duplicates != 1 || res.FirstID != 1 || res.LastID != 3 || !res.Entries[1].Duplicate || res.Entries[2].Duplicate {
			t.Errorf("got %+v", res)
		}
		if n := len(log.recorded()); n != 3 {
			t.Errorf("the log has %d entries", n)
		}
	})
}

func TestWhatIsNotTriedAgain(t *testing.T) {
	t.Run("a refusal", func(t *testing.T) {
		log, c := newFakeLog(t)
		_, err := c.Record(t.Context(), entry("bad"))
		var f *audit.Fault
		if !errors.As(err, &f) || *f != (audit.Fault{Kind: audit.Invalid, Item: audit.EntryAt(0), Path: "actor.email", Message: "is bad"}) || log.calls != 1 {
			t.Errorf("got %v after %d calls", err, log.calls)
		}
	})
	t.Run("a change of a project", func(t *testing.T) {
		log, c := newFakeLog(t)
		log.before = down
		if _, err := c.DeleteProject(t.Context(), "acme"); audit.KindOf(err) != audit.Unavailable || log.calls != 1 {
			t.Errorf("got %v after %d calls", err, log.calls)
		}
	})
	t.Run("who is no audit log", func(t *testing.T) {
		log, c := newFakeLog(t)
		for _, body := range []string{"<html>", `{"items":[]}`, `{"ok":true}`, `{"ok":false}`} {
			log.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.Write([]byte(body))
				return true
			}
			log.calls = 0
			_, err := c.Projects(t.Context())
			if err == nil || !strings.Contains(err.Error(), "http://log.test/project.list does not answer as an audit log does") || log.calls != 1 {
				t.Errorf("%s: got %v after %d calls", body, err, log.calls)
			}
		}
	})
	t.Run("a log that asks for a longer wait than there is time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			log, c := newFakeLog(t)
			log.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
				w.Header().Set("Retry-After", "60")
				return down(0, w, r)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			start := time.Now()
			_, err := c.Record(ctx, entry("ada@example.com"))
			if !errors.Is(err, context.DeadlineExceeded) || audit.KindOf(err) != audit.Unavailable || log.calls != 1 {
				t.Errorf("got %v after %d calls", err, log.calls)
			}
			if took := time.Since(start); took != 0 {
				t.Errorf("waited %v for nothing", took)
			}
		})
	})
	t.Run("a call that is taken back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			log, c := newFakeLog(t)
			log.before = down
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, cancel)
			_, err := c.Record(ctx, entry("ada@example.com"))
			if !errors.Is(err, context.Canceled) || log.calls != 1 {
				t.Errorf("got %v after %d calls", err, log.calls)
			}
		})
	})
}

func TestAHangingTryEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := newFakeLog(t)
		c.Tries = 2
		c.HTTP = &http.Client{Transport: hang{}}
		start := time.Now()
		_, err := c.Projects(t.Context())
		if audit.KindOf(err) != audit.Unavailable || !strings.HasPrefix(err.Error(), "cannot reach the log: ") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start).Round(time.Second); took != time.Minute {
			t.Errorf("two tries took %v", took)
		}
	})
}

type hang struct{}

func (hang) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// What the log asks one to wait long for, as for a limit of a day, is told to the caller at
// once; a queue goes on trying, and loses nothing.
func TestALongWaitIsTheCallersToKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, c := newFakeLog(t)
		limited := 3
		log.before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n <= limited {
				w.Header().Set("Retry-After", "3600")
				refuse(w, audit.RateLimited, "", `the limit "tenant" of this log lets project acme record 1000 bytes a day`)
			}
			return n <= limited
		}
		_, err := c.Record(t.Context(), entry("ada@example.com"))
		if audit.KindOf(err) != audit.RateLimited || !strings.Contains(err.Error(), `the limit "tenant"`) || log.calls != 1 {
			t.Fatalf("got %v after %d calls", err, log.calls)
		}
		start := time.Now()
		q := c.NewQueue(QueueConfig{OnDrop: func(_ audit.Entry, why error) { t.Errorf("dropped: %v", why) }})
		if !q.Add(entry("ada@example.com")) {
			t.Fatal("the queue takes nothing")
		}
		if err := q.Close(t.Context()); err != nil || log.calls != limited+1 {
			t.Errorf("got %v after %d calls", err, log.calls)
		}
		if took := time.Since(start); took < 10*time.Second || took > 2*time.Minute {
			t.Errorf("the queue tried again within %v", took)
		}
	})
}
