package block

import (
	"time"

	"auditlog/audit"
)

// Entry returns the entry of a row. Its strings may share memory with those of
// other rows. The block does not know its project.
func (b *Block) Entry(row int, project string) (*audit.Entry, error) {
	r := reader{b: b, row: row}
	e := &audit.Entry{
		ID:      b.int(&b.ids, row),
		Seq:     b.int(&b.seqs, row),
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
		RecordedBy: r.text(colRecordedBy),
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
	r.keep(err)
	return s
}

func (r *reader) changes() (changes []audit.Change) {
	r.keep(r.b.eachName(colChanges, r.row, func(name, old, new string, n int) {
		changes = addChange(changes, name, old, new, n)
	}))
	return changes
}

func addChange(changes []audit.Change, name, old, new string, n int) []audit.Change {
	if changes == nil {
		changes = make([]audit.Change, 0, n)
	}
	return append(changes, audit.Change{Field: name, Old: old, New: new})
}

func (r *reader) metadata() (m map[string]string) {
	r.keep(r.b.eachName(colMetadata, r.row, func(name, value, _ string, n int) {
		m = addMetadata(m, name, value, n)
	}))
	return m
}

func addMetadata(m map[string]string, name, value string, n int) map[string]string {
	if m == nil {
		m = make(map[string]string, n)
	}
	m[name] = value
	return m
}
