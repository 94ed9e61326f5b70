package read

import (
	"cmp"
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/memory"
)

// Get returns one entry of a project, or a NotFound Fault. The entry must not be
// changed.
func (s *Log) Get(ctx context.Context, project string, id int64) (*audit.Entry, error) {
	if err := cmp.Or(ctx.Err(), s.opts.Fresh()); err != nil {
		return nil, err
	}
	s.mem.Mu.RLock()
	t, e := s.mem.Tail.Get(id)
	p := s.mem.Projects[project]
	visible, rec := p.Visible(), p.Record()
	s.mem.Mu.RUnlock()
	if visible && e == nil && id > 0 && (t.Owner == nil || t.Owner == p) {
		err := admit.Work(ctx, func(context.Context) (err error) {
			e, err = s.sealedEntry(p, &rec, id, t.Seq)
			return err
		})
		if err != nil {
			return nil, err
		}
		t.Owner = p
	}
	if !visible || e == nil || t.Owner != p {
		return nil, s.mem.Hurt.Missed(audit.Errorf(audit.NotFound, "entry %d not found in project %q", id, project))
	}
	return e, nil
}

// sealedEntry returns the entry of p with id from its block, or nil. rec is p's record
// of now or before. The seq is 0 where it is not known, and the order bucket tells it.
func (s *Log) sealedEntry(p *memory.Project, rec *format.Project, id, seq int64) (*audit.Entry, error) {
	var e *audit.Entry
	err := s.read(func(tx kv.Tx) error {
		if seq == 0 {
			o, err := blocks.OwnerOf(tx, id)
			if err != nil || o.Project != p.ID {
				return err
			}
			seq = o.Seq
		}
		if rec.IsLost(seq) {
			return audit.Errorf(audit.NotFound, "entry %d of project %q is lost: nobody had it when the log was repaired", id, p.Name)
		}
		var err error
		if e, err = s.blocks.Entry(tx, rec, p.Name, seq, id); err != nil {
			e, err = nil, s.unlessPurged(tx, p, err)
		}
		return err
	})
	return e, err
}
