package audit

import "slices"

// Scope is a set of projects, such as those that somebody may read. The zero Scope has none. It
// is a value: it does not change.
type Scope struct {
	all   bool
	names []string // sorted; of all, those that are not in it
}

// AllProjects returns the scope of all projects, those to come included, but for some.
func AllProjects(but ...string) Scope { return Scope{true, sorted(but)} }

// TheseProjects returns the scope of some projects.
func TheseProjects(names ...string) Scope { return Scope{false, sorted(names)} }

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// Empty reports whether no project can be in s.
func (s Scope) Empty() bool { return !s.all && len(s.names) == 0 }

// Has reports whether a project is in s.
func (s Scope) Has(project string) bool {
	_, named := slices.BinarySearch(s.names, project)
	return named != s.all
}

// Names returns the projects that s is made of, sorted: those in it or, where all is set, those
// that are not.
func (s Scope) Names() (names []string, all bool) { return slices.Clone(s.names), s.all }
