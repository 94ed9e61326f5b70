package store

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
)

// gathering is the entries of a page on their way together. They are weighed as they are
// found: whoever may not hold so many is refused before there are more.
type gathering struct {
	limit int
	// bytes bounds the JSON of the entries; 0 is no bound. The first fits always.
	bytes int

	ctx     context.Context // of the call
	entries []*audit.Entry
	more    bool  // there are others
	err     error // why there are no more of them
	// atMost is what the JSON of the entries cannot be longer than. Once that says
	// nothing, exact is its length.
	atMost, exact int
	json          []byte
	weighed       int // that is not taken yet
	taken         int // of the call's memory
}

const (
	// weighEvery is how much is taken of the call's memory at once.
	weighEvery = 16 << 10
	// entryWeight is what an entry takes in memory beside its texts.
	entryWeight = 512
	// longestEscape is how many bytes of JSON a byte of text is at most.
	longestEscape = 6
	// nameBytes is more than the names of an entry's fields take in its JSON, and those
	// of each change or each of the metadata.
	nameBytes = 512
)

// reset begins another page.
func (g *gathering) reset() {
	clear(g.entries)
	*g = gathering{limit: g.limit, bytes: g.bytes, entries: g.entries[:0], json: g.json}
}

// add adds an entry, unless the page is full before it.
func (g *gathering) add(e *audit.Entry) bool {
	if len(g.entries) == g.limit || !g.fits(e) {
		g.more = true
		return false
	}
	size := block.SizeOf(e)
	if g.weighed += entryWeight + size; g.weighed >= weighEvery {
		if g.err = admit.Take(g.ctx, g.weighed); g.err != nil {
			return false
		}
		g.taken, g.weighed = g.taken+g.weighed, 0
	}
	if g.entries == nil {
		g.entries = make([]*audit.Entry, 0, min(g.limit, audit.DefaultLimit))
	}
	g.entries = append(g.entries, e)
	return true
}

// fits reports whether the JSON of the page stays within its bound with e.
func (g *gathering) fits(e *audit.Entry) bool {
	if g.bytes == 0 {
		return true
	}
	if g.exact == 0 {
		g.atMost += longestEscape*block.SizeOf(e) + (1+len(e.Changes)+len(e.Metadata))*nameBytes
		if g.atMost <= g.bytes {
			return true
		}
		for _, before := range g.entries {
			g.exact += g.jsonSize(before)
		}
	}
	n := g.jsonSize(e)
	if len(g.entries) > 0 && g.exact+n > g.bytes {
		return false
	}
	g.exact += n
	return true
}

// jsonSize returns the length of e's JSON and of the comma behind it.
func (g *gathering) jsonSize(e *audit.Entry) int {
	g.json = e.AppendJSON(g.json[:0])
	return len(g.json) + 1
}
