package seal

import (
	"fmt"
	"maps"

	"auditlog/store/memory"
)

// A project is set aside when the place of its blocks that a seal would change is damaged: the
// others are sealed on. What it has in the tail stays there, to be read like all of it, and what
// the tail holds of one project is bounded: then recording to it waits, and is refused.
// The next start tries anew.

// A ProjectError is the error of the part of a step that concerns one project.
type ProjectError struct {
	Project *memory.Project
	Err     error
}

func (e *ProjectError) Error() string { return fmt.Sprintf("project %q: %v", e.Project.Name, e.Err) }

func (e *ProjectError) Unwrap() error { return e.Err }

// SetAside has nothing be sealed of a project any more.
func (s *Sealer) SetAside(p *memory.Project, why error) {
	s.aside[p] = why
	delete(s.stepwise, p)
	delete(s.full, p)
}

// IsAside reports whether a project is set aside.
func (s *Sealer) IsAside(p *memory.Project) bool { return s.aside[p] != nil }

// Aside returns the projects that are set aside, and why.
func (s *Sealer) Aside() map[*memory.Project]error { return maps.Clone(s.aside) }
