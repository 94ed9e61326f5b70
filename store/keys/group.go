package keys

// A Group is the new keys of one commit. They are added to those of their projects at once, so
// that a key is looked for and added once, and taken back when the commit fails. The zero
// Group has none. The committer has one, and fills it again and again.
type Group struct {
	added []added
}

type added struct {
	to   *Recent
	hash Hash
}

// Reset begins another commit, and takes back what was added for the one before unless that is
// on disk.
func (g *Group) Reset() {
	for i := len(g.added) - 1; i >= 0; i-- {
		g.added[i].to.takeBack(g.added[i].hash)
	}
	g.Apply()
}

// First returns what is known of a key of a project, if it is: of the first entry that had it,
// in this commit or before. sealed is what Look found of it.
func (g *Group) First(recent *Recent, h Hash, sealed Known) (first Known, ok bool) {
	if first, ok = recent.get(h); ok {
		return first, true
	}
	return sealed, sealed.ID != 0
}

// Add adds the key of an entry of the commit.
func (g *Group) Add(recent *Recent, h Hash, first Known) {
	recent.Add(h, first)
	g.added = append(g.added, added{recent, h})
}

// Apply says that the commit is on disk.
func (g *Group) Apply() {
	clear(g.added)
	g.added = g.added[:0]
}
