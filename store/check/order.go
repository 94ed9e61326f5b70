package check

import (
	"encoding/binary"

	"auditlog/store/blocks"
	"auditlog/store/format"

	"auditlog/audit"
	"auditlog/store/kv"
	"auditlog/store/sequence"
)

// order checks that every sealed id has an owner or is purged, and no other.
func (c *checker) order() error {
	var next int64 = 1
	to := format.Uint64(uint64(c.sealed/format.OrderRow) + 1)
	return c.rows(format.Order, to, func(k, v []byte, again bool) {
		owners, err := format.DecodeOrder(k, v)
		if err != nil {
			c.problem("%v", err)
			return
		}
		first := int64(binary.BigEndian.Uint64(k)) * format.OrderRow
		if want := next / format.OrderRow * format.OrderRow; !again && first != want {
			c.problem("order: ids from %d on are missing", want)
		}
		if next = first + int64(len(owners)); again {
			return
		}
		if sealed := c.sealedNow(); next <= sealed && len(owners) < format.OrderRow || next > sealed+1 {
			c.problem("order %x: holds %d ids, up to %d of %d", k, len(owners), next-1, sealed)
		}
		for i, o := range owners {
			if id := first + int64(i); id < 1 || id > c.sealed {
				continue
			} else if o.Project == 0 {
				c.sum.Purged++
			} else if !c.isThere(o.Project) {
				c.problem("order %x: entry %d is in project %d, which is not there", k, id, o.Project)
			}
		}
	})
}

// sealedNow returns up to which id all are sealed in the state that the step sees.
func (c *checker) sealedNow() int64 {
	return int64(format.ReadUint64(c.tx.Bucket(format.Meta).Get(format.MetaSealed)))
}

// isThere reports whether there was a project with a number when the check began, or is by now.
func (c *checker) isThere(id format.ProjectID) bool { return c.byID[id] != nil || c.here()[id] != nil }

// seqs checks that the seqs of every project are dense from its incarnation's first to the
// newest sealed one, in the order of the ids. That each is of the entry that has it,
// the entries tell.
func (c *checker) seqs() error {
	var of format.ProjectID
	var count int64
	var last format.Place
	err := c.rows(format.Seqs, nil, func(k, v []byte, again bool) {
		if len(k) != len(format.SeqKey(0, 0)) {
			c.problem("seqs: key of %d bytes", len(k))
			return
		}
		id, n := format.ProjectID(binary.BigEndian.Uint32(k)), int64(binary.BigEndian.Uint64(k[4:]))
		p := c.byID[id]
		if p == nil && !c.isThere(id) {
			c.problem("seqs %x: belongs to no project", k)
		}
		if p == nil {
			return
		}
		places, err := format.DecodePlaces(k, v)
		if err != nil {
			c.problem("%v", err)
			return
		}
		if now := c.current(p); now == nil || now.State == audit.Purging {
			return
		}
		if id != of {
			of, count, last = id, 0, format.Place{}
		}
		if !again && (n*format.SeqRow != count || places[0].ID < last.ID || places[0].ID == last.ID && len(p.Lost) == 0) {
			c.problem("seqs %x: of %d places, follows %d places up to id %d", k, len(places), count, last.ID)
		}
		count, last = n*format.SeqRow+int64(len(places)), places[len(places)-1]
	})
	if err != nil {
		return err
	}
	return c.perProject(func(_, now *project) (more bool, err error) {
		n, err := c.lastSeq(now.ID)
		if err == nil {
			c.counted(now, n)
		}
		return false, nil // what is wrong with a row was reported
	})
}

// lastSeq returns how many seqs a project has, by the last row of them.
func (c *checker) lastSeq(id format.ProjectID) (int64, error) {
	k, v := kv.Before(c.tx.Bucket(format.Seqs).Cursor(), format.ProjectPrefix(id+1))
	if len(k) != len(format.SeqKey(0, 0)) || format.ProjectID(binary.BigEndian.Uint32(k)) != id {
		return 0, nil
	}
	places, err := format.DecodePlaces(k, v)
	return int64(binary.BigEndian.Uint64(k[4:]))*format.SeqRow + int64(len(places)), err
}

// counted checks what a project's record says of seqs, of which so many are those of the
// incarnation.
func (c *checker) counted(p *project, n int64) {
	rec := p.Project
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
	ahead := int64(0) // of the seqs
	if rec.Sealing != nil {
		ahead = rec.Sealing.Entries
	}
	lost := int64(0)
	for i := range rec.Lost {
		lost += rec.Lost[i].Entries
	}
	if entries := rec.Whole().Entries; entries != n+kept+ahead-lost {
		c.problem("project %q: %d entries in blocks, for %d seqs, %d more and %d entries that purges left",
			p.name, entries, n, ahead, kept)
	}
}

// place checks that the order and the seqs say where e is.
func (c *checker) place(now *project, key format.BlockKey, e *audit.Entry) {
	if c.inOrder(key, e); e.Seq > now.Seq {
		return // its seq is told by the tail
	}
	if c.sequence == nil || c.numbered != now.ID {
		c.sequence, c.numbered = sequence.New(c.tx, now.Project), now.ID
	}
	at, ok, err := c.sequence.At(e.Seq)
	if err == nil && (!ok || !at.Holds(e)) {
		c.problem("%v: seqs do not know entry %d as seq %d", key, e.ID, e.Seq)
	}
}

// inOrder checks that the order, or the tail, says whose e is.
func (c *checker) inOrder(key format.BlockKey, e *audit.Entry) {
	o, err := c.ownerOf(e.ID)
	if err != nil || o == (format.Owner{Project: format.ProjectOf(key.Project), Seq: e.Seq}) {
		return // what is wrong with a row of the order was reported with that
	}
	where := "order"
	if _, ok := c.inTail(e.ID); ok {
		where = "the tail"
	}
	c.problem("%v: %s does not know entry %d there", key, where, e.ID)
}

// ownerOf returns whose an id is, of the tail as it was or of the order.
func (c *checker) ownerOf(id int64) (format.Owner, error) {
	if o, ok := c.inTail(id); ok {
		return o, nil
	}
	k, index := format.OrderKey(id)
	owners, ok := c.orders[string(k)]
	if !ok {
		var err error
		if owners, err = blocks.ReadOrder(c.tx, k); err != nil {
			return format.Owner{}, err
		}
		if len(c.orders) > 1024 {
			clear(c.orders)
		}
		c.orders[string(k)] = owners
	}
	if index >= len(owners) {
		return format.Owner{}, nil // there is none
	}
	return owners[index], nil
}
