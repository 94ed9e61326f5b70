package shipping

import (
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

// actions returns the actions of what came, and forgets it.
func (r *receiver) actions() (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.got {
		list = append(list, e.Action)
	}
	r.got = nil
	return list
}

// A sink that hears nothing is told so, once, and once when something comes again: whether it
// ships the entries that tell of it or not, and over restarts.
func TestSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{Name: "one", Project: "acme", Silence: time.Hour}, Start{})
		s.create(Sink{Name: "all", Silence: 2 * time.Hour, Wait: time.Millisecond}, Start{})
		s.create(Sink{Name: "never", Project: "acme"}, Start{})
		wait := func(d time.Duration, one, all string) {
			t.Helper()
			settle(d)
			if got := strings.Join(s.to("one").actions(), " "); got != one {
				t.Errorf("one is told %q, want %q", got, one)
			}
			if got := strings.Join(s.to("all").actions(), " "); got != all {
				t.Errorf("all is told %q, want %q", got, all)
			}
		}
		restart := func() { s.end(); s.begin() }
		s.record("acme", 1)
		wait(59*time.Minute, "deployment.deploy0", "sink.create sink.create deployment.deploy0")
		wait(2*time.Minute, "sink.silence", "sink.silence")
		wait(50*time.Minute, "", "")
		restart()
		if st := s.status("one"); !st.Silent {
			t.Errorf("%+v", st)
		}
		wait(20*time.Minute, "", "sink.silence") // of itself: that of the other is no sign of life
		restart()
		wait(50*time.Hour, "", "")
		s.record("globex", 1)
		wait(time.Minute, "", "deployment.deploy0 sink.return")
		restart()
		s.record("acme", 1)
		wait(time.Minute, "deployment.deploy0 sink.return", "deployment.deploy0 sink.return")
		for range 5 { // a restart neither makes a silence nor hides one
			wait(10*time.Minute, "", "")
			restart()
		}
		wait(8*time.Minute, "", "")
		wait(2*time.Minute, "sink.silence", "sink.silence")
		if got := s.to("never").actions(); len(got) != 2 {
			t.Errorf("one that does not watch is told %q", got)
		}
		e, err := s.log.Since(s.ctx, audit.SystemProject, 3, 1)
		if err != nil || len(e) != 1 || e[0].Detail != "Nothing to ship to sink one for 1h0m0s; the last was delivered at 2000-01-01T00:00:01Z" ||
			e[0].Resource.ID != "one" || e[0].Outcome != audit.Error || e[0].Metadata["shippedProject"] != "acme" {
			t.Errorf("told as %s, %v", e[0].AppendJSON(nil), err)
		}
	})
}

// Silence is counted by time that passes, not by the clock.
func TestSilenceWhenTheClockJumps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ahead := time.Duration(0)
		s := start(t, t.TempDir(), Options{Now: func() time.Time { return time.Now().Add(ahead) }})
		s.create(Sink{Name: "one", Project: "acme", Silence: time.Hour}, Start{})
		s.record("acme", 1)
		for _, jump := range []time.Duration{1000 * time.Hour, -2000 * time.Hour, time.Hour} {
			settle(time.Minute)
			ahead += jump
			s.record("acme", 1)
			settle(30 * time.Minute)
			if got := s.to("one").actions(); len(got) != 2 && jump == 1000*time.Hour || len(got) > 2 {
				t.Errorf("after a jump of %s it is told %q", jump, got)
			}
			if st := s.status("one"); st.Silent || st.Behind != 0 || len(st.Spark) != sparkMinutes {
				t.Errorf("after a jump of %s: %+v", jump, st)
			}
		}
	})
}
