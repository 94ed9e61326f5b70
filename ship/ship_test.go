package ship_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/api"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/client"
	"auditlog/retention"
	"auditlog/rpc"
	"auditlog/ship"
	"auditlog/sink"
	"auditlog/store"
)

// site is a log behind an API, and a destination that a test plays.
type site struct {
	t     *testing.T
	dir   string
	store *store.Store
	c     *client.Client
	stop  func()

	// fail, unless nil, answers deliveries; else all is taken.
	fail func(b *sink.Batch) error
	got  []int64 // ids
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	s.start(false)
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *site) start(acceptLoss bool) {
	s.t.Helper()
	st, err := store.Open(s.dir, store.Options{AcceptLoss: acceptLoss})
	if err != nil {
		s.t.Fatal(err)
	}
	keeper, err := auth.OpenDev(st, auth.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	server, err := api.New(api.Options{Store: st, Auth: keeper, Retention: retention.New(st, retention.Options{})})
	if err != nil {
		s.t.Fatal(err)
	}
	srv := httptest.NewServer(server)
	s.store, s.c = st, &client.Client{URL: srv.URL, Tries: 1}
	s.stop = func() {
		srv.Close()
		if err := st.Close(); err != nil {
			s.t.Error(err)
		}
	}
}

func (s *site) record(project string, n int) {
	s.t.Helper()
	for range n {
		_, err := s.store.Record(s.t.Context(), []*audit.Entry{{
			Project: project, Actor: audit.Actor{Email: "ada@example.com", Type: audit.User}, Action: "deployment.deploy",
			Resource: audit.Resource{Type: "Deployment"}, Outcome: audit.Success, Detail: fmt.Sprint(s.store.LastID()),
		}})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *site) Deliver(_ context.Context, b *sink.Batch) error {
	if b.Log != s.store.Lineage() || b.From > b.To || len(b.Entries) == 0 {
		s.t.Errorf("a batch %+v", b)
	}
	var err error
	if s.fail != nil {
		err = s.fail(b)
	}
	refused := (*sink.Refused)(nil)
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	for i, e := range b.Entries {
		if refused == nil || !slices.ContainsFunc(refused.Entries, func(r sink.Refusal) bool { return r.Index == i }) {
			s.got = append(s.got, e.ID)
		}
	}
	return err
}

func (s *site) Close() error { return nil }

// run ships once with a state file, and returns the state and how it ended.
func (s *site) run(path string, change func(o *ship.Options)) (ship.Kept, error) {
	s.t.Helper()
	st, err := ship.Open(path)
	if err != nil {
		return ship.Kept{}, err
	}
	defer st.Close()
	o := ship.Options{Log: s.c, State: st, Destination: s, To: "test://", Name: "test", Filters: rpc.Filters{Project: "acme"}, Once: true, Batch: 3}
	if change != nil {
		change(&o)
	}
	err = ship.Run(s.t.Context(), o)
	return st.Kept, err
}

// wantIDs compares what was delivered with ids, one behind the other, and forgets it.
func (s *site) wantIDs(ids ...int64) {
	s.t.Helper()
	if !slices.Equal(s.got, ids) {
		s.t.Errorf("delivered %v, want %v", s.got, ids)
	}
	s.got = nil
}

// Each run goes on where the last has ended, in commit order.
func TestRuns(t *testing.T) {
	s := newSite(t)
	state := filepath.Join(t.TempDir(), "state")
	s.record("acme", 5)
	s.record("beta", 2)
	s.record("acme", 2)
	k, err := s.run(state, nil)
	if err != nil || k.Delivered != 7 || k.Through != 7 || k.LastID != 9 || k.Log != s.store.Identity() {
		t.Errorf("%+v, %v", k, err)
	}
	s.wantIDs(1, 2, 3, 4, 5, 8, 9)
	if k, err = s.run(state, nil); err != nil || k.Delivered != 7 {
		t.Errorf("%+v, %v", k, err)
	}
	s.wantIDs()
	s.record("acme", 1)
	if _, err = s.run(state, nil); err != nil {
		t.Error(err)
	}
	s.wantIDs(10)
	all := func(o *ship.Options) {
		o.Filters = rpc.Filters{Not: rpc.Terms{Actor: rpc.Values{"nobody"}}}
		o.From = "6"
	}
	if k, err = s.run(filepath.Join(t.TempDir(), "all"), all); err != nil || k.From != 6 || k.Delivered != 5 || k.Through != 10 {
		t.Errorf("%+v, %v", k, err)
	}
	s.wantIDs(6, 7, 8, 9, 10)
	none := func(o *ship.Options) { o.Filters.Outcome = rpc.Values{"error"} }
	if k, err = s.run(filepath.Join(t.TempDir(), "none"), none); err != nil || k.Delivered != 0 || k.Skipped != 8 || k.Through != 8 {
		t.Errorf("a filter that selects nothing: %+v, %v", k, err)
	}
	s.wantIDs()
}

// What a destination does not take now is delivered again, and nothing else; what it refuses for good
// is kept by its id, and can be sent again.
func TestTrouble(t *testing.T) {
	s := newSite(t)
	state := filepath.Join(t.TempDir(), "state")
	s.record("acme", 8)
	failures := 0
	s.fail = func(b *sink.Batch) error {
		switch failures++; {
		case failures == 2:
			return errors.New("the connection broke")
		case failures == 3:
			return &sink.Later{After: time.Millisecond, Err: errors.New("busy")}
		case b.From == 4:
			return &sink.Refused{Entries: []sink.Refusal{{Index: 1, Reason: "too odd"}}}
		}
		return nil
	}
	var reports []string
	k, err := s.run(state, func(o *ship.Options) {
		o.Report = func(err error, _ time.Duration) { reports = append(reports, err.Error()) }
	})
	if err != nil || k.Delivered != 7 || k.Refused != 1 || k.Error != "" || !slices.Equal(reports, []string{"the connection broke", "busy"}) {
		t.Errorf("%+v, %q, %v", k, reports, err)
	}
	s.wantIDs(1, 2, 3, 4, 6, 7, 8)
	if text, err := os.ReadFile(state + ".refused"); err != nil || !strings.HasPrefix(string(text), `{"id":5,"project":"acme","reason":"too odd",`) {
		t.Errorf("refused: %s, %v", text, err)
	}
	resend := func(want ship.Resent) {
		t.Helper()
		st, err := ship.Open(state)
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		got, err := ship.Resend(t.Context(), ship.Options{Log: s.c, State: st, Destination: s, Filters: rpc.Filters{Project: "acme"}})
		if err != nil || got != want {
			t.Errorf("resent %+v, want %+v: %v", got, want, err)
		}
	}
	s.fail = func(*sink.Batch) error { return &sink.Refused{Entries: []sink.Refusal{{Reason: "still odd"}}} }
	resend(ship.Resent{Refused: 1})
	s.fail = nil
	resend(ship.Resent{Delivered: 1})
	s.wantIDs(5)
	resend(ship.Resent{})
	s.record("acme", 1)
	s.fail = func(*sink.Batch) error { return &sink.Gone{Reason: "410"} }
	gone := (*sink.Gone)(nil)
	if k, err = s.run(state, nil); !errors.As(err, &gone) || k.Through != 8 {
		t.Errorf("%+v, %v", k, err)
	}
}

// A destination that stays away fails a run that is to be once, and its state says why.
func TestGivesUp(t *testing.T) {
	if testing.Short() {
		t.Skip("waits between tries")
	}
	s := newSite(t)
	state := filepath.Join(t.TempDir(), "state")
	s.record("acme", 1)
	if _, err := s.run(state, nil); err != nil {
		t.Fatal(err)
	}
	s.record("acme", 1)
	s.fail = func(*sink.Batch) error { return errors.New("nobody is there") }
	if _, err := s.run(state, nil); err == nil || !strings.Contains(err.Error(), "nobody is there") {
		t.Error(err)
	}
	st, err := ship.Open(state)
	if err != nil || st.Error != "nobody is there" || st.Through != 1 {
		t.Errorf("%+v, %v", st, err)
	}
}

// Each state file that cannot be gone on with says so, and nothing is delivered.
func TestStateFiles(t *testing.T) {
	s := newSite(t)
	s.record("acme", 3)
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	if _, err := s.run(good, nil); err != nil {
		t.Fatal(err)
	}
	s.got = nil
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	other := newSite(t)
	other.record("acme", 5)
	foreign := filepath.Join(dir, "foreign")
	if _, err := other.run(foreign, nil); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		text string
		kind audit.Kind
		want string
	}{
		"empty":   {" \n", audit.Invalid, "is empty"},
		"torn":    {string(text[:len(text)/2]), audit.Invalid, "cannot be read"},
		"changed": {strings.Replace(string(text), `"through": 3`, `"through": 2`, 1), audit.Invalid, "changed by hand"},
		"none":    {"{}", audit.Invalid, "is damaged"},
		"newer":   {strings.Replace(string(text), `"version": 1`, `"version": 2`, 1), audit.Conflict, "of a newer auditlog"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.run(path, nil); audit.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadFile(path); err != nil || string(left) != tt.text {
			t.Errorf("%s: the file is changed to %s, %v", name, left, err)
		}
	}
	if _, err := s.run(foreign, nil); audit.KindOf(err) != audit.Invalid || !strings.Contains(err.Error(), "is of another log") {
		t.Errorf("another log's: %v", err)
	}
	filtered := func(o *ship.Options) { o.Filters.Outcome = rpc.Values{"error"} }
	if _, err := s.run(good, filtered); audit.KindOf(err) != audit.Invalid || !strings.Contains(err.Error(), "other filters") {
		t.Errorf("with other filters: %v", err)
	}
	st, err := ship.Open(good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.run(good, nil); audit.KindOf(err) != audit.Conflict || !strings.Contains(err.Error(), "another auditlog ship") {
		t.Errorf("that another has: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	s.wantIDs()
}

// A state file of an earlier or a later program, with other members, is gone on with.
func TestStateOfOthers(t *testing.T) {
	s := newSite(t)
	s.record("acme", 1)
	state := filepath.Join(t.TempDir(), "state")
	if _, err := s.run(state, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	other := regexp.MustCompile(`(?m)^  "sum": "[0-9a-f]{8}"$`).ReplaceAllString(string(text), `  "sum": ""`)
	other = strings.Replace(other, `  "missing": 0,`+"\n", `  "colour": "red",`+"\n", 1)
	other = strings.Replace(other, `"sum": ""`, fmt.Sprintf(`"sum": "%08x"`, crc32.ChecksumIEEE([]byte(other))), 1)
	if err := os.WriteFile(state, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	s.record("acme", 1)
	if k, err := s.run(state, nil); err != nil || k.Delivered != 2 || !strings.Contains(other, "colour") {
		t.Errorf("%+v, %v", k, err)
	}
	s.wantIDs(1, 2)
}

// A log that was restored ends it; told to, it goes on behind what the log still has.
func TestRestoredLog(t *testing.T) {
	s := newSite(t)
	state := filepath.Join(t.TempDir(), "state")
	s.record("acme", 40)
	db := filepath.Join(s.dir, store.FileName)
	old, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	s.record("acme", 10)
	k, err := s.run(state, nil)
	if err != nil || k.Through != 50 {
		t.Fatalf("%+v, %v", k, err)
	}
	if n := len(k.Marks); n < 4 || n > 20 || k.Marks[n-1].Number != 50 {
		t.Errorf("%d marks: %+v", n, k.Marks)
	}
	s.got = nil
	s.stop()
	if err := os.WriteFile(db, old, 0o600); err != nil {
		t.Fatal(err)
	}
	s.start(true)
	s.record("acme", 20) // which get numbers that were given before
	if _, err := s.run(state, nil); audit.KindOf(err) != audit.Conflict || !strings.Contains(err.Error(), "restored from a backup") {
		t.Errorf("not told to go on: %v", err)
	}
	s.wantIDs()
	accept := func(o *ship.Options) { o.AcceptRestore = true }
	k, err = s.run(state, accept)
	if err != nil || k.Through != 60 || k.Epoch != s.store.Lineage().Epoch {
		t.Errorf("%+v, %v", k, err)
	}
	var lost []int64 // the new ones, which have other ids: the log tells of the loss between
	for _, id := range s.got {
		if id > 41 {
			lost = append(lost, id)
		}
	}
	if len(lost) != 20 || s.got[0] > 41 || len(s.got) > 40 {
		t.Errorf("delivered %v", s.got)
	}
	s.got = nil
	if _, err := s.run(state, nil); err != nil {
		t.Error(err)
	}
	s.wantIDs()
}

// A purge while it is behind is counted, and what the purge leaves is delivered.
func TestPurgeWhileBehind(t *testing.T) {
	s := newSite(t)
	state := filepath.Join(t.TempDir(), "state")
	s.record("acme", 3)
	if _, err := s.run(state, nil); err != nil {
		t.Fatal(err)
	}
	s.got = nil
	s.record("acme", 10)
	deletion := &audit.Entry{Project: "acme", Actor: audit.Actor{Email: "root@example.com", Type: audit.User}, Action: "project.delete",
		Resource: audit.Resource{Type: "Project", ID: "acme"}, Outcome: audit.Success, RecordedBy: audit.RecordedByLog}
	if _, err := s.store.Delete(t.Context(), "acme", deletion, audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	if done, err := s.store.PurgeStep(t.Context(), "acme"); done || err != nil {
		t.Fatal(done, err)
	}
	k, err := s.run(state, nil)
	if err != nil || k.Purged != 10 || k.Delivered != 4 || k.Through != 14 {
		t.Errorf("%+v, %v", k, err)
	}
	s.wantIDs(deletion.ID)
	for done := false; !done; {
		if done, err = s.store.PurgeStep(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	s.record("acme", 1)
	if k, err = s.run(state, nil); err != nil || k.Purged != 10 || k.Delivered != 6 || k.Through != 16 {
		t.Errorf("%+v, %v", k, err)
	}
}

// A disk that is full when the state is to be saved has nothing delivered twice.
func TestSaveFails(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	s.record("acme", 5)
	blocked := false
	s.fail = func(b *sink.Batch) error {
		if b.From == 4 {
			blocked = true
			return errors.Join(os.Rename(state, state+".kept"), os.Mkdir(state, 0o700)) // which no file replaces
		}
		return nil
	}
	k, err := s.run(state, func(o *ship.Options) {
		o.Report = func(error, time.Duration) {
			if blocked {
				blocked = false
				if err := errors.Join(os.Remove(state), os.Rename(state+".kept", state)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	if err != nil || k.Delivered != 5 {
		t.Errorf("%+v, %v", k, err)
	}
	s.wantIDs(1, 2, 3, 4, 5)
}

// Who runs on delivers what comes, until he is stopped.
func TestRunsOn(t *testing.T) {
	s := newSite(t)
	s.record("acme", 2)
	ctx, cancel := context.WithCancel(t.Context())
	st, err := ship.Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s.fail = func(b *sink.Batch) error {
		switch b.To {
		case 2:
			time.AfterFunc(100*time.Millisecond, func() { s.record("acme", 1) })
		case 3:
			time.AfterFunc(100*time.Millisecond, cancel)
		}
		return nil
	}
	err = ship.Run(ctx, ship.Options{Log: s.c, State: st, Destination: s, Filters: rpc.Filters{Project: "acme"}})
	if !errors.Is(err, context.Canceled) || st.Through != 3 {
		t.Errorf("%+v, %v", st.Kept, err)
	}
	s.wantIDs(1, 2, 3)
}

// A damaged part of the log holds it up until that is repaired, unless it is to skip it.
func TestDamagedLog(t *testing.T) {
	s := newSite(t)
	s.record("acme", 1)
	for _, skip := range []bool{false, true} {
		state := filepath.Join(t.TempDir(), "state")
		damaged := &damagedLog{Log: s.c, mends: !skip}
		tries := 0
		k, err := s.run(state, func(o *ship.Options) {
			o.Log, o.SkipDamaged = damaged, skip
			o.Report = func(err error, _ time.Duration) {
				if tries++; !strings.Contains(err.Error(), "entries 7 to 9 cannot be read") {
					t.Error(err)
				}
			}
		})
		want := ship.Kept{Delivered: 1, Missing: 2}
		if skip {
			want.Missing = 5
		}
		if err != nil || k.Delivered != want.Delivered || k.Missing != want.Missing || skip == (tries > 0) {
			t.Errorf("skipping %t: %+v after %d tries, %v", skip, k, tries, err)
		}
		s.wantIDs(1)
	}
}

// damagedLog says that something is damaged, once if it is mended then, and something else lost.
type damagedLog struct {
	ship.Log
	mends, mended bool
}

func (l *damagedLog) PullPart(ctx context.Context, req rpc.PullRequest) (rpc.PullResult, error) {
	part, err := l.Log.PullPart(ctx, req)
	part.Lost = []audit.Range{{From: 11, To: 12}}
	if !l.mended {
		part.Damaged = []audit.Range{{From: 7, To: 9}}
	}
	l.mended = l.mends
	return part, err
}
