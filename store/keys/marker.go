package keys

import (
	"auditlog/audit"
	"auditlog/store/format"
)

// A Marker makes the marks of entries in a caller's goroutine, so that the committer,
// which there is one of, need not.
type Marker struct {
	// Of returns the number and the hasher of a project, 0 of one that is not there.
	Of func(project string) (format.ProjectID, Hasher)

	// What was asked for last: entries of a project mostly come together.
	name   string
	id     format.ProjectID
	hasher Hasher
}

// marked is a mark made with the secret of an incarnation of a project, or of none, 0, when
// the project was not there.
type marked struct {
	Mark
	project format.ProjectID
}

// Marks are those of the entries of a call, index by index; nil when no entry has a key.
type Marks []marked

// Add keeps the mark of e, the entry i of n. Its input is what format.AppendInput made.
func (m *Marker) Add(marks *Marks, i, n int, e *audit.Entry, input []byte) {
	if e.Key == "" {
		return
	}
	if e.Project != m.name {
		m.name = e.Project
		m.id, m.hasher = m.Of(e.Project)
	}
	if *marks == nil {
		*marks = make(Marks, n)
	}
	if m.id != 0 {
		(*marks)[i] = marked{m.hasher.Mark(e.Key, input), m.id}
	}
}

// Of returns the mark of e, the entry i, which has a key, in a project with a number and a
// hasher. It is made anew, of the entry's row, when the project has begun since.
func (m Marks) Of(i int, id format.ProjectID, h *Hasher, e *audit.Entry, row []byte) Mark {
	if m[i].project == id {
		return m[i].Mark
	}
	return h.Mark(e.Key, format.Input(row, e))
}
