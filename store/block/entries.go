package block

import (
	"time"

	"auditlog/audit"
)

// Entries returns all entries in order. It is how blocks are merged: a column at
// a time, which is faster than row by row. The entries share one piece of memory.
func (b *Block) Entries(project string) ([]*audit.Entry, error) {
	slab := make([]audit.Entry, b.rows)
	entries := make([]*audit.Entry, b.rows)
	for row := range slab {
		e := &slab[row]
		entries[row] = e
		e.ID, e.Project = b.int(&b.ids, row), project
		e.CreatedAt = time.UnixMicro(b.int(&b.created, row)).UTC()
		e.RecordedAt = time.UnixMicro(b.recordedAt(row)).UTC()
	}
	var values []string
	for col := range colChanges {
		if b.columns[col].kind == kindEmpty {
			continue
		}
		var err error
		if values, err = b.values(&b.columns[col], values); err != nil {
			return nil, err
		}
		if err := setColumn(slab, col, values); err != nil {
			return nil, err
		}
	}
	err := b.eachShaped(&b.columns[colChanges], func(row int, names, values []string, fail func(error)) {
		slab[row].Changes = changesOf(names, values, fail)
	})
	if err != nil {
		return nil, err
	}
	err = b.eachShaped(&b.columns[colMetadata], func(row int, names, values []string, fail func(error)) {
		slab[row].Metadata = metadataOf(names, values, fail)
	})
	return entries, err
}

// textOf returns where an entry keeps the value of a column of text that is a
// plain string there, or nil.
func textOf(e *audit.Entry, col int) *string {
	switch col {
	case colActor:
		return &e.Actor.Email
	case colLabel:
		return &e.Actor.Label
	case colAction:
		return &e.Action
	case colResourceType:
		return &e.Resource.Type
	case colResourceID:
		return &e.Resource.ID
	case colResourceName:
		return &e.Resource.Name
	case colLocation:
		return &e.Resource.LocationID
	case colDetail:
		return &e.Detail
	case colIP:
		return &e.Request.IP
	case colAgent:
		return &e.Request.UserAgent
	case colRequest:
		return &e.Request.ID
	case colKey:
		return &e.Key
	}
	return nil
}

// setColumn gives each entry its value of a column.
func setColumn(entries []audit.Entry, col int, values []string) error {
	for i := range entries {
		e, s := &entries[i], values[i]
		if p := textOf(e, col); p != nil {
			*p = s
			continue
		}
		switch col {
		case colActorType:
			e.Actor.Type = audit.ActorType(s)
		case colOutcome:
			e.Outcome = audit.Outcome(s)
		case colChannel:
			e.Channel = audit.Channel(s)
		case colPurge:
			var err error
			if e.Purge, err = decodePurge(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachShaped calls fn with the names and values of each row of a column of
// shapes; values is valid only then. fn calls fail when they do not fit.
func (b *Block) eachShaped(c *column, fn func(row int, names, values []string, fail func(error))) (err error) {
	fail := func(e error) {
		if err == nil {
			err = e
		}
	}
	switch c.kind {
	case kindEmpty:
		return nil
	case kindBlob:
		for row := range b.rows {
			names, values, err := b.shaped(c, row)
			if err != nil {
				return err
			}
			fn(row, names, values, fail)
		}
		return err
	}
	for s := range int(c.n) {
		if e := b.eachOfShape(c, s, fn, fail); e != nil {
			return e
		}
	}
	return err
}

func (b *Block) eachOfShape(c *column, s int, fn func(row int, names, values []string, fail func(error)), fail func(error)) error {
	shape, err := b.text(int(c.text) + s)
	if err != nil {
		return err
	}
	var names []string
	if err := splitShape(shape, func(name string) { names = append(names, name) }); err != nil {
		return err
	}
	having := b.havingOne(&c.index, s)
	n := having.Count()
	first, end := b.slotsOf(c, s)
	columns := make([][]string, end-first)
	for k := range columns {
		kid := b.kid(c, first+k)
		if int(kid.m) != n {
			return corrupt("%d rows of %d with a shape", n, kid.m)
		}
		if columns[k], err = b.values(kid, nil); err != nil {
			return err
		}
	}
	values := make([]string, len(columns))
	i := 0
	for row := having.Next(0); row >= 0; row = having.Next(row + 1) {
		for k := range columns {
			values[k] = columns[k][i]
		}
		fn(row, names, values, fail)
		i++
	}
	return nil
}
