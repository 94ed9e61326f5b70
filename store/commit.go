package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/life"
	"auditlog/store/memory"
	"auditlog/store/queue"
)

// submission is one call on its way through the committer.
type submission struct {
	entries []*audit.Entry
	rows    [][]byte
	marks   keys.Marks
	size    int
	// change, when set, runs before the entries are added, in their transaction:
	// it refuses them, or writes what they tell of.
	change func(*commitWriter) error
	// standing, when set, says whether the caller may still record, once all counts that other
	// nodes have done.
	standing func() error
	// anyState lets the entries into projects that refuse recording.
	anyState bool
	// own marks an entry of the log itself: where its project is not there or not
	// active, it goes to the system project.
	own bool
	// lasting has the copies made that audit.Lasting says.
	lasting bool

	item    queue.Item[*submission]
	results []audit.Recorded
	err     error
	done    chan struct{}
}

// committed is an entry of a commit with what the memory needs of it.
type committed struct {
	project *memory.Project
	entry   *audit.Entry
	size    int
}

// Record stores entries, all or none, and returns once they are on disk. The
// entries are the store's from then on: it sets their ID, Seq and times, and the
// caller must not change them. RecordedBy is the caller's to set.
//
// An entry that is refused is the Item of the Fault. It returns Invalid for an entry that is wrong, TooLarge
// for one over MaxStored or too many at once, Conflict for a project that is
// being deleted, Unavailable when the log cannot write, *audit.Exceeded above a limit.
func (s *Store) Record(ctx context.Context, entries []*audit.Entry) ([]audit.Recorded, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	sub, err := s.prepare(entries)
	if err != nil {
		return nil, err
	}
	if err := s.meter.Take(sub.item.Parts, s.opts.Now()); err != nil {
		return nil, err
	}
	if s.db.Shared() {
		sub.standing = audit.StandingOf(ctx)
	}
	parts := sub.item.Parts
	defer s.meter.Give(parts)
	for {
		if sub.marks, err = s.keys.Look(ctx, entries, sub.rows); err != nil {
			return nil, err
		}
		if err = s.send(ctx, sub); !errors.Is(err, errMoved) {
			return sub.results, err
		}
		sub.done, sub.item = make(chan struct{}), queue.Item[*submission]{Value: sub, Parts: parts}
	}
}

// RecordOwn records an entry of the log itself, such as a call that it refused:
// in the entry's project when that is there and active, else in the system
// project, so that it never makes, fills or revives a project by being refused. It
// is a duplicate of nothing.
func (s *Store) RecordOwn(ctx context.Context, entry *audit.Entry) error {
	entry.Key, entry.RecordedBy = "", audit.RecordedByLog
	sub, err := s.prepare([]*audit.Entry{entry})
	if err != nil {
		return err
	}
	sub.own, sub.lasting, sub.item.First = true, true, true
	return s.send(ctx, sub)
}

// send has a submission wait for the committer, and waits for its end. Once the committer
// has it, ctx no longer matters: the caller learns what became of it.
func (s *Store) send(ctx context.Context, sub *submission) error {
	s.queue.Push(&sub.item)
	patience := time.NewTimer(roomWait)
	defer patience.Stop()
	var why error
	select {
	case <-sub.done:
		return sub.err
	case <-ctx.Done():
		why = errBusy()
	case <-patience.C:
		why = s.errFull()
	case <-s.closing.Done():
		why = errClosed()
	}
	if s.queue.Remove(&sub.item) {
		return why
	}
	<-sub.done
	return sub.err
}

// roomWait is how long recording waits for a sealer that is far behind, and for its turn:
// less than clients wait.
const roomWait = 20 * time.Second

func errBusy() error {
	return audit.Errorf(audit.Unavailable, "the log is too busy; nothing was stored")
}

// errFull returns why a submission has waited in vain.
func (s *Store) errFull() error {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	if s.sealErr != nil {
		return errNoRoom(s.sealErr)
	}
	return errBusy()
}

func errClosed() error { return audit.Errorf(audit.Unavailable, "the log is closed") }

// prepare checks and encodes entries in the caller's goroutine, so that the
// committer, which there is one of, has little left to do.
func (s *Store) prepare(entries []*audit.Entry) (*submission, error) {
	rows, size, err := format.EncodeRows(entries, s.opts.Now())
	if err != nil {
		return nil, err
	}
	sub := &submission{entries: entries, rows: rows, size: size, done: make(chan struct{})}
	var of queue.Shares
	for i, e := range entries {
		of.Add(e.RecordedBy, e.Project, len(rows[i]))
	}
	sub.item.Value, sub.item.Parts = sub, of.Parts
	return sub, nil
}

// commitLoop is the committer: it takes the submissions whose turn it is, commits
// them together, and answers them. Its owner is Open, its end Close.
func (s *Store) commitLoop() {
	var crowd crowd
	for s.closing.Err() == nil {
		crowd.await(s.closing, s.queue)
		group := s.gather()
		if len(group) == 0 {
			select {
			case <-s.closing.Done():
			case <-s.queue.Wake():
			}
			continue
		}
		began := time.Now()
		s.commit(group)
		s.queue.Settle()
		if s.db.Shared() {
			waiting, _ := s.queue.Waiting()
			crowd.answered(len(group), waiting, time.Since(began))
		}
		for _, sub := range group {
			close(sub.done)
		}
	}
}

// gatherYields is how often the committer lets others run before it commits, when
// none waits: calls that are on their way come along then, and share the sync. It costs
// the single call of a log at rest nothing.
const gatherYields = 4

// One commit takes in submissions until it is this large. A larger one would share its sync
// among more, and hold up for longer whoever comes next.
const (
	commitEntries = 4000
	commitBytes   = 1 << 20
)

// gather returns the submissions whose turn it is, up to the size of one commit; none where
// none may go.
func (s *Store) gather() []*submission {
	var group []*submission
	left := queue.Load{Entries: commitEntries, Bytes: commitBytes}
	for yields := gatherYields; ; yields-- {
		items, more := s.queue.Take(left)
		for _, it := range items {
			group = append(group, it.Value)
			left.Sub(queue.Load{Entries: len(it.Value.entries), Bytes: it.Value.size})
		}
		if len(group) == 0 || more || left.Entries <= 0 || left.Bytes <= 0 || yields == 0 {
			return group
		}
		runtime.Gosched()
	}
}

// commit writes a group in one transaction. Each submission gets its results or
// its error; one that is refused does not hold the others up.
func (s *Store) commit(group []*submission) {
	var w *commitWriter
	err := s.update("record", func(tx kv.Tx) error {
		w = s.newCommitWriter(tx)
		for _, sub := range group {
			if sub.err = w.add(sub); sub.err != nil && audit.KindOf(sub.err) == audit.Internal {
				return sub.err
			}
		}
		return w.finish()
	}, func() { w.apply() })
	if err != nil {
		for _, sub := range group {
			if sub.err == nil {
				sub.results, sub.err = nil, err
			}
		}
	}
}

// commitWriter collects one commit. Memory is changed only after the commit, by
// apply.
type commitWriter struct {
	s       *Store
	tx      kv.Tx
	at      time.Time // recordedAt of the whole commit
	next    int64
	batch   []committed
	added   map[*memory.Project][]*audit.Entry // of the batch
	row     *format.TailRow
	keys    *keys.Group
	created map[string]*memory.Project
	changed map[*memory.Project]*format.Project
	wrote   bool   // something beside entries
	tokens  uint64 // their revision
}

func (s *Store) newCommitWriter(tx kv.Tx) *commitWriter {
	at := audit.Truncate(s.opts.Now())
	next := s.mem.Tail.Next()
	s.row.Reset(next, at)
	s.group.Reset()
	return &commitWriter{
		s: s, tx: tx, at: at, next: next, row: &s.row, keys: &s.group, tokens: s.mem.Tokens,
		added:   make(map[*memory.Project][]*audit.Entry),
		created: make(map[string]*memory.Project),
		changed: make(map[*memory.Project]*format.Project),
	}
}

// finish writes what is still held back.
func (w *commitWriter) finish() error {
	if len(w.batch) == 0 && !w.wrote {
		return kv.ErrNothing
	}
	w.tx.Height(uint64(w.next - 1))
	return w.flush()
}

// apply brings the memory to the state of the commit. The caller holds State.Mu.
func (w *commitWriter) apply() {
	for _, p := range w.created {
		w.s.mem.Projects[p.Name] = p
		w.s.mem.ByID[p.ID] = p
	}
	for p, rec := range w.changed {
		p.Rec = *rec
	}
	w.s.addRecent(w.batch, w.added)
	if w.s.duty != nil && len(w.batch) > 0 {
		w.s.turns.own = time.Now()
	}
	w.s.mem.Tokens = w.tokens
	w.keys.Apply()
	w.s.committed.broadcast()
}

// add puts one submission into the commit, or refuses it whole.
func (w *commitWriter) add(sub *submission) error {
	if sub.change != nil {
		if err := sub.change(w); err != nil {
			return err
		}
		w.wrote = true
	}
	if sub.standing != nil {
		if err := sub.standing(); err != nil {
			return err
		}
	}
	if w.moved(sub) {
		return errMoved
	}
	owners, err := w.owners(sub)
	if err != nil {
		return err
	}
	sub.results = make([]audit.Recorded, len(sub.entries))
	for i, e := range sub.entries {
		p := owners[i]
		var mark keys.Mark
		if e.Key != "" {
			var first keys.Known
			mark, first = sub.marks.Of(i, p.ID, &p.Hasher, e, sub.rows[i])
			if first, ok := w.keys.First(&p.Keys, mark.Hash, first); ok {
				same := first.Sum == mark.Sum
				sub.results[i] = audit.Recorded{ID: first.ID, Duplicate: same, Conflict: !same}
				continue
			}
		}
		if err := w.append(p, e, sub.rows[i]); err != nil {
			return err
		}
		if e.Key != "" {
			w.keys.Add(&p.Keys, mark.Hash, keys.Known{ID: e.ID, Seq: e.Seq, Sum: mark.Sum})
		}
		sub.results[i] = audit.Recorded{ID: e.ID}
		if sub.lasting {
			if err := w.last(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// last adds the copy of one of the log's own entries that outlives its project.
func (w *commitWriter) last(e *audit.Entry) error {
	c := audit.Lasting(e)
	if c == nil {
		return nil
	}
	p, err := w.owner(c.Project)
	if err != nil {
		return err
	}
	return w.append(p, c, format.AppendRow(nil, c))
}

// owners returns the project of each entry, and makes those that are not there.
// Nothing is made when one of them refuses recording.
func (w *commitWriter) owners(sub *submission) ([]*memory.Project, error) {
	entries := sub.entries
	if sub.own {
		w.house(entries)
	}
	for i, e := range entries {
		if i > 0 && e.Project == entries[i-1].Project {
			continue
		}
		if sub.anyState {
			continue
		}
		if err := w.refusal(e.Project); err != nil {
			return nil, audit.AtItem(audit.AtPath(err, "project"), audit.EntryAt(i))
		}
	}
	owners := make([]*memory.Project, len(entries))
	for i, e := range entries {
		if i > 0 && e.Project == entries[i-1].Project {
			owners[i] = owners[i-1]
			continue
		}
		p, err := w.owner(e.Project)
		if err != nil {
			return nil, err
		}
		owners[i] = p
	}
	return owners, nil
}

// house sends the log's own entries to the system project where theirs cannot
// take them.
func (w *commitWriter) house(entries []*audit.Entry) {
	for _, e := range entries {
		p := w.s.mem.Projects[e.Project]
		if p == nil {
			p = w.created[e.Project]
		}
		if p == nil || w.record(p).State != audit.Active {
			e.Project = audit.SystemProject
		}
	}
}

// record returns p's record as this commit will leave it.
func (w *commitWriter) record(p *memory.Project) *format.Project {
	if rec := w.changed[p]; rec != nil {
		return rec
	}
	return &p.Rec
}

// refusal returns why a project of a name cannot be recorded to, or nil.
func (w *commitWriter) refusal(name string) error {
	p := w.s.mem.Projects[name]
	known := w.created[name] != nil || p != nil && w.record(p).State != audit.Purged
	switch {
	case !known && w.s.opts.Closed && name != audit.SystemProject:
		return audit.Errorf(audit.NotFound, "project %q not found: this log takes entries only of projects that project.create made", name)
	case p == nil:
		return nil
	}
	return life.Refusal(w.record(p), name)
}

func (w *commitWriter) owner(name string) (*memory.Project, error) {
	if p := w.created[name]; p != nil {
		return p, nil
	}
	p := w.s.mem.Projects[name]
	if p == nil {
		return w.create(name)
	}
	if w.record(p).State != audit.Purged {
		return p, nil
	}
	return w.revive(p)
}

// revive has a purged project begin anew.
func (w *commitWriter) revive(p *memory.Project) (*memory.Project, error) {
	rec := *w.record(p)
	rec.State = audit.Active
	w.changed[p] = &rec
	return p, p.Put(w.tx, &rec)
}

// create makes a project with a number and a secret of its own.
func (w *commitWriter) create(name string) (*memory.Project, error) {
	id, err := nextProjectID(w.tx)
	if err != nil {
		return nil, err
	}
	p, err := w.s.begin(name, &format.Project{ID: id, State: audit.Active, Incarnation: 1, Base: 1})
	if err != nil {
		return nil, err
	}
	w.created[name] = p
	return p, p.Put(w.tx, &p.Rec)
}

func nextProjectID(tx kv.Tx) (format.ProjectID, error) {
	meta := tx.Bucket(format.Meta)
	id := format.ReadUint64(meta.Get(format.MetaProject)) + 1
	if id > uint64(format.MaxProject) {
		return 0, audit.Errorf(audit.Unavailable, "the log has had %d projects, and can have no more", format.MaxProject)
	}
	return format.ProjectID(id), meta.Put(format.MetaProject, format.Uint64(id))
}

func (w *commitWriter) append(p *memory.Project, e *audit.Entry, row []byte) error {
	e.ID, e.Seq, e.RecordedAt = w.next, p.LastSeq()+int64(len(w.added[p]))+1, w.at
	if !format.HasOwnTime(row) { // not by what e says: this may be the second run
		e.CreatedAt = w.at
	}
	w.next++
	w.batch = append(w.batch, committed{p, e, len(row)})
	w.added[p] = append(w.added[p], e)
	w.row.Add(p.ID, e.Seq, row)
	if w.row.Size() >= format.MaxTailRow {
		return w.flush()
	}
	return nil
}

// flush puts the row that is being filled into the tail and begins the next.
func (w *commitWriter) flush() error {
	if w.row.Len() == 0 {
		return nil
	}
	if err := w.tx.Bucket(format.Tail).Put(w.row.Key(), w.row.Encode()); err != nil {
		return fmt.Errorf("put tail row: %w", err)
	}
	w.row.Reset(w.next, w.at)
	return nil
}
