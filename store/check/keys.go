package check

import (
	"encoding/binary"
	"fmt"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
)

// keySet stands for a set of idempotency keys with the seqs of their entries: two that are
// equal have the same, whatever their order, and two that are not, do not.
type keySet struct {
	n      int64
	sum    uint64
	hasher *keys.Hasher // of the keys that entries have
}

func (s *keySet) add(hash uint64, seq int64) {
	s.n++
	x := (hash ^ uint64(seq)*0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93
	x = (x ^ x>>32) * 0xa0761d6478bd642f
	s.sum += x ^ x>>29
}

// keyed notes the key of a sealed entry.
func (c *checker) keyed(p *project, e *audit.Entry) {
	if e.Key == "" || p.State == audit.Purging || e.Seq > p.Seq {
		return // of the last, which was in the tail as well, that tells the key
	}
	s := c.inBlocks[p.ID]
	if s == nil {
		h := keys.NewHasher(p.Secret)
		s = &keySet{hasher: &h}
		c.inBlocks[p.ID] = s
	}
	s.add(s.hasher.Short(e.Key), e.Seq)
}

// know notes a key that is known of a project, whose record now is another than when the check began:
// keys of what was sealed since are passed over.
func (s *keySet) know(p, now *project, hash uint64, seq int64) {
	if seq <= p.Seq || seq > now.Seq {
		s.add(hash, seq)
	}
}

// keys checks that the keys which are known are those of the entries, each leading to its own.
func (c *checker) keys() error {
	_, err := c.view(func() error {
		known := make(map[format.ProjectID]*keySet)
		for _, p := range c.projects {
			if err := c.ctx.Err(); err != nil {
				return err
			}
			now := c.current(p)
			if now == nil || now.State == audit.Purging || p.State == audit.Purging {
				continue
			}
			known[p.ID] = &keySet{}
			c.runs(p, now, known[p.ID])
		}
		c.freshKeys(known)
		for _, p := range c.projects {
			got := known[p.ID]
			if got == nil {
				continue
			}
			entries := c.inBlocks[p.ID]
			if entries == nil {
				entries = &keySet{}
			}
			if entries.n != got.n || entries.sum != got.sum {
				c.problem("project %q: %d entries in blocks have a key, %d keys are known, and they are not the same", p.name, entries.n, got.n)
			}
		}
		return nil
	})
	return err
}

// freshKeys reads the keys that are in no run yet.
func (c *checker) freshKeys(known map[format.ProjectID]*keySet) {
	for k, v := range kv.Prefix(c.tx.Bucket(format.Keys), format.FreshPrefix()) {
		err := format.DecodeFreshKeys(k, v, func(id format.ProjectID, key format.FreshKey) error {
			if c.here()[id] == nil {
				return fmt.Errorf("keys %x: %w: project %d is not there", k, format.ErrCorrupt, id)
			}
			if s := known[id]; s != nil {
				s.know(c.byID[id], c.here()[id], key.Hi>>(64-format.KeyBits), key.Seq)
			}
			return nil
		})
		if err != nil {
			c.problem("%v", err)
		}
	}
}

// runs checks that the rows of a project are those of its runs, and adds their keys.
func (c *checker) runs(p, now *project, known *keySet) {
	rows := make(map[uint32]uint32) // by the number of the run
	for k := range kv.Prefix(c.tx.Bucket(format.Keys), format.ProjectPrefix(p.ID)) {
		if len(k) != 12 {
			c.problem("keys %x: of a project, and of no run", k)
			continue
		}
		rows[binary.BigEndian.Uint32(k[4:])]++
	}
	for i := range now.Keys.Runs {
		r := &now.Keys.Runs[i]
		n := c.keyRun(p, now, r, known)
		if rows[r.Number] != n {
			c.problem("project %q: run %d of its keys has %d rows, not %d", p.name, r.Number, rows[r.Number], n)
		}
		delete(rows, r.Number)
	}
	for run, n := range rows {
		c.problem("project %q: %d rows of keys are of run %d, which is not there", p.name, n, run)
	}
}

// keyRun checks a run, row by row, and returns how many rows it has.
func (c *checker) keyRun(p, now *project, r *format.KeyRun, known *keySet) (n uint32) {
	count := int64(0)
	if r.Bits >= format.KeyBits || r.From > r.End() || r.End() > 1<<format.KeyBits {
		c.problem("project %q: run %d of its keys has hashes from %d to %d in 2^%d rows", p.name, r.Number, r.From, r.End(), r.Bits)
		return 0
	}
	for at := r.From; at < r.End(); n++ {
		row, _ := r.Row(at)
		key := format.KeyRowKey(p.ID, r.Number, row)
		at = (uint64(row) + 1) << (format.KeyBits - r.Bits)
		parsed, err := format.ParseKeyRow(key, c.tx.Bucket(format.Keys).Get(key), r.Bits)
		if err != nil {
			c.problem("project %q: %v", p.name, err)
			continue
		}
		for _, k := range parsed.All(nil) {
			if _, ok := r.Row(k.Hash); ok {
				known.know(p, now, k.Hash, k.Seq)
				count++
			}
		}
	}
	if count != r.Count {
		c.problem("project %q: run %d of its keys has %d, its record says %d", p.name, r.Number, count, r.Count)
	}
	return n
}
