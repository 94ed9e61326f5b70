package read

import (
	"strings"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/found"
	"auditlog/store/walk"
)

// prepared is a query made ready: the store's audit.Selection.
type prepared struct {
	s     *Log
	query audit.Query // normalized and valid
	// match is what query asks of an entry, for those that are in no block.
	match *audit.Matcher
	// filter is everything in query but its project and text, for blocks.
	filter *block.Filter
	// text is the parsed form of query.Text, nil when that is empty.
	text fulltext.Query
	// narrowings are the parts of the query that the full-text index can narrow down.
	narrowings []fulltext.Narrowing
	// hash tells the query from others, for cursors.
	hash [format.HashSize]byte
}

// Prepare makes a query ready to be read by. It returns Invalid Faults with the
// path of what is wrong, and an Unavailable one for a query with a text where
// Options.Search is not set.
func (s *Log) Prepare(q audit.Query) (audit.Selection, error) {
	q.Normalize()
	if err := q.Validate(); err != nil {
		return nil, err
	}
	p := &prepared{s: s, query: q, hash: found.QueryHash(&q)}
	p.ready()
	if err := p.askIndex(); err != nil {
		return nil, err
	}
	return p, nil
}

// ready makes what the query asks of fields and times ready.
func (q *prepared) ready() {
	q.match, q.filter = audit.NewMatcher(&q.query), block.NewFilter(&q.query)
}

// askIndex prepares what the full-text index is to be asked: for the text, and for the ids, values and
// addresses of filters, of which it knows the few blocks that can have them.
func (q *prepared) askIndex() error {
	opts := &q.s.opts
	if q.query.Text != "" {
		if opts.Search == nil {
			return &audit.Fault{Kind: audit.Unavailable, Path: "q", Message: "full-text search is not available"}
		}
		var err error
		if q.text, err = opts.Search(q.query.Text); err != nil {
			return err
		}
		q.narrowings = append(q.narrowings, q.text)
	}
	if opts.Narrow == nil {
		return nil
	}
	if exact := q.exact(); len(exact.Whole) > 0 || exact.Addresses.IsValid() {
		q.narrowings = append(q.narrowings, opts.Narrow(exact))
	}
	return nil
}

// looks says how many blocks are looked into before the index is asked.
func (q *prepared) looks() walk.Looks {
	ids := q.query.Is.One("requestId") + q.query.Is.One("key")
	switch {
	case len(q.narrowings) == 0:
		return walk.Looks{}
	case q.query.Project != "":
		return walk.Looks{Bounded: true, Left: directBlocks, Found: -1}
	case q.text == nil && ids == "":
		return walk.Looks{Bounded: true, Left: directBlocksOfValues, Found: directBlocksFound}
	}
	return walk.Looks{Bounded: true, Left: directBlocksOfMany, Found: -1}
}

// exact returns what filters ask for that the index knows as it is.
func (q *prepared) exact() (e fulltext.Exact) {
	for _, id := range []string{q.query.Is.One("requestId"), q.query.Is.One("key")} {
		if id != "" {
			e.Whole = append(e.Whole, id)
		}
	}
	if asked := q.query.Is.One("ip"); asked != "" {
		if a, err := audit.ParseAddresses(asked); err == nil {
			e.Addresses, _ = a.Range()
		}
	}
	if q.query.Project != "" {
		return e
	}
	e.Whole = append(e.Whole, q.indexed()...)
	return e
}

// indexed returns the values of fields that the index knows, which filters ask for. In one project the
// secondary index tells of them; in many it would have to be asked for each.
func (q *prepared) indexed() (values []string) {
	for _, f := range audit.Fields() {
		if v := q.query.Is.One(f.Name); v != "" && f.Indexed && !(f.Asked == audit.Beginning && strings.HasSuffix(v, ".*")) {
			values = append(values, v)
		}
	}
	return values
}

// Query returns the query, normalized.
func (q *prepared) Query() audit.Query {
	query := q.query
	query.Is, query.Not = query.Is.Clone(), query.Not.Clone()
	return query
}

// Match reports whether an entry is selected.
func (q *prepared) Match(e *audit.Entry) bool {
	return q.query.Of(e.Project) && q.matches(e)
}

// matches is Match for an entry of a project that is looked into.
func (q *prepared) matches(e *audit.Entry) bool {
	return q.match.Match(e) && (q.text == nil || fulltext.Match(q.text, e))
}

// whole returns the part of a listing that the query can select from.
func (q *prepared) whole() walk.Stretch {
	from, to := q.query.Bounds()
	return walk.Stretch{Low: audit.Position{At: from}, High: audit.Position{At: to}}
}
