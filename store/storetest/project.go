package storetest

import (
	"slices"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
)

// state wants the log to know of each project what the model does.
func (m *machine) state(t *rapid.T) {
	if id := m.node(t).LastID(); id != m.m.lastID {
		t.Fatalf("the last id is %d, want %d", id, m.m.lastID)
	}
	due := m.node(t).Purges()
	for _, p := range m.node(t).Projects() {
		entries := m.m.list(audit.Query{Project: p.Name})
		_, deleted := m.m.deleted[p.Name]
		want := audit.Active
		switch {
		case deleted:
			want = audit.Deleting
		case !m.m.holds(p.Name):
			want = audit.Purged
		}
		if p.Entries != int64(len(entries)) || p.State != want || (p.Deletion != nil) != deleted {
			t.Fatalf("the project is %+v, want %s with %d entries", p, want, len(entries))
		}
		if left, isDue := due[p.Name]; isDue != deleted || deleted && (left <= 0 || left > time.Hour) {
			t.Fatalf("project %s is purged in %v (%t)", p.Name, left, isDue)
		}
		if first, last := entries[len(entries)-1].CreatedAt, entries[0].CreatedAt; !p.First.Equal(first) || !p.Last.Equal(last) {
			t.Fatalf("project %s is from %v to %v, want %v to %v", p.Name, p.First, p.Last, first, last)
		}
		if one, err := m.node(t).Project(p.Name); err != nil || one.Entries != p.Entries || one.State != p.State {
			t.Fatalf("the project alone is %+v, %v", one, err)
		}
	}
}

func (m *machine) delete(t *rapid.T) {
	name := rapid.SampledFrom(projects).Draw(t, "project")
	_, gone := m.m.deleted[name]
	there := m.m.holds(name)
	e := drawEntry(t)
	e.Key, e.Action, e.CreatedAt = "", "project.delete", time.Time{}
	_, err := m.node(t).Delete(t.Context(), name, e, audit.DeletionOrder{Grace: time.Hour})
	switch {
	case gone && audit.KindOf(err) == audit.Conflict, !there && audit.KindOf(err) == audit.NotFound:
	case gone || !there || err != nil:
		t.Fatalf("delete of %s (there %t, deleted %t): %v", name, there, gone, err)
	default:
		m.m.deleted[name] = e.ID
		m.m.addOwn(t, e)
	}
}

func (m *machine) restore(t *rapid.T) {
	name := rapid.SampledFrom(projects).Draw(t, "project")
	e := drawEntry(t)
	e.Key, e.CreatedAt = "", time.Time{}
	_, err := m.node(t).Restore(t.Context(), name, e)
	if _, ok := m.m.deleted[name]; !ok {
		if k := audit.KindOf(err); k != audit.Conflict && k != audit.NotFound {
			t.Fatalf("restored %s, which was not deleted: %v", name, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.m.addOwn(t, e)
	delete(m.m.deleted, name)
}

func (m *machine) purge(t *rapid.T) {
	for _, name := range projects {
		id, ok := m.m.deleted[name]
		if !ok {
			continue
		}
		for done, steps := false, 0; !done; steps++ {
			var err error
			if done, err = m.node(t).PurgeStep(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			if steps == 2 && rapid.Bool().Draw(t, "reopen") {
				m.reopen(t)
			}
		}
		m.purged(t, name, id)
	}
}

// purged brings the model to what a purge has to leave: what earlier ones left, the
// project.delete entry as it was, and a project.purge entry that says what is gone.
func (m *machine) purged(t *rapid.T, name string, id int64) {
	m.m.kept[name] = append(m.m.kept[name], id)
	var gone []audit.Entry
	m.m.entries = slices.DeleteFunc(m.m.entries, func(x audit.Entry) bool {
		if x.Project != name || slices.Contains(m.m.kept[name], x.ID) {
			return false
		}
		gone = append(gone, x)
		return true
	})
	e, err := m.node(t).Get(t.Context(), name, m.m.lastID+1)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"entries": strconv.Itoa(len(gone)), "deleteId": strconv.FormatInt(id, 10)}
	if len(gone) > 0 { // in commit order
		first, last := gone[0], gone[len(gone)-1]
		want["firstId"], want["lastId"] = strconv.FormatInt(first.ID, 10), strconv.FormatInt(last.ID, 10)
		want["firstSeq"], want["lastSeq"] = strconv.FormatInt(first.Seq, 10), strconv.FormatInt(last.Seq, 10)
		slices.SortFunc(gone, func(a, b audit.Entry) int { return a.CreatedAt.Compare(b.CreatedAt) })
		want["from"], want["to"] = audit.FormatTime(gone[0].CreatedAt), audit.FormatTime(gone[len(gone)-1].CreatedAt)
	}
	for key, value := range want {
		if e.Metadata[key] != value {
			t.Fatalf("purge of %s says %s is %q, want %q", name, key, e.Metadata[key], value)
		}
	}
	if by := m.m.find(name, id).Actor; e.Action != "project.purge" || e.Actor != by ||
		!e.RecordedAt.Equal(m.now()) || e.RecordedBy != audit.RecordedByLog {
		t.Fatalf("purge of %s ends with %s", name, e.AppendJSON(nil))
	}
	m.m.addOwn(t, e)
	m.m.kept[name] = append(m.m.kept[name], e.ID)
	delete(m.m.deleted, name)
}
