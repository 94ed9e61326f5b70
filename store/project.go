package store

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/life"
	"auditlog/store/memory"
)

// begin makes a project with a record, which gets a secret.
func (s *Store) begin(name string, rec *format.Project) (*memory.Project, error) {
	rec.Secret = make([]byte, 32)
	if _, err := io.ReadFull(s.opts.Rand, rec.Secret); err != nil {
		return nil, fmt.Errorf("make secret of project %q: %w", name, err)
	}
	return memory.NewProject(name, rec), nil
}

// loadProjects reads every project into memory.
func (s *Store) loadProjects(tx kv.Tx) error {
	before := len(s.mem.Hurt.Errs)
	defer func() { s.mem.Hurt.Projects(before) }()
	return s.mem.Hurt.Around(tx, format.Projects, nil, func(k, v []byte) error {
		rec, err := format.ParseProject(k, v)
		if err != nil {
			return err
		}
		life.Count(rec, s.passed(), s.opts.Now())
		p := memory.NewProject(string(k), rec)
		if err := loadTree(tx, p); err != nil {
			return err
		}
		s.mem.Projects[p.Name] = p
		s.mem.ByID[p.ID] = p
		if rec.State == audit.Purging {
			s.mem.Purging[p] = true
		}
		s.sealer.Grown(p)
		return nil
	})
}

// Projects returns every project by name, of those that are known while the database cannot be read.
func (s *Store) Projects() []audit.Project {
	_ = s.Fresh()
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	infos := make([]audit.Project, 0, len(s.mem.Projects))
	for _, p := range s.mem.Projects {
		infos = append(infos, s.info(p))
	}
	slices.SortFunc(infos, func(a, b audit.Project) int { return cmp.Compare(a.Name, b.Name) })
	return infos
}

// Project returns one project, or a NotFound Fault.
func (s *Store) Project(name string) (audit.Project, error) {
	if err := s.Fresh(); err != nil {
		return audit.Project{}, err
	}
	return s.project(name)
}

// project is Project as the memory knows it.
func (s *Store) project(name string) (audit.Project, error) {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	p, ok := s.mem.Projects[name]
	if !ok {
		return audit.Project{}, s.mem.Hurt.Missed(errNoProject(name))
	}
	return s.info(p), nil
}

func errNoProject(name string) error {
	return audit.Errorf(audit.NotFound, "project %q not found", name)
}
