package format

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"auditlog/audit"
)

// Project is the value of a project in its bucket, as JSON: few, small,
// and readable with any tool for the database.
type Project struct {
	ID       ProjectID       `json:"id"`
	Secret   []byte          `json:"secret"`
	State    audit.State     `json:"state"`
	Deletion *audit.Deletion `json:"deletion,omitempty"`
	// PurgeAfter is how much time has to have passed in the log's life for the purge of a
	// deleted project to begin.
	PurgeAfter time.Duration `json:"purgeAfter,omitempty"`
	Hold       *audit.Hold   `json:"hold,omitempty"`
	// Purge is how far a running purge has come.
	Purge *Purge `json:"purge,omitempty"`
	// Incarnation counts the beginnings of the project, from 1: each purge begins
	// another. Base is the seq of its first entry.
	Incarnation int   `json:"incarnation"`
	Base        int64 `json:"base"`
	// Seq is the newest seq up to which all entries are in blocks, or purged.
	Seq int64 `json:"seq"`
	// Sealing says how far a seal has come that has not ended.
	Sealing *Sealing `json:"sealing,omitempty"`
	// Kept are the entries that purges left and later ones leave, in the order of their
	// seqs: a project.delete and a project.purge of each.
	Kept []Kept `json:"kept,omitempty"`
	// Lost are entries that are in no block although their seqs were given: what nobody had
	// any more when the log was repaired. They are no part of Entries.
	Lost []audit.Gap `json:"lost,omitempty"`
	// Layer is the first of the project's layers, Late are the others, and Merging says what is
	// moved between them.
	Layer
	Late    []LateLayer `json:"late,omitempty"`
	Merging []Merging   `json:"merging,omitempty"`
	// Keys says where its idempotency keys are.
	Keys KeyRuns `json:"keys,omitzero"`
}

// Sealing is how far a seal of a project has come that has not put all of its entries into
// blocks, from the oldest on: late entries that are scattered over many blocks take it several
// steps, and it may leave the newest until they fill a block.
type Sealing struct {
	// Seq is the newest seq of what it seals. Those of its entries that are before Before
	// are in blocks: of those with a seq above the project's so many as Entries says, which are in
	// the tail as well.
	Seq     int64          `json:"seq"`
	Before  audit.Position `json:"before"`
	Entries int64          `json:"entries"`
}

// Sealed reports whether the entry of the project with a seq, at a position, is in a block.
func (p *Project) Sealed(seq int64, at audit.Position) bool {
	if seq <= p.Seq {
		return true
	}
	s := p.Sealing
	return s != nil && seq <= s.Seq && at.Compare(s.Before) < 0
}

// IsLost reports whether the entry with a seq is lost.
func (p *Project) IsLost(seq int64) bool {
	for i := range p.Lost {
		for _, r := range p.Lost[i].Seqs {
			if r.First <= seq && seq <= r.Last {
				return true
			}
		}
	}
	return false
}

// Kept names an entry that outlives purges. At is its CreatedAt in microseconds.
type Kept struct {
	ID  int64 `json:"id"`
	Seq int64 `json:"seq"`
	At  int64 `json:"at"`
}

// KeptOf returns what names e.
func KeptOf(e *audit.Entry) Kept { return Kept{e.ID, e.Seq, e.CreatedAt.UnixMicro()} }

// Place returns where the entry lies.
func (k Kept) Place() Place { return Place{ID: k.ID, At: k.At} }

// Extent says how far the spans of a layer reach.
type Extent struct {
	// Spanned is where they end, Loose how many blocks begin there or later.
	Spanned audit.Position `json:"spanned"`
	Loose   int            `json:"loose"`
}

// Behind reports whether a block that begins at p lies behind the layer's spans.
func (e *Extent) Behind(p audit.Position) bool {
	return e.Spanned == (audit.Position{}) || p.Compare(e.Spanned) >= 0
}

// Purge is how far a purge has come.
type Purge struct {
	// Kept are the entries that stay, by seq; the last one is the project.delete
	// entry that ordered the purge.
	Kept []*audit.Entry `json:"kept"`
	// Gone counts what is gone so far.
	Gone Purged `json:"gone"`
	// Tree is what the last head had of the project.
	Tree TreeState `json:"tree,omitzero"`
	// Behind are the sinks that did not have all of it when the purge began.
	Behind []Behind `json:"behind,omitempty"`
}

// Behind is a sink as a purge finds it.
type Behind struct {
	Sink string `json:"sink"`
	// Through is the id up to which it had delivered what it ships, Entries how many of
	// those that are gone are above.
	Through int64 `json:"through"`
	Entries int64 `json:"entries"`
}

// Count counts an entry that is gone, which stays uncounted where the purge keeps it.
func (p *Purge) Count(id, seq, createdAt int64) {
	if p.keeps(id) {
		return
	}
	p.Gone.Add(id, seq, createdAt)
	for i := range p.Behind {
		if id > p.Behind[i].Through {
			p.Behind[i].Entries++
		}
	}
}

// Ordered returns the entry that ordered the purge.
func (p *Purge) Ordered() *audit.Entry { return p.Kept[len(p.Kept)-1] }

// keeps reports whether the entry with an id stays.
func (p *Purge) keeps(id int64) bool {
	return slices.ContainsFunc(p.Kept, func(e *audit.Entry) bool { return e.ID == id })
}

// Purged says what a purge has removed.
type Purged struct {
	Entries int64 `json:"entries"`
	// The bounds of what was removed, both inclusive; From and To are of CreatedAt.
	FirstSeq int64     `json:"firstSeq"`
	LastSeq  int64     `json:"lastSeq"`
	FirstID  int64     `json:"firstId"`
	LastID   int64     `json:"lastId"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
}

// Add counts an entry, created at a time in microseconds.
func (g *Purged) Add(id, seq, createdAt int64) {
	at := time.UnixMicro(createdAt).UTC()
	if g.Entries == 0 {
		*g = Purged{FirstSeq: seq, LastSeq: seq, FirstID: id, LastID: id, From: at, To: at}
	}
	g.Entries++
	g.FirstSeq, g.LastSeq = min(g.FirstSeq, seq), max(g.LastSeq, seq)
	g.FirstID, g.LastID = min(g.FirstID, id), max(g.LastID, id)
	if at.Before(g.From) {
		g.From = at
	}
	if at.After(g.To) {
		g.To = at
	}
}

// Encode returns the value of a project.
func (p *Project) Encode() ([]byte, error) { return json.Marshal(p) }

// ParseProject reads what Encode wrote for the project with a name.
func ParseProject(name, value []byte) (*Project, error) {
	p := &Project{}
	if err := json.Unmarshal(value, p); err != nil {
		return nil, fmt.Errorf("project %q: %w: %w", name, ErrCorrupt, err)
	}
	if p.Purge != nil && (len(p.Purge.Kept) == 0 || slices.Contains(p.Purge.Kept, nil)) {
		return nil, fmt.Errorf("project %q: %w: a purge that nobody ordered", name, ErrCorrupt)
	}
	for i, l := range p.Late {
		if l.Number < 1 || l.Number > MostLayers || slices.ContainsFunc(p.Late[:i], func(o LateLayer) bool { return o.Number == l.Number }) {
			return nil, fmt.Errorf("project %q: %w: layer %d", name, ErrCorrupt, l.Number)
		}
	}
	for _, m := range p.Merging {
		if p.LayerAt(m.Into) == nil || len(m.From) == 0 {
			return nil, fmt.Errorf("project %q: %w: layer %d, which others are merged into", name, ErrCorrupt, m.Into)
		}
	}
	return p, nil
}
