package repair

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
)

// builder makes the new database.
type builder struct {
	ctx     context.Context
	opts    *Options
	sizes   blocks.Sizes
	sources []*reading // the damaged one first
	to      kv.DB
	res     Result
	told    map[string]bool

	seq    uint64         // newest sequence of a block
	owners []format.Owner // by id
	// unread are the ids of the tail that the damaged database has no entry of, and unplaced counts those that
	// a project has lost of these, nobody knows which.
	unread   []int64
	unplaced int64
	// unproved is set where the trees of the proofs are made anew.
	unproved bool
}

// project is a project on its way into the new database.
type project struct {
	name  string
	rec   *format.Project
	seqs  []placed
	chunk []*audit.Entry
	size  int
	keyed []*audit.Entry // whose keys are in no run yet
	sums  map[int64]uint32
	// orphan is set of a project whose record nobody has.
	orphan bool
}

// placed is the place of an entry by its seq.
type placed struct {
	seq     int64
	at      format.Place
	created int64
}

// What one transaction writes, about.
const (
	chunkEntries = 16 << 10
	chunkBytes   = 8 << 20
	chunkKeys    = 64 << 10
	chunkIDs     = 1 << 16
)

func (b *builder) build() error {
	identity, err := b.identity()
	if err != nil {
		return err
	}
	for _, r := range b.sources {
		b.res.LastID = max(b.res.LastID, r.last)
	}
	b.unread = b.sources[0].unread(b.res.LastID)
	projects := b.projects()
	for _, p := range projects {
		if err := b.project(p); err != nil {
			return fmt.Errorf("project %q: %w", p.name, err)
		}
	}
	if err := b.order(); err != nil {
		return err
	}
	if err := b.copyRest(projects); err != nil {
		return err
	}
	return b.to.Update(func(tx kv.Tx) error { return b.meta(tx, identity, projects) })
}

// projects returns all projects by number: as the first source has them that does. Blocks of a
// project that nobody has a record of get one.
func (b *builder) projects() []*project {
	byID := make(map[format.ProjectID]*project)
	names, left := make(map[string]bool), make(map[format.ProjectID]bool)
	for _, r := range b.sources {
		for name, rec := range r.records {
			if !names[name] && byID[rec.ID] == nil {
				clone := *rec
				byID[rec.ID] = &project{name: name, rec: &clone}
				names[name] = true
			}
		}
	}
	own := b.sources[0]
	if own.Carved != nil {
		b.tell(own.Carved.Error())
	}
	orphan := func(id format.ProjectID) {
		if id == 0 || byID[id] != nil || left[id] {
			return
		}
		if own.Carved != nil {
			left[id] = true
			b.tell(fmt.Sprintf("entries of project %d are left out, of which nobody has the record: it may have been purged", id))
			return
		}
		rec := &format.Project{ID: id, State: audit.Active, Incarnation: 1, Secret: make([]byte, 32)}
		if _, err := io.ReadFull(b.opts.Random, rec.Secret); err != nil {
			return
		}
		name := fmt.Sprintf("recovered-%d", id)
		byID[id] = &project{name: name, rec: rec, orphan: true}
		b.tell(fmt.Sprintf("the name of project %d is lost: it is called %s", id, name))
	}
	own.walk(format.Blocks, nil, func(*kv.Hidden) {}, func(k, _ []byte) { orphan(format.ProjectOf(format.ProjectID(binary.BigEndian.Uint32(k)))) })
	for id := range own.tail {
		orphan(id)
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b *project) int { return cmp.Compare(a.rec.ID, b.rec.ID) })
}

// project writes a project.
func (b *builder) project(p *project) error {
	rec := p.rec
	last := rec.Seq
	p.sums = make(map[int64]uint32)
	for i := len(b.sources) - 1; i >= 0; i-- {
		if r := b.sources[i]; r.tx != nil {
			maps.Copy(p.sums, r.keySums(rec.ID))
			if _, other := r.record(rec.ID); other != nil {
				last = max(last, other.Seq)
			}
		}
	}
	known := b.known(rec)
	rec.Layer, rec.Late, rec.Merging = format.Layer{}, nil, nil
	rec.Keys, rec.Sealing, rec.Lost = format.KeyRuns{}, nil, nil
	err := b.merge(rec.ID, p.name, func(f found) error {
		if !b.belongs(p, &f, known) {
			return nil
		}
		if f.of > 0 {
			b.res.Filled[b.sources[f.of].Name]++
		}
		f.Project = p.name
		return b.add(p, f.Entry)
	})
	if err == nil {
		err = b.flush(p)
	}
	if err != nil {
		return err
	}
	return b.finish(p, last, known)
}

// places are those of a project's entries as far as they are known, from its first seq on.
// What is not known has no id.
type places struct {
	base int64
	list []format.Place
}

func (p *places) at(seq int64) (at format.Place, ok bool) {
	if i := seq - p.base; 0 <= i && i < int64(len(p.list)) {
		at = p.list[i]
	}
	return at, at.ID != 0
}

// known returns where entries are by what the sources say of seqs, the first the last word.
func (b *builder) known(rec *format.Project) *places {
	known := &places{base: rec.Base}
	for i := len(b.sources) - 1; i >= 0; i-- {
		if r := b.sources[i]; r.tx != nil {
			if _, other := r.record(rec.ID); other != nil || r.first {
				r.places(rec.ID, rec.Base, func(seq int64, at format.Place) {
					for int64(len(known.list)) <= seq-rec.Base {
						known.list = append(known.list, make([]format.Place, format.SeqRow)...)
					}
					known.list[seq-rec.Base] = at
				})
			}
		}
	}
	return known
}

// belongs reports whether an entry is what its seq says that it is. One of a database cannot be
// another; one that somebody exported must be of the id and the time that the log knows of.
func (b *builder) belongs(p *project, f *found, known *places) bool {
	if b.sources[f.of].DB != nil {
		return true
	}
	at, ok := known.at(f.Seq)
	kept := slices.ContainsFunc(p.rec.Kept, func(k format.Kept) bool { return k.ID == f.ID && k.Seq == f.Seq })
	free := !ok && f.Seq >= p.rec.Base && f.ID > 0 && f.ID <= b.res.LastID && (f.ID >= int64(len(b.owners)) || b.owners[f.ID].Project == 0)
	if kept || ok && at.Holds(f.Entry) || free {
		return true
	}
	b.tell(fmt.Sprintf("%s: entry %d, seq %d, of project %s is not what the log knows there: it is left out", b.sources[f.of].Name, f.ID, f.Seq, p.name))
	return false
}

// add takes in the next entry by position.
func (b *builder) add(p *project, e *audit.Entry) error {
	if e.ID < int64(len(b.owners)) && b.owners[e.ID].Project != 0 {
		b.tell(fmt.Sprintf("entry %d is of project %d and of %d: the second is left out", e.ID, b.owners[e.ID].Project, p.rec.ID))
		return nil
	}
	b.own(e.ID, format.Owner{Project: p.rec.ID, Seq: e.Seq})
	p.seqs = append(p.seqs, placed{e.Seq, format.PlaceOf(e), e.CreatedAt.UnixMicro()})
	p.chunk = append(p.chunk, e)
	if e.Key != "" {
		p.keyed = append(p.keyed, &audit.Entry{ID: e.ID, Seq: e.Seq, Key: e.Key})
		if _, ok := p.sums[e.Seq]; !ok {
			p.sums[e.Seq] = sumOf(p.rec, e)
		}
	}
	if p.size += len(e.Detail) + 256; len(p.chunk) >= chunkEntries || p.size >= chunkBytes {
		return b.flush(p)
	}
	return nil
}

// sumOf makes the sum of what was sent of an entry, as far as the entry tells.
func sumOf(rec *format.Project, e *audit.Entry) uint32 {
	sent := *e
	if e.CreatedAt.Equal(e.RecordedAt) {
		sent.CreatedAt = time.Time{} // most likely it is of the commit
	}
	h := hasherOf(rec)
	return h.Mark(e.Key, format.AppendInput(nil, &sent)).Sum
}

func hasherOf(rec *format.Project) *keys.Hasher {
	h := keys.NewHasher(rec.Secret)
	return &h
}

// flush writes the entries that have come together into blocks.
func (b *builder) flush(p *project) error {
	if len(p.chunk) > 0 {
		if err := b.write(p); err != nil {
			return err
		}
	}
	b.res.Entries += int64(len(p.chunk))
	b.opts.Progress(b.res.Entries)
	p.chunk, p.size = nil, 0
	if len(p.keyed) >= chunkKeys {
		return b.moveKeys(p)
	}
	return nil
}

func (b *builder) write(p *project) error {
	rec, seq := *p.rec, b.seq
	r := blocks.NewReader(b.to.Name(), 1<<20)
	var plan *blocks.Plan
	err := b.to.View(func(tx kv.Tx) (err error) {
		plan, _, err = r.PlanMerge(&b.sizes, blocks.NewCursor(tx, rec.ID), p.name, p.chunk, blocks.Unbounded(), &seq)
		if err == nil {
			plan.Spans, err = r.NewSpanPlanner(&b.sizes, tx).Project(rec.ID, &rec.Extent, plan, p.chunk)
		}
		return err
	})
	if err != nil {
		return err
	}
	rec.Take(len(p.chunk), p.chunk[0].Position(), p.chunk[len(p.chunk)-1].Position())
	rec.Extent = plan.Spans.Extent
	w := &blocks.Writer{Tx: nil, Sizes: &b.sizes, Seq: seq}
	err = b.to.Update(func(tx kv.Tx) error {
		w.Tx, w.Seq = tx, seq
		if err := w.Write(plan); err != nil {
			return err
		}
		return w.Finish()
	})
	*p.rec, b.seq = rec, w.Seq
	return err
}

// moveKeys writes a run of keys.
func (b *builder) moveKeys(p *project) error {
	if len(p.keyed) == 0 {
		return nil
	}
	var recent keys.Recent
	last := int64(0)
	h := hasherOf(p.rec)
	for _, e := range p.keyed {
		recent.Add(h.Hash(e.Key), keys.Known{ID: e.ID, Seq: e.Seq, Sum: p.sums[e.Seq]})
		last = max(last, e.Seq)
	}
	recent.Seal(last)
	of := []keys.Owner{{Name: p.name, Rec: *p.rec, Recent: &recent}}
	sizes := keys.DefaultSizes()
	if err := b.to.Update(func(tx kv.Tx) error { return keys.MoveAll(tx, &sizes, of) }); err != nil {
		return err
	}
	*p.rec, p.keyed = of[0].Rec, nil
	return nil
}
