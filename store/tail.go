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
	"auditlog/store/queue"
)

// recent holds the tail in commit order: the entry with id first+i at index i. A seal takes
// entries of some projects and leaves those of others, so there may be gaps.
type recent struct {
	first int64  // id of slots[0], or the next id when there is none
	slots []slot // replaced or appended to, never changed in place
	// unsealed counts the entries that are in no block, or not all of a seal's, and the
	// bytes of their rows.
	unsealed, bytes int
	since           time.Time // when the oldest of them came in, or about so
}

// slot is what is known of an id of the tail.
type slot struct {
	entry *audit.Entry // nil once it is sealed
	owner *project
	seq   int64
	size  int // of its row
}

// next returns the id that the next entry gets.
func (r *recent) next() int64 { return r.first + int64(len(r.slots)) }

// get returns what is known of an id; without an owner where it is not of the tail.
func (r *recent) get(id int64) slot {
	if id < r.first || id >= r.next() {
		return slot{}
	}
	return r.slots[id-r.first]
}

// has reports whether some id of the tail is p's, sealed or not.
func (r *recent) has(p *project) bool {
	return slices.ContainsFunc(r.slots, func(s slot) bool { return s.owner == p })
}

// Unsealed returns how many entries are in the tail.
func (s *Store) Unsealed() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.recent.unsealed
}

// loadTail reads the tail's rows into memory.
func (s *Store) loadTail(tx kv.Tx) error {
	r := &s.recent
	r.first = int64(format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaSealed))) + 1
	added := make(map[*project][]*audit.Entry)
	newest := make(map[*project]int64)
	var held queue.Shares
	for k, v := range kv.All(tx.Bucket(format.Tail)) {
		if len(k) != 8 {
			return fmt.Errorf("tail: %w: key of %d bytes", format.ErrCorrupt, len(k))
		}
		first := int64(binary.BigEndian.Uint64(k))
		if first != r.next() {
			return fmt.Errorf("tail: %w: row %d follows entry %d", format.ErrCorrupt, first, r.next()-1)
		}
		err := format.DecodeTailRow(first, v, func(id format.ProjectID, e *audit.Entry, input string, size int) error {
			p := s.byID[id]
			if p == nil {
				return fmt.Errorf("tail row %d: %w: entry %d of unknown project %d", first, format.ErrCorrupt, e.ID, id)
			}
			if want := newest[p] + 1; newest[p] > 0 && e.Seq != want || newest[p] == 0 && e.Seq > p.rec.Seq+1 {
				return fmt.Errorf("tail row %d: %w: entry %d has seq %d in its project, where %d is sealed and %d came last",
					first, format.ErrCorrupt, e.ID, e.Seq, p.rec.Seq, newest[p])
			}
			newest[p] = e.Seq
			if e.Seq <= p.rec.Seq {
				r.slots = append(r.slots, slot{owner: p, seq: e.Seq, size: size})
				return nil
			}
			e.Project = p.name
			r.slots = append(r.slots, slot{e, p, e.Seq, size})
			r.unsealed++
			r.bytes += size
			if e.Key != "" {
				m := p.hasher.Mark(e.Key, []byte(input))
				p.keys.Add(m.Hash, keys.Known{ID: e.ID, Seq: e.Seq, Sum: m.Sum})
			}
			added[p] = append(added[p], e)
			held.Add(e.RecordedBy, p.name, size)
			var one queue.Shares
			one.Add(e.RecordedBy, p.name, size)
			s.meter.Add(one.Parts, e.RecordedAt)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for p, entries := range added {
		s.addTail(p, entries)
		if p.rec.Sealing != nil {
			s.stepwise[p] = s.loadOf(p, p.rec.Sealing.Seq)
		}
	}
	s.queue.Hold(held.Parts...)
	r.since = time.Now()
	return nil
}

// addRecent puts committed entries into memory, those of a project all at once:
// late ones have the rest of its tail copied. The caller holds Store.mu.
func (s *Store) addRecent(batch []committed, added map[*project][]*audit.Entry) {
	r := &s.recent
	if r.unsealed == 0 {
		r.since = time.Now()
	}
	var held queue.Shares
	r.slots = slices.Grow(r.slots, len(batch))
	for _, c := range batch {
		r.slots = append(r.slots, slot{c.entry, c.project, c.entry.Seq, c.size})
		r.bytes += c.size
		held.Add(c.entry.RecordedBy, c.project.name, c.size)
	}
	r.unsealed += len(batch)
	for p, entries := range added {
		s.addTail(p, entries)
	}
	s.queue.Hold(held.Parts...)
	if len(batch) > 0 {
		s.meter.Add(held.Parts, batch[0].entry.RecordedAt)
	}
}

// addTail adds entries to p's tail. The caller holds Store.mu.
func (s *Store) addTail(p *project, entries []*audit.Entry) {
	p.add(entries)
	if s.fills(len(p.tail)) && s.aside[p] == nil {
		s.full[p] = true
	}
}

// add merges entries into p's tail. A slice that a reader took before is left
// as it was: new entries go behind its end, or into a new slice.
func (p *project) add(entries []*audit.Entry) {
	if len(entries) == 0 {
		return
	}
	slices.SortFunc(entries, blocks.ByPosition)
	if len(p.tail) == 0 || blocks.ByPosition(p.tail[len(p.tail)-1], entries[0]) < 0 {
		p.tail = append(p.tail, entries...)
		return
	}
	behind := sort.Search(len(p.tail), func(i int) bool { return blocks.ByPosition(p.tail[i], entries[0]) > 0 })
	p.tail = append(p.tail[:behind:behind], blocks.Merge(p.tail[behind:], entries)...)
}
