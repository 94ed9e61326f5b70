package keys

import (
	"fmt"
	"slices"

	"auditlog/store/format"
	"auditlog/store/kv"
)

// Due reports whether runs wait to be merged, or are being.
func Due(z *Sizes, runs *format.KeyRuns) bool {
	if runs.Merge != nil {
		return true
	}
	_, n := mergeable(z, runs.Runs)
	return n > 0
}

// mergeable returns which runs are to be merged next: the first Fan in a row of one level.
func mergeable(z *Sizes, runs []format.KeyRun) (from, n int) {
	for i := range runs {
		if runs[i].Level != runs[from].Level {
			from = i
		}
		if i-from+1 == z.Fan {
			return from, z.Fan
		}
	}
	return 0, 0
}

// A Step is a bounded part of a merge of runs: it moves the keys of some rows, so that at any
// moment each hash is looked for either in the runs that are merged or in the one they become.
type Step struct {
	Runs format.KeyRuns // where the keys are afterwards
	Keys int            // how many are moved

	put     [][2][]byte
	filters []rowFilter // of what is put
	drop    [][]byte
	gone    []runID
}

// plan works out the next step of merging the runs of a project, which must be due, of about
// so many keys.
func plan(tx kv.Tx, z *Sizes, p format.ProjectID, runs format.KeyRuns, most int) (*Step, error) {
	runs.Runs = slices.Clone(runs.Runs)
	if runs.Merge == nil {
		begin(z, &runs)
	}
	at := slices.IndexFunc(runs.Runs, func(r format.KeyRun) bool { return r.Number == runs.Merge.Into })
	if at < 0 || at+runs.Merge.From >= len(runs.Runs) {
		return nil, fmt.Errorf("keys of project %d: %w: a merge into run %d of nothing", p, format.ErrCorrupt, runs.Merge.Into)
	}
	into, from := &runs.Runs[at], runs.Runs[at+1:at+1+runs.Merge.From]
	s := &Step{}
	first := uint32(into.Until >> (format.KeyBits - into.Bits))
	if into.Until == never {
		first = 0
	}
	end := min(first+uint32(max(1, most/z.RowKeys)), 1<<into.Bits)
	low, high := uint64(first)<<(format.KeyBits-into.Bits), uint64(end)<<(format.KeyBits-into.Bits)
	keys, err := s.take(tx, p, from, low, high)
	if err != nil {
		return nil, err
	}
	s.Keys = len(keys)
	_ = eachRow(p, into, keys, first, end, func(f rowFilter, key, value []byte) error {
		s.put, s.filters = append(s.put, [2][]byte{key, value}), append(s.filters, f)
		return nil
	})
	into.Count += int64(len(keys))
	into.Until = high
	if high == 1<<format.KeyBits {
		into.Until = 0
		for _, r := range from {
			s.gone = append(s.gone, runID{p, r.Number})
		}
		runs.Runs = slices.Delete(runs.Runs, at+1, at+1+len(from))
		runs.Merge = nil
	}
	s.Runs = runs
	return s, nil
}

// never is the Until of a run that has no hash yet: 0 stands for all of them.
const never = 1

// begin begins the merge that is due.
func begin(z *Sizes, runs *format.KeyRuns) {
	at, n := mergeable(z, runs.Runs)
	count := int64(0)
	for _, r := range runs.Runs[at : at+n] {
		count += r.Count
	}
	runs.Next++
	into := format.KeyRun{Number: runs.Next, Level: runs.Runs[at].Level + 1, Bits: z.bitsFor(count), Until: never}
	runs.Runs = slices.Insert(runs.Runs, at, into)
	runs.Merge = &format.KeyMerge{Into: into.Number, From: n}
}

// take reads the keys with hashes from low to before high out of runs, in their order, and
// notes the rows that have nothing behind them.
func (s *Step) take(tx kv.Tx, p format.ProjectID, from []format.KeyRun, low, high uint64) (keys []format.SealedKey, err error) {
	var ends []int // of what each run has
	for i := range from {
		r := &from[i]
		shift := format.KeyBits - r.Bits
		before := len(keys)
		var all []format.SealedKey
		for n := uint32(low >> shift); uint64(n)<<shift < high; n++ {
			row, err := readRow(tx.Bucket(format.Keys), p, r, n)
			if err != nil {
				return nil, err
			}
			all = row.All(all[:0])
			for _, k := range all {
				if k.Hash >= low && k.Hash < high {
					keys = append(keys, k)
				}
			}
			if uint64(n+1)<<shift <= high {
				s.drop = append(s.drop, format.KeyRowKey(p, r.Number, n))
			}
		}
		ends = append(ends, len(keys))
		r.Count -= int64(len(keys) - before)
		r.From = high
	}
	return join(keys, ends), nil
}

// write writes what the step changes, but for the project's record.
func (s *Step) write(tx kv.Tx) error {
	for _, kv := range s.put {
		if err := put(tx, kv[0], kv[1]); err != nil {
			return err
		}
	}
	for _, key := range s.drop {
		if err := tx.Bucket(format.Keys).Delete(key); err != nil {
			return fmt.Errorf("delete keys: %w", err)
		}
	}
	return nil
}

// Moved takes the keys that were moved from those in memory, once that is on disk.
func (x *Index) Moved(o *Owner) {
	o.Recent.forget()
	x.filters.keep(o.filters...)
}

// Merged drops what only helped to read the runs that a step has ended, once it is on disk.
func (x *Index) Merged(s *Step) {
	for _, id := range s.gone {
		x.filters.forget(id)
	}
	x.filters.keep(s.filters...)
}

// Became drops it for runs that are no more when where the keys of a project are has changed.
func (x *Index) Became(p format.ProjectID, was, is *format.KeyRuns) {
	for _, r := range was.Runs {
		there := func(other format.KeyRun) bool { return other.Number == r.Number }
		if !slices.ContainsFunc(is.Runs, there) {
			x.filters.forget(runID{p, r.Number})
		}
	}
}

// Purged does so for all runs of a project that is no more.
func (x *Index) Purged(p format.ProjectID, runs *format.KeyRuns) {
	x.Became(p, runs, &format.KeyRuns{})
}
