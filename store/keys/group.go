package keys

import (
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Recent is the keys of a project's tail. The zero Recent has none. It is changed by a commit
// or a seal alone, one at a time, and read by whoever writes.
type Recent struct{ known map[Hash]Known }

// Add adds a key that is not there.
func (r *Recent) Add(h Hash, first Known) {
	if r.known == nil {
		r.known = make(map[Hash]Known)
	}
	r.known[h] = first
}

// Get returns what is known of a key; the zero Known when nothing is.
func (r *Recent) Get(h Hash) Known { return r.known[h] }

// Delete takes a key out, which is in the database now.
func (r *Recent) Delete(h Hash) { delete(r.known, h) }

// A Group is the keys of the entries of one commit.
type Group struct {
	known map[string]Known // by format.Key: sealed ones that are repeated, and new ones
	added []added
}

type added struct {
	to    *Recent
	hash  Hash
	first Known
}

// LookUp finds out which of keys, which format.Key made, are those of sealed entries, all at
// once.
func (g *Group) LookUp(tx kv.Tx, keys [][]byte) {
	g.known = make(map[string]Known)
	if len(keys) == 0 {
		return
	}
	tx.Bucket(format.Keys).GetMany(keys, func(k, v []byte) {
		if id, sum, ok := format.ParseKeyOwner(v); ok {
			g.known[string(k)] = Known{ID: id, Sum: sum}
		}
	})
}

// First returns what is known of a key of a project, if it is: of the first entry that had
// it. Else that is the entry that gets the id next.
func (g *Group) First(recent *Recent, p format.ProjectID, key string, m Mark, next int64) (first Known, known bool) {
	if first, known = recent.known[m.Hash]; known {
		return first, true
	}
	k := format.Key(p, key)
	if first, known = g.known[string(k)]; known {
		return first, true
	}
	first = Known{ID: next, Sum: m.Sum}
	if g.known == nil {
		g.known = make(map[string]Known)
	}
	g.known[string(k)] = first
	g.added = append(g.added, added{recent, m.Hash, first})
	return Known{}, false
}

// Apply adds the new keys to those of their projects, once they are on disk.
func (g *Group) Apply() {
	for _, k := range g.added {
		k.to.Add(k.hash, k.first)
	}
}
