package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// plainEntry is an entry as good as any.
func plainEntry(project string) *audit.Entry {
	return &audit.Entry{
		Project: project, Actor: audit.Actor{Email: "ada@example.com", Type: audit.User}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", Name: "web"}, Outcome: audit.Success, RecordedBy: "0f3KxQ9Z",
	}
}

// record records plain entries of a project.
func record(t *testing.T, log Log, project string, n int) {
	t.Helper()
	var entries []*audit.Entry
	for range n {
		entries = append(entries, plainEntry(project))
	}
	if _, err := log.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
}

// What cannot be meant is refused with its kind and the path of what is wrong, and
// nothing of it is stored.
func testRefusals(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	record(t, log, "acme", 5)
	first, err := audittest.List(t.Context(), log, audit.Query{Project: "acme"}, audit.Paging{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	list := func(q audit.Query, p audit.Paging) error {
		_, err := audittest.List(t.Context(), log, q, p)
		return err
	}
	count := func(bounds ...time.Time) error {
		_, err := audittest.Stats(t.Context(), log, audit.Query{Project: "acme"}, audit.Counting{Bounds: bounds})
		return err
	}
	wrong := plainEntry("acme")
	wrong.Outcome = "perhaps"
	_, unknown := log.Project("ghost")
	_, absent := log.Get(t.Context(), "acme", 6)
	_, foreign := log.Get(t.Context(), "globex", 1)
	_, bad := log.Record(t.Context(), []*audit.Entry{plainEntry("acme"), wrong})
	for name, tt := range map[string]struct {
		err   error
		kind  audit.Kind
		where string
	}{
		"no project":                {list(audit.Query{}, audit.Paging{}), audit.Invalid, "project"},
		"an outcome that is none":   {list(audit.Query{Project: "acme", Is: audit.Terms{"outcome": {"x"}}}, audit.Paging{}), audit.Invalid, "outcome"},
		"a text not understood":     {list(audit.Query{Project: "acme", Text: "!"}, audit.Paging{}), audit.Invalid, "q"},
		"a limit too large":         {list(audit.Query{Project: "acme"}, audit.Paging{Limit: audit.MaxLimit + 1}), audit.Invalid, "limit"},
		"a limit below nothing":     {list(audit.Query{Project: "acme"}, audit.Paging{Limit: -1}), audit.Invalid, "limit"},
		"a cursor that is none":     {list(audit.Query{Project: "acme"}, audit.Paging{Cursor: "next"}), audit.Invalid, "cursor"},
		"another project's cursor":  {list(audit.Query{Project: "globex"}, audit.Paging{Cursor: first.Next}), audit.Invalid, "cursor"},
		"another order's cursor":    {list(audit.Query{Project: "acme", Oldest: true}, audit.Paging{Cursor: first.Next}), audit.Invalid, "cursor"},
		"all projects' cursor":      {list(audit.Query{Within: audit.AllProjects()}, audit.Paging{Cursor: first.Next}), audit.Invalid, "cursor"},
		"a cursor of other filters": {list(audit.Query{Project: "acme", Is: audit.Terms{"actor": {"a"}}}, audit.Paging{Cursor: first.Next}), audit.Invalid, "cursor"},
		"one bound":                 {count(start), audit.Invalid, "buckets"},
		"bounds in disorder":        {count(start, start), audit.Invalid, "buckets"},
		"a project not there":       {unknown, audit.NotFound, ""},
		"an entry not there":        {absent, audit.NotFound, ""},
		"an entry of another":       {foreign, audit.NotFound, ""},
		"a wrong entry":             {bad, audit.Invalid, "entries[1].outcome"},
	} {
		var f *audit.Fault
		if audit.KindOf(tt.err) != tt.kind || !errors.As(tt.err, &f) || f.Where() != tt.where {
			t.Errorf("%s: %v, want %v at %q", name, tt.err, tt.kind, tt.where)
		}
	}
	if err := list(audit.Query{Project: "acme"}, audit.Paging{Limit: 3, Cursor: first.Next}); err != nil {
		t.Errorf("the same filters with another limit: %v", err)
	}
	if id := log.LastID(); id != 5 {
		t.Errorf("of what was refused something is stored: the last id is %d", id)
	}
	stop := errors.New("enough")
	if err := audittest.Export(t.Context(), log, audit.Query{Project: "acme"}, func(*audit.Entry) error { return stop }); err != stop {
		t.Errorf("an export that was stopped: %v", err)
	}
}

// Wait ends with an entry or its context, and not before.
func testWaiting(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	record(t, log, "acme", 1)
	if err := log.Wait(t.Context(), 0); err != nil {
		t.Errorf("an entry that is there is waited for: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := log.Wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for what does not come ends with %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- log.Wait(t.Context(), 1) }()
	record(t, log, "globex", 1)
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("an entry came, and who waits was not told")
	}
}

// Records of tokens change together with the entry that tells of it, and are there
// when the log is opened again.
func testTokens(t *testing.T, open Engine) {
	dir := t.TempDir()
	log := open.open(t, dir)
	record(t, log, "acme", 1)
	change := func(put map[string][]byte, del []string, e *audit.Entry) {
		t.Helper()
		if err := log.ChangeTokens(t.Context(), put, del, e); err != nil {
			t.Fatal(err)
		}
	}
	told := plainEntry("acme")
	change(map[string][]byte{"a": []byte("1"), "b": []byte("2")}, nil, told)
	change(map[string][]byte{"b": []byte("3"), "c": {0}}, []string{"a", "ghost"}, nil)
	wrong := plainEntry("acme")
	wrong.Action = ""
	if err := log.ChangeTokens(t.Context(), map[string][]byte{"d": []byte("4")}, []string{"b"}, wrong); audit.KindOf(err) != audit.Invalid {
		t.Errorf("a wrong entry: %v", err)
	}
	if log.LastID() != 3 || told.ID != 2 || told.Seq != 2 {
		t.Errorf("two changes made the entries up to %d, and %d of seq %d", log.LastID(), told.ID, told.Seq)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open.open(t, dir).Tokens()
	if want := map[string][]byte{"b": []byte("3"), "c": {0}}; err != nil || !maps.EqualFunc(got, want, slices.Equal[[]byte]) {
		t.Errorf("the records are %q, %v", got, err)
	}
}

// Rows of sinks are in the order of their keys, change together with the entry that tells of
// it, and are there when the log is opened again.
func testSinks(t *testing.T, open Engine) {
	dir := t.TempDir()
	log := open.open(t, dir)
	change := func(put map[string][]byte, del []string, e *audit.Entry) {
		t.Helper()
		if err := log.ChangeSinks(t.Context(), put, del, e); err != nil {
			t.Fatal(err)
		}
	}
	told := plainEntry("acme")
	change(map[string][]byte{"a/2": []byte("2"), "a/1": []byte("1"), "b/1": {0}, "a/3": []byte("x")}, nil, told)
	change(map[string][]byte{"a/3": []byte("3")}, []string{"a/1", "ghost"}, nil)
	wrong := plainEntry("acme")
	wrong.Action = ""
	if err := log.ChangeSinks(t.Context(), nil, []string{"b/1"}, wrong); audit.KindOf(err) != audit.Invalid {
		t.Errorf("a wrong entry: %v", err)
	}
	if log.LastID() != 1 || told.ID != 1 || told.Project != audit.SystemProject {
		t.Errorf("two changes made the entries up to %d, and %d in %s", log.LastID(), told.ID, told.Project)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = open.open(t, dir)
	for _, tt := range []struct {
		prefix, after string
		limit         int
		want          string
	}{
		{"a/", "", 10, "a/2=2 a/3=3 "}, {"a/", "a/2", 10, "a/3=3 "}, {"a/", "a/1", 1, "a/2=2 "}, {"a/", "a/3", 10, ""},
		{"", "", 10, "a/2=2 a/3=3 b/1=\x00 "}, {"c", "", 10, ""},
	} {
		rows, err := log.SinkRows(tt.prefix, tt.after, tt.limit)
		got := ""
		for _, r := range rows {
			got += r.Key + "=" + string(r.Value) + " "
		}
		if err != nil || got != tt.want {
			t.Errorf("%d rows of %q behind %q: %q, %v, want %q", tt.limit, tt.prefix, tt.after, got, err, tt.want)
		}
	}
}

// The log's own entries never make, fill or revive a project.
func testOwnEntries(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	record(t, log, "acme", 1)
	record(t, log, "gone", 1)
	if _, err := log.Delete(t.Context(), "gone", plainEntry("gone"), audit.DeletionOrder{Grace: time.Hour}); err != nil {
		t.Fatal(err)
	}
	for project, want := range map[string]string{
		"acme": "acme", "gone": audit.SystemProject, "ghost": audit.SystemProject, audit.SystemProject: audit.SystemProject,
	} {
		e := plainEntry(project)
		if err := log.RecordOwn(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if got, err := log.Get(t.Context(), want, e.ID); err != nil || got.Project != want {
			t.Errorf("an own entry of %s is %v, %v", project, got, err)
		}
	}
	if _, err := log.Project("ghost"); audit.KindOf(err) != audit.NotFound {
		t.Errorf("an own entry made its project: %v", err)
	}
	if p, err := log.Project("gone"); err != nil || p.State != audit.Deleting || p.Entries != 2 {
		t.Errorf("a deleted project is %+v, %v", p, err)
	}
}
