package store

import (
	"encoding/binary"

	"auditlog/audit"
	"auditlog/store/kv"
)

// order checks that every sealed id has an owner or is purged, and no other.
func (c *checker) order() error {
	var next int64 = 1
	for k, v := range kv.All(c.tx.Bucket(bucketOrder)) {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		owners, err := decodeOrder(k, v)
		if err != nil {
			c.problem("%v", err)
			continue
		}
		first := int64(binary.BigEndian.Uint64(k)) * orderSpan
		if want := next / orderSpan * orderSpan; first != want {
			c.problem("order: ids from %d on are missing", want)
		}
		next = first + int64(len(owners))
		if next <= c.sealed && len(owners) < orderSpan || next > c.sealed+1 {
			c.problem("order %x: holds %d ids, up to %d of %d", k, len(owners), next-1, c.sealed)
		}
		for i, o := range owners {
			if id := first + int64(i); id > 0 && o.project == 0 {
				c.sum.Purged++
			} else if id > 0 && c.s.byID[o.project] == nil {
				c.problem("order %x: entry %d is in project %d, which is not there", k, id, o.project)
			}
		}
	}
	return nil
}

// seqs checks that the seqs of every project are dense from its incarnation's first to the
// newest sealed one, in the order of the ids. That each is of the entry that has it,
// the entries tell.
func (c *checker) seqs() error {
	counts := make(map[ProjectID]int64)
	var last place
	for k, v := range kv.All(c.tx.Bucket(bucketSeqs)) {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if len(k) != len(seqKey(0, 0)) {
			c.problem("seqs: key of %d bytes", len(k))
			continue
		}
		project, n := ProjectID(binary.BigEndian.Uint32(k)), int64(binary.BigEndian.Uint64(k[4:]))
		p := c.s.byID[project]
		if p == nil {
			c.problem("seqs %x: belongs to no project", k)
			continue
		}
		places, err := decodePlaces(k, v)
		if err != nil {
			c.problem("%v", err)
			continue
		}
		if p.rec.State == audit.Purging {
			continue
		}
		if n == 0 {
			last = place{}
		}
		if n*seqSpan != counts[project] || places[0].id <= last.id {
			c.problem("seqs %x: of %d places, follows %d places up to id %d", k, len(places), counts[project], last.id)
		}
		counts[project] = n*seqSpan + int64(len(places))
		last = places[len(places)-1]
	}
	for _, p := range c.s.projects {
		c.numbered(p, counts[p.id])
	}
	return nil
}

// numbered checks what a project's record says of seqs, of which so many are those of the
// incarnation.
func (c *checker) numbered(p *project, n int64) {
	rec := &p.rec
	if rec.State == audit.Purging {
		return
	}
	if rec.Incarnation < 1 || rec.Base < 1 || n != rec.Seq-rec.Base+1 {
		c.problem("project %q: has %d seqs, its record says %d to %d of incarnation %d", p.name, n, rec.Base, rec.Seq, rec.Incarnation)
	}
	kept := int64(0)
	for i, k := range rec.Kept {
		if i > 0 && (k.Seq <= rec.Kept[i-1].Seq || k.ID <= rec.Kept[i-1].ID) {
			c.problem("project %q: kept entry %d is not behind entry %d", p.name, k.ID, rec.Kept[i-1].ID)
		}
		if k.Seq < rec.Base {
			kept++
		}
	}
	if rec.Entries != n+kept {
		c.problem("project %q: %d entries in blocks, for %d seqs and %d entries that purges left", p.name, rec.Entries, n, kept)
	}
}

// place checks that the order and the seqs say where e is.
func (c *checker) place(key BlockKey, e *audit.Entry) {
	p := c.s.byID[key.Project]
	if p.rec.State == audit.Purging {
		return
	}
	k, index := orderKey(e.ID)
	owners, ok := c.orders[string(k)]
	if !ok {
		var err error
		if owners, err = readOrder(c.tx, k); err != nil {
			return // reported by order
		}
		if len(c.orders) > 1024 {
			clear(c.orders)
		}
		c.orders[string(k)] = owners
	}
	if index >= len(owners) || owners[index] != (owner{key.Project, e.Seq}) {
		c.problem("%v: order does not know entry %d there", key, e.ID)
	}
	if c.sequence == nil || c.sequence.project != key.Project {
		c.sequence = newSequence(c.tx, &p.rec)
	}
	at, ok, err := c.sequence.at(e.Seq)
	if err == nil && (!ok || !at.holds(e)) {
		c.problem("%v: seqs do not know entry %d as seq %d", key, e.ID, e.Seq)
	}
}
