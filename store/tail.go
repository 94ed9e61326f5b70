package store

import (
	"encoding/binary"
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

// recent holds the tail in commit order: the entry with id first+i at index i,
// and where commits end, so that a cut never parts one.
type recent struct {
	first   int64 // id of entries[0], or the next id when there is none
	entries []*audit.Entry
	owners  []*project // of entries, index by index
	bytes   int        // of their rows, about
	since   time.Time  // when the oldest of them came in, or about so
}

// next returns the id that the next entry gets.
func (r *recent) next() int64 { return r.first + int64(len(r.entries)) }

// get returns the entry with id, if it is in the tail, and its project.
func (r *recent) get(id int64) (*audit.Entry, *project) {
	if id < r.first || id >= r.next() {
		return nil, nil
	}
	return r.entries[id-r.first], r.owners[id-r.first]
}

// Unsealed returns how many entries are in the tail.
func (s *Store) Unsealed() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.recent.entries)
}

// loadTail reads the tail's rows into memory.
func (s *Store) loadTail(tx kv.Tx) error {
	s.recent.first = int64(format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaSealed))) + 1
	added := make(map[*project][]*audit.Entry)
	for k, v := range kv.All(tx.Bucket(format.Tail)) {
		if len(k) != 8 {
			return fmt.Errorf("tail: %w: key of %d bytes", format.ErrCorrupt, len(k))
		}
		first := int64(binary.BigEndian.Uint64(k))
		if first != s.recent.next() {
			return fmt.Errorf("tail: %w: row %d follows entry %d", format.ErrCorrupt, first, s.recent.next()-1)
		}
		s.recent.bytes += len(v)
		err := format.DecodeTailRow(first, v, func(id format.ProjectID, e *audit.Entry, input string) error {
			p := s.byID[id]
			if p == nil {
				return fmt.Errorf("tail row %d: %w: entry %d of unknown project %d", first, format.ErrCorrupt, e.ID, id)
			}
			if want := p.rec.Seq + int64(len(added[p])) + 1; e.Seq != want {
				return fmt.Errorf("tail row %d: %w: entry %d has seq %d in its project, not %d", first, format.ErrCorrupt, e.ID, e.Seq, want)
			}
			e.Project = p.name
			s.recent.entries = append(s.recent.entries, e)
			s.recent.owners = append(s.recent.owners, p)
			if e.Key != "" {
				m := p.hasher.Mark(e.Key, []byte(input))
				p.keys.Add(m.Hash, keys.Known{ID: e.ID, Sum: m.Sum})
			}
			added[p] = append(added[p], e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for p, entries := range added {
		p.add(entries)
	}
	s.recent.since = time.Now()
	return nil
}

// addRecent puts committed entries into memory, those of a project all at once:
// late ones have the rest of its tail copied. The caller holds Store.mu.
func (s *Store) addRecent(batch []committed, added map[*project][]*audit.Entry) {
	if len(s.recent.entries) == 0 {
		s.recent.since = time.Now()
	}
	s.recent.entries = slices.Grow(s.recent.entries, len(batch))
	s.recent.owners = slices.Grow(s.recent.owners, len(batch))
	for _, c := range batch {
		s.recent.entries = append(s.recent.entries, c.entry)
		s.recent.owners = append(s.recent.owners, c.project)
		s.recent.bytes += c.size
	}
	for p, entries := range added {
		p.add(entries)
	}
}

// add merges entries into p's tail. A slice that a reader took before is left
// as it was: new entries go behind its end, or into a new slice.
func (p *project) add(entries []*audit.Entry) {
	slices.SortFunc(entries, blocks.ByPosition)
	if len(p.tail) == 0 || blocks.ByPosition(p.tail[len(p.tail)-1], entries[0]) < 0 {
		p.tail = append(p.tail, entries...)
		return
	}
	behind := sort.Search(len(p.tail), func(i int) bool { return blocks.ByPosition(p.tail[i], entries[0]) > 0 })
	p.tail = append(p.tail[:behind:behind], blocks.Merge(p.tail[behind:], entries)...)
}
