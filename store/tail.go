package store

import (
	"fmt"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/memory"
	"auditlog/store/queue"
)

// Unsealed returns how many entries are in the tail.
func (s *Store) Unsealed() int {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	return s.mem.Tail.Unsealed
}

// loadTail reads the tail's rows into memory.
func (s *Store) loadTail(tx kv.Tx) error {
	r := &s.mem.Tail
	r.First = int64(format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaSealed))) + 1
	added := make(map[*memory.Project][]*audit.Entry)
	newest := make(map[*memory.Project]int64)
	var held queue.Shares
	damages := len(s.mem.Hurt.Errs)
	err := s.mem.Hurt.Around(tx, format.Tail, nil, func(k, v []byte) error {
		if len(k) != 8 {
			return fmt.Errorf("tail: %w: key of %d bytes", format.ErrCorrupt, len(k))
		}
		first := int64(format.ReadUint64(k))
		if len(s.mem.Hurt.Errs) > damages && first > r.Next() {
			s.mem.Hurt.Skipped(r.Next(), first)
			r.Slots = append(r.Slots, make([]memory.Slot, first-r.Next())...)
			clear(newest)
		}
		if first != r.Next() {
			return fmt.Errorf("tail: %w: row %d follows entry %d", format.ErrCorrupt, first, r.Next()-1)
		}
		return format.DecodeTailRow(first, v, func(id format.ProjectID, e *audit.Entry, input string, size int) error {
			p := s.mem.ByID[id]
			if p == nil {
				return fmt.Errorf("tail row %d: %w: entry %d of unknown project %d", first, format.ErrCorrupt, e.ID, id)
			}
			if want := newest[p] + 1; newest[p] > 0 && e.Seq != want || newest[p] == 0 && e.Seq > p.Rec.Seq+1 && len(s.mem.Hurt.Errs) == damages {
				return fmt.Errorf("tail row %d: %w: entry %d has seq %d in its project, where %d is sealed and %d came last",
					first, format.ErrCorrupt, e.ID, e.Seq, p.Rec.Seq, newest[p])
			}
			newest[p] = e.Seq
			if e.Seq <= p.Rec.Seq {
				r.Slots = append(r.Slots, memory.Slot{Owner: p, Seq: e.Seq, Size: size})
				return nil
			}
			e.Project = p.Name
			r.Slots = append(r.Slots, memory.Slot{Entry: e, Owner: p, Seq: e.Seq, Size: size})
			r.Unsealed++
			r.Bytes += size
			if e.Key != "" {
				m := p.Hasher.Mark(e.Key, []byte(input))
				p.Keys.Add(m.Hash, keys.Known{ID: e.ID, Seq: e.Seq, Sum: m.Sum})
			}
			added[p] = append(added[p], e)
			held.Add(e.RecordedBy, p.Name, size)
			var one queue.Shares
			one.Add(e.RecordedBy, p.Name, size)
			s.meter.Add(one.Parts, e.RecordedAt)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if s.mem.Hurt.Noted {
		s.mem.Hurt.Skipped(r.Next(), 0)
	}
	for p, entries := range added {
		p.Add(entries)
		s.sealer.Added(p)
		if p.Rec.Sealing != nil {
			s.sealer.Begun(p, p.Rec.Sealing.Seq)
		}
	}
	s.queue.Hold(held.Parts...)
	r.Since = time.Now()
	return nil
}

// addRecent puts committed entries into memory, those of a project all at once:
// late ones have the rest of its tail copied. The caller holds State.Mu.
func (s *Store) addRecent(batch []committed, added map[*memory.Project]*adding) {
	r := &s.mem.Tail
	if r.Unsealed == 0 {
		r.Since = time.Now()
	}
	var held queue.Shares
	r.Slots = slices.Grow(r.Slots, len(batch))
	for _, c := range batch {
		r.Slots = append(r.Slots, memory.Slot{Entry: c.entry, Owner: c.project, Seq: c.entry.Seq, Size: c.size})
		r.Bytes += c.size
		held.Add(c.entry.RecordedBy, c.project.Name, c.size)
	}
	r.Unsealed += len(batch)
	for p, a := range added {
		p.Add(a.entries)
		s.sealer.Added(p)
	}
	s.queue.Hold(held.Parts...)
	if len(batch) > 0 {
		s.meter.Add(held.Parts, batch[0].entry.RecordedAt)
	}
}
