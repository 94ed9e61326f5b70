package boltkv

// stampName is an empty bucket whose number is the stamp of the commit that wrote the list of
// buckets: a checksum over the number of the transaction, and the name and the total of every
// other bucket. A disk that loses a write leaves an earlier state of a page, which is as good as
// any by itself. That of a page of the list of buckets does not have the stamp; that of another
// page does not add up to its bucket's total, which the stamp binds.
const stampName = "_commit"

// link is what one bucket adds to a stamp, by FNV-1a. What the transaction adds has no name.
func link(name []byte, number uint64) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, c := range name {
		h = (h ^ uint64(c)) * prime
	}
	h *= prime // a zero between the two
	for shift := 56; shift >= 0; shift -= 8 {
		h = (h ^ number>>shift&0xff) * prime
	}
	return h
}

// links returns the stamp that the list of buckets has, if it has one, and what its buckets add to it.
func (t *tree) links() (stamp, sum uint64, stamped bool, err error) {
	err = t.each(func(w *walker) error {
		name, v, err := w.here()
		switch {
		case err != nil:
			return err
		case len(v) < bucketHead:
			return t.at(w.top().page.id, damage("bucket %s has %d bytes", name, len(v)))
		case string(name) == stampName && native.Uint64(v) != 0:
			return t.at(w.top().page.id, damage("bucket %s has a page, and holds nothing", name))
		case string(name) == stampName:
			stamp, stamped = native.Uint64(v[8:]), true
		default:
			sum += link(name, native.Uint64(v[8:]))
		}
		return nil
	})
	return stamp, sum, stamped, err
}

// stampedBy reports whether the list of buckets has a stamp, and returns how many transactions
// before one it was written, which is at most as many as are allowed.
func (t *tree) stampedBy(transaction, allowed uint64) (stamped bool, lag uint64, err error) {
	stamp, sum, stamped, err := t.links()
	if err != nil || !stamped {
		return false, 0, err
	}
	for ; link(nil, transaction-lag)+sum != stamp; lag++ {
		if lag == allowed {
			return true, 0, t.at(t.root, damage("it is not what transaction %d wrote: a write was lost, or it was changed", transaction))
		}
	}
	return true, lag, nil
}

// stamp writes the stamp of the state that a writer leaves.
func (t *tx) stamp() error {
	_, sum, _, err := t.state.roots.links()
	if err != nil {
		return err
	}
	total := make(map[string]uint64, len(t.made)) // of the buckets that this transaction made
	for _, name := range t.made {
		total[name] = 0
	}
	for _, b := range t.opened {
		name := b.tree.name
		if _, made := total[name]; made {
			total[name] = b.total
		} else if b.written {
			sum += link([]byte(name), b.total) - link([]byte(name), b.tree.total)
		}
	}
	for name, n := range total {
		sum += link([]byte(name), n)
	}
	b, err := t.bolt.CreateBucketIfNotExists([]byte(stampName))
	if err != nil {
		return err
	}
	return b.SetSequence(link(nil, uint64(t.bolt.ID())) + sum)
}

// restamp brings a file up to date that has no stamp, in which the total of a bucket of values
// with checksums of their own was over their keys alone.
func (t *tx) restamp() error {
	for _, name := range t.opts.Summed {
		found := t.Bucket(name)
		b, ok := found.(*bucket)
		if !ok {
			continue // of a format that does not have it
		}
		var total uint64
		err := b.tree.each(func(w *walker) error {
			v, _ := w.top().page.value(w.top().index)
			total += ending(v)
			return nil
		})
		if err != nil {
			return err
		}
		b.total, b.written = total, true
	}
	t.state.roots.endings = true
	return t.err
}
