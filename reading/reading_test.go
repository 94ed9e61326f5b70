package reading

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
)

// journal is a Storage in memory.
type journal struct {
	entries []*audit.Entry
	err     error
}

func (j *journal) RecordOwn(_ context.Context, e *audit.Entry) error {
	if j.err == nil {
		j.entries = append(j.entries, e)
		e.ID = int64(len(j.entries))
	}
	return j.err
}

func newRecorder(j *journal, now *time.Time) *Recorder {
	return New(Options{Storage: j, Now: func() time.Time { return *now }, Report: func(error) {}})
}

var viewer = &rights.Call{Principal: rights.Principal{Owner: "w@acme", Type: audit.User, TokenID: "t"}, Channel: audit.ChannelAPI}

func TestEndsAreTold(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		work    func(*Reading) error
		entries int
		whole   string
		detail  string
	}{
		{"whole", func(g *Reading) error { g.Entries = 3; return g.Begin(t.Context()) }, 2, "true", "Ended a backup, of 3 entries"},
		{"nothing sent", func(*Reading) error { return errors.New("no such project") }, 0, "", ""},
		{"caller gone", func(g *Reading) error {
			g.Begin(t.Context())
			return fmt.Errorf("write: %w", context.Canceled)
		}, 2, "false", "Broke off a backup, after 0 entries: the caller went away, or the server stopped"},
		{"token revoked", func(g *Reading) error {
			g.Begin(t.Context())
			return audit.Errorf(audit.Unauthenticated, "the token was revoked")
		}, 2, "false", "Broke off a backup, after 0 entries: the token was revoked"},
		{"internal", func(g *Reading) error { g.Begin(t.Context()); return errors.New("page 4711 of /var/lib is torn") }, 2, "false",
			"Broke off a backup, after 0 entries: something failed in the log"},
		{"panic", func(g *Reading) error { g.Begin(t.Context()); g.Entries = 5; panic("torn") }, 2, "false",
			"Broke off a backup, after 5 entries: something failed in the log"},
	} {
		j := new(journal)
		func() {
			defer func() { _ = recover() }()
			g := newRecorder(j, &now).Reading(viewer, Read{Action: "log.backup", What: "a backup"})
			_ = g.Run(func() error { return tt.work(g) })
		}()
		if len(j.entries) != tt.entries {
			t.Fatalf("%s: %d entries", tt.name, len(j.entries))
		}
		if tt.entries == 0 {
			continue
		}
		began, ended := j.entries[0], j.entries[1]
		if began.Detail != "Began a backup" || began.Project != audit.SystemProject || ended.Detail != tt.detail || ended.Metadata["whole"] != tt.whole ||
			ended.Metadata["began"] != "1" || (ended.Outcome == audit.Success) != (tt.whole == "true") {
			t.Errorf("%s: %s, %s", tt.name, began.AppendJSON(nil), ended.AppendJSON(nil))
		}
	}
}

// What cannot be recorded does not begin.
func TestBeginFails(t *testing.T) {
	now := time.Now()
	j := &journal{err: errors.New("the disk is full")}
	g := newRecorder(j, &now).Reading(viewer, Read{Action: rights.AuditLogExport, What: "an export"})
	err := g.Run(func() error { return g.Begin(t.Context()) })
	if audit.KindOf(err) != audit.Unavailable {
		t.Errorf("it begins with %v", err)
	}
}

// One caller's flood is told of by its count, and takes nothing from others.
func TestAllowance(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	j := new(journal)
	r := newRecorder(j, &now)
	read := func(token string) {
		call := *viewer
		call.Principal.TokenID = token
		g := r.Reading(&call, Read{Action: rights.AuditLogExport, Query: audit.Query{Project: "acme"}, What: "an export"})
		_ = g.Run(func() error { g.Entries = 7; return g.Begin(t.Context()) })
	}
	for range 1000 {
		read("flood")
	}
	if len(j.entries) != 2*burst {
		t.Fatalf("%d entries", len(j.entries))
	}
	read("other")
	if len(j.entries) != 2*burst+2 {
		t.Error("another caller's export is not told of")
	}
	now = now.Add(3 * refill)
	for range 10 {
		read("flood")
	}
	if len(j.entries) != 2*burst+2+6 {
		t.Errorf("%d entries after three more", len(j.entries))
	}
	reps := r.notes.TakeAll(now)
	if err := r.record(t.Context(), reps); err != nil || len(reps) != 1 {
		t.Fatal(reps, err)
	}
	last := j.entries[len(j.entries)-1]
	if last.Metadata["count"] != "947" || last.Metadata["entries"] != fmt.Sprint(947*7) || last.Detail != "Read an export" {
		t.Errorf("the flood is told of as %s", last.AppendJSON(nil))
	}
}

// While the log cannot write, notes are counted on.
func TestNotesWhileTheLogFails(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	j := &journal{err: errors.New("the disk is full")}
	r := New(Options{Storage: j, Scope: All, Now: func() time.Time { return now }})
	for i := range 100 {
		r.Note(viewer, Read{Action: rights.AuditLogList, Query: audit.Query{Project: "acme", From: now.Add(time.Duration(i) * time.Second)}, What: "a list"})
	}
	if err := r.record(t.Context(), r.notes.Take(now)); err == nil {
		t.Fatal("it does not fail")
	}
	j.err = nil
	now = now.Add(time.Minute)
	if err := r.record(t.Context(), r.notes.Take(now)); err != nil || len(j.entries) != 1 || j.entries[0].Metadata["count"] != "100" {
		t.Errorf("%v: %v", err, j.entries)
	}
}
