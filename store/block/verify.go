package block

import "auditlog/audit"

// Verify returns an error with ErrCorrupt in its chain unless entries, in their order,
// are what b gives back. It makes no entries: it takes half the time of Entries.
func (b *Block) Verify(entries []*audit.Entry) error {
	if len(entries) != b.rows {
		return corrupt("%d rows for %d entries", b.rows, len(entries))
	}
	for row, e := range entries {
		if b.int(&b.ids, row) != e.ID || b.int(&b.seqs, row) != e.Seq || b.int(&b.created, row) != e.CreatedAt.UnixMicro() ||
			b.recordedAt(row) != e.RecordedAt.UnixMicro() {
			return corrupt("row %d has another id or time", row)
		}
	}
	var values []string
	for col := range colChanges {
		var err error
		if values, err = b.values(&b.columns[col], values); err != nil {
			return err
		}
		for row, e := range entries {
			if values[row] != textOf(e, col) {
				return corrupt("row %d has another text in column %d", row, col)
			}
		}
	}
	return b.verifyShapes(entries)
}

// verifyShapes does so for changes and metadata.
func (b *Block) verifyShapes(entries []*audit.Entry) error {
	changes, metadata := make([]int, b.rows), make([]int, b.rows) // how many there are
	wrong := -1
	err := b.eachNameOfAll(colChanges, func(row int, name, old, new string, _ int) {
		list, k := entries[row].Changes, changes[row]
		if k >= len(list) || list[k] != (audit.Change{Field: name, Old: old, New: new}) {
			wrong = row
		}
		changes[row]++
	})
	if err != nil {
		return err
	}
	err = b.eachNameOfAll(colMetadata, func(row int, name, value, _ string, _ int) {
		if v, ok := entries[row].Metadata[name]; !ok || v != value {
			wrong = row
		}
		metadata[row]++
	})
	if err != nil {
		return err
	}
	for row, e := range entries {
		if changes[row] != len(e.Changes) || metadata[row] != len(e.Metadata) {
			wrong = row
		}
	}
	if wrong >= 0 {
		return corrupt("row %d has other changes or metadata", wrong)
	}
	return nil
}
