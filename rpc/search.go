package rpc

import (
	"time"

	"auditlog/audit"
)

// SavedQuery is a query that is kept: the filters of Query, with times as they were written, so
// that "7d" goes on being the last seven days.
type SavedQuery struct {
	Project string `json:"project,omitempty"`
	Terms
	// Not selects what has none of its values.
	Not  Terms  `json:"not,omitzero"`
	From string `json:"from,omitempty"` // inclusive
	To   string `json:"to,omitempty"`   // exclusive
	// Q is the full-text query.
	Q string `json:"q,omitempty"`
	// Zone is that of times which are written without one. Empty means UTC.
	Zone string `json:"zone,omitempty"`
	// Order is as in Query.
	Order string `json:"order,omitempty"`
}

// SavedQueryOf returns q, whose times are asked for as from and to say, as it is kept.
func SavedQueryOf(q audit.Query, from, to string) SavedQuery {
	w := QueryOf(q)
	return SavedQuery{Project: w.Project, Terms: w.Terms, Not: w.Not, From: from, To: to, Q: w.Q, Order: w.Order}
}

// Query returns what s asks for but its times, as it is sent.
func (s *SavedQuery) Query() Query {
	return Query{Project: s.Project, Terms: s.Terms, Not: s.Not, Q: s.Q, Zone: s.Zone, Order: s.Order}
}

// SavedSearch is a query with a name.
type SavedSearch struct {
	Name string `json:"name"`
	// For is the project whose readers all have it; empty for who saved it alone.
	For     string     `json:"for,omitempty"`
	Query   SavedQuery `json:"query"`
	SavedBy string     `json:"savedBy"`
	SavedAt time.Time  `json:"savedAt"`
}

// SearchSaveRequest asks to save a search, in the place of one of that name. The answer is the
// SavedSearch.
type SearchSaveRequest struct {
	Name  string     `json:"name"`
	For   string     `json:"for,omitempty"`
	Query SavedQuery `json:"query"`
}

// SearchListRequest asks for the searches that the caller has: their own, and those for the
// projects that they may read.
type SearchListRequest struct{}

// SearchListResult lists them by name.
type SearchListResult struct {
	Items []SavedSearch `json:"items"`
}

// SearchDeleteRequest asks to forget a search. The answer is the SavedSearch.
type SearchDeleteRequest struct {
	Name string `json:"name"`
	For  string `json:"for,omitempty"`
}
