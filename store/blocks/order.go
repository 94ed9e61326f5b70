package blocks

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/sequence"
)

// ReadOrder returns the owners of one key; none where the key is not there.
func ReadOrder(tx kv.Tx, key []byte) ([]format.Owner, error) {
	v := tx.Bucket(format.Order).Get(key)
	if v == nil {
		return nil, nil
	}
	return format.DecodeOrder(key, v)
}

// AppendOrder writes the owners of n consecutive ids, the first of which follows the last
// one in the bucket. owner says whose id number i of these is.
func AppendOrder(tx kv.Tx, first int64, n int, owner func(i int) format.Owner) error {
	for i := 0; i < n; {
		key, index := format.OrderKey(first + int64(i))
		owners, err := ReadOrder(tx, key)
		if err != nil {
			return err
		}
		if len(owners) == 0 && index == 1 {
			owners = make([]format.Owner, 1, format.OrderRow) // there is no id 0
		}
		if len(owners) != index {
			return fmt.Errorf("order %x: %w: %d owners before entry %d", key, format.ErrCorrupt, len(owners), first+int64(i))
		}
		for ; i < n && len(owners) < format.OrderRow; i++ {
			owners = append(owners, owner(i))
		}
		if err := tx.Bucket(format.Order).Put(key, format.EncodeOrder(key, owners)); err != nil {
			return fmt.Errorf("put order: %w", err)
		}
	}
	return nil
}

// OwnerOf returns whose the sealed entry with id is, no project's when it was purged or
// there is none.
func OwnerOf(tx kv.Tx, id int64) (format.Owner, error) {
	key, index := format.OrderKey(id)
	owners, err := ReadOrder(tx, key)
	if err == nil && index >= len(owners) && uint64(id) <= format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaSealed)) {
		err = fmt.Errorf("order %x: %w: entry %d is missing", key, format.ErrCorrupt, id)
	}
	if err != nil || index >= len(owners) {
		return format.Owner{}, err
	}
	return owners[index], nil
}

// After returns sealed entries with ids between id and before in commit order, at most limit
// of them, and the id up to which the caller then knows everything. of is told of each id that
// is some project's, and returns the name of that, and its record of now or before; where it
// returns none the entry is left out, as what was purged is. What should be there and cannot be
// given is in holes.
func (r *Reader) After(ctx context.Context, tx kv.Tx, id, before int64, limit int,
	of func(id int64, owner format.ProjectID) (name string, rec *format.Project), holes *Holes) (entries []*audit.Entry, through int64, err error) {
	w := r.newPicker(tx)
	w.holes = holes
	through = id
	for through+1 < before && !w.full(limit) {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		key, index := format.OrderKey(through + 1)
		owners, err := ReadOrder(tx, key)
		if err == nil && index >= len(owners) {
			err = fmt.Errorf("order %x: %w: entry %d is missing", key, format.ErrCorrupt, through+1)
		}
		if IsDamage(err) { // of none of its ids it is known whose it is
			last := min(before-1, through+int64(format.OrderRow-index))
			holes.Damage(audit.Range{From: through + 1, To: last}, err)
			tx.Pass()
			through = last
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		for ; index < len(owners) && through+1 < before && !w.full(limit); index++ {
			through++
			o := owners[index]
			if o.Project == 0 {
				continue
			}
			if name, rec := of(through, o.Project); rec != nil {
				if err := w.pickOr(rec, name, o.Seq, through, through); err != nil {
					return nil, 0, err
				}
			}
		}
	}
	return w.entries, through, nil
}

// AfterSeq returns sealed entries of a project with seqs above seq, up to last, in their order,
// at most limit of them, and the seq up to which the caller then knows everything. rec is the
// project's record of now or before. What should be there and cannot be given is in holes.
func (r *Reader) AfterSeq(ctx context.Context, tx kv.Tx, rec *format.Project, name string,
	seq, last int64, limit int, holes *Holes) (entries []*audit.Entry, through int64, err error) {
	w := r.newPicker(tx)
	w.holes = holes
	q, from := w.sequence(rec), seq
	for seq = q.Next(seq, last); seq <= last && !w.full(limit); seq = q.Next(seq, last) {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		if err := w.pickOr(rec, name, seq, 0, seq); err != nil {
			return nil, 0, err
		}
	}
	holes.Lost = lostOf(rec, from+1, seq-1)
	return w.entries, seq - 1, nil
}

// Entry returns the sealed entry of a project with a seq, which has an id, or whichever if that
// is 0. rec is the project's record of now or before.
func (r *Reader) Entry(tx kv.Tx, rec *format.Project, name string, seq, id int64) (*audit.Entry, error) {
	w := r.newPicker(tx)
	if err := w.pick(rec, name, seq, id); err != nil {
		return nil, err
	}
	return w.entries[0], nil
}

// picker picks entries out of blocks by seq. It holds what it read last of each layer: what
// is picked next mostly is in there, too.
type picker struct {
	r       *Reader
	tx      kv.Tx
	entries []*audit.Entry
	bytes   int // of the entries, about
	missed  int // entries that cannot be given
	holes   *Holes
	open    map[format.ProjectID]*picked // the block of a layer that was found last
	seqs    map[format.ProjectID]*sequence.Sequence
}

// picked is a block that entries are picked from.
type picked struct {
	*block.Block
	finder *block.Finder // nil until a second one is
}

// find returns the row of the entry with an id.
func (p *picked) find(id int64) (row int, ok bool) {
	if id < p.MinID() || id > p.MaxID() {
		return 0, false
	}
	if p.finder == nil {
		p.finder = p.Finder()
	}
	return p.finder.Find(id)
}

// openProjects bounds the layers, and the projects, that a picker holds something of.
const openProjects = 64

func (r *Reader) newPicker(tx kv.Tx) *picker {
	return &picker{r: r, tx: tx, open: make(map[format.ProjectID]*picked), seqs: make(map[format.ProjectID]*sequence.Sequence)}
}

// pickedBytes is how many bytes of entries are picked at once, and then those of one more.
const pickedBytes = 1 << 20

// full reports whether enough is picked.
func (w *picker) full(limit int) bool {
	return len(w.entries)+w.missed >= limit || w.bytes >= pickedBytes
}

// Holes are numbers, seqs of a project or ids, whose entries should be there and cannot be given.
type Holes struct {
	// Damaged are where something is damaged, as Err says of the first of them; Lost are gone.
	Damaged, Lost []audit.Range
	Err           error
}

// Len returns how many there are.
func (h *Holes) Len() (n int) {
	for _, ranges := range [][]audit.Range{h.Damaged, h.Lost} {
		for _, r := range ranges {
			n += int(r.Len())
		}
	}
	return n
}

// Damage notes that numbers cannot be read because of an error.
func (h *Holes) Damage(r audit.Range, err error) {
	h.Damaged = audit.AppendRange(h.Damaged, r)
	if h.Err == nil {
		h.Err = err
	}
}

// lostOf returns the seqs from one to another whose entries are lost.
func lostOf(rec *format.Project, from, to int64) (ranges []audit.Range) {
	var all []audit.Range
	for i := range rec.Lost {
		for _, r := range rec.Lost[i].Seqs {
			all = append(all, audit.Range{From: max(r.First, from), To: min(r.Last, to)})
		}
	}
	slices.SortFunc(all, func(a, b audit.Range) int { return cmp.Compare(a.From, b.From) })
	for _, r := range all {
		ranges = audit.AppendRange(ranges, r)
	}
	return ranges
}

// pickOr is pick, or notes by a number that the entry cannot be given.
func (w *picker) pickOr(rec *format.Project, name string, seq, id, number int64) error {
	at := audit.Range{From: number, To: number}
	if rec.IsLost(seq) {
		w.holes.Lost = audit.AppendRange(w.holes.Lost, at) // AfterSeq has those it passes over as well
		w.missed++
		return nil
	}
	err := w.pick(rec, name, seq, id)
	if IsDamage(err) {
		w.holes.Damage(at, err)
		w.tx.Pass()
		w.missed++
		return nil
	}
	return err
}

func (w *picker) sequence(rec *format.Project) *sequence.Sequence {
	q := w.seqs[rec.ID]
	if q == nil {
		if len(w.seqs) >= openProjects {
			clear(w.seqs)
		}
		q = sequence.New(w.tx, rec)
		w.seqs[rec.ID] = q
	}
	return q
}

// find returns the block that holds the entry at a place, and its row there.
func (w *picker) find(rec *format.Project, name string, at format.Place) (*block.Block, int, error) {
	for _, id := range layersOf(rec) {
		if b := w.open[id]; b != nil {
			if row, ok := b.find(at.ID); ok {
				return b.Block, row, nil
			}
		}
	}
	b, id, row, err := w.r.locate(w.tx, rec, name, at)
	if err != nil {
		return nil, 0, err
	}
	if len(w.open) >= openProjects {
		clear(w.open)
	}
	w.open[id] = &picked{Block: b}
	return b, row, nil
}

// pick adds the entry with a seq, which has an id, or whichever if that is 0.
func (w *picker) pick(rec *format.Project, name string, seq, id int64) error {
	q := w.sequence(rec)
	at, ok, err := q.At(seq)
	if err == nil && (!ok || id != 0 && at.ID != id) {
		err = q.Missing(seq)
	}
	if err != nil {
		return err
	}
	b, row, err := w.find(rec, name, at)
	if err != nil {
		return err
	}
	e, err := b.Entry(row, name)
	if err != nil {
		return err
	}
	w.entries = append(w.entries, e)
	w.bytes += block.SizeOf(e)
	return nil
}
