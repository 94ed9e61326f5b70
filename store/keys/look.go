package keys

import (
	"cmp"
	"context"
	"fmt"
	"runtime"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Log is what an Index needs of the log.
type Log struct {
	// Again is called before a look-up begins anew because what is on disk is ahead of what the
	// log has in memory. It returns why it may be so for good, or nil.
	Again func() error
	// View runs a function in a read transaction of which it is known what it will read.
	View func(expected func() []kv.Expected, fn func(kv.Tx) error) error
	// Project returns the number of a project and where its keys are, 0 of one that is not there.
	Project func(name string) (format.ProjectID, *Hasher, format.KeyRuns)
	// Record returns the record of a project as a transaction sees it, or nil.
	Record func(tx kv.Tx, name string) (*format.Project, error)
	// Entry returns the sealed entry of a project with a seq.
	Entry func(tx kv.Tx, rec *format.Project, name string, seq int64) (*audit.Entry, error)
}

// Index finds keys in runs. Its methods may be called by several goroutines at once.
type Index struct {
	log     Log
	filters filters
}

// NewIndex returns an index whose filters take at most so many bytes.
func NewIndex(log Log, memory int) *Index {
	x := &Index{log: log}
	x.filters.most = memory
	x.filters.clear()
	return x
}

// Release gives the memory back that only makes reading faster.
func (x *Index) Release() { x.filters.clear() }

// marked is a mark with what the runs of its project knew of the key.
type marked struct {
	Mark
	project format.ProjectID // 0 when it was not there
	moved   int64            // as of which the runs were asked
	sealed  Known
}

// Marks are those of the entries of a call, index by index; nil when no entry has a key.
type Marks []marked

// Holds reports whether what Look knew of the entry i still holds in a project with a number,
// whose keys were moved so often.
func (m Marks) Holds(i int, id format.ProjectID, moved int64) bool {
	return moved == 0 || m[i].project == id && m[i].moved == moved
}

// Of returns the mark of e, the entry i, in a project with a number, and what is known of its
// key from runs. It is made here, of the entry's row, where the project has begun since.
func (m Marks) Of(i int, id format.ProjectID, h *Hasher, e *audit.Entry, row []byte) (Mark, Known) {
	if m[i].project == id {
		return m[i].Mark, m[i].sealed
	}
	return h.Mark(e.Key, format.Input(row, e)), Known{}
}

// Look makes the marks of entries, whose rows are given, and finds out which of their keys
// are in runs. It is done in the goroutine of the caller whose entries they are, so that the
// committer, which there is one of, reads nothing. A key that is found is compared with its
// entry: what a run keeps of it is not all of it.
//
// What is in memory of a project may be behind the transaction for the moment that a commit
// takes from the disk to there: then it begins anew.
func (x *Index) Look(ctx context.Context, entries []*audit.Entry, rows [][]byte) (Marks, error) {
	for {
		marks, groups := x.mark(entries, rows)
		open := false
		for _, g := range groups {
			g.open = x.sift(g, marks)
			open = open || len(g.open) > 0
		}
		if !open {
			return marks, nil
		}
		holds := true
		err := x.log.View(func() []kv.Expected { return x.expected(groups, marks) }, func(tx kv.Tx) error {
			holds = true
			for _, g := range groups {
				if len(g.open) == 0 {
					continue
				}
				ok, err := x.find(tx, g, marks, entries)
				if err != nil {
					return err
				}
				holds = holds && ok
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look up keys: %w", err)
		}
		if holds {
			return marks, nil
		}
		if err := cmp.Or(x.log.Again(), ctx.Err()); err != nil {
			return nil, err
		}
		runtime.Gosched()
	}
}

// group is the entries of a call that are of one project.
type group struct {
	name    string
	id      format.ProjectID
	hasher  *Hasher
	runs    format.KeyRuns
	entries []int // that have a key
	open    []int // that may be in a run
}

// mark makes the marks, and groups entries with keys by their projects.
func (x *Index) mark(entries []*audit.Entry, rows [][]byte) (marks Marks, groups map[string]*group) {
	var g *group // of the entry before: those of a project mostly come together
	for i, e := range entries {
		if e.Key == "" {
			continue
		}
		if marks == nil {
			marks, groups = make(Marks, len(entries)), make(map[string]*group)
		}
		if g == nil || g.name != e.Project {
			if g = groups[e.Project]; g == nil {
				g = &group{name: e.Project}
				g.id, g.hasher, g.runs = x.log.Project(e.Project)
				groups[e.Project] = g
			}
		}
		if g.id != 0 {
			marks[i] = marked{Mark: g.hasher.Mark(e.Key, format.Input(rows[i], e)), project: g.id, moved: g.runs.Moved}
			g.entries = append(g.entries, i)
		}
	}
	return marks, groups
}

// sift returns the entries of a group whose keys may be in runs, as far as can be told
// without reading.
func (x *Index) sift(g *group, marks Marks) (open []int) {
	if len(g.runs.Runs) == 0 {
		return nil
	}
	x.filters.mu.RLock()
	defer x.filters.mu.RUnlock()
	filters := x.filters.ofRuns(g.id, g.runs.Runs)
	for _, i := range g.entries {
		if !absent(filters, g.runs.Runs, marks[i].short()) {
			open = append(open, i)
		}
	}
	return open
}

// expected returns what find will read, but for the entries that it comes across.
func (x *Index) expected(groups map[string]*group, marks Marks) []kv.Expected {
	projects, rows := kv.Expected{Bucket: format.Projects}, kv.Expected{Bucket: format.Keys}
	for _, g := range groups {
		if len(g.open) == 0 {
			continue
		}
		projects.Keys = append(projects.Keys, []byte(g.name))
		for _, i := range g.open {
			hash := marks[i].short()
			for r := range g.runs.Runs {
				run := &g.runs.Runs[r]
				if n, ok := run.Row(hash); ok && x.filters.passes(runID{g.id, run.Number}, n, hash) {
					rows.Keys = append(rows.Keys, format.KeyRowKey(g.id, run.Number, n))
				}
			}
		}
	}
	return []kv.Expected{projects, rows}
}

// find looks for the open entries of a group in its runs. It reports false when the runs are
// others by now.
func (x *Index) find(tx kv.Tx, g *group, marks Marks, entries []*audit.Entry) (ok bool, err error) {
	rec, err := x.log.Record(tx, g.name)
	if err != nil || rec == nil || rec.ID != g.id || rec.Keys.Moved != g.runs.Moved {
		return false, err
	}
	if rec.State == audit.Purging {
		return true, nil // its keys go row by row, and the committer refuses the call
	}
	bucket := tx.Bucket(format.Keys)
	var found []format.SealedKey
	for _, i := range g.open {
		found = found[:0]
		hash := marks[i].short()
		for r := range rec.Keys.Runs {
			if found, err = x.search(bucket, g.id, &rec.Keys.Runs[r], hash, found); err != nil {
				return false, err
			}
		}
		marks[i].sealed = Known{}
		for _, k := range found {
			e, err := x.log.Entry(tx, rec, g.name, k.Seq)
			if err != nil {
				return false, err
			}
			if e.Key == entries[i].Key {
				marks[i].sealed = Known{e.ID, k.Seq, k.Sum}
				break
			}
		}
	}
	return true, nil
}

// search appends what a run has of a hash to found.
func (x *Index) search(b kv.Bucket, p format.ProjectID, run *format.KeyRun, hash uint64, found []format.SealedKey) ([]format.SealedKey, error) {
	n, ok := run.Row(hash)
	id := runID{p, run.Number}
	if !ok || !x.filters.passes(id, n, hash) {
		return found, nil
	}
	row, err := readRow(b, p, run, n)
	if err != nil {
		return nil, err
	}
	x.filters.learn(id, run, n, &row)
	return row.Find(hash, found), nil
}

// readRow reads a row of a run, each of which is there, also when it has no keys.
func readRow(b kv.Bucket, p format.ProjectID, run *format.KeyRun, n uint32) (format.KeyRow, error) {
	key := format.KeyRowKey(p, run.Number, n)
	v := b.Get(key)
	if v == nil {
		return format.KeyRow{}, fmt.Errorf("keys %x: %w: a row of keys is missing", key, format.ErrCorrupt)
	}
	return format.ParseKeyRow(key, v, run.Bits)
}
