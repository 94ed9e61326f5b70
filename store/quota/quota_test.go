package quota

import (
	"errors"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/queue"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func brings(token, project string, entries, bytes int) []queue.Part {
	l := queue.Load{Entries: entries, Bytes: bytes}
	return []queue.Part{
		{Party: queue.Party{Kind: queue.Token, Name: token}, Load: l},
		{Party: queue.Party{Kind: queue.Project, Name: project}, Load: l},
	}
}

// refused returns which amount of which limit is over, "" for none, and when to come again.
func refused(t *testing.T, err error) (what string, after time.Duration) {
	t.Helper()
	if err == nil {
		return "", 0
	}
	var e *audit.Exceeded
	if !errors.As(err, &e) || audit.KindOf(err) != audit.RateLimited {
		t.Fatal(err)
	}
	return e.Limit.Name + " " + e.Amount + " of " + e.Name, e.After
}

func TestEntriesPerSecond(t *testing.T) {
	m := New([]audit.Limit{{Name: "slow", Each: audit.EachProject, EntriesPerSecond: 10}})
	now := noon
	take := func(n int) time.Duration {
		t.Helper()
		parts := brings("t", "acme", n, 10*n)
		_, after := refused(t, m.Take(parts, now))
		return after
	}
	for range 10 {
		if after := take(1); after != 0 {
			t.Fatalf("within the first second it is to wait %v", after)
		}
	}
	if after := take(1); after != 100*time.Millisecond {
		t.Errorf("the 11th is to wait %v", after)
	}
	now = now.Add(100 * time.Millisecond)
	if after := take(50); after != 0 {
		t.Errorf("a batch is to wait %v", after)
	}
	if after := take(1); after != 5*time.Second {
		t.Errorf("behind a batch of 50 one is to wait %v", after)
	}
	now = now.Add(5 * time.Second)
	if after := take(1); after != 0 {
		t.Errorf("after that it is to wait %v", after)
	}
	now = now.Add(time.Hour) // saves up no more than a second's
	take(11)
	if after := take(1); after != 200*time.Millisecond {
		t.Errorf("after a long pause and 11 it is to wait %v", after)
	}
}

func TestBytes(t *testing.T) {
	m := New([]audit.Limit{
		{Name: "big", Each: audit.EachProject, Only: []string{"acme", "big-*"}, Bytes: 10_000},
		{Name: "small", Each: audit.EachProject, BytesPerDay: 100, Bytes: 150},
		{Name: "token", Each: audit.EachToken, Only: []string{"narrow"}, Bytes: 50},
	})
	record := func(token, project string, bytes int, at time.Time) (string, time.Duration) {
		t.Helper()
		parts := brings(token, project, 1, bytes)
		what, after := refused(t, m.Take(parts, at))
		if what == "" {
			m.Add(parts, at)
			m.Give(parts)
		}
		return what, after
	}
	for _, tt := range []struct {
		token, project string
		bytes          int
		at             time.Time
		want           string
		after          time.Duration
	}{
		{"t", "web", 100, noon, "", 0},
		{"t", "web", 1, noon, "small bytes-per-day of web", 12 * time.Hour},
		{"t", "shop", 100, noon, "", 0},
		{"t", "acme", 5000, noon, "", 0},
		{"t", "big-one", 5000, noon, "", 0},
		{"t", "acme", 5001, noon, "big bytes of acme", time.Hour},
		{"t", "web", 50, noon.Add(12 * time.Hour), "", 0},
		{"t", "web", 1, noon.Add(36 * time.Hour), "small bytes of web", time.Hour},
		{"narrow", "acme", 51, noon, "token bytes of narrow", time.Hour},
		{"narrow", "acme", 50, noon, "", 0},
		{"narrow", "big-two", 1, noon, "token bytes of narrow", time.Hour},
	} {
		if what, after := record(tt.token, tt.project, tt.bytes, tt.at); what != tt.want || after != tt.after {
			t.Errorf("%s, %s, %d at %v: %q after %v, want %q after %v", tt.token, tt.project, tt.bytes, tt.at, what, after, tt.want, tt.after)
		}
	}
	if m.Forget("web"); m.Used(queue.Party{Kind: queue.Project, Name: "web"}) != (format.Usage{}) {
		t.Error("a project that was purged has used something")
	}
}

// What is on its way counts, so that many at once are not more than one after the other, and
// counts no more when it was not recorded.
func TestWhatIsOnItsWay(t *testing.T) {
	m := New([]audit.Limit{{Name: "small", Each: audit.EachProject, BytesPerDay: 100}})
	parts := brings("t", "web", 1, 60)
	if err := m.Take(parts, noon); err != nil {
		t.Fatal(err)
	}
	if what, _ := refused(t, m.Take(parts, noon)); what == "" {
		t.Error("two at once are over the limit")
	}
	m.Give(parts)
	if err := m.Take(parts, noon); err != nil {
		t.Errorf("after one that failed: %v", err)
	}
}

// Two limits are held, or nothing counts.
func TestRefusedCountsNowhere(t *testing.T) {
	m := New([]audit.Limit{
		{Name: "rate", Each: audit.EachToken, EntriesPerSecond: 1},
		{Name: "small", Each: audit.EachProject, Bytes: 100},
	})
	if what, _ := refused(t, m.Take(brings("t", "web", 1, 101), noon)); what != "small bytes of web" {
		t.Errorf("refused by %q", what)
	}
	if err := m.Take(brings("t", "shop", 1, 1), noon); err != nil {
		t.Errorf("what was refused used up the token's second: %v", err)
	}
}

// What may be recorded in a second is shared out among nodes, of which each lets something through.
func TestShare(t *testing.T) {
	for nodes, want := range map[int]int{0: 10, 1: 10, 3: 3, 100: 1} {
		m := New([]audit.Limit{{Name: "slow", Each: audit.EachProject, EntriesPerSecond: 10}})
		m.Share(nodes)
		n := 0
		for m.Take(brings("t", "acme", 1, 10), noon) == nil {
			n++
		}
		if n != want {
			t.Errorf("each of %d nodes lets %d through at once, want %d", nodes, n, want)
		}
		if m.Take(brings("t", "acme", 1, 10), noon.Add(20*time.Second)) != nil {
			t.Errorf("each of %d nodes lets nothing through any more", nodes)
		}
	}
}
