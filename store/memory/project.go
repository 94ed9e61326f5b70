package memory

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
)

// Project is a project in memory. The slices are replaced or appended to, never changed in place, so
// that a reader may keep one.
type Project struct {
	Name string
	ID   format.ProjectID
	Rec  format.Project
	// Tail holds the entries that are in no block yet, oldest first.
	Tail   []*audit.Entry
	Keys   keys.Recent // that are in no run yet
	Hasher keys.Hasher // of keys, by the secret in Rec
	// Hashed and Head tell how far its tree has come: see trees.History.
	Hashed int64
	Head   format.TreeState
}

// Numbered is projects by number.
type Numbered map[format.ProjectID]*Project

// Keys returns the keys of a project, or nil when there is none with the number.
func (n Numbered) Keys(id format.ProjectID) *keys.Recent {
	if p := n[id]; p != nil {
		return &p.Keys
	}
	return nil
}

// NewProject returns a project with a record and nothing in the tail.
func NewProject(name string, rec *format.Project) *Project {
	return &Project{Name: name, ID: rec.ID, Rec: *rec, Hasher: keys.NewHasher(rec.Secret)}
}

// LastSeq returns the newest seq of p.
func (p *Project) LastSeq() int64 { return p.Rec.Seq + int64(len(p.Tail)) }

// Put writes a record of p.
func (p *Project) Put(tx kv.Tx, rec *format.Project) error {
	v, err := rec.Encode()
	if err != nil {
		return fmt.Errorf("encode project %q: %w", p.Name, err)
	}
	return tx.Bucket(format.Projects).Put([]byte(p.Name), v)
}

// Record returns a copy of p's record, an empty one of no project.
func (p *Project) Record() format.Project {
	if p == nil {
		return format.Project{}
	}
	return p.Rec
}

// ReadProject returns the record of a project as a transaction sees it, or nil.
func ReadProject(tx kv.Tx, name string) (*format.Project, error) {
	v := tx.Bucket(format.Projects).Get([]byte(name))
	if v == nil {
		return nil, nil
	}
	return format.ParseProject([]byte(name), v)
}

// Visible reports whether p is listed at all.
func (p *Project) Visible() bool { return p != nil && p.Rec.State != audit.Purging }

// Info returns the public view of p, the purge at the time told with its order.
func (p *Project) Info() audit.Project {
	info := audit.Project{Name: p.Name, State: p.Rec.State, Deletion: p.Rec.Deletion, Hold: p.Rec.Hold}
	info.Entries = p.Rec.Whole().Entries + int64(len(p.Tail))
	if s := p.Rec.Sealing; s != nil {
		info.Entries -= s.Entries // which are in blocks and in the tail
	}
	first, last := p.Bounds()
	if info.Entries > 0 {
		info.First, info.Last = time.UnixMicro(first.At).UTC(), time.UnixMicro(last.At).UTC()
	}
	return info
}

// Empty reports whether p has no entry.
func (p *Project) Empty() bool { return p.Rec.Entries == 0 && len(p.Rec.Late) == 0 && len(p.Tail) == 0 }

// Bounds returns the positions of p's oldest and newest entry.
func (p *Project) Bounds() (first, last audit.Position) {
	sealed := p.Rec.Whole()
	first, last = sealed.First, sealed.Last
	if len(p.Tail) == 0 {
		return first, last
	}
	tailFirst, tailLast := p.Tail[0].Position(), p.Tail[len(p.Tail)-1].Position()
	if sealed.Entries == 0 {
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

// Add merges entries into p's tail. A slice that a reader took before is left
// as it was: new entries go behind its end, or into a new slice.
func (p *Project) Add(entries []*audit.Entry) {
	if len(entries) == 0 {
		return
	}
	entries = sorted(entries)
	if len(p.Tail) == 0 || blocks.ByPosition(p.Tail[len(p.Tail)-1], entries[0]) < 0 {
		p.Tail = append(p.Tail, entries...)
		return
	}
	behind := sort.Search(len(p.Tail), func(i int) bool { return blocks.ByPosition(p.Tail[i], entries[0]) > 0 })
	p.Tail = append(p.Tail[:behind:behind], blocks.Merge(p.Tail[behind:], entries)...)
}

// sorted returns entries by position, in memory of theirs or other. Those of a commit are a list for each
// call, which mostly is sorted: a few lists are merged in a fraction of the time that sorting takes.
func sorted(entries []*audit.Entry) (all []*audit.Entry) {
	const few = 8
	rest := entries
	for range few {
		n := 1
		for n < len(rest) && blocks.ByPosition(rest[n-1], rest[n]) < 0 {
			n++
		}
		if n == len(entries) {
			return entries
		}
		if all, rest = blocks.Merge(all, rest[:n]), rest[n:]; len(rest) == 0 {
			return all
		}
	}
	slices.SortFunc(entries, blocks.ByPosition)
	return entries
}
