package found

import (
	"context"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
)

// Form is what a page has of the entries that it finds in blocks.
type Form int

const (
	// Kept entries are those that the blocks keep, since they are likely to be asked for again.
	Kept Form = iota
	// Alone are entries that nobody else has: they would drive out what is.
	Alone
	// Lines are the entries' JSON, which the blocks keep.
	Lines
)

// Page is the entries of a page on their way together. They are weighed as they are
// found: whoever may not hold so many is refused before there are more. It is for one
// goroutine.
type Page struct {
	form  Form
	limit int
	// bytes bounds the JSON of the entries; 0 is no bound. The first fits always.
	bytes int

	// Entries are those that were added. Of a page of lines some are nil: JSON, which is as long
	// then, has these.
	Entries []*audit.Entry
	JSON    [][]byte
	// Last is where the last one stands.
	Last audit.Position
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
	// entryWeight is what an entry takes in memory beside its texts, and lineWeight what a
	// line takes beside its bytes.
	entryWeight = 512
	lineWeight  = 64
	// longestEscape is how many bytes of JSON a byte of text is at most.
	longestEscape = 6
	// nameBytes is more than the names of an entry's fields take in its JSON, and those
	// of each change or each of the metadata.
	nameBytes = 512
)

// NewPage returns an empty page of at most so many entries in a form, whose JSON has at most so
// many bytes, or any number if that is 0. ctx is that of the call.
func NewPage(ctx context.Context, form Form, limit, bytes int) *Page {
	return &Page{form: form, limit: limit, bytes: bytes, ctx: ctx}
}

// Release empties the page, and gives back what the call holds for it.
func (p *Page) Release() {
	admit.Give(p.ctx, p.taken)
	clear(p.Entries)
	*p = Page{form: p.form, limit: p.limit, bytes: p.bytes, Entries: p.Entries[:0], ctx: p.ctx, json: p.json}
}

// AddRow adds the entry in a row of a block. ok is false when the page has no room for it, or
// must not have it, which Err says.
func (p *Page) AddRow(b *block.Block, row int, project string) (ok bool, err error) {
	if len(p.Entries) == p.limit {
		p.More = true
		return false, nil
	}
	var e *audit.Entry
	switch p.form {
	case Lines:
		l, err := b.KeptLine(row, project)
		return err == nil && p.addLine(l), err
	case Kept:
		e, err = b.Kept(row, project)
	default:
		e, err = b.Entry(row, project)
	}
	return err == nil && p.Add(e), err
}

// Add adds an entry, unless the page is full before it or its call may hold no more.
func (p *Page) Add(e *audit.Entry) bool {
	size := block.SizeOf(e)
	atMost := longestEscape*size + (1+len(e.Changes)+len(e.Metadata))*nameBytes
	return p.add(e, nil, atMost, entryWeight+size, e.Position())
}

// addLine is Add of an entry of which there is the line.
func (p *Page) addLine(l *block.Line) bool {
	return p.add(nil, l.JSON, len(l.JSON)+1, lineWeight+len(l.JSON), l.Position)
}

// add adds an entry or its JSON, which has at most so many bytes.
func (p *Page) add(e *audit.Entry, line []byte, atMost, weight int, at audit.Position) bool {
	if len(p.Entries) == p.limit || !p.fits(e, line, atMost) {
		p.More = true
		return false
	}
	if p.weighed += weight; p.weighed >= weighEvery {
		if p.Err = admit.Take(p.ctx, p.weighed); p.Err != nil {
			return false
		}
		p.taken, p.weighed = p.taken+p.weighed, 0
	}
	if p.Entries == nil {
		p.Entries = make([]*audit.Entry, 0, min(p.limit, audit.DefaultLimit))
	}
	if line != nil && p.JSON == nil {
		p.JSON = make([][]byte, len(p.Entries), max(len(p.Entries), min(p.limit, audit.DefaultLimit)))
	}
	p.Entries, p.Last = append(p.Entries, e), at
	if p.JSON != nil {
		p.JSON = append(p.JSON, line)
	}
	return true
}

// fits reports whether an entry or a line, whose JSON has at most so many bytes, fits into what
// is left of them. Only when it might not is JSON made to see.
func (p *Page) fits(e *audit.Entry, line []byte, atMost int) bool {
	if p.bytes == 0 {
		return true
	}
	if p.exact == 0 {
		if p.atMost += atMost; p.atMost <= p.bytes {
			return true
		}
		for i, before := range p.Entries {
			var line []byte
			if before == nil {
				line = p.JSON[i]
			}
			p.exact += p.jsonSize(before, line)
		}
	}
	n := p.jsonSize(e, line)
	if len(p.Entries) > 0 && p.exact+n > p.bytes {
		return false
	}
	p.exact += n
	return true
}

// jsonSize returns how many bytes an entry, or the line in its place, takes in a page, with what
// stands between two of them.
func (p *Page) jsonSize(e *audit.Entry, line []byte) int {
	if e == nil {
		return len(line) + 1
	}
	p.json = e.AppendJSON(p.json[:0])
	return len(p.json) + 1
}
