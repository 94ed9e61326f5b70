package repair

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"slices"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Source is something that has entries of the log: a database, or entries by themselves.
type Source struct {
	Name string
	DB   kv.DB
	// Entries are of a source without a database, which may have more than is missing.
	Entries []*audit.Entry
	// Carved is why the database is made of rows that were searched for in its file, rather than
	// the file: rows of earlier states may be among them, and it is not known how the log ended.
	Carved error
}

// Close closes the source's database.
func (s *Source) Close() error {
	if s.DB == nil {
		return nil
	}
	return s.DB.Close()
}

// reading is a source in a transaction.
type reading struct {
	*Source
	tx      kv.Tx
	first   bool // it is the damaged one
	records map[string]*format.Project
	tail    map[format.ProjectID][]*audit.Entry
	sums    map[format.ProjectID]map[int64]uint32 // of the tail's keys, by seq
	sealed  int64                                 // every id up to it is in a block, or purged
	last    int64                                 // the greatest id that it knows of
	height  int64                                 // the greatest that was given, 0 where nothing says so
	trouble func(problem string)
	cut     bool // the end of its tail is damaged
}

// walk calls fn with the rows of a bucket whose keys begin with prefix, and passes over what is
// hidden by damage.
func (r *reading) walk(bucket string, prefix []byte, hidden func(*kv.Hidden), fn func(k, v []byte)) {
	b := r.tx.Bucket(bucket)
	if h := r.tx.Pass(); h != nil {
		hidden(h)
		return
	}
	if b == nil {
		return // of a format that did not have it
	}
	c := b.Cursor()
	for k, v := c.Seek(prefix); ; k, v = c.Next() {
		for k == nil {
			h := r.tx.Pass()
			if h == nil {
				return
			}
			hidden(h)
			k, v = c.Past(h, false)
		}
		if !bytes.HasPrefix(k, prefix) {
			return
		}
		fn(k, v)
	}
}

// tells says of damage that it was met.
func (r *reading) tells(h *kv.Hidden) { r.trouble(fmt.Sprintf("%s: %v", r.Name, h.Err)) }

// begin reads what is small: the projects, how far the log has come, and the tail.
func (r *reading) begin() {
	r.records = make(map[string]*format.Project)
	r.tail = make(map[format.ProjectID][]*audit.Entry)
	r.sums = make(map[format.ProjectID]map[int64]uint32)
	r.walk(format.Projects, nil, r.tells, func(k, v []byte) {
		rec, err := format.ParseProject(k, v)
		if err != nil {
			r.trouble(fmt.Sprintf("%s: %v", r.Name, err))
			return
		}
		r.records[string(k)] = rec
	})
	if meta := r.tx.Bucket(format.Meta); meta != nil {
		r.sealed = int64(format.ReadUint64(meta.Get(format.MetaSealed)))
		r.last = r.sealed
	}
	r.tx.Pass()
	r.walk(format.Tail, nil, func(h *kv.Hidden) {
		r.tells(h)
		r.cut = true
	}, func(k, v []byte) {
		first := int64(format.ReadUint64(k))
		r.cut = false
		r.last = max(r.last, first)
		err := format.DecodeTailRow(first, v, func(p format.ProjectID, e *audit.Entry, input string, _ int) error {
			r.last = max(r.last, e.ID)
			r.tail[p] = append(r.tail[p], e)
			if e.Key != "" {
				r.addSum(p, e, []byte(input))
			}
			return nil
		})
		if err != nil {
			r.trouble(fmt.Sprintf("%s: %v", r.Name, err))
			r.cut = true
		}
	})
	r.cut = r.cut || r.Carved != nil
	if h, ok := r.DB.(interface{ Height() uint64 }); ok {
		r.height = int64(h.Height())
	}
	for _, entries := range r.tail {
		slices.SortFunc(entries, byPosition)
	}
}

// addSum notes what the log knows of what the caller sent of an entry with a key.
func (r *reading) addSum(p format.ProjectID, e *audit.Entry, input []byte) {
	for _, rec := range r.records {
		if rec.ID == p {
			h := hasherOf(rec)
			r.note(p, e.Seq, h.Mark(e.Key, input).Sum)
			return
		}
	}
}

func (r *reading) note(p format.ProjectID, seq int64, sum uint32) {
	if r.sums[p] == nil {
		r.sums[p] = make(map[int64]uint32)
	}
	r.sums[p][seq] = sum
}

// record returns the record of a project with a number, and its name.
func (r *reading) record(id format.ProjectID) (name string, rec *format.Project) {
	for name, rec := range r.records {
		if rec.ID == id {
			return name, rec
		}
	}
	return "", nil
}

// keySums adds the sums of the keys of a project that are in runs, or fresh.
func (r *reading) keySums(p format.ProjectID) map[int64]uint32 {
	_, rec := r.record(p)
	if rec == nil {
		return nil
	}
	ignore := func(*kv.Hidden) {}
	for _, run := range rec.Keys.Runs {
		prefix := format.KeyRowKey(p, run.Number, 0)[:8]
		r.walk(format.Keys, prefix, ignore, func(k, v []byte) {
			row, err := format.ParseKeyRow(k, v, run.Bits)
			if err != nil {
				return
			}
			for _, key := range row.All(nil) {
				r.note(p, key.Seq, key.Sum)
			}
		})
	}
	r.walk(format.Keys, format.FreshPrefix(), ignore, func(k, v []byte) {
		_ = format.DecodeFreshKeys(k, v, func(of format.ProjectID, key format.FreshKey) error {
			if of == p {
				r.note(p, key.Seq, key.Sum)
			}
			return nil
		})
	})
	return r.sums[p]
}

// places calls fn with where entries of a project are, as far as the source knows.
func (r *reading) places(p format.ProjectID, base int64, fn func(seq int64, at format.Place)) {
	r.walk(format.Seqs, format.ProjectPrefix(p), func(*kv.Hidden) {}, func(k, v []byte) {
		places, err := format.DecodePlaces(k, v)
		if err != nil || len(k) != 12 {
			return
		}
		first := int64(format.ReadUint64(k[4:]))*format.SeqRow + base
		for i, at := range places {
			fn(first+int64(i), at)
		}
	})
}

// run is the entries of a block, or of what has none: sorted.
type run struct {
	from    audit.Position
	entries func() ([]*audit.Entry, error)
}

// layers returns the entries of a project that the source has, those of each layer by themselves,
// whether or not a record tells of it: runs by where they begin. The tail's are with the first.
func (r *reading) layers(p format.ProjectID, name string, hidden func(*kv.Hidden)) (all []iter.Seq[run]) {
	if r.DB == nil {
		return []iter.Seq[run]{func(yield func(run) bool) { r.listed(name, yield) }}
	}
	tail := r.tail[p]
	for _, id := range format.LayerIDs(p) {
		all = append(all, r.runs(id, name, tail, hidden))
		tail = nil
	}
	return all
}

// runs returns the entries of a layer that the source has, and those of a tail.
func (r *reading) runs(id format.ProjectID, name string, tail []*audit.Entry, hidden func(*kv.Hidden)) iter.Seq[run] {
	return func(yield func(run) bool) {
		stop := false
		give := func(x run) { stop = stop || !yield(x) }
		upTo := func(at audit.Position) {
			n := 0
			for n < len(tail) && tail[n].Position().Compare(at) < 0 {
				n++
			}
			if part := tail[:n]; n > 0 && !stop {
				tail = tail[n:]
				give(run{part[0].Position(), func() ([]*audit.Entry, error) { return part, nil }})
			}
		}
		r.walk(format.Blocks, format.ProjectPrefix(id), hidden, func(k, v []byte) {
			key, err := fulltext.ParseBlockKey(k)
			if err != nil || stop {
				return
			}
			upTo(key.Position)
			if stop {
				return
			}
			give(run{key.Position, func() (entries []*audit.Entry, err error) { return blockAt(key, k, v, name, hidden) }})
		})
		upTo(audit.Position{At: math.MaxInt64, ID: math.MaxInt64})
	}
}

// blockAt returns the entries of a block, none where it is damaged.
func blockAt(key format.BlockKey, k, v []byte, name string, hidden func(*kv.Hidden)) (entries []*audit.Entry, err error) {
	defer kv.Faulted(&err)
	b, err := block.Open(v)
	if err == nil {
		entries, err = b.Entries(name)
	}
	if err != nil {
		from := bytes.Clone(k)
		hidden(&kv.Hidden{Bucket: format.Blocks, From: from, To: append(bytes.Clone(k), 0), Err: fmt.Errorf("%v: %w: %w", key, kv.ErrDamaged, err)})
	}
	return entries, nil
}

// listed gives the entries of a project of a source without a database.
func (r *reading) listed(name string, yield func(run) bool) {
	var of []*audit.Entry
	for _, e := range r.Entries {
		if e.Project == name {
			of = append(of, e)
		}
	}
	slices.SortFunc(of, byPosition)
	for len(of) > 0 {
		n := min(len(of), 1024)
		part := of[:n]
		of = of[n:]
		if !yield(run{part[0].Position(), func() ([]*audit.Entry, error) { return part, nil }}) {
			return
		}
	}
}

func byPosition(a, b *audit.Entry) int { return a.Position().Compare(b.Position()) }

// nothing takes an entry of a row that is only to be decoded.
func nothing(format.ProjectID, *audit.Entry, string, int) error { return nil }
