package sinks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
	"auditlog/shipping"
	"auditlog/sink"
	"auditlog/sinks"
	"auditlog/store"
)

// recorder is a destination that remembers with what it was opened.
type recorder struct{ opened *sink.Config }

func (recorder) Deliver(context.Context, *sink.Batch) error { return nil }
func (recorder) Close() error                               { return nil }

// open returns a Desk, the log behind it, and what the last destination was opened with.
func open(t *testing.T) (*sinks.Desk, *store.Store, *sink.Config) {
	t.Helper()
	log, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	last := &sink.Config{}
	engine, err := shipping.Open(t.Context(), log, shipping.Options{Open: func(c sink.Config, _ bool) (sink.Destination, error) {
		*last = c
		return recorder{last}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return sinks.New(engine, nil), log, last
}

var boss = &rights.Call{Principal: rights.Principal{Owner: "boss@example.com", Type: audit.User, Grants: []rights.Grant{{Role: rights.Admin}}, TokenID: "t1"}}

// What is done with a sink is told of by an entry in the project concerned, which has no secret.
func TestEntries(t *testing.T) {
	d, log, _ := open(t)
	if _, err := log.Record(t.Context(), []*audit.Entry{{Project: "acme", Actor: audit.Actor{Email: "a@b"}, Action: "a.b",
		Resource: audit.Resource{Type: "A"}, Outcome: audit.Success}}); err != nil {
		t.Fatal(err)
	}
	req := &rpc.SinkCreateRequest{Name: "siem", Project: "acme", To: "https://siem.example.com/in?token=geheim", Secrets: map[string]string{"key": "geheim"}}
	if _, err := d.Create(t.Context(), boss, req); err != nil {
		t.Fatal(err)
	}
	five, to := 5.0, "https://siem.example.com/other"
	name := &rpc.SinkRequest{Name: "siem"}
	for what, err := range map[string]error{
		"update": second(d.Update(t.Context(), boss, &rpc.SinkUpdateRequest{Name: "siem", WaitSeconds: &five, To: &to})),
		"pause":  second(d.Pause(t.Context(), boss, name)),
		"replay": second(d.Replay(t.Context(), boss, &rpc.SinkReplayRequest{Name: "siem", From: rpc.SinkFrom{First: true}})),
		"resume": second(d.Resume(t.Context(), boss, name)),
		"test":   second(d.Test(t.Context(), boss, name)),
		"delete": second(d.Delete(t.Context(), boss, name)),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	entries, err := log.Since(t.Context(), "acme", 1, 100)
	if err != nil {
		t.Fatal(err)
	}
	told := make(map[string]string)
	for _, e := range entries {
		told[e.Action] = e.Detail
		if strings.Contains(string(e.AppendJSON(nil)), "geheim") || e.Actor.Email != "boss@example.com" || e.Resource.Type != "Sink" || e.Resource.ID != "siem" {
			t.Errorf("told of as %s", e.AppendJSON(nil))
		}
	}
	for action, want := range map[string]string{
		"sink.create": "Made the sink, which ships project acme to https://siem.example.com/in?…",
		"sink.update": "Changed the sink: to, waitSeconds",
		"sink.pause":  "Paused the sink", "sink.resume": "Resumed the sink",
		"sink.replay": "Replays the sink from the first entry; it was at ",
		"sink.delete": "Deleted the sink, which was ",
	} {
		if !strings.HasPrefix(told[action], want) {
			t.Errorf("%s is told of as %q", action, told[action])
		}
	}
}

func second[T any](_ T, err error) error { return err }

// An update changes what it has, and no secret goes to another host than it was given for.
func TestUpdate(t *testing.T) {
	d, _, last := open(t)
	create := &rpc.SinkCreateRequest{
		Name: "siem", To: "https://siem.example.com/in", Settings: map[string]string{"a": "1", "b": "2"}, Secrets: map[string]string{"key": "geheim", "pin": "1"},
		Filters: rpc.SinkFilters{Terms: rpc.Terms{Actor: rpc.Values{"ada"}}, Q: "x"}, Batch: 7,
	}
	create.Filters.Q = ""
	if _, err := d.Create(t.Context(), boss, create); err != nil {
		t.Fatal(err)
	}
	elsewhere, near := "https://evil.example.com/in", "https://siem.example.com/v2"
	for _, secrets := range []map[string]string{nil, {"key": "new"}} {
		_, err := d.Update(t.Context(), boss, &rpc.SinkUpdateRequest{Name: "siem", To: &elsewhere, Secrets: secrets})
		if f := (*audit.Fault)(nil); !errors.As(err, &f) || !strings.HasPrefix(f.Path, "secrets.") {
			t.Errorf("to another host with %v: %v", secrets, err)
		}
	}
	if _, err := d.Update(t.Context(), boss, &rpc.SinkUpdateRequest{Name: "siem"}); audit.KindOf(err) != audit.Invalid {
		t.Errorf("an update of nothing: %v", err)
	}
	s, err := d.Update(t.Context(), boss, &rpc.SinkUpdateRequest{
		Name: "siem", To: &near, Settings: map[string]string{"a": "", "c": "3"}, Secrets: map[string]string{"pin": ""},
	})
	if err != nil || s.To != near || len(s.Settings) != 2 || s.Settings["c"] != "3" || len(s.Secrets) != 1 || s.Batch != 7 || s.Filters.Actor[0] != "ada" {
		t.Errorf("%+v, %v", s, err)
	}
	if last.To != near || last.Secrets["key"] != "geheim" || len(last.Secrets) != 1 {
		t.Errorf("opened with %+v", last)
	}
	if s, err = d.Update(t.Context(), boss, &rpc.SinkUpdateRequest{Name: "siem", To: &elsewhere, Secrets: map[string]string{"key": "new"}}); err != nil || last.Secrets["key"] != "new" {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = d.Update(t.Context(), boss, &rpc.SinkUpdateRequest{Name: "siem", Filters: &rpc.SinkFilters{}}); err != nil || len(s.Filters.Actor) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := d.Update(t.Context(), boss, &rpc.SinkUpdateRequest{Name: "none", Filters: &rpc.SinkFilters{}}); audit.KindOf(err) != audit.NotFound {
		t.Errorf("of none: %v", err)
	}
}

// Nobody but an admin of all projects does anything, whether there is such a sink or not.
func TestDenied(t *testing.T) {
	d, log, _ := open(t)
	some := &rights.Call{Principal: rights.Principal{Owner: "a@acme", Grants: []rights.Grant{{Role: rights.Admin, Projects: []string{"acme"}}}}}
	name := &rpc.SinkRequest{Name: "siem"}
	for what, err := range map[string]error{
		"create": second(d.Create(t.Context(), some, &rpc.SinkCreateRequest{Name: "siem", Project: "acme", To: "https://x"})),
		"list":   second(d.List(t.Context(), some, nil)),
		"get":    second(d.Get(t.Context(), some, &rpc.SinkGetRequest{Name: "siem"})),
		"update": second(d.Update(t.Context(), some, &rpc.SinkUpdateRequest{Name: "siem"})),
		"pause":  second(d.Pause(t.Context(), some, name)), "resume": second(d.Resume(t.Context(), some, name)),
		"replay": second(d.Replay(t.Context(), some, &rpc.SinkReplayRequest{Name: "siem"})),
		"test":   second(d.Test(t.Context(), some, name)), "delete": second(d.Delete(t.Context(), some, name)),
	} {
		if denied := (*rights.Denied)(nil); !errors.As(err, &denied) || !denied.All {
			t.Errorf("%s: %v", what, err)
		}
	}
	if log.LastID() != 0 {
		t.Error("something was recorded")
	}
}

func TestParseFrom(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]rpc.SinkFrom{
		"": {}, "now": {}, "first": {First: true}, "refused": {Refused: true}, "seq:17": {Seq: 17}, "id:1": {ID: 1},
		"2026-05-01": {Time: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}, "24h": {Time: now.Add(-24 * time.Hour)},
	} {
		if got, err := sinks.ParseFrom(text, now, time.UTC); err != nil || got != want {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"seq:0", "seq:", "id:-1", "id:x", "id:5x", "soon", "seq:99999999999999999999"} {
		if got, err := sinks.ParseFrom(text, now, time.UTC); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
}
