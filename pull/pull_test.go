package pull

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store"
)

// openLog returns a log on a clock that now sets, with so many entries of two projects, each
// recorded at a time of times.
func openLog(t *testing.T, now *time.Time, times ...time.Duration) *store.Store {
	t.Helper()
	begun := *now
	s, err := store.Open(t.TempDir(), store.Options{Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i, after := range times {
		*now = begun.Add(after)
		record(t, s, "other", i)
		record(t, s, "acme", i)
	}
	return s
}

func record(t *testing.T, s *store.Store, project string, i int) {
	t.Helper()
	e := entryOf(project)
	e.Resource.Name = fmt.Sprint(i)
	if _, err := s.Record(t.Context(), []*audit.Entry{e}); err != nil {
		t.Fatal(err)
	}
}

func entryOf(project string) *audit.Entry {
	return &audit.Entry{
		Project: project, Actor: audit.Actor{Email: "ada@example.com", Type: audit.User}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment"}, Outcome: audit.Success,
	}
}

var begin = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)

// A time is where what was recorded since begins, of a project and of all.
func TestStartAtATime(t *testing.T) {
	now := begin
	s := openLog(t, &now, 0, time.Minute, 2*time.Minute, 2*time.Minute, time.Hour)
	for after, want := range map[time.Duration]int64{
		-time.Hour: 0, 0: 0, 1: 1, time.Minute: 1, 2*time.Minute - 1: 2, 2 * time.Minute: 2, 3 * time.Minute: 4, time.Hour: 4, 2 * time.Hour: 5,
	} {
		start := Start{At: begin.Add(after)}
		if got, err := start.before(t.Context(), s, "acme"); got != want || err != nil {
			t.Errorf("after %v begins behind %d, want %d: %v", after, got, want, err)
		}
		if got, err := start.before(t.Context(), s, ""); got != 2*want || err != nil {
			t.Errorf("after %v all begins behind %d, want %d: %v", after, got, 2*want, err)
		}
	}
}

// A clock that was set back or ahead loses nothing behind a cursor, and where it begins by time
// there is always something that was recorded then or later, and nothing earlier at once before it.
func TestClockJumps(t *testing.T) {
	now := begin
	s := openLog(t, &now, 0, time.Hour, time.Minute, 2*time.Hour, -time.Hour, 3*time.Minute)
	pulls := New(Options{Log: s})
	var seqs []int64
	for cursor := ""; ; {
		part, err := pulls.Pull(t.Context(), &Request{Query: audit.Query{Project: "acme"}, Cursor: cursor, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(part.Entries) == 0 {
			break
		}
		seqs, cursor = append(seqs, part.Entries[0].Seq), part.Next
	}
	if !slices.Equal(seqs, []int64{1, 2, 3, 4, 5, 6}) {
		t.Errorf("seqs %v", seqs)
	}
	for _, after := range []time.Duration{-time.Hour, 0, time.Second, 5 * time.Minute, time.Hour, 3 * time.Hour} {
		at := begin.Add(after)
		behind, err := (Start{At: at}).before(t.Context(), s, "acme")
		if err != nil {
			t.Fatal(err)
		}
		if behind > 0 && !entryAt(t, s, behind).RecordedAt.Before(at) || behind < 6 && entryAt(t, s, behind+1).RecordedAt.Before(at) {
			t.Errorf("after %v begins behind %d", after, behind)
		}
	}
}

func entryAt(t *testing.T, s *store.Store, seq int64) *audit.Entry {
	t.Helper()
	entries, err := s.AfterSeq(t.Context(), "acme", seq-1, 1)
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	return entries[0]
}

var errEnough = errors.New("enough")

// Who follows is told that nothing came, and then what came; the server that stops is no error.
func TestFollowQuiet(t *testing.T) {
	now := begin
	s := openLog(t, &now, 0, 0, 0)
	stopping := make(chan struct{})
	pulls := New(Options{Log: s, Stopping: stopping, Heartbeat: 20 * time.Millisecond})
	r := &Request{Query: audit.Query{Project: "acme"}, Start: Start{Number: 2}, Limit: 1}
	var told []string
	err := pulls.Follow(t.Context(), r, func() error { return nil }, func(ev *Event) error {
		switch ev.Kind {
		case Given:
			told = append(told, fmt.Sprint(ev.Entry.Seq, ev.Last))
		case Quiet:
			if len(told) == 2 {
				told = append(told, "quiet")
				record(t, s, "other", 0) // is not told of
				record(t, s, "acme", 0)
			}
		}
		if len(told) == 4 {
			close(stopping)
		}
		return nil
	})
	if want := []string{"2 true", "3 true", "quiet", "4 true"}; err != nil || !slices.Equal(told, want) {
		t.Errorf("told %q, want %q: %v", told, want, err)
	}
}

// Who may read one project of many is not told at once that others record: with what comes for him, or when
// it is time for a heartbeat.
func TestFollowTellsOfOthersLater(t *testing.T) {
	for _, test := range []struct {
		beat time.Duration
		then string // who records after others have
		want []string
	}{
		{time.Hour, "acme", []string{"skipped 1-1", "given 2-2", "skipped 3-3", "skipped 4-5", "given 6-6"}},
		{50 * time.Millisecond, "", []string{"skipped 1-1", "given 2-2", "skipped 3-3", "skipped 4-5"}},
	} {
		now := begin
		s := openLog(t, &now, 0)
		record(t, s, "other", 0)
		pulls := New(Options{Log: s, Heartbeat: test.beat})
		r := &Request{Query: audit.Query{Within: audit.TheseProjects("acme")}, Start: Start{Number: 1}}
		var told []string
		err := pulls.Follow(t.Context(), r, func() error { return nil }, func(ev *Event) error {
			switch ev.Kind {
			case Quiet:
				return nil
			case Given:
				told = append(told, fmt.Sprintf("given %d-%d", ev.Range.From, ev.Range.To))
			default:
				told = append(told, fmt.Sprintf("skipped %d-%d", ev.Range.From, ev.Range.To))
			}
			if c, ok := ParseCursor(ev.Cursor); !ok || c.After != ev.Range.To {
				t.Errorf("the cursor behind %s is %+v", told[len(told)-1], c)
			}
			if len(told) == 3 {
				_, err := s.Record(t.Context(), []*audit.Entry{entryOf("other"), entryOf("another")})
				if err != nil {
					t.Error(err)
				}
				if test.then != "" {
					time.AfterFunc(5*settle, func() { record(t, s, test.then, 0) })
				}
			}
			if len(told) == len(test.want) {
				return errEnough
			}
			return nil
		})
		if err != errEnough || !slices.Equal(told, test.want) {
			t.Errorf("told %q, want %q: %v", told, test.want, err)
		}
	}
}

// What the one who follows returns ends it, as does the end of his rights.
func TestFollowEnds(t *testing.T) {
	now := begin
	s := openLog(t, &now, 0)
	pulls := New(Options{Log: s})
	r := &Request{Query: audit.Query{Project: "acme"}}
	none := func() error { return nil }
	if err := pulls.Follow(t.Context(), r, none, func(*Event) error { return errEnough }); err != errEnough {
		t.Errorf("ends with %v", err)
	}
	if err := pulls.Follow(t.Context(), r, func() error { return errEnough }, nil); err != errEnough {
		t.Errorf("does not begin with %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	r.Start.Now = true
	time.AfterFunc(50*time.Millisecond, func() { cancel(errEnough) })
	if err := pulls.Follow(ctx, r, none, func(*Event) error { return nil }); err != errEnough {
		t.Errorf("is ended with %v", err)
	}
}

// A part in which the filters find nothing is told of while waiting, once.
func TestWaitJoins(t *testing.T) {
	now := begin
	s := openLog(t, &now, 0, 0)
	pulls := New(Options{Log: s})
	go func() {
		for i := range 5 {
			time.Sleep(100 * time.Millisecond)
			record(t, s, "acme", i)
		}
	}()
	part, err := pulls.Pull(t.Context(), &Request{
		Query: audit.Query{Project: "acme", Is: audit.Terms{"outcome": {"error"}}}, Wait: 2 * time.Second,
	})
	if want := []audit.Range{{From: 1, To: 7}}; err != nil || len(part.Entries) != 0 || !slices.Equal(part.Skipped, want) || part.Covered != want[0] {
		t.Errorf("waited for %+v, %v", part, err)
	}
	if c, ok := ParseCursor(part.Next); !ok || c.After != 7 {
		t.Errorf("the cursor is %+v", c)
	}
}
