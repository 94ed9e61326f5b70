package shipping

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/sink"
)

// parted returns the ids of the entries that came to a sink, and the checkpoints, and forgets them.
func (s *scene) parted(name string) (ids []int64, marks []sink.Checkpoint) {
	s.Helper()
	r := s.to(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.got {
		if e.ID > 0 {
			ids = append(ids, e.ID)
			continue
		}
		var m sink.Checkpoint
		found := sink.LastMark(e.AppendJSON(nil), func([]byte) bool { return true })
		if err := json.Unmarshal(found, &m); err != nil {
			s.Fatalf("%q: %v", found, err)
		}
		if e.Metadata[sink.MetadataCheckpoint] != m.Signed || e.Action != sink.ActionCheckpoint || e.Project != audit.SystemProject || e.Seq != 0 {
			s.Errorf("%+v", e)
		}
		marks = append(marks, m)
	}
	r.got = nil
	return ids, marks
}

// checkpointed tells of a checkpoint that covers everything.
func (s *scene) checkpointed(number int64) sink.Checkpoint {
	c := sink.Checkpoint{
		Number: number, Signed: strings.Repeat("note\n", int(number)), LastID: s.log.LastID(),
		Seqs: map[string]int64{"acme": s.log.LastSeq("acme"), "globex": s.log.LastSeq("globex")},
	}
	s.engine.Checkpointed(c)
	return c
}

// Sinks carry the newest checkpoint with what they ship, once, and learn of no other project by it.
func TestCarriesCheckpoints(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{Name: "acme", Project: "acme"}, Start{})
		s.create(Sink{Name: "all"}, Start{})
		s.create(Sink{Name: "idle", Project: "idle"}, Start{})
		s.create(Sink{Name: "chat", Format: "slack"}, Start{})
		s.create(Sink{Name: "some", Is: audit.Terms{"outcome": {"success"}}}, Start{})
		s.create(Sink{Name: "few", Is: audit.Terms{"action": {"deployment.deploy1"}}}, Start{})
		s.record("acme", 3)
		s.record("globex", 3)
		settle(time.Minute)
		if _, marks := s.parted("all"); len(marks) != 0 {
			t.Errorf("there is no checkpoint yet, and %v came", marks)
		}
		c := s.checkpointed(1)
		settle(time.Second)
		for name, seqs := range map[string]map[string]int64{"acme": {"acme": 3}, "all": c.Seqs, "some": nil} {
			if _, marks := s.parted(name); len(marks) != 1 || marks[0].Signed != "note\n" || marks[0].LastID != c.LastID || !maps.Equal(marks[0].Seqs, seqs) {
				t.Errorf("%s: %+v", name, marks)
			}
		}
		for _, name := range []string{"idle", "chat", "few"} {
			if _, marks := s.parted(name); len(marks) != 0 {
				t.Errorf("%s: %+v", name, marks)
			}
		}
		// Nothing was shipped to it since: it owes nothing.
		s.record("globex", 1)
		s.checkpointed(2)
		settle(time.Minute)
		if ids, marks := s.parted("acme"); len(ids)+len(marks) != 0 {
			t.Errorf("acme: %v %v", ids, marks)
		}
		if _, marks := s.parted("all"); len(marks) != 1 || marks[0].Signed != "note\nnote\n" {
			t.Errorf("all: %v", marks)
		}
		// After a start the newest is carried again.
		s.end()
		s.begin()
		s.checkpointed(2)
		settle(time.Minute)
		if ids, marks := s.parted("acme"); len(ids) != 0 || len(marks) != 1 {
			t.Errorf("acme after a start: %v %v", ids, marks)
		}
	})
}

// A checkpoint is carried again behind many entries, so that it is found near the end.
func TestCarriesAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{Name: "acme", Project: "acme", Batch: 5000}, Start{})
		s.record("acme", 1)
		s.checkpointed(1)
		settle(time.Minute)
		for range 9 {
			s.record("acme", 5000)
			settle(2 * time.Second)
		}
		ids, marks := s.parted("acme")
		if len(ids) != 45_001 || len(marks) != 3 {
			t.Errorf("%d entries, %d checkpoints", len(ids), len(marks))
		}
	})
}

// A destination that takes no checkpoint gets the entries, and is not called failing.
func TestCheckpointRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{Name: "acme", Project: "acme"}, Start{})
		for i, answer := range []error{errors.New("what is that"), &sink.Refused{Entries: []sink.Refusal{{Index: 0, Reason: "no"}}}, &sink.Gone{Reason: "no"}} {
			s.to("acme").set(func(_ context.Context, b *sink.Batch) error {
				if b.Entries[0].ID < 0 {
					return answer
				}
				return nil
			})
			want := s.record("acme", 10)
			s.checkpointed(int64(i + 1))
			settle(time.Minute)
			want = append(want, s.record("acme", 10)...)
			settle(time.Minute)
			ids, marks := s.parted("acme")
			if !slices.Equal(ids, want) || len(marks) != 0 {
				t.Errorf("%v: %v %v", answer, ids, marks)
			}
			if st := s.status("acme"); st.State != Active || st.Letters != 0 || st.Refused != 0 || st.Delivered != int64(20*(i+1)) {
				t.Errorf("%v: %+v", answer, st)
			}
		}
	})
}

// asked is a destination that can be asked.
type asked struct {
	receiver
	holds string
	fails error
}

func (a *asked) Newest(_ context.Context, wanted func([]byte) bool) ([]byte, error) {
	return sink.LastMark([]byte(a.holds), wanted), a.fails
}

// The sinks that can be asked say what they hold of the log, and of no other.
func TestSeen(t *testing.T) {
	s := start(t, t.TempDir(), Options{})
	s.others = map[string]sink.Destination{
		"test:new":    &asked{holds: sink.Mark(encode(sink.Checkpoint{Signed: "own 1"})) + " " + sink.Mark(encode(sink.Checkpoint{Signed: "own 2", LastID: 7, Seqs: map[string]int64{"acme": 3}})) + " " + sink.Mark(encode(sink.Checkpoint{Signed: "other"}))},
		"test:empty":  &asked{},
		"test:broken": &asked{fails: errors.New("denied")},
	}
	for _, name := range []string{"dumb", "new", "empty", "broken"} {
		s.create(Sink{Name: name}, Start{})
	}
	seen := s.engine.Seen(t.Context(), func(signed string) bool { return strings.HasPrefix(signed, "own") })
	if len(seen) != 1 || seen[0].Sink != "new" || seen[0].Signed != "own 2" || seen[0].LastID != 7 || seen[0].Seqs["acme"] != 3 {
		t.Errorf("%+v", seen)
	}
}
