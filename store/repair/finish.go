package repair

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// finish writes what leads to the entries of a project by seq, its keys, and its record. sealed is
// the newest seq that anybody knows to be in a block.
func (b *builder) finish(p *project, sealed int64, known *places) error {
	rec, last := p.rec, sealed
	slices.SortFunc(p.seqs, func(a, b placed) int { return cmp.Compare(a.seq, b.seq) })
	if p.orphan {
		p.adopt(known)
	}
	n := 0
	for n < len(p.seqs) && p.seqs[n].seq < rec.Base {
		n++
	}
	b.loseKept(p, p.seqs[:n])
	seqs := p.seqs[n:]
	if len(seqs) > 0 {
		last = max(last, seqs[len(seqs)-1].seq)
	}
	rec.Seq = max(last, rec.Base-1)
	var list []format.Place
	loss := losing{b: b, p: p, known: known, sealed: sealed}
	if _, own := b.sources[0].record(rec.ID); own == nil {
		loss.sealed = math.MaxInt64 // nobody knows
	}
	before := format.Place{Unit: 20}
	for seq := rec.Base; seq <= rec.Seq; seq++ {
		switch {
		case len(seqs) > 0 && seqs[0].seq == seq:
			before, seqs, loss.gap = seqs[0].at, seqs[1:], nil
		case rec.State == audit.Purging: // it is gone, or is to go
		default:
			before = loss.lose(seq, before, seqs)
		}
		list = append(list, before)
	}
	if err := b.putPlaces(rec.ID, list); err != nil {
		return err
	}
	b.res.Gaps = append(b.res.Gaps, rec.Lost...)
	if err := b.moveKeys(p); err != nil {
		return err
	}
	p.seqs = nil
	value, err := rec.Encode()
	if err != nil {
		return err
	}
	return b.to.Update(func(tx kv.Tx) error { return tx.Bucket(format.Projects).Put([]byte(p.name), value) })
}

// adopt works out of its entries what the record of a project said of its seqs: which are those of
// its incarnation, which the seqs that are kept begin with, and which a purge has left.
func (p *project) adopt(known *places) {
	rec := p.rec
	rec.Base = 1
	if len(p.seqs) > 0 {
		rec.Base = p.seqs[0].seq
	}
	for _, s := range p.seqs {
		if first, ok := known.at(0); ok && first.ID == s.at.ID {
			rec.Base = s.seq
			break
		}
	}
	for _, s := range p.seqs {
		if s.seq < rec.Base {
			rec.Kept = append(rec.Kept, format.Kept{ID: s.at.ID, Seq: s.seq, At: s.created})
		}
	}
	known.base = rec.Base
}

// loseKept notes which of the entries that purges left nobody has.
func (b *builder) loseKept(p *project, have []placed) {
	for _, k := range p.rec.Kept {
		if k.Seq >= p.rec.Base || slices.ContainsFunc(have, func(h placed) bool { return h.seq == k.Seq }) {
			continue
		}
		gap := audit.Gap{Project: p.name, Lost: true}
		gap.Add(k.ID, k.Seq)
		gap.Widen(time.UnixMicro(k.At).UTC(), time.UnixMicro(k.At+1).UTC())
		p.rec.Lost = append(p.rec.Lost, gap)
		b.own(k.ID, format.Owner{Project: p.rec.ID, Seq: k.Seq})
	}
}

// own says whose an id is, unless that is known.
func (b *builder) own(id int64, o format.Owner) {
	for int64(len(b.owners)) <= id {
		b.owners = append(b.owners, make([]format.Owner, 1024)...)
	}
	if b.owners[id].Project == 0 {
		b.owners[id] = o
	}
	b.res.LastID = max(b.res.LastID, id)
}

func (b *builder) putPlaces(id format.ProjectID, places []format.Place) error {
	for from := 0; from < len(places); from += 256 * format.SeqRow {
		err := b.to.Update(func(tx kv.Tx) error {
			for i := from; i < min(len(places), from+256*format.SeqRow); i += format.SeqRow {
				key := format.SeqKey(id, int64(i/format.SeqRow))
				if err := tx.Bucket(format.Seqs).Put(key, format.EncodePlaces(key, places[i:min(len(places), i+format.SeqRow)])); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("put seqs: %w", err)
		}
	}
	return nil
}

// unknown names the ids of the tail that nobody knows of: those of rows that are damaged, and of
// commits that are gone.
func (b *builder) unknown() {
	own := b.sources[0]
	gap := audit.Gap{Lost: true}
	if own.cut && (own.height == 0 || own.Carved != nil) { // nothing says how many there were
		gap.AtLeast, gap.FirstID, gap.LastID = true, b.res.LastID+1, b.res.LastID+1
	}
	b.res.LastID = max(b.res.LastID, own.height) // it may be an older state than it was once
	sealed := int64(0)                           // as anybody knows of it
	for _, r := range b.sources {
		sealed = max(sealed, r.sealed)
	}
	for id := sealed + 1; id <= b.res.LastID; id++ {
		if id >= int64(len(b.owners)) || b.owners[id].Project == 0 {
			if gap.Entries == 0 {
				gap.FirstID = id
			}
			gap.Entries++
			gap.LastID = max(gap.LastID, id)
		}
	}
	gap.Entries -= b.unplaced // which are told of by their projects
	if gap.Entries > 0 || gap.AtLeast {
		b.res.Gaps = append(b.res.Gaps, gap)
	}
}

// order writes whose each id is. One that nobody knows of counts as purged.
func (b *builder) order() error {
	b.unknown()
	last := int(b.res.LastID)
	for first := 1; first <= last; first += chunkIDs {
		n := min(chunkIDs, last-first+1)
		err := b.to.Update(func(tx kv.Tx) error {
			return blocks.AppendOrder(tx, int64(first), n, func(i int) format.Owner {
				if first+i < len(b.owners) {
					return b.owners[first+i]
				}
				return format.Owner{}
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// copyRest copies what stands for itself. What of it is damaged is taken from the first other
// source that has it.
func (b *builder) copyRest(projects []*project) error {
	there := make(map[format.ProjectID]bool)
	for _, p := range projects {
		there[p.rec.ID] = true
	}
	usable := func(bucket string, k, v []byte) bool {
		switch bucket {
		case format.Usages:
			id, token, err := format.ParseUsageKey(k)
			if err == nil {
				_, err = format.DecodeUsage(k, v)
			}
			return err == nil && (token != "" || there[id])
		case format.Cursors:
			at, err := format.DecodeCursor(k, v)
			return err == nil && at <= b.res.LastID
		case format.Certificates:
			_, err := format.DecodeText(k, v)
			return err == nil
		}
		return true
	}
	for _, bucket := range []string{format.Tokens, format.Usages, format.Cursors, format.Sinks, format.Certificates} {
		rows, _ := b.gather(bucket, usable)
		if err := b.put(bucket, rows); err != nil {
			return err
		}
	}
	return b.copyProofs(there, projects)
}

// row is a row of a bucket.
type row struct{ key, value []byte }

// gather returns the rows of a bucket that can be used, and whether the damaged database had
// all of them.
func (b *builder) gather(bucket string, usable func(bucket string, k, v []byte) bool) (rows []row, whole bool) {
	whole = true
	take := func(k, v []byte) {
		if usable(bucket, k, v) {
			rows = append(rows, row{bytes.Clone(k), bytes.Clone(v)})
		} else {
			whole = false
		}
	}
	var gone []*kv.Hidden
	own := b.sources[0]
	if own.Carved != nil && !slices.Contains(carved(), bucket) {
		gone = append(gone, &kv.Hidden{Bucket: bucket})
	}
	own.walk(bucket, nil, func(h *kv.Hidden) {
		own.tells(h)
		gone = append(gone, h)
	}, take)
	for _, h := range gone {
		whole = false
		for _, r := range b.sources[1:] {
			if r.tx == nil {
				continue
			}
			n := len(rows)
			r.walk(bucket, nil, func(*kv.Hidden) {}, func(k, v []byte) {
				if bytes.Compare(k, h.From) >= 0 && (h.To == nil || bytes.Compare(k, h.To) < 0) {
					take(k, v)
				}
			})
			if len(rows) > n {
				break
			}
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return bytes.Compare(a.key, b.key) })
	return slices.CompactFunc(rows, func(a, b row) bool { return bytes.Equal(a.key, b.key) }), whole
}

func (b *builder) put(bucket string, rows []row) error {
	for len(rows) > 0 {
		n := min(len(rows), 4096)
		err := b.to.Update(func(tx kv.Tx) error {
			for _, r := range rows[:n] {
				if err := tx.Bucket(bucket).Put(r.key, r.value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("put %s: %w", bucket, err)
		}
		rows = rows[n:]
	}
	return nil
}

// copyProofs copies the trees, if all of them are whole: else they are made anew, as of a log
// that has none. A project that has lost entries has no tree any more.
func (b *builder) copyProofs(there map[format.ProjectID]bool, projects []*project) error {
	usable := func(bucket string, k, v []byte) bool {
		var err error
		switch bucket {
		case format.Tiles:
			var id format.ProjectID
			if id, _, _, err = format.ParseTileKey(k); err == nil {
				_, err = format.DecodeTile(k, v)
			}
			return err == nil && (there[id] || id == format.MasterTree)
		case format.Heads:
			_, err = format.DecodeTreeState(k, v)
			return err == nil && len(k) == 4 && there[format.ProjectID(binary.BigEndian.Uint32(k))]
		default:
			_, err = format.DecodeText(k, v)
			return err == nil
		}
	}
	parts := make(map[string][]row)
	for _, bucket := range []string{format.Tiles, format.Heads, format.Master} {
		rows, whole := b.gather(bucket, usable)
		if !whole {
			b.tell("the trees of the proofs are damaged: they are made anew")
			b.unproved = true
			return nil
		}
		parts[bucket] = rows
	}
	proofs, checkpoint := b.metaOf(format.MetaProofs), b.metaOf(format.MetaCheckpoint)
	if len(parts[format.Master]) > 0 && (proofs == nil || checkpoint == nil) {
		b.tell("what is known of the master log is damaged: the proofs are made anew")
		b.unproved = true
		return nil
	}
	for bucket, rows := range parts {
		if err := b.put(bucket, rows); err != nil {
			return err
		}
	}
	return b.to.Update(func(tx kv.Tx) error {
		meta := tx.Bucket(format.Meta)
		if proofs != nil {
			if err := errors.Join(meta.Put(format.MetaProofs, proofs), meta.Put(format.MetaCheckpoint, checkpoint)); err != nil {
				return err
			}
		}
		for _, p := range projects {
			if len(p.rec.Lost) > 0 {
				if err := dropTree(tx, p.rec.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func dropTree(tx kv.Tx, id format.ProjectID) error {
	if _, err := trees.Drop(tx, id); err != nil {
		return err
	}
	prefix := format.ProjectPrefix(id)
	for {
		n, err := tx.Bucket(format.Tiles).DeleteRange(prefix, kv.Next(prefix), 1000)
		if err != nil || n < 1000 {
			return err
		}
	}
}

// metaOf returns a value of meta as the first source has it that can read it.
func (b *builder) metaOf(key []byte) []byte {
	for _, r := range b.sources {
		if r.tx == nil {
			continue
		}
		if meta := r.tx.Bucket(format.Meta); r.tx.Pass() == nil && meta != nil {
			if v := meta.Get(key); r.tx.Pass() == nil && v != nil {
				return bytes.Clone(v)
			}
		}
	}
	return nil
}

// meta writes what is known of the log as a whole. Where entries are lost another epoch begins:
// who has read them knows by it that the log is not what it was. So does one where the proofs are
// made anew: two master logs of one name would be two histories.
func (b *builder) meta(tx kv.Tx, identity []byte, projects []*project) error {
	epoch := format.ReadUint64(b.metaOf(format.MetaEpoch))
	if len(b.res.Gaps) > 0 || b.unproved {
		epoch++
	}
	number := format.ReadUint64(b.metaOf(format.MetaProject))
	for _, p := range projects {
		number = max(number, uint64(p.rec.ID))
	}
	meta := tx.Bucket(format.Meta)
	errs := []error{
		meta.Put(format.MetaFormat, format.Uint64(format.Version)),
		meta.Put(format.MetaIdentity, identity),
		meta.Put(format.MetaSealed, format.Uint64(uint64(b.res.LastID))),
		meta.Put(format.MetaBlockSeq, format.Uint64(b.seq)),
		meta.Put(format.MetaProject, format.Uint64(number)),
	}
	if epoch > 0 {
		errs = append(errs, meta.Put(format.MetaEpoch, format.Uint64(epoch)))
	}
	if passed := b.metaOf(format.MetaPassed); passed != nil {
		errs = append(errs, meta.Put(format.MetaPassed, passed))
	}
	tx.Height(uint64(b.res.LastID))
	return errors.Join(errs...)
}
