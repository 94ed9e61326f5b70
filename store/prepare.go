package store

import (
	"context"
	"strings"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/found"
)

// prepared is a query made ready: the store's audit.Selection.
type prepared struct {
	s     *Store
	query audit.Query // normalized and valid
	// match is what query asks of an entry, for those that are in no block.
	match *audit.Matcher
	// filter is everything in query but its project and text, for blocks.
	filter *block.Filter
	// text is the parsed form of query.Text, nil when that is empty.
	text fulltext.Query
	// hash tells the query from others, for cursors.
	hash [format.HashSize]byte
}

// Prepare makes a query ready to be read by. It returns Invalid Faults with the
// path of what is wrong, and an Unavailable one for a query with a text where
// Options.Search is not set.
func (s *Store) Prepare(q audit.Query) (audit.Selection, error) {
	q.Normalize()
	if err := q.Validate(); err != nil {
		return nil, err
	}
	p := &prepared{s: s, query: q, hash: found.QueryHash(&q)}
	p.ready()
	var err error
	p.text, err = s.search(&q)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// ready makes what the query asks of fields and times ready.
func (q *prepared) ready() {
	q.match, q.filter = audit.NewMatcher(&q.query), block.NewFilter(&q.query)
}

// search returns what full-text search has to do for q, nil where that is nothing: to find
// its text, and the ids that it asks for, which are found whole. The latter excludes no entry
// that the filter leaves, but the index knows the few blocks that can have an id.
func (s *Store) search(q *audit.Query) (text fulltext.Query, err error) {
	if q.Text != "" {
		if s.opts.Search == nil {
			return nil, &audit.Fault{Kind: audit.Unavailable, Path: "q", Message: "full-text search is not available"}
		}
		if text, err = s.opts.Search(q.Text); err != nil {
			return nil, err
		}
	}
	words := q.Text
	for _, id := range []string{q.Is.One("requestId"), q.Is.One("key")} {
		if id == "" || s.opts.Search == nil || !audit.IsASCII(id) || strings.Contains(id, `"`) {
			continue // which a query could not have as it is
		}
		// What has no words, or too many for a query, is found without the index.
		if more, err := s.opts.Search(words + ` "` + id + `"`); err == nil {
			text, words = more, words+` "`+id+`"`
		}
	}
	return text, nil
}

// Query returns the query, normalized.
func (q *prepared) Query() audit.Query {
	query := q.query
	query.Is, query.Not = query.Is.Clone(), query.Not.Clone()
	return query
}

// Match reports whether an entry is selected.
func (q *prepared) Match(e *audit.Entry) bool {
	return e.Project == q.query.Project && q.matches(e)
}

// matches is Match for an entry of the query's project.
func (q *prepared) matches(e *audit.Entry) bool {
	return q.match.Match(e) && (q.text == nil || fulltext.Match(q.text, e))
}

// whole returns the part of the project's listing that the query can select from.
func (q *prepared) whole() stretch {
	from, to := q.query.Bounds()
	return stretch{audit.Position{At: from}, audit.Position{At: to}}
}

// indexed is what the index answered to a search.
type indexed struct {
	keys    []format.BlockKey // newest first
	through uint64            // blocks that changed later are not covered
}

// search asks the index which blocks of a stretch to look into; nil means all.
func (q *prepared) search(ctx context.Context, st stretch) (*indexed, error) {
	p, ok := q.s.projectID(q.query.Project)
	if !ok {
		return nil, nil // it went meanwhile: the view will say so
	}
	keys, through, ok, err := q.text.Blocks(ctx, p, st.high, st.low.At)
	if err != nil || !ok {
		return nil, err
	}
	return &indexed{keys, through}, nil
}
