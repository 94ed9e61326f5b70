package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/kv"
)

// project is a project in memory. Store.mu guards its fields; the slices are
// replaced or appended to, never changed in place, so that a reader may keep one.
type project struct {
	name string
	id   ProjectID
	rec  projectRecord
	// tail holds the entries that are in no block yet, oldest first.
	tail []*audit.Entry
	// keys holds the idempotency keys of the tail.
	keys map[string]int64
}

// projectRecord is the value of a project in its bucket, as JSON: few, small,
// and readable with any tool for the database.
type projectRecord struct {
	ID       ProjectID       `json:"id"`
	Secret   []byte          `json:"secret"`
	State    audit.State     `json:"state"`
	Deletion *audit.Deletion `json:"deletion,omitempty"`
	Hold     *audit.Hold     `json:"hold,omitempty"`
	// Purge is how far a running purge has come.
	Purge *purgeProgress `json:"purge,omitempty"`
	// Incarnation counts the beginnings of the project, from 1: each purge begins
	// another. Base is the seq of its first entry.
	Incarnation int   `json:"incarnation"`
	Base        int64 `json:"base"`
	// Seq is the newest seq that is not in the tail, whether its entry is in a block
	// or purged.
	Seq int64 `json:"seq"`
	// Kept are the entries that purges left and later ones leave, in the order of their
	// seqs: a project.delete and a project.purge of each.
	Kept []keptEntry `json:"kept,omitempty"`
	// Entries, First and Last are of the blocks alone.
	Entries int64          `json:"entries"`
	First   audit.Position `json:"first"`
	Last    audit.Position `json:"last"`
	// Spanned is where the spans of the project's blocks end, Loose how many
	// blocks begin there or later.
	Spanned audit.Position `json:"spanned"`
	Loose   int            `json:"loose"`
}

// keptEntry names an entry that outlives purges. At is its CreatedAt in microseconds.
type keptEntry struct {
	ID  int64 `json:"id"`
	Seq int64 `json:"seq"`
	At  int64 `json:"at"`
}

func keptOf(e *audit.Entry) keptEntry { return keptEntry{e.ID, e.Seq, e.CreatedAt.UnixMicro()} }

func (k keptEntry) place() place { return place{id: k.ID, at: k.At} }

// lastSeq returns the newest seq of p. The caller holds Store.mu or Store.writing.
func (p *project) lastSeq() int64 { return p.rec.Seq + int64(len(p.tail)) }

// loose reports whether a block that begins at p lies behind the project's spans.
func (rec *projectRecord) loose(p audit.Position) bool {
	return rec.Spanned == (audit.Position{}) || p.Compare(rec.Spanned) >= 0
}

// record returns a project's record as it is.
func (s *Store) record(p *project) projectRecord {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return p.rec
}

func (p *project) put(tx kv.Tx, rec *projectRecord) error {
	v, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encode project %q: %w", p.name, err)
	}
	return tx.Bucket(bucketProjects).Put([]byte(p.name), v)
}

// record returns a copy of p's record, an empty one of no project. The caller holds Store.mu.
func (p *project) record() projectRecord {
	if p == nil {
		return projectRecord{}
	}
	return p.rec
}

// readProject returns the record of a project as a transaction sees it, or nil.
func readProject(tx kv.Tx, name string) (*projectRecord, error) {
	v := tx.Bucket(bucketProjects).Get([]byte(name))
	if v == nil {
		return nil, nil
	}
	rec := &projectRecord{}
	if err := json.Unmarshal(v, rec); err != nil {
		return nil, fmt.Errorf("project %q: %w: %w", name, errCorrupt, err)
	}
	return rec, nil
}

// loadProjects reads every project into memory.
func (s *Store) loadProjects(tx kv.Tx) error {
	for k, v := range kv.All(tx.Bucket(bucketProjects)) {
		p := &project{name: string(k)}
		if err := json.Unmarshal(v, &p.rec); err != nil {
			return fmt.Errorf("project %q: %w: %w", k, errCorrupt, err)
		}
		p.id = p.rec.ID
		s.projects[p.name] = p
		s.byID[p.id] = p
	}
	return nil
}

// info returns the public view of p. The caller holds Store.mu.
func (p *project) info() audit.Project {
	info := audit.Project{Name: p.name, State: p.rec.State, Deletion: p.rec.Deletion, Hold: p.rec.Hold}
	info.Entries = p.rec.Entries + int64(len(p.tail))
	first, last := p.bounds()
	if info.Entries > 0 {
		info.First, info.Last = time.UnixMicro(first.At).UTC(), time.UnixMicro(last.At).UTC()
	}
	return info
}

// bounds returns the positions of p's oldest and newest entry.
func (p *project) bounds() (first, last audit.Position) {
	first, last = p.rec.First, p.rec.Last
	if len(p.tail) == 0 {
		return first, last
	}
	tailFirst, tailLast := p.tail[0].Position(), p.tail[len(p.tail)-1].Position()
	if p.rec.Entries == 0 {
		return tailFirst, tailLast
	}
	if tailFirst.Compare(first) < 0 {
		first = tailFirst
	}
	if tailLast.Compare(last) > 0 {
		last = tailLast
	}
	return first, last
}

// Projects returns every project by name.
func (s *Store) Projects() []audit.Project {
	s.mu.RLock()
	defer s.mu.RUnlock()
	infos := make([]audit.Project, 0, len(s.projects))
	for _, p := range s.projects {
		infos = append(infos, p.info())
	}
	slices.SortFunc(infos, func(a, b audit.Project) int { return cmp.Compare(a.Name, b.Name) })
	return infos
}

// Project returns one project, or a NotFound Fault.
func (s *Store) Project(name string) (audit.Project, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.projects[name]
	if !ok {
		return audit.Project{}, errNoProject(name)
	}
	return p.info(), nil
}

// projectID returns the number of a project's present incarnation.
func (s *Store) projectID(name string) (ProjectID, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.projects[name]
	if !ok {
		return 0, false
	}
	return p.id, true
}

func errNoProject(name string) error {
	return audit.Errorf(audit.NotFound, "project %q not found", name)
}
