package commit

import (
	"fmt"
	"io"
	"time"

	"auditlog/audit"
	"auditlog/store/catchup"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/memory"
)

// Part is what one call has of a commit.
type Part struct {
	Entries []*audit.Entry
	Rows    [][]byte // of them, as format.Rows has them
	// Alike has a number for each entry, which those of one project have in common.
	Alike []int
	Marks keys.Marks
	// Change, when set, runs before the entries are added, in their transaction:
	// it refuses them, or writes what they tell of.
	Change func(*Writer) error
	// Standing, when set, says whether the caller may still record, once all counts that other
	// nodes have done.
	Standing func() error
	// AnyState lets the entries into projects that refuse recording.
	AnyState bool
	// Own marks an entry of the log itself: where its project is not there or not
	// active, it goes to the system project.
	Own bool
	// Lasting has the copies made that audit.Lasting says.
	Lasting bool

	// Results tell what became of the entries, once the commit is on disk.
	Results []audit.Recorded
}

// Options are what commits are made of. Whoever makes one holds what guards Memory for writing, so
// that nobody else changes it meanwhile.
type Options struct {
	Memory *catchup.Memory
	// Closed takes entries only of projects that Writer.Create made.
	Closed bool
	// Now is the clock, Passed tells how much time the log has seen pass, Rand makes secrets.
	Now    func() time.Time
	Passed func() time.Duration
	Rand   io.Reader
}

// Writers makes writers of commits, one after the other: they share the room for rows and keys.
type Writers struct {
	Options
	row   format.TailRow
	group keys.Group
	batch []catchup.Committed // memory of the one before
}

// NewWriters returns one that makes commits of o.
func NewWriters(o Options) *Writers { return &Writers{Options: o} }

// Forget forgets the keys of a commit that is not going to be.
func (m *Writers) Forget() { m.group.Reset() }

// Writer collects one commit. Memory is changed only after the commit, by Apply.
type Writer struct {
	*Writers
	Tx      kv.Tx     // the commit's
	at      time.Time // recordedAt of the whole commit
	next    int64
	batch   []catchup.Committed
	added   map[*memory.Project]*adding // the batch by projects
	created map[string]*memory.Project
	changed map[*memory.Project]*format.Project
	wrote   bool   // something beside entries
	tokens  uint64 // their revision
}

// Begin returns the writer of a transaction's commit.
func (m *Writers) Begin(tx kv.Tx) *Writer {
	at := audit.Truncate(m.Now())
	next := m.Memory.Tail.Next()
	m.row.Reset(next, at)
	m.group.Reset()
	return &Writer{
		Writers: m, Tx: tx, at: at, next: next, tokens: m.Memory.Tokens, batch: m.batch[:0],
		added:   make(map[*memory.Project]*adding),
		created: make(map[string]*memory.Project),
		changed: make(map[*memory.Project]*format.Project),
	}
}

// Finish writes what is still held back.
func (w *Writer) Finish() error {
	if len(w.batch) == 0 && !w.wrote {
		return kv.ErrNothing
	}
	w.Tx.Height(uint64(w.next - 1))
	return w.flush()
}

// Apply brings the memory to the state of the commit. The caller holds State.Mu, and tells those who
// wait for entries.
func (w *Writer) Apply() {
	mem := w.Memory
	for _, p := range w.created {
		mem.Projects[p.Name] = p
		mem.ByID[p.ID] = p
	}
	for p, rec := range w.changed {
		p.Rec = *rec
	}
	added := make(map[*memory.Project][]*audit.Entry, len(w.added))
	for p, a := range w.added {
		if len(a.entries) > 0 {
			added[p] = a.entries
		}
	}
	mem.Committed(w.batch, added)
	mem.Tokens = w.tokens
	w.group.Apply()
	clear(w.batch)
	w.Writers.batch = w.batch[:0]
}

// Empty reports whether the commit has no entry.
func (w *Writer) Empty() bool { return len(w.batch) == 0 }

// ErrMoved says that keys were moved between the look-up of a call's and its commit, which
// is begun anew then: the marks are to be looked up again.
var ErrMoved error = &audit.Fault{Kind: audit.Unavailable, Message: "the log was busy with its keys; nothing was stored"}

// moved reports whether what was found out about the keys of a part holds no more.
func (w *Writer) moved(part *Part) bool {
	for i := range part.Marks {
		p := w.Memory.Projects[part.Entries[i].Project]
		if part.Entries[i].Key != "" && p != nil && !part.Marks.Holds(i, p.ID, p.Rec.Keys.Moved) {
			return true
		}
	}
	return false
}

// Add puts the part of one call into the commit, or refuses it whole.
func (w *Writer) Add(part *Part) error {
	if part.Change != nil {
		if err := part.Change(w); err != nil {
			return err
		}
		w.wrote = true
	}
	if part.Standing != nil {
		if err := part.Standing(); err != nil {
			return err
		}
	}
	if w.moved(part) {
		return ErrMoved
	}
	owners, err := w.owners(part)
	if err != nil {
		return err
	}
	part.Results = make([]audit.Recorded, len(part.Entries))
	for i, e := range part.Entries {
		p := owners[i]
		var mark keys.Mark
		if e.Key != "" {
			var first keys.Known
			mark, first = part.Marks.Of(i, p.ID, &p.Hasher, e, part.Rows[i])
			if first, ok := w.group.First(&p.Keys, mark.Hash, first); ok {
				same := first.Sum == mark.Sum
				part.Results[i] = audit.Recorded{ID: first.ID, Duplicate: same, Conflict: !same}
				continue
			}
		}
		if err := w.append(p, e, part.Rows[i]); err != nil {
			return err
		}
		if e.Key != "" {
			w.group.Add(&p.Keys, mark.Hash, keys.Known{ID: e.ID, Seq: e.Seq, Sum: mark.Sum})
		}
		part.Results[i] = audit.Recorded{ID: e.ID}
		if part.Lasting {
			if err := w.last(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// Record adds an entry of the log itself to a project, whatever state that is in, and the copy of it
// that outlives the project.
func (w *Writer) Record(p *memory.Project, e *audit.Entry) error {
	var rows format.Rows
	if err := rows.Encode([]*audit.Entry{e}, w.Now()); err != nil {
		return err
	}
	if err := w.append(w.to(p), e, rows.Of[0]); err != nil {
		return err
	}
	return w.last(e)
}

// CountTokens counts a change of tokens by who knew them as of a revision. It returns
// audit.ErrOvertaken where another has changed them since.
func (w *Writer) CountTokens(revision uint64) error {
	if w.tokens != revision {
		return audit.ErrOvertaken
	}
	w.tokens++
	return w.Tx.Bucket(format.Meta).Put(format.MetaTokens, format.Uint64(w.tokens))
}

// last adds the copy of one of the log's own entries that outlives its project.
func (w *Writer) last(e *audit.Entry) error {
	c := audit.Lasting(e)
	if c == nil {
		return nil
	}
	p, err := w.owner(c.Project)
	if err != nil {
		return err
	}
	return w.append(w.to(p), c, format.AppendRow(nil, c))
}

func (w *Writer) append(p *adding, e *audit.Entry, row []byte) error {
	e.ID, e.Seq, e.RecordedAt = w.next, p.LastSeq()+int64(len(p.entries))+1, w.at
	if !format.HasOwnTime(row) { // not by what e says: this may be the second run
		e.CreatedAt = w.at
	}
	w.next++
	w.batch = append(w.batch, catchup.Committed{Project: p.Project, Entry: e, Size: len(row)})
	p.entries = append(p.entries, e)
	w.row.Add(p.ID, e.Seq, row)
	if w.row.Size() >= format.MaxTailRow {
		return w.flush()
	}
	return nil
}

// flush puts the row that is being filled into the tail and begins the next.
func (w *Writer) flush() error {
	if w.row.Len() == 0 {
		return nil
	}
	if err := w.Tx.Bucket(format.Tail).Put(w.row.Key(), w.row.Encode()); err != nil {
		return fmt.Errorf("put tail row: %w", err)
	}
	w.row.Reset(w.next, w.at)
	return nil
}
