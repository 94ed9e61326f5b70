package seal

import (
	"cmp"
	"slices"

	"auditlog/store/memory"
)

// turns finds whose turn it is among many projects, of which a step takes a few: by the numbers of
// the projects, those first whose number is above that of the last one that had its turn.
type turns struct {
	last *memory.Project
	// first are those that come first, some more than once, and others, of which there are
	// never many.
	first []*memory.Project
	cut   bool // some were left out
}

func newTurns(last *memory.Project) *turns { return &turns{last: last} }

// add adds a project, which may have been added before.
func (t *turns) add(p *memory.Project) {
	if t.first = append(t.first, p); len(t.first) >= 4*stepProjects {
		t.trim(stepProjects)
	}
}

// trim sorts what there is, and leaves out what does not come first.
func (t *turns) trim(most int) {
	slices.SortFunc(t.first, t.compare)
	t.first = slices.Compact(t.first)
	if len(t.first) > most {
		t.first, t.cut = t.first[:most], true
	}
}

func (t *turns) compare(a, b *memory.Project) int {
	return cmp.Or(cmp.Compare(t.behind(a), t.behind(b)), cmp.Compare(a.ID, b.ID))
}

func (t *turns) behind(p *memory.Project) int {
	if t.last != nil && p.ID > t.last.ID {
		return 0
	}
	return 1
}

// next returns the first projects, most of them at most, and whether there are more.
func (t *turns) next(most int) (first []*memory.Project, more bool) {
	t.trim(most)
	return t.first, t.cut
}
