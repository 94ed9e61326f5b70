package shipping

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/store"
)

// Every sink gets what it asks for, each entry once and in order, wherever it begins.
func TestShips(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		before := s.record("acme", 100)
		s.create(Sink{Name: "now", Project: "acme"}, Start{})
		s.create(Sink{Name: "first", Project: "acme", Batch: 7}, Start{First: true})
		s.create(Sink{Name: "seq", Project: "acme"}, Start{Seq: 51})
		s.create(Sink{Name: "id", Project: "acme"}, Start{ID: 91})
		s.create(Sink{Name: "ahead", Project: "acme"}, Start{Seq: 101})
		s.create(Sink{Name: "deploy1", Project: "acme", Is: audit.Terms{"action": {"deployment.deploy1"}}}, Start{First: true})
		s.create(Sink{Name: "not1", Project: "acme", Not: audit.Terms{"action": {"deployment.deploy1"}}}, Start{First: true})
		s.create(Sink{Name: "all"}, Start{First: true})
		settle(time.Minute)
		for range 5 {
			s.record("globex", 10)
			before = append(before, s.record("acme", 30)...)
			settle(300 * time.Millisecond)
		}
		settle(time.Minute)
		var ones, others []int64
		for i, id := range before {
			if i < 100 && i%3 == 1 || i >= 100 && (i-100)%30%3 == 1 {
				ones = append(ones, id)
			} else {
				others = append(others, id)
			}
		}
		s.want("from now on", s.to("now").ids(), before[100:])
		s.want("from the first", s.to("first").ids(), before)
		s.want("from a seq", s.to("seq").ids(), before[50:])
		s.want("from an id", s.to("id").ids(), before[90:])
		s.want("from the next seq", s.to("ahead").ids(), before[100:])
		s.want("of one action", s.to("deploy1").ids(), ones)
		s.want("of the others", s.to("not1").ids(), others)
		all := make([]int64, s.log.LastID())
		for i := range all {
			all[i] = int64(i + 1)
		}
		s.want("of all projects", s.to("all").ids(), all)
		for _, st := range s.engine.List(s.ctx) {
			if st.State != Active || st.Behind != 0 || st.Refused+st.Retries+st.Purged+st.Letters != 0 {
				t.Errorf("%+v", st)
			}
		}
		if b := s.to("first").last; b.Project != "acme" || b.Sink != "first" || b.Log != s.log.Lineage() || b.To != 250 {
			t.Errorf("the last batch is %+v", b)
		}
		if st := s.status("first"); st.Delivered != 250 || st.At != 250 || st.DeliveredAt.IsZero() {
			t.Errorf("%+v", st)
		}
	})
}

// A sink that begins at a time gets what was recorded then and since, also behind what was purged.
func TestFromATime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.record("globex", 500)
		early := s.record("acme", 5)
		settle(time.Hour)
		at := time.Now()
		late := s.record("acme", 5)
		s.purge("globex")
		since := slices.Clone(late) // with what tells of the purge, twice
		for id := late[len(late)-1] + 1; id <= s.log.LastID(); id++ {
			since = append(since, id)
		}
		for _, tt := range []struct {
			name, project string
			at            time.Time
			want          []int64
		}{
			{"a", "acme", at, late}, {"b", "acme", at.Add(-2 * time.Hour), slices.Concat(early, late)}, {"c", "acme", at.Add(time.Hour), nil},
			{"d", "", at, since},
		} {
			s.create(Sink{Name: tt.name, Project: tt.project, Not: audit.Terms{"action": {"sink.*"}}}, Start{Time: tt.at})
			settle(time.Minute)
			s.want("from "+tt.at.String(), s.to(tt.name).ids(), tt.want)
		}
	})
}

// What a destination says is done: it is tried again, later, with less, or not at all. The
// others go on.
func TestTrouble(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		for _, name := range []string{"fine", "down", "later", "picky", "gone", "hangs"} {
			s.create(Sink{Name: name, Project: "acme", Wait: time.Millisecond}, Start{First: true})
		}
		var down atomic.Bool
		down.Store(true)
		s.to("down").set(func(context.Context, *sink.Batch) error {
			if down.Load() {
				return errors.New("connection refused")
			}
			return nil
		})
		s.to("later").set(func(context.Context, *sink.Batch) error {
			if down.Load() {
				return &sink.Later{After: time.Hour, Err: errors.New("429")}
			}
			return nil
		})
		s.to("picky").set(func(_ context.Context, b *sink.Batch) error {
			var r sink.Refused
			for i, e := range b.Entries {
				if e.Action == "deployment.deploy1" {
					r.Entries = append(r.Entries, sink.Refusal{Index: i, Reason: `400: no such field "content of the entry"`})
				}
			}
			if len(r.Entries) > 0 {
				return &r
			}
			return nil
		})
		s.to("gone").set(func(context.Context, *sink.Batch) error { return &sink.Gone{Reason: "410"} })
		s.to("hangs").set(func(ctx context.Context, _ *sink.Batch) error { <-ctx.Done(); return ctx.Err() })
		ids := s.record("acme", 9)
		settle(10 * time.Minute)
		s.want("the others", s.to("fine").ids(), ids)
		s.want("what is not refused", s.to("picky").ids(), []int64{ids[0], ids[2], ids[3], ids[5], ids[6], ids[8]})
		if st := s.status("down"); st.State != Failing || st.Reason != "connection refused" || st.Behind != 9 || st.Retries < 4 ||
			st.Retries > 12 || st.FailingSince.IsZero() || st.NextTry.IsZero() || st.Since.IsZero() {
			t.Errorf("one that is down: %+v", st)
		}
		if st := s.status("later"); st.State != Failing || st.Retries != 1 {
			t.Errorf("one that wants to be left alone: %+v", st)
		}
		if st := s.status("gone"); st.State != Stopped || !strings.Contains(st.Reason, "410") || s.to("gone").tried() != 1 {
			t.Errorf("one that is gone: %+v", st)
		}
		if st := s.status("hangs"); st.State != Failing || st.Retries < 1 {
			t.Errorf("one that hangs: %+v", st)
		}
		st := s.status("picky")
		letters, err := s.engine.Letters(s.ctx, "picky", 0, 10)
		if err != nil || st.Refused != 3 || st.Letters != 3 || len(letters) != 3 || letters[0].ID != ids[1] || letters[2].ID != ids[7] ||
			st.State != Active || st.Delivered != 6 || letters[0].Reason != "400" {
			t.Errorf("one that refuses some: %+v, %+v, %v", st, letters, err)
		}
		if rest, err := s.engine.Letters(s.ctx, "picky", ids[1], 1); err != nil || len(rest) != 1 || rest[0].ID != ids[4] {
			t.Errorf("the letters behind the first: %+v, %v", rest, err)
		}
		down.Store(false)
		settle(3 * time.Hour)
		s.want("one that was down", s.to("down").ids(), ids)
		s.want("one that wanted to be left alone", s.to("later").ids(), ids)
		if st := s.status("down"); st.State != Active || st.LastError == "" || st.Behind != 0 {
			t.Errorf("one that is back: %+v", st)
		}
		s.to("gone").set(nil)
		if st, err := s.engine.Resume(s.ctx, "gone", nil); err != nil || st.State != Active {
			t.Errorf("resumed: %+v, %v", st, err)
		}
		settle(time.Minute)
		s.want("one that was gone", s.to("gone").ids(), ids)
		stops := 0
		own, err := s.log.Since(s.ctx, audit.SystemProject, 0, 100)
		for _, e := range own {
			if e.Action == actionStop && e.Resource.ID == "gone" && e.Outcome == audit.Error {
				stops++
			}
		}
		if err != nil || stops != 1 {
			t.Errorf("%d entries tell that it stopped, %v", stops, err)
		}
	})
}

// Letters are sent again when somebody says so: those that are refused again stay, those whose
// entries were purged are counted.
func TestLetters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{Name: "all", Wait: time.Millisecond, Not: audit.Terms{"recordedBy": {audit.RecordedByLog}}}, Start{})
		take := func(ok func(id int64) bool) {
			s.to("all").set(func(_ context.Context, b *sink.Batch) error {
				var r sink.Refused
				for i, e := range b.Entries {
					if !ok(e.ID) {
						r.Entries = append(r.Entries, sink.Refusal{Index: i, Reason: "too old"})
					}
				}
				return errOf(&r)
			})
		}
		var began atomic.Int64 // one is taken, so that what is refused is not for the address
		take(func(id int64) bool { return id == began.Load() })
		began.Store(s.record("acme", 1)[0])
		settle(time.Minute)
		acme, globex := s.record("acme", 250), s.record("globex", 5)
		settle(time.Minute)
		s.end()
		s.begin() // letters and place are on disk
		if st := s.status("all"); st.Letters != 255 || st.Refused != 255 || st.Delivered != 1 || st.Behind != 0 {
			t.Fatalf("%+v", st)
		}
		s.purge("globex")
		ok := func(id int64) bool { return id != acme[3] && id != acme[200] }
		take(ok)
		if _, err := s.engine.Replay(s.ctx, "all", Start{Refused: true}, nil); err != nil {
			t.Fatal(err)
		}
		settle(time.Minute)
		st := s.status("all")
		if st.Letters != 2 || st.Resent != 248 || st.Delivered != 249 || st.Purged != int64(len(globex)) || st.Resending || st.Refused != 257 {
			t.Errorf("%+v", st)
		}
		want := append([]int64{began.Load()}, slices.DeleteFunc(slices.Clone(acme), func(id int64) bool { return !ok(id) })...)
		s.want("taken in the end", s.to("all").ids(), want)
		letters, err := s.engine.Letters(s.ctx, "all", 0, 10)
		if err != nil || len(letters) != 2 || letters[0].ID != acme[3] || letters[1].ID != acme[200] {
			t.Errorf("%+v, %v", letters, err)
		}
	})
}

func errOf(r *sink.Refused) error {
	if len(r.Entries) == 0 {
		return nil
	}
	return r
}

// purge deletes and purges a project.
func (s *scene) purge(project string) {
	s.Helper()
	if _, err := s.log.Delete(s.ctx, project, entry(project, "project.delete"), audit.DeletionOrder{}); err != nil {
		s.Fatal(err)
	}
	for done := false; !done; {
		var err error
		if done, err = s.log.PurgeStep(s.ctx, project); err != nil {
			s.Fatal(err)
		}
	}
}

// A sink that has too many letters stops, and nothing is lost.
func TestTooManyLetters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{Name: "a", Project: "acme"}, Start{})
		var takes atomic.Int64 // how many entries it takes
		s.to("a").set(func(_ context.Context, b *sink.Batch) error {
			var r sink.Refused
			for i := range b.Entries {
				if takes.Add(-1) < 0 {
					r.Entries = append(r.Entries, sink.Refusal{Index: i, Reason: "no such index"})
				}
			}
			return errOf(&r)
		})
		s.record("acme", 6000)
		s.record("acme", 6000)
		settle(time.Hour)
		if st := s.status("a"); st.State != Failing || st.Letters != 0 || !strings.Contains(st.Reason, "are the address and the settings right? no such index") {
			t.Fatalf("one that has taken nothing: %+v", st)
		}
		takes.Store(1)
		settle(time.Hour)
		st := s.status("a")
		if st.State != Stopped || st.Letters < letterRoom || st.Letters > letterRoom+1000 || st.Behind != 11999-st.Letters {
			t.Fatalf("%+v", st)
		}
		takes.Store(1 << 40)
		if _, err := s.engine.Replay(s.ctx, "a", Start{Refused: true}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.engine.Resume(s.ctx, "a", nil); err != nil {
			t.Fatal(err)
		}
		settle(time.Hour)
		if st := s.status("a"); st.State != Active || st.Letters != 0 || st.Delivered != 12000 || st.Behind != 0 {
			t.Errorf("%+v", st)
		}
		ids := s.to("a").ids()
		slices.Sort(ids)
		if len(ids) != 12000 || len(slices.Compact(ids)) != 12000 {
			t.Errorf("%d came", len(ids))
		}
	})
}

// A purge does not wait: what a sink did not have is counted, in its state and in the entry that
// ends the purge.
func TestPurgeWhileBehind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		for _, name := range []string{"one", "all", "fine", "paused"} {
			in := Sink{Name: name, Project: "acme", Wait: time.Millisecond}
			if name == "all" {
				in.Project = ""
			}
			s.create(in, Start{})
		}
		first := s.record("acme", 100)
		settle(time.Minute)
		if _, err := s.engine.Pause(s.ctx, "paused", nil); err != nil {
			t.Fatal(err)
		}
		fail := func(context.Context, *sink.Batch) error { return errors.New("down") }
		s.to("one").set(fail)
		s.to("all").set(fail)
		second := s.record("acme", 150)
		s.record("globex", 3)
		settle(time.Minute)
		s.purge("acme")
		s.to("one").set(nil)
		s.to("all").set(nil)
		if _, err := s.engine.Resume(s.ctx, "paused", nil); err != nil {
			t.Fatal(err)
		}
		third := s.record("acme", 2)
		settle(time.Hour)
		fine := s.to("fine").ids()
		kept := s.kept("acme")
		s.want("one that had all", fine, slices.Concat(first, second, kept, third))
		for _, name := range []string{"one", "paused"} {
			s.want(name, s.to(name).ids(), slices.Concat(first, kept, third))
		}
		if st := s.status("one"); st.Reason != "" {
			t.Errorf("of a project that is recorded to: %q", st.Reason)
		}
		for name, want := range map[string]int64{"one": 150, "all": 150, "paused": 150, "fine": 0} {
			if st := s.status(name); st.Purged != want || st.Behind != 0 || st.State != Active {
				t.Errorf("%s: %+v", name, st)
			}
		}
		e, err := s.log.Get(s.ctx, "acme", kept[1])
		if err != nil || e.Action != "project.purge" || e.Metadata["undelivered"] != "all 150, one 150, paused 150" {
			t.Errorf("the purge ended with %+v, %v", e, err)
		}
	})
}

// A sink of a project that is not there, or goes, says so, and goes on when it comes again.
func TestProjectOfASink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{Name: "a", Project: "acme"}, Start{})
		want := func(state State, reason string) {
			t.Helper()
			settle(time.Minute)
			if st := s.status("a"); st.State != state || !strings.Contains(st.Reason, reason) || reason == "" && st.Reason != "" {
				t.Errorf("%s: %s, want %s", st.State, st.Reason, reason)
			}
		}
		want(Active, "there is no project acme yet")
		ids := s.record("acme", 3)
		want(Active, "")
		del := entry("acme", "project.delete")
		if _, err := s.log.Delete(s.ctx, "acme", del, audit.DeletionOrder{Grace: time.Hour}); err != nil {
			t.Fatal(err)
		}
		want(Active, "project acme is deleted, and purged at 2000-01-01T01:02")
		for done := false; !done; {
			var err error
			if done, err = s.log.PurgeStep(s.ctx, "acme"); err != nil {
				t.Fatal(err)
			}
		}
		want(Active, "project acme was purged")
		kept := s.kept("acme")
		ids = append(append(ids, kept...), s.record("acme", 2)...)
		want(Active, "")
		s.want("through its deletion", s.to("a").ids(), ids)
		if st := s.status("a"); st.Purged != 0 || st.Behind != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// A filter by words selects what a search for them does.
func TestWordsOfASink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{Name: "a", Project: "acme", Text: "deployment.deploy2"}, Start{})
		s.create(Sink{Name: "all", Text: "deploy* -deploy0 -deploy1", Not: audit.Terms{"recordedBy": {audit.RecordedByLog}}}, Start{})
		ids := s.record("acme", 30)
		settle(time.Minute)
		var want []int64
		for i := 2; i < len(ids); i += 3 {
			want = append(want, ids[i])
		}
		s.want("by words", s.to("a").ids(), want)
		s.want("by words, of all", s.to("all").ids(), want)
		_, err := s.engine.Create(s.ctx, Sink{Name: "b", To: "test:b", Text: "\"open"}, Start{}, nil)
		if f := (*audit.Fault)(nil); !errors.As(err, &f) || f.Path != "filters.q" {
			t.Errorf("words that are none: %v", err)
		}
	})
}

// kept returns the ids of the entries that a purge left.
func (s *scene) kept(project string) (ids []int64) {
	s.Helper()
	entries, err := s.log.Since(s.ctx, project, 0, 100)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Action, "project.") {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// A place outlives a restart, and so does what a sink is.
func TestRestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{
			Name: "a", Project: "acme", To: "test:a?token=s3cret", Format: "json", Settings: map[string]string{"x": "y"},
			Secrets: map[string]string{"key": "geheim"}, Batch: 10, Wait: 2 * time.Second, Silence: time.Hour, CreatedBy: "boss",
			Is: audit.Terms{"outcome": {"success"}}, Not: audit.Terms{"actor": {"eve"}},
		}, Start{})
		s.create(Sink{Name: "b", Project: "acme"}, Start{})
		if _, err := s.engine.Pause(s.ctx, "b", nil); err != nil {
			t.Fatal(err)
		}
		var all []int64
		for range 4 {
			all = append(all, s.record("acme", 25)...)
			settle(time.Minute)
			before := s.status("a")
			s.end()
			s.begin()
			after := s.status("a")
			before.Spark, after.Spark = nil, nil
			if fmt.Sprint(before) != fmt.Sprint(after) || after.To != "test:a?…" || !slices.Equal(after.SecretNames, []string{"key"}) {
				t.Errorf("before the restart\n%+v, after it\n%+v", before, after)
			}
		}
		settle(time.Minute)
		s.want("over restarts", s.of("test:a?token=s3cret").ids(), all)
		if st := s.status("b"); st.State != Paused || st.Behind != 100 {
			t.Errorf("%+v", st)
		}
		if _, err := s.engine.Delete(s.ctx, "a", nil); err != nil {
			t.Fatal(err)
		}
		s.end()
		s.begin()
		if list := s.engine.List(s.ctx); len(list) != 1 {
			t.Errorf("%d sinks after one was deleted", len(list))
		}
	})
}

// counting counts how often the log is read.
type counting struct {
	Log
	reads atomic.Int64
}

func (c *counting) After(ctx context.Context, id int64, limit int) ([]*audit.Entry, int64, error) {
	c.reads.Add(1)
	return c.Log.After(ctx, id, limit)
}

func (c *counting) AfterSeq(ctx context.Context, project string, seq int64, limit int) ([]*audit.Entry, error) {
	c.reads.Add(1)
	return c.Log.AfterSeq(ctx, project, seq, limit)
}

type counted struct {
	audit.Selection
	reads *atomic.Int64
}

func (c counted) Pull(ctx context.Context, p audit.Pulling) (audit.Part, error) {
	c.reads.Add(1)
	return c.Selection.Pull(ctx, p)
}

func (c *counting) Prepare(q audit.Query) (audit.Selection, error) {
	sel, err := c.Log.Prepare(q)
	return counted{sel, &c.reads}, err
}

// A thousand sinks do not read the log a thousand times, nor hold much of it.
func TestThousandSinks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, err := store.Open(t.TempDir(), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := &scene{T: t, log: log, ctx: t.Context()}
		c := &counting{Log: log}
		var configured []Configured
		for i := range 1000 {
			sink := Sink{Name: fmt.Sprintf("sink-%d", i), To: fmt.Sprintf("test:sink-%d", i)}
			if i%10 > 0 {
				sink.Project = fmt.Sprintf("project-%d", i%50)
			}
			configured = append(configured, Configured{Sink: sink})
		}
		engine, err := Open(s.ctx, c, Options{Open: s.openDest, Configured: configured})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(s.ctx)
		ended := make(chan error, 1)
		go func() { ended <- engine.Run(ctx) }()
		settle(time.Minute)
		idle := c.reads.Load()
		ids := make(map[string][]int64)
		for i := range 50 {
			project := fmt.Sprintf("project-%d", i)
			ids[project] = s.record(project, 20)
			ids[""] = append(ids[""], ids[project]...)
			settle(100 * time.Millisecond)
		}
		settle(time.Minute)
		if reads := c.reads.Load() - idle; reads > 400 {
			t.Errorf("the log was read %d times", reads)
		}
		for _, c := range configured {
			s.want(c.Name, s.to(c.Name).ids(), ids[c.Project])
		}
		if st := engine.door.State(); st.Used != 0 {
			t.Errorf("%+v is held", st)
		}
		reads := c.reads.Load()
		settle(time.Hour)
		if n := c.reads.Load(); n != reads {
			t.Errorf("a log at rest is read %d times", n-reads)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
}
