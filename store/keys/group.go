package keys

import "auditlog/store/format"

// A Group is the new keys of one commit. The zero Group has none. The committer has one, and
// fills it again and again.
type Group struct {
	known map[inProject]int32 // where in added
	added []added
}

// Reset makes g the keys of a commit that begins.
func (g *Group) Reset() {
	clear(g.known)
	clear(g.added)
	g.added = g.added[:0]
}

type inProject struct {
	project format.ProjectID
	hash    Hash
}

type added struct {
	to *Recent
	fresh
}

// First returns what is known of a key of a project, if it is: of the first entry that had it,
// in this commit or before. sealed is what Look found of it.
func (g *Group) First(recent *Recent, p format.ProjectID, h Hash, sealed Known) (first Known, ok bool) {
	if first, ok = recent.get(h); ok {
		return first, true
	}
	if i, ok := g.known[inProject{p, h}]; ok {
		return g.added[i].Known, true
	}
	return sealed, sealed.ID != 0
}

// Add adds the key of an entry of the commit.
func (g *Group) Add(recent *Recent, p format.ProjectID, h Hash, first Known) {
	if g.known == nil {
		g.known = make(map[inProject]int32)
	}
	g.known[inProject{p, h}] = int32(len(g.added))
	g.added = append(g.added, added{recent, fresh{h, first}})
}

// Apply adds the keys to those of their projects, once they are on disk.
func (g *Group) Apply() {
	for _, k := range g.added {
		k.to.Add(k.Hash, k.Known)
	}
}
