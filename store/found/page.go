package found

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
)

// Page is the entries of a page on their way together. They are weighed as they are
// found: whoever may not hold so many is refused before there are more. It is for one
// goroutine.
type Page struct {
	limit int
	// bytes bounds the JSON of the entries; 0 is no bound. The first fits always.
	bytes int

	// Entries are those that were added.
	Entries []*audit.Entry
	// More is set once one did not fit.
	More bool
	// Err is why there are no more of them, if that is an error.
	Err error
	// Gaps say what is missing between them.
	Gaps []audit.Gap

	ctx context.Context // of the call
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

// NewPage returns an empty page of at most so many entries, whose JSON has at most so many
// bytes, or any number if that is 0. ctx is that of the call.
func NewPage(ctx context.Context, limit, bytes int) *Page {
	return &Page{limit: limit, bytes: bytes, ctx: ctx}
}

// Release empties the page, and gives back what the call holds for it.
func (p *Page) Release() {
	admit.Give(p.ctx, p.taken)
	clear(p.Entries)
	*p = Page{limit: p.limit, bytes: p.bytes, Entries: p.Entries[:0], ctx: p.ctx, json: p.json}
}

// Add adds an entry, unless the page is full before it or its call may hold no more.
func (p *Page) Add(e *audit.Entry) bool {
	size := block.SizeOf(e)
	if len(p.Entries) == p.limit || !p.fits(e, size) {
		p.More = true
		return false
	}
	if p.weighed += entryWeight + size; p.weighed >= weighEvery {
		if p.Err = admit.Take(p.ctx, p.weighed); p.Err != nil {
			return false
		}
		p.taken, p.weighed = p.taken+p.weighed, 0
	}
	if p.Entries == nil {
		p.Entries = make([]*audit.Entry, 0, min(p.limit, audit.DefaultLimit))
	}
	p.Entries = append(p.Entries, e)
	return true
}

// fits reports whether the JSON of the page stays within its bound with e, of that SizeOf.
func (p *Page) fits(e *audit.Entry, size int) bool {
	if p.bytes == 0 {
		return true
	}
	if p.exact == 0 {
		p.atMost += longestEscape*size + (1+len(e.Changes)+len(e.Metadata))*nameBytes
		if p.atMost <= p.bytes {
			return true
		}
		for _, before := range p.Entries {
			p.exact += p.jsonSize(before)
		}
	}
	n := p.jsonSize(e)
	if len(p.Entries) > 0 && p.exact+n > p.bytes {
		return false
	}
	p.exact += n
	return true
}

// jsonSize returns the length of e's JSON and of the comma behind it.
func (p *Page) jsonSize(e *audit.Entry) int {
	p.json = e.AppendJSON(p.json[:0])
	return len(p.json) + 1
}
