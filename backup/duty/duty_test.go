package duty_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/backup"
	"auditlog/backup/duty"
	"auditlog/backup/place"
	"auditlog/store"
)

func openLog(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir(), store.Options{SealAfter: 1000 * time.Hour}) // encoders of blocks are of one synctest bubble
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	record(t, s)
	return s
}

func record(t *testing.T, s *store.Store) {
	t.Helper()
	_, err := s.Record(t.Context(), []*audit.Entry{{
		Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment"}, Outcome: audit.Success,
	}})
	if err != nil {
		t.Fatal(err)
	}
}

var caller = &rights.Call{Principal: rights.Principal{Owner: "boss@example.com", Type: audit.User, TokenID: "t1"}}

// told returns the entries log.backup.
func told(t *testing.T, s *store.Store) []*audit.Entry {
	t.Helper()
	all, err := s.Since(t.Context(), audit.SystemProject, 0, 1000)
	if err != nil && audit.KindOf(err) != audit.NotFound {
		t.Fatal(err)
	}
	return all
}

func noFlush() error { return nil }

// What is sent is told of, with who asked, how much, and where he says that it goes.
func TestSend(t *testing.T) {
	s := openLog(t)
	d := duty.New(s, duty.Options{})
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	req := duty.Request{Recipients: []string{identity.Recipient().String()}, To: "s3://bucket/"}
	if err := d.Send(t.Context(), caller, req, &out, noFlush); err != nil {
		t.Fatal(err)
	}
	list := told(t, s)
	if len(list) != 2 || list[0].Metadata["step"] != "begin" {
		t.Fatalf("%+v tell of it", list)
	}
	e := list[1]
	if e.Metadata["began"] != "2" || e.Action != "log.backup" || e.Actor.Email != "boss@example.com" || e.Outcome != audit.Success ||
		e.Detail != "Backed up 2 entries up to 2, encrypted, and sent it to the caller" ||
		e.Metadata["claimedDestination"] != "s3://bucket/" || e.Metadata["entries"] != "2" || e.Metadata["token"] != "t1" {
		t.Errorf("told of as %+v", e)
	}
	if st := d.Status(); st.Taken != 1 || st.Failed != 0 || st.Last.IsZero() || st.Bytes == 0 || st.Held == 0 {
		t.Errorf("status %+v", st)
	}
	for _, req := range []duty.Request{{Recipients: []string{"age1nonsense"}}, {To: strings.Repeat("x", 513)}, {Number: -1}} {
		if err := d.Send(t.Context(), caller, req, io.Discard, noFlush); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%+v: %v", req, err)
		}
	}
	if n := len(told(t, s)); n != 2 {
		t.Errorf("%d entries, after requests that were wrong", n)
	}
}

// cut is a client that goes away.
type cut struct{ left int }

var errGone = errors.New("the client is gone")

func (c *cut) Write(b []byte) (int, error) {
	if c.left -= len(b); c.left < 0 {
		return 0, errGone
	}
	return len(b), nil
}

// What does not come to its end is told of as well, and while one is taken there is no other.
func TestSendFails(t *testing.T) {
	s := openLog(t)
	d := duty.New(s, duty.Options{})
	if err := d.Send(t.Context(), caller, duty.Request{}, &cut{left: 2000}, noFlush); !errors.Is(err, errGone) {
		t.Errorf("sent: %v", err)
	}
	if list := told(t, s); len(list) != 2 || list[1].Outcome != audit.Error || strings.Contains(list[1].Detail, "gone") {
		t.Errorf("told of as %+v", list)
	}
	var second atomic.Value
	flush := func() error {
		if second.Load() == nil {
			second.Store("asked")
			if err := d.Send(t.Context(), caller, duty.Request{}, io.Discard, noFlush); audit.KindOf(err) != audit.Conflict {
				t.Errorf("a second one: %v", err)
			}
		}
		return nil
	}
	if err := d.Send(t.Context(), caller, duty.Request{}, io.Discard, flush); err != nil {
		t.Error(err)
	}
	if st := d.Status(); st.Taken != 1 || st.Failed != 1 {
		t.Errorf("status %+v", st)
	}
}

// unreliable is a place that can be gone.
type unreliable struct {
	*place.Dir
	gone atomic.Bool
}

func (u *unreliable) List(ctx context.Context, prefix string) ([]backup.File, error) {
	if u.gone.Load() {
		return nil, errGone
	}
	return u.Dir.List(ctx, prefix)
}

// A schedule takes what is due, also what was missed before the start, tries again what
// fails, and keeps as many as it is told.
func TestSchedule(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "backups")
	synctest.Test(t, func(t *testing.T) {
		s := openLog(t)
		p := &unreliable{Dir: place.NewDir(dir)}
		count := func() int {
			list, err := backup.Snapshots(t.Context(), p.Dir, func(err error) { t.Error(err) })
			if err != nil && !errors.Is(err, backup.ErrNone) {
				t.Fatal(err)
			}
			return len(list)
		}
		run := func() (stop func()) {
			d := duty.New(s, duty.Options{Schedule: &duty.Schedule{Place: p, Every: time.Hour, Keep: 3}})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- d.Run(ctx) }()
			return func() {
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
		}
		stop := run()
		time.Sleep(2 * time.Minute)
		if n := count(); n != 1 {
			t.Errorf("%d backups after the start", n)
		}
		stop()
		stop = run() // again: nothing is due
		time.Sleep(30 * time.Minute)
		if n := count(); n != 1 {
			t.Errorf("%d backups after half an hour", n)
		}
		p.gone.Store(true)
		time.Sleep(2 * time.Hour)
		if n := count(); n != 1 {
			t.Errorf("%d backups in a place that is gone", n)
		}
		p.gone.Store(false)
		time.Sleep(time.Hour)
		if n := count(); n < 2 {
			t.Errorf("%d backups once the place is back", n)
		}
		time.Sleep(10 * time.Hour)
		if n := count(); n != 3 {
			t.Errorf("%d backups are kept", n)
		}
		stop()
		list := told(t, s)
		if e := list[len(list)-1]; e.Actor.Email != "auditlog" || e.Metadata["destination"] != dir {
			t.Errorf("told of as %+v", e)
		}
	})
}

// A clock that is set ahead or back brings one backup too early at most: neither one after the other,
// nor none until the clock is there again. Those that are kept are those that were taken last.
func TestScheduleWhileClocksAreSet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "backups")
	synctest.Test(t, func(t *testing.T) {
		s := openLog(t)
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Round(0).Add(time.Duration(ahead.Load())) }
		d := duty.New(s, duty.Options{Now: now, Schedule: &duty.Schedule{Place: place.NewDir(dir), Every: time.Hour, Keep: 2}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		const years = 10 * 365 * 24 * time.Hour
		taken := int64(0)
		for i, jump := range []time.Duration{0, years, 0, -years, 0} {
			ahead.Store(int64(jump))
			time.Sleep(10*time.Hour + time.Minute)
			was := taken
			taken = d.Status().Taken
			if n := taken - was; n < 9 || n > 11 {
				t.Errorf("clock %d: %d backups in 10 hours", i, n)
			}
			list, err := backup.Snapshots(t.Context(), place.NewDir(dir), func(err error) { t.Error(err) })
			if err != nil || len(list) != 2 {
				t.Fatalf("clock %d: %d backups are kept, %v", i, len(list), err)
			}
			newest, err := backup.Find(t.Context(), place.NewDir(dir), "")
			if err != nil || newest.ID != list[1].ID || now().Sub(newest.Moment).Abs() > 2*time.Hour || !newest.Moment.Equal(d.Status().Last) {
				t.Errorf("clock %d: it is %v, the newest backup is %+v, %v", i, now(), newest, err)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Settings that cannot be meant are refused by their names.
func TestSettings(t *testing.T) {
	for name, change := range map[string]func(*duty.Settings){
		"to":            func(s *duty.Settings) { s.To = "" },
		"every":         func(s *duty.Settings) { s.Every = time.Second },
		"keep":          func(s *duty.Settings) { s.Keep = -1 },
		"recipients[1]": func(s *duty.Settings) { s.Recipients = []string{recipient, "age1x"} },
	} {
		s := duty.DefaultSettings()
		s.To = t.TempDir()
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		change(s)
		var f *audit.Fault
		if err := s.Check(); !errors.As(err, &f) || f.Path != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, to := range []string{"log.tar", "s3://", "s3://a:b@c/"} {
		s := duty.DefaultSettings()
		s.To = to
		if err := s.Check(); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%s: %v", to, err)
		}
	}
}

const recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
