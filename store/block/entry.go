package block

import (
	"encoding/json"
	"time"

	"auditlog/audit"
)

// Entry returns the entry of a row. Its strings may share memory with those of
// other rows. The block does not know its project.
func (b *Block) Entry(row int, project string) (*audit.Entry, error) {
	r := reader{b: b, row: row}
	e := &audit.Entry{
		ID:      b.int(&b.ids, row),
		Project: project,
		Actor: audit.Actor{
			Email: r.text(colActor),
			Type:  audit.ActorType(r.text(colActorType)),
			Label: r.text(colLabel),
		},
		Action: r.text(colAction),
		Resource: audit.Resource{
			Type:       r.text(colResourceType),
			ID:         r.text(colResourceID),
			Name:       r.text(colResourceName),
			LocationID: r.text(colLocation),
		},
		Outcome: audit.Outcome(r.text(colOutcome)),
		Detail:  r.text(colDetail),
		Channel: audit.Channel(r.text(colChannel)),
		Request: audit.Request{
			IP:        r.text(colIP),
			UserAgent: r.text(colAgent),
			ID:        r.text(colRequest),
		},
		Changes:    r.changes(),
		Metadata:   r.metadata(),
		Key:        r.text(colKey),
		CreatedAt:  time.UnixMicro(b.int(&b.created, row)).UTC(),
		RecordedAt: time.UnixMicro(b.recordedAt(row)).UTC(),
		Purge:      r.purge(),
	}
	return e, r.err
}

// reader reads one row's values and keeps the first error.
type reader struct {
	b   *Block
	row int
	err error
}

func (r *reader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) text(col int) string {
	s, err := r.b.value(&r.b.columns[col], r.row)
	if err != nil {
		r.keep(err)
	}
	return s
}

func (r *reader) purge() *audit.Purge {
	if r.b.columns[colPurge].kind == kindEmpty {
		return nil
	}
	p, err := decodePurge(r.text(colPurge))
	if err != nil {
		r.keep(err)
	}
	return p
}

func decodePurge(s string) (*audit.Purge, error) {
	if s == "" {
		return nil, nil
	}
	p := &audit.Purge{}
	if err := json.Unmarshal([]byte(s), p); err != nil {
		return nil, corrupt("a purge: %v", err)
	}
	return p, nil
}

func (r *reader) changes() []audit.Change {
	names, values := r.shaped(&r.b.columns[colChanges])
	return changesOf(names, values, r.keep)
}

// changesOf joins the fields' names with their old and new values.
func changesOf(names, values []string, fail func(error)) []audit.Change {
	if len(names) == 0 {
		return nil
	}
	if len(values) != 2*len(names) {
		fail(corrupt("%d values of %d changes", len(values), len(names)))
		return nil
	}
	changes := make([]audit.Change, len(names))
	for i, name := range names {
		changes[i] = audit.Change{Field: name, Old: values[2*i], New: values[2*i+1]}
	}
	return changes
}

func (r *reader) metadata() map[string]string {
	names, values := r.shaped(&r.b.columns[colMetadata])
	return metadataOf(names, values, r.keep)
}

func metadataOf(names, values []string, fail func(error)) map[string]string {
	if len(names) == 0 {
		return nil
	}
	if len(values) != len(names) {
		fail(corrupt("%d values of %d metadata names", len(values), len(names)))
		return nil
	}
	m := make(map[string]string, len(names))
	for i, name := range names {
		m[name] = values[i]
	}
	return m
}

// shaped returns the names that the row's shape is made of, and its values in their order.
func (r *reader) shaped(c *column) (names, values []string) {
	if c.kind == kindEmpty {
		return nil, nil
	}
	names, values, err := r.b.shaped(c, r.row)
	if err != nil {
		r.keep(err)
		return nil, nil
	}
	return names, values
}

func (b *Block) shaped(c *column, i int) (names, values []string, err error) {
	if c.kind == kindBlob {
		s, err := b.value(b.kid(c, 0), i)
		if err != nil {
			return nil, nil, err
		}
		return splitBlob(s)
	}
	s := b.at(&c.index, i)
	if s >= int(c.n) {
		return nil, nil, corrupt("index %d of %d shapes", s, c.n)
	}
	shape, err := b.text(int(c.text) + s)
	if err != nil || shape == "" {
		return nil, nil, err
	}
	if err := splitShape(shape, func(name string) { names = append(names, name) }); err != nil {
		return nil, nil, err
	}
	rank := b.rank(&c.index, i, s)
	for k, end := b.slotsOf(c, s); k < end; k++ {
		v, err := b.slot(c, k, rank)
		if err != nil {
			return nil, nil, err
		}
		values = append(values, v)
	}
	return names, values, nil
}

// slot returns the value that the rank'th row of a shape has in slot k.
func (b *Block) slot(c *column, k, rank int) (string, error) {
	kid := b.kid(c, k)
	if rank >= int(kid.m) {
		return "", corrupt("row %d of %d with a shape", rank, kid.m)
	}
	return b.value(kid, rank)
}

// splitBlob takes apart what joinBlob made: a shape behind its length, then each
// value behind its own.
func splitBlob(s string) (names, values []string, err error) {
	if s == "" {
		return nil, nil, nil
	}
	shape, rest, ok := cutText(s)
	if !ok {
		return nil, nil, corrupt("a blob is cut short")
	}
	err = splitShape(shape, func(name string) { names = append(names, name) })
	if err != nil {
		return nil, nil, err
	}
	err = splitShape(rest, func(value string) { values = append(values, value) })
	return names, values, err
}
