package commit

import (
	"fmt"
	"io"
	"slices"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/life"
	"auditlog/store/memory"
)

// adding is a project with the entries that a commit adds to it.
type adding struct {
	*memory.Project
	entries []*audit.Entry
}

// to returns a project as one that the commit adds entries to.
func (w *Writer) to(p *memory.Project) *adding {
	a := w.added[p]
	if a == nil {
		a = &adding{Project: p}
		w.added[p] = a
	}
	return a
}

// owners returns the project of each entry, and makes those that are not there.
// Nothing is made when one of them refuses recording.
func (w *Writer) owners(part *Part) ([]*adding, error) {
	entries := part.Entries
	if len(entries) == 0 {
		return nil, nil
	}
	if part.Own {
		w.house(entries) // after which those that were of one project may be of two
	}
	n := slices.Max(part.Alike) + 1
	taking := make([]string, n) // the project that takes entries, by their number
	for i, e := range entries {
		if at := part.Alike[i]; !part.AnyState && taking[at] != e.Project {
			if err := w.refusal(e.Project); err != nil {
				return nil, audit.AtItem(audit.AtPath(err, "project"), audit.EntryAt(i))
			}
			taking[at] = e.Project
		}
	}
	owners, of := make([]*adding, len(entries)), make([]*adding, n)
	for i, e := range entries {
		at := part.Alike[i]
		if of[at] == nil || of[at].Name != e.Project {
			p, err := w.owner(e.Project)
			if err != nil {
				return nil, err
			}
			of[at] = w.to(p)
		}
		owners[i] = of[at]
	}
	return owners, nil
}

// house sends the log's own entries to the system project where theirs cannot
// take them.
func (w *Writer) house(entries []*audit.Entry) {
	for _, e := range entries {
		p := w.Memory.Projects[e.Project]
		if p == nil {
			p = w.created[e.Project]
		}
		if p == nil || w.record(p).State != audit.Active {
			e.Project = audit.SystemProject
		}
	}
}

// record returns p's record as this commit will leave it.
func (w *Writer) record(p *memory.Project) *format.Project {
	if rec := w.changed[p]; rec != nil {
		return rec
	}
	return &p.Rec
}

// refusal returns why a project of a name cannot be recorded to, or nil. Of a new project's name it is
// the fault.
func (w *Writer) refusal(name string) error {
	p := w.Memory.Projects[name]
	known := w.created[name] != nil || p != nil && w.record(p).State != audit.Purged
	switch {
	case !known && w.Closed && name != audit.SystemProject:
		return audit.Errorf(audit.NotFound, "project %q not found: this log takes entries only of projects that project.create made", name)
	case !known:
		return audit.ValidateNewProject(name)
	case p == nil: // this commit makes it
		return nil
	}
	return life.Refusal(w.record(p), name)
}

func (w *Writer) owner(name string) (*memory.Project, error) {
	if p := w.created[name]; p != nil {
		return p, nil
	}
	p := w.Memory.Projects[name]
	if p == nil {
		return w.create(name)
	}
	if w.record(p).State != audit.Purged {
		return p, nil
	}
	return w.revive(p)
}

// revive has a purged project begin anew.
func (w *Writer) revive(p *memory.Project) (*memory.Project, error) {
	rec := *w.record(p)
	rec.State = audit.Active
	w.changed[p] = &rec
	return p, p.Put(w.Tx, &rec)
}

// create makes a project with a number and a secret of its own.
func (w *Writer) create(name string) (*memory.Project, error) {
	p, err := w.BeginProject(w.Tx, name, &format.Project{State: audit.Active, Incarnation: 1, Base: 1})
	if err != nil {
		return nil, err
	}
	w.created[name] = p
	return p, p.Put(w.Tx, &p.Rec)
}

// BeginProject makes a project with a record, which gets the next number and a secret. The record is
// the caller's to put.
func (m *Writers) BeginProject(tx kv.Tx, name string, rec *format.Project) (*memory.Project, error) {
	meta := tx.Bucket(format.Meta)
	id := format.ReadUint64(meta.Get(format.MetaProject)) + 1
	if id > uint64(format.MaxProject) {
		return nil, audit.Errorf(audit.Unavailable, "the log has had %d projects, and can have no more", format.MaxProject)
	}
	if err := meta.Put(format.MetaProject, format.Uint64(id)); err != nil {
		return nil, err
	}
	rec.ID, rec.Secret = format.ProjectID(id), make([]byte, 32)
	if _, err := io.ReadFull(m.Rand, rec.Secret); err != nil {
		return nil, fmt.Errorf("make secret of project %q: %w", name, err)
	}
	return memory.NewProject(name, rec), nil
}

// Create makes a project, or has one that was purged begin anew. It returns Conflict for one that
// is there, and Invalid for a name that no new one may have.
func (w *Writer) Create(name string) error {
	p := w.Memory.Projects[name]
	if w.created[name] != nil || p != nil && w.record(p).State != audit.Purged {
		return audit.Errorf(audit.Conflict, "project %q is there already", name)
	}
	if err := audit.ValidateNewProject(name); err != nil {
		return audit.AtPath(err, "project")
	}
	_, err := w.owner(name)
	return err
}

// Change has decide change the record of a project, unless it refuses. It returns NotFound for a
// project that is not there.
func (w *Writer) Change(name string, decide func(*format.Project) error) error {
	p := w.Memory.Projects[name]
	if p == nil {
		return life.ErrNone(name)
	}
	rec := *w.record(p)
	if err := decide(&rec); err != nil {
		return err
	}
	w.changed[p] = &rec
	return p.Put(w.Tx, &rec)
}

// Order returns the order that the next entry of the commit tells of.
func (w *Writer) Order(entry *audit.Entry) life.Order {
	return life.Order{EntryID: w.next, At: w.at, By: entry.Actor.Email, Passed: w.Passed()}
}
