package column

// dictionary is a list of strings as indexes into its distinct ones.
type dictionary struct {
	idx    []uint16
	values []string // in the order of first appearance
	// narrows is set once the column is stored with an index that can narrow others down.
	narrows bool
}

// build fills d from values.
func (e *Encoder) build(d *dictionary, values []string) { e.buildOf(d, values, len(values)) }

// buildOf is build for values of which most are distinct at most: it gives up, and returns false, when
// there is one more.
func (e *Encoder) buildOf(d *dictionary, values []string, most int) bool {
	d.idx, d.values, d.narrows = d.idx[:0], d.values[:0], false
	e.table.Reset()
	for _, v := range values {
		d.idx = append(d.idx, e.table.Index(&d.values, v))
		if len(d.values) > most {
			return false
		}
	}
	return true
}
