package store

import (
	"cmp"
	"slices"

	"auditlog/audit"
	"auditlog/store/life"
)

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
		return audit.Project{}, s.mem.Hurt.Missed(life.ErrNone(name))
	}
	return s.info(p), nil
}
