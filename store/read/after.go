package read

import (
	"cmp"
	"context"
	"slices"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/memory"
	"auditlog/store/sequence"
)

// After returns entries of all projects with an id above one, in commit order, at most
// limit of them, all durable, and the id up to which the caller then knows everything: what was
// purged, or is being, is left out, but for what a purge leaves. The entries must not be
// changed.
func (s *Log) After(ctx context.Context, id int64, limit int) (entries []*audit.Entry, through int64, err error) {
	st, err := s.after(ctx, max(id, 0), limit, audit.AllProjects())
	if err = s.mem.Hurt.Located(cmp.Or(err, st.holes.Err)); err != nil {
		return nil, 0, err
	}
	return st.entries, st.through, nil
}

// stretch is what lies behind some number, up to the number through: entries of a project by seq, or
// of those of a scope by id, and then the ids of entries of others; and what cannot be given of
// them. What is in none of these was purged, or is being.
type stretch struct {
	entries   []*audit.Entry
	elsewhere []audit.Range
	holes     blocks.Holes
	through   int64
}

// after returns the stretch behind an id, with at most limit entries.
func (s *Log) after(ctx context.Context, id int64, limit int, within audit.Scope) (stretch, error) {
	if err := s.opts.Fresh(); err != nil {
		return stretch{}, err
	}
	for {
		// A purge that begins or ends meanwhile takes ids away, or gives those back that it
		// leaves: then all is read again.
		purges, kept := s.underPurge()
		st := stretch{through: id}
		err := s.extend(ctx, &st, limit, within)
		if err := s.opts.Fresh(); err != nil {
			return stretch{}, err
		}
		if again, _ := s.underPurge(); again != purges {
			continue
		}
		if err != nil {
			return stretch{}, err
		}
		st.add(kept, id, limit, within)
		return st, s.opts.Confirm(ctx, st.through)
	}
}

// underPurge returns how many purges have begun or ended, and the entries that those under
// way leave, which nothing else of the store tells of meanwhile.
func (s *Log) underPurge() (turns uint64, kept []*audit.Entry) {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	for p := range s.mem.Purging {
		kept = append(kept, p.Rec.Purge.Kept...)
	}
	return s.mem.Purges, kept
}

// add adds those of the entries that purges leave that are behind an id and in st's reach, and
// ends st where it then has limit entries.
func (st *stretch) add(kept []*audit.Entry, id int64, limit int, within audit.Scope) {
	n := len(st.entries)
	for _, e := range kept {
		if e.ID > id && e.ID <= st.through && within.Has(e.Project) {
			st.entries = append(st.entries, e)
		}
	}
	if len(st.entries) == n {
		return
	}
	slices.SortFunc(st.entries, func(a, b *audit.Entry) int { return cmp.Compare(a.ID, b.ID) })
	if len(st.entries) <= limit {
		return
	}
	st.entries = st.entries[:limit]
	st.through = st.entries[limit-1].ID
	for _, ranges := range []*[]audit.Range{&st.elsewhere, &st.holes.Damaged, &st.holes.Lost} {
		*ranges = upTo(*ranges, st.through)
	}
}

// upTo returns the part of ranges that reaches up to a number.
func upTo(ranges []audit.Range, through int64) []audit.Range {
	for i, r := range ranges {
		if r.To > through {
			ranges[i].To = through
			return slices.DeleteFunc(ranges, func(r audit.Range) bool { return r.From > through })
		}
	}
	return ranges
}

// extend adds to st what is behind it of the projects that are not being purged.
//
// As with a view, the tail is taken before the transaction begins: what is sealed
// in between is in both, and is read from one of them.
func (s *Log) extend(ctx context.Context, st *stretch, limit int, within audit.Scope) error {
	s.mem.Mu.RLock()
	tail := s.mem.Tail
	s.mem.Mu.RUnlock()
	of := func(id int64, owner format.ProjectID) (string, *format.Project) {
		name, rec, known := s.visibleByID(owner)
		if !known && len(s.mem.Hurt.Errs) > 0 { // its record is damaged, and not gone with a purge
			st.holes.Damage(audit.Range{From: id, To: id}, s.mem.Hurt.Errs[0])
		}
		if rec != nil && !within.Has(name) {
			st.elsewhere = audit.AppendRange(st.elsewhere, audit.Range{From: id, To: id})
			rec = nil
		}
		return name, rec
	}
	if st.through+1 < tail.First {
		err := admit.Work(ctx, func(ctx context.Context) error {
			return s.read(func(tx kv.Tx) (err error) {
				st.entries, st.through, err = s.blocks.After(ctx, tx, st.through, tail.First, limit, of, &st.holes)
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	for id := st.through + 1; id >= tail.First && id < tail.Next() && len(st.entries) < limit; id++ {
		t, e := tail.Get(id)
		st.through = id
		if t.Owner == nil {
			st.holes.Damage(audit.Range{From: id, To: id}, s.mem.Hurt.Errs[0])
			continue
		}
		_, rec := of(id, t.Owner.ID)
		if rec == nil {
			continue
		}
		if e == nil { // its seal has overtaken those of other projects
			var err error
			if e, err = s.sealedEntry(t.Owner, rec, id, t.Seq); blocks.IsDamage(err) {
				st.holes.Damage(audit.Range{From: id, To: id}, err)
			} else if err != nil {
				return err
			}
		}
		if e != nil {
			st.entries = append(st.entries, e)
		}
	}
	if s.mem.Hurt.End && len(st.entries) == 0 && st.through+1 >= tail.Next() {
		return s.mem.Hurt.Err() // there is more, and nobody knows how much
	}
	return nil
}

// visibleByID returns the name and record of the project with a number, or nil when there
// is none to be seen; known says that there is one.
func (s *Log) visibleByID(id format.ProjectID) (name string, rec *format.Project, known bool) {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	p := s.mem.ByID[id]
	if !p.Visible() {
		return "", nil, p != nil
	}
	r := p.Record()
	return p.Name, &r, true
}

// LastSeq returns the newest seq of a project, 0 when there is none, and the last one that is
// known while the database cannot be read.
func (s *Log) LastSeq(project string) int64 {
	_ = s.opts.Fresh()
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	if p := s.mem.Projects[project]; p != nil {
		return p.LastSeq()
	}
	return 0
}

// AfterSeq returns entries of a project with a seq above one, in the order of seqs, at most
// limit of them; of a project that is being purged, those that the purge leaves. The
// entries must not be changed.
func (s *Log) AfterSeq(ctx context.Context, project string, seq int64, limit int) ([]*audit.Entry, error) {
	st, err := s.behindSeq(ctx, project, seq, limit)
	return st.entries, s.mem.Hurt.Located(cmp.Or(err, st.holes.Err))
}

// behindSeq returns the stretch of a project behind a seq, with at most limit entries.
func (s *Log) behindSeq(ctx context.Context, project string, seq int64, limit int) (stretch, error) {
	return s.afterSeq(ctx, project, limit,
		func(*sequence.Sequence, int64) (int64, error) { return seq, nil },
		func(e *audit.Entry) bool { return e.Seq > seq })
}

// Since returns entries of a project with an id above after in commit order, the
// oldest of them first, at most limit. The entries must not be changed.
func (s *Log) Since(ctx context.Context, project string, after int64, limit int) ([]*audit.Entry, error) {
	st, err := s.afterSeq(ctx, project, limit,
		func(q *sequence.Sequence, last int64) (int64, error) { return q.Behind(after, last) },
		func(e *audit.Entry) bool { return e.ID > after })
	return st.entries, s.mem.Hurt.Located(cmp.Or(err, st.holes.Err))
}

// afterSeq returns the stretch of a project from behind a seq on, which from finds among those
// that are sealed; of the others, it has those that behind holds for.
func (s *Log) afterSeq(ctx context.Context, name string, limit int, from func(q *sequence.Sequence, last int64) (int64, error),
	behind func(*audit.Entry) bool) (stretch, error) {
	if err := s.opts.Fresh(); err != nil {
		return stretch{}, err
	}
	for {
		s.mem.Mu.RLock()
		p, tail := s.mem.Projects[name], s.mem.Tail
		visible, rec := p.Visible(), p.Record()
		last := int64(0)
		if p != nil {
			last = p.LastSeq()
		}
		s.mem.Mu.RUnlock()
		switch {
		case p == nil && len(s.mem.Hurt.Errs) > 0:
			return stretch{}, s.mem.Hurt.Err()
		case p == nil:
			return stretch{}, nil
		case !visible:
			return cutAt(stretch{entries: keptBehind(rec.Purge.Kept, behind, limit), through: last}, limit), nil
		}
		st, missing, err := s.sealedBehind(ctx, p, &rec, limit, from)
		if err == nil && missing != nil {
			if purged, err := s.purged(p); err != nil {
				return stretch{}, err
			} else if purged {
				continue // what is there now is what the purge leaves, or what came behind it
			}
		}
		if err = cmp.Or(err, s.mem.Hurt.Located(unlessHoles(missing, &st))); err != nil {
			return stretch{}, err
		}
		if st.through < rec.Seq {
			return st, nil
		}
		if s.mem.Hurt.Tail { // nobody knows which of it are the project's
			if st.through = rec.Seq; len(st.entries) == 0 {
				return stretch{}, s.mem.Hurt.Err()
			}
			return cutAt(st, limit), nil
		}
		if err := s.opts.Confirm(ctx, tail.Next()-1); err != nil {
			return stretch{}, err
		}
		st.through = last
		for i, e := range tail.Entries {
			if len(st.entries) >= limit {
				break
			}
			if e != nil && tail.Slots[i].Owner == p && behind(e) {
				st.entries = append(st.entries, e)
			}
		}
		return cutAt(st, limit), nil
	}
}

// sealedBehind returns the stretch of a project's sealed entries from behind the seq that from finds.
// missing is set where some are not there, and says why; so is err, unless they may have been purged.
func (s *Log) sealedBehind(ctx context.Context, p *memory.Project, rec *format.Project, limit int,
	from func(q *sequence.Sequence, last int64) (int64, error)) (st stretch, missing, err error) {
	err = admit.Work(ctx, func(ctx context.Context) error {
		return s.read(func(tx kv.Tx) error {
			st = stretch{}
			seq, err := from(sequence.New(tx, rec), rec.Seq)
			if err == nil {
				st.entries, st.through, err = s.blocks.AfterSeq(ctx, tx, rec, p.Name, seq, rec.Seq, limit, &st.holes)
			}
			missing = s.mem.Hurt.Located(cmp.Or(err, st.holes.Err))
			if s.unlessPurged(tx, p, missing) == nil {
				return nil
			}
			return err
		})
	})
	return st, missing, err
}

// cutAt has a stretch that may have more behind its entries end with the last of them.
func cutAt(st stretch, limit int) stretch {
	if n := len(st.entries); n > 0 && n >= limit {
		st.through = st.entries[n-1].Seq
	}
	return st
}

// unlessHoles returns err, or nil if st tells of it.
func unlessHoles(err error, st *stretch) error {
	if st.holes.Err != nil {
		return nil
	}
	return err
}

// keptBehind returns those of the entries that a purge leaves that behind holds for, at most
// limit.
func keptBehind(kept []*audit.Entry, behind func(*audit.Entry) bool, limit int) (entries []*audit.Entry) {
	for _, e := range kept {
		if len(entries) < limit && behind(e) {
			entries = append(entries, e)
		}
	}
	return entries
}

// purged reports whether p is being purged, or was, by writes that a transaction can have
// seen.
func (s *Log) purged(p *memory.Project) (bool, error) {
	if err := s.opts.Settle(); err != nil {
		return false, err
	}
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	return s.mem.Projects[p.Name] != p || !p.Visible(), nil
}

// unlessPurged returns err, or nil if what is missing was purged since p was looked up.
func (s *Log) unlessPurged(tx kv.Tx, p *memory.Project, err error) error {
	if err == nil {
		return nil
	}
	rec, readErr := memory.ReadProject(tx, p.Name)
	if readErr != nil {
		return readErr
	}
	if rec == nil || rec.ID != p.ID || rec.State == audit.Purging {
		return nil
	}
	return err
}
