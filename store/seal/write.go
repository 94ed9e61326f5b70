package seal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/memory"
	"auditlog/store/queue"
	"auditlog/store/sequence"
)

// Write does what was planned. It may be called anew where its transaction fails.
func (w *Step) Write(tx kv.Tx) error {
	w.records = make(map[*memory.Project]*format.Project)
	kv.Expect(tx, w.expected)
	writer := &blocks.Writer{Tx: tx, Sizes: w.sealer.Sizes, Seq: w.seq}
	writer.Expect(w.blockPlans()...)
	for _, plan := range w.plans {
		var err error
		for _, p := range plan.parts {
			if err = writer.Write(p.blocks); err != nil {
				break
			}
		}
		if err == nil {
			err = w.count(tx, plan)
		}
		if err = cmp.Or(tx.Err(), err); err != nil {
			return &ProjectError{plan.project, err}
		}
	}
	byNumber := slices.SortedFunc(slices.Values(w.plans), func(a, b *projectPlan) int { return cmp.Compare(a.project.ID, b.project.ID) })
	var fresh []format.FreshKeys
	for _, plan := range byNumber {
		if k := plan.project.Keys.Unsealed(w.records[plan.project].Seq); len(k) > 0 {
			fresh = append(fresh, format.FreshKeys{Project: plan.project.ID, Keys: k})
		}
	}
	if err := keys.PutFresh(tx, fresh); err != nil {
		return err
	}
	if err := w.usage(tx); err != nil {
		return err
	}
	w.newest = writer.Seq
	return errors.Join(writer.Finish(), w.cut(tx))
}

func (w *Step) blockPlans() (plans []*blocks.Plan) {
	for _, plan := range w.plans {
		for _, p := range plan.parts {
			plans = append(plans, p.blocks)
		}
	}
	return plans
}

// expected says what will be read.
func (w *Step) expected() []kv.Expected {
	var seqs, usages, orders [][]byte
	tokens := make(map[string]bool)
	for _, plan := range w.plans {
		rec := &plan.rec
		for n := (rec.Seq + 1 - rec.Base) / format.SeqRow; n <= (plan.through-rec.Base)/format.SeqRow; n++ {
			seqs = append(seqs, format.SeqKey(rec.ID, n))
		}
		usages = append(usages, format.ProjectUsageKey(rec.ID))
		for _, r := range plan.leave {
			if r.token != "" {
				tokens[r.token] = true
			}
		}
	}
	for name := range tokens {
		usages = append(usages, format.TokenUsageKey(name))
	}
	last, _ := format.OrderKey(w.tail.Next() - 1)
	for id := w.tail.First; ; id += format.OrderRow {
		key, _ := format.OrderKey(id)
		if orders = append(orders, key); bytes.Compare(key, last) >= 0 {
			break
		}
	}
	return []kv.Expected{{Bucket: format.Seqs, Keys: seqs}, {Bucket: format.Usages, Keys: usages}, {Bucket: format.Order, Keys: orders}}
}

// count brings a project's record up to date.
func (w *Step) count(tx kv.Tx, plan *projectPlan) error {
	rec := plan.project.Rec
	rec.Layer, rec.Late = plan.rec.Layer, plan.rec.Late
	if n := plan.through - rec.Seq; n != int64(len(plan.places)) {
		return fmt.Errorf("%w: %d entries have the %d seqs behind %d", format.ErrCorrupt, len(plan.places), n, rec.Seq)
	}
	if err := sequence.New(tx, &rec).Append(rec.Seq+1, plan.places); err != nil {
		return err
	}
	rec.Seq, rec.Sealing = plan.through, nil
	left := plan.left[len(plan.entries):]
	if ahead := len(plan.all) - len(plan.places) - len(left); ahead > 0 {
		rec.Sealing = &format.Sealing{Seq: plan.seq, Before: left[0].Position(), Entries: int64(ahead)}
	}
	w.records[plan.project] = &rec
	return plan.project.Put(tx, &rec)
}

// isLeft reports whether slot i of the tail is in no block once the step is done.
func (w *Step) isLeft(i int) bool {
	if w.tail.Entries[i] == nil {
		return false
	}
	t := &w.tail.Slots[i]
	rec := w.records[t.Owner]
	return rec == nil || t.Seq > rec.Seq
}

// cut takes from the tail the rows up to the first one that holds an entry which is not
// sealed, and has the order bucket tell of them.
func (w *Step) cut(tx kv.Tx) error {
	n := 0
	for n < len(w.tail.Slots) && !w.isLeft(n) {
		n++
	}
	if n < len(w.tail.Slots) { // not within a row, which is deleted whole
		row, _ := kv.AtOrBefore(tx.Bucket(format.Tail).Cursor(), format.Uint64(uint64(w.tail.First)+uint64(n)))
		n = max(0, int(int64(format.ReadUint64(row))-w.tail.First))
	}
	w.last = w.tail.First + int64(n) - 1
	if n == 0 {
		return nil
	}
	slots := w.tail.Slots
	return errors.Join(
		blocks.AppendOrder(tx, w.tail.First, n, func(i int) format.Owner {
			return format.Owner{Project: slots[i].Owner.ID, Seq: slots[i].Seq}
		}),
		dropTail(tx, w.last),
		tx.Bucket(format.Meta).Put(format.MetaSealed, format.Uint64(uint64(w.last))),
	)
}

// dropTail deletes the tail's rows up to the one with the id last.
func dropTail(tx kv.Tx, last int64) error {
	_, err := tx.Bucket(format.Tail).DeleteRange(nil, format.Uint64(uint64(last)+1), math.MaxInt)
	if err != nil {
		return fmt.Errorf("delete tail rows: %w", err)
	}
	return nil
}

// Apply takes what was sealed out of the memory, once it is on disk, and returns whose room that
// is, and the sequence of the newest block. Whoever calls it holds the lock that guards the memory.
func (w *Step) Apply() (freed queue.Shares, newest uint64) {
	for _, plan := range w.plans {
		w.applyOne(plan)
	}
	w.sealer.tail.Cut(w.last+1, func(yield func(int64) bool) {
		for _, plan := range w.plans {
			for i := range plan.places {
				if !yield(plan.places[i].ID) {
					return
				}
			}
		}
	})
	for _, p := range w.freed.Parts {
		if p.Kind == queue.Project {
			w.sealer.tail.Unsealed -= p.Entries
			w.sealer.tail.Bytes -= p.Bytes
		}
	}
	return w.freed, w.newest
}

// applyOne is Apply for one project.
func (w *Step) applyOne(plan *projectPlan) {
	s, p := w.sealer, plan.project
	if plan.begun {
		s.lastBegun = p
	} else {
		s.lastFresh = p
	}
	p.Rec = *w.records[p]
	p.Keys.Seal(p.Rec.Seq)
	var tail []*audit.Entry
	for _, e := range p.Tail {
		if e.Seq > p.Rec.Seq {
			tail = append(tail, e)
		}
	}
	p.Tail = tail
	delete(s.full, p)
	if delete(s.late, p); slices.ContainsFunc(plan.parts, func(p part) bool { return p.layer > 0 }) {
		s.late[p] = true
	}
	s.Added(p)
	s.Grown(p)
	delete(s.stepwise, p)
	if plan.spent {
		s.Begun(p, plan.seq)
	}
}

// usage counts the entries up to which all are in blocks, and whose room they leave.
func (w *Step) usage(tx kv.Tx) error {
	w.freed = queue.Shares{}
	more := make(map[string]*format.Usage)
	of := func(key []byte) (*format.Usage, error) {
		u := more[string(key)]
		if u == nil {
			was, err := format.DecodeUsage(key, tx.Bucket(format.Usages).Get(key))
			if err != nil {
				return nil, err
			}
			u = &was
			more[string(key)] = u
		}
		return u, nil
	}
	for _, plan := range w.plans {
		if len(plan.places) == 0 {
			continue
		}
		whole, err := of(format.ProjectUsageKey(plan.project.ID))
		if err != nil {
			return err
		}
		for _, r := range plan.leave {
			w.freed.AddLoad(r.token, plan.project.Name, r.Load)
			whole.Add(int64(r.Bytes), r.day)
			if r.token == "" { // as in a store that is used without tokens
				continue
			}
			token, err := of(format.TokenUsageKey(r.token))
			if err != nil {
				return err
			}
			token.Add(int64(r.Bytes), r.day)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(more)) {
		if err := tx.Bucket(format.Usages).Put([]byte(k), format.EncodeUsage([]byte(k), *more[k])); err != nil {
			return fmt.Errorf("put usage: %w", err)
		}
	}
	return nil
}
