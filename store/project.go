package store

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/life"
)

// project is a project in memory. Store.mu guards its fields; the slices are
// replaced or appended to, never changed in place, so that a reader may keep one.
type project struct {
	name string
	id   format.ProjectID
	rec  format.Project
	// tail holds the entries that are in no block yet, oldest first.
	tail   []*audit.Entry
	keys   keys.Recent // that are in no run yet
	hasher keys.Hasher // of keys, by the secret in rec
	// hashed and head tell how far its tree has come: see trees.History.
	hashed int64
	head   format.TreeState
}

// numbered is projects by number.
type numbered map[format.ProjectID]*project

// keys returns the keys of a project, or nil when there is none with the number.
func (n numbered) keys(id format.ProjectID) *keys.Recent {
	if p := n[id]; p != nil {
		return &p.keys
	}
	return nil
}

func newProject(name string, rec *format.Project) *project {
	return &project{name: name, id: rec.ID, rec: *rec, hasher: keys.NewHasher(rec.Secret)}
}

// lastSeq returns the newest seq of p. The caller holds Store.mu or Store.writing.
func (p *project) lastSeq() int64 { return p.rec.Seq + int64(len(p.tail)) }

func (p *project) put(tx kv.Tx, rec *format.Project) error {
	v, err := rec.Encode()
	if err != nil {
		return fmt.Errorf("encode project %q: %w", p.name, err)
	}
	return tx.Bucket(format.Projects).Put([]byte(p.name), v)
}

// record returns a copy of p's record, an empty one of no project. The caller holds Store.mu.
func (p *project) record() format.Project {
	if p == nil {
		return format.Project{}
	}
	return p.rec
}

// readProject returns the record of a project as a transaction sees it, or nil.
func readProject(tx kv.Tx, name string) (*format.Project, error) {
	v := tx.Bucket(format.Projects).Get([]byte(name))
	if v == nil {
		return nil, nil
	}
	return format.ParseProject([]byte(name), v)
}

// begin makes a project with a record, which gets a secret.
func (s *Store) begin(name string, rec *format.Project) (*project, error) {
	rec.Secret = make([]byte, 32)
	if _, err := io.ReadFull(s.opts.Rand, rec.Secret); err != nil {
		return nil, fmt.Errorf("make secret of project %q: %w", name, err)
	}
	return newProject(name, rec), nil
}

// loadProjects reads every project into memory.
func (s *Store) loadProjects(tx kv.Tx) error {
	for k, v := range kv.All(tx.Bucket(format.Projects)) {
		rec, err := format.ParseProject(k, v)
		if err != nil {
			return err
		}
		life.Count(rec, s.passed(), s.opts.Now())
		p := newProject(string(k), rec)
		if err := p.loadTree(tx); err != nil {
			return err
		}
		s.projects[p.name] = p
		s.byID[p.id] = p
		if rec.State == audit.Purging {
			s.purging[p] = true
		}
	}
	return nil
}

// info returns the public view of p, the purge at the time told with its order. The caller holds Store.mu.
func (p *project) info() audit.Project {
	info := audit.Project{Name: p.name, State: p.rec.State, Deletion: p.rec.Deletion, Hold: p.rec.Hold}
	info.Entries = p.rec.Entries + int64(len(p.tail))
	if s := p.rec.Sealing; s != nil {
		info.Entries -= s.Entries // which are in blocks and in the tail
	}
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
		infos = append(infos, s.info(p))
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
	return s.info(p), nil
}

func errNoProject(name string) error {
	return audit.Errorf(audit.NotFound, "project %q not found", name)
}
