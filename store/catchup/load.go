package catchup

import (
	"fmt"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/life"
	"auditlog/store/memory"
	"auditlog/store/queue"
	"auditlog/store/trees"
)

// Load reads into an empty memory what a transaction sees: projects, their keys that are in no run,
// what was recorded by whom, and the tail. So much time had passed in the log's life when it was
// opened, at now. Damage that hides a part alone is kept in Hurt.
func (m *Memory) Load(tx kv.Tx, passed time.Duration, now time.Time) error {
	if err := m.loadProjects(tx, passed, now); err != nil {
		return err
	}
	if err := keys.Load(tx, m.ByID.Keys); err != nil && !m.Hurt.Note(err) {
		return err
	}
	if h := tx.Pass(); h != nil { // with keys that are not known, nothing is recorded any more
		m.Hurt.Note(h)
	}
	if err := m.loadUsage(tx); err != nil {
		return err
	}
	return m.loadTail(tx)
}

// loadProjects reads every project.
func (m *Memory) loadProjects(tx kv.Tx, passed time.Duration, now time.Time) error {
	before := len(m.Hurt.Errs)
	defer func() { m.Hurt.Projects(before) }()
	return m.Hurt.Around(tx, format.Projects, nil, func(k, v []byte) error {
		rec, err := format.ParseProject(k, v)
		if err != nil {
			return err
		}
		life.Count(rec, passed, now)
		p := memory.NewProject(string(k), rec)
		if p.Hashed, err = trees.Hashed(tx, p.ID); err != nil {
			return err
		}
		if p.Head, err = trees.HeadOf(tx, p.ID); err != nil {
			return err
		}
		m.Projects[p.Name] = p
		m.ByID[p.ID] = p
		if rec.State == audit.Purging {
			m.Purging[p] = true
		}
		m.Sealer.Grown(p)
		return nil
	})
}

// loadUsage reads how much projects and tokens have recorded that is in blocks. What is in
// the tail is added as that is read.
func (m *Memory) loadUsage(tx kv.Tx) error {
	return m.Hurt.Around(tx, format.Usages, nil, func(k, v []byte) error {
		id, token, err := format.ParseUsageKey(k)
		if err != nil {
			return err
		}
		u, err := format.DecodeUsage(k, v)
		if err != nil {
			return err
		}
		if token == "" && m.ByID[id] == nil {
			return fmt.Errorf("usage %x: %w: of unknown project %d", k, format.ErrCorrupt, id)
		}
		setUsage(m.Meter, m.State, id, token, u)
		return nil
	})
}

// loadTail reads the tail's rows.
func (m *Memory) loadTail(tx kv.Tx) error {
	r := &m.Tail
	r.First = int64(format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaSealed))) + 1
	l := &loading{
		Memory: m, came: arrivals{added: make(map[*memory.Project][]*audit.Entry)},
		newest: make(map[*memory.Project]int64), damages: len(m.Hurt.Errs),
	}
	if err := m.Hurt.Around(tx, format.Tail, nil, l.row); err != nil {
		return err
	}
	if m.Hurt.Noted {
		m.Hurt.Skipped(r.Next(), 0)
	}
	for p, entries := range l.came.added {
		p.Add(entries)
		m.Sealer.Added(p)
		if p.Rec.Sealing != nil {
			m.Sealer.Begun(p, p.Rec.Sealing.Seq)
		}
	}
	m.Queue.Hold(l.came.held.Parts...)
	r.Since = time.Now()
	return nil
}

// loading reads the tail.
type loading struct {
	*Memory
	came    arrivals
	newest  map[*memory.Project]int64 // seq that was read of each
	damages int                       // that were there before
}

// hurt reports whether some of the tail was passed over.
func (l *loading) hurt() bool { return len(l.Hurt.Errs) > l.damages }

// row takes in a row.
func (l *loading) row(k, v []byte) error {
	if len(k) != 8 {
		return fmt.Errorf("tail: %w: key of %d bytes", format.ErrCorrupt, len(k))
	}
	r := &l.Tail
	first := int64(format.ReadUint64(k))
	if l.hurt() && first > r.Next() {
		l.Hurt.Skipped(r.Next(), first)
		for r.Next() < first {
			r.Append(memory.Slot{}, nil)
		}
		clear(l.newest)
	}
	if first != r.Next() {
		return fmt.Errorf("tail: %w: row %d follows entry %d", format.ErrCorrupt, first, r.Next()-1)
	}
	return format.DecodeTailRow(first, v, func(id format.ProjectID, e *audit.Entry, input string, size int) error {
		return l.entry(first, id, e, input, size)
	})
}

// entry takes in an entry of the row whose first id is first.
func (l *loading) entry(first int64, id format.ProjectID, e *audit.Entry, input string, size int) error {
	p := l.ByID[id]
	if p == nil {
		return fmt.Errorf("tail row %d: %w: entry %d of unknown project %d", first, format.ErrCorrupt, e.ID, id)
	}
	newest := l.newest[p]
	if newest > 0 && e.Seq != newest+1 || newest == 0 && e.Seq > p.Rec.Seq+1 && !l.hurt() {
		return fmt.Errorf("tail row %d: %w: entry %d has seq %d in its project, where %d is sealed and %d came last",
			first, format.ErrCorrupt, e.ID, e.Seq, p.Rec.Seq, newest)
	}
	l.newest[p] = e.Seq
	if l.arrive(&l.came, p, e, input, size) {
		l.count(p, e, size)
	}
	return nil
}

// Committed takes in the entries of a commit, in its order and by project, those of a project all at
// once: late ones have the rest of its tail copied.
func (m *Memory) Committed(batch []Committed, added map[*memory.Project][]*audit.Entry) {
	r := &m.Tail
	if r.Unsealed == 0 {
		r.Since = time.Now()
	}
	var held queue.Shares
	for _, c := range batch {
		r.Append(memory.Slot{Owner: c.Project, Seq: c.Entry.Seq, Size: c.Size}, c.Entry)
		r.Bytes += c.Size
		held.Add(c.Entry.RecordedBy, c.Project.Name, c.Size)
	}
	r.Unsealed += len(batch)
	for p, entries := range added {
		p.Add(entries)
		m.Sealer.Added(p)
	}
	m.Queue.Hold(held.Parts...)
	if len(batch) > 0 {
		m.Meter.Add(held.Parts, batch[0].Entry.RecordedAt)
	}
}
