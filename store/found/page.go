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
	limit int
	form  Form
	// bytes bounds the JSON of the entries; 0 is no bound. The first fits always.
	bytes int

	// Entries are those that were added, or JSON is theirs. Last is where the last one stands.
	Entries []*audit.Entry
	JSON    [][]byte
	Last    audit.Position
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
	json          []byte // of an entry that is measured
	room          []byte // for lines that no block keeps; nothing is in it
	weighed       int    // that is not taken yet
	taken         int    // of the call's memory
}

const (
	// weighEvery is how much is taken of the call's memory at once.
	weighEvery = 16 << 10
	// entryWeight is what an entry takes in memory beside its texts, and lineWeight what a
	// line takes beside its bytes.
	entryWeight = 512
	lineWeight  = 64
	// lineRoom is for how many bytes of lines memory is got at once.
	lineRoom = 8 << 10
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

// Len returns how many entries there are.
func (p *Page) Len() int { return len(p.Entries) + len(p.JSON) }

// Release empties the page, and gives back what the call holds for it.
func (p *Page) Release() {
	admit.Give(p.ctx, p.taken)
	clear(p.Entries)
	*p = Page{form: p.form, limit: p.limit, bytes: p.bytes, Entries: p.Entries[:0], ctx: p.ctx, json: p.json}
}

// AddRow adds the entry in a row of a block. ok is false when the page has no room for it, or
// must not have it, which Err says.
func (p *Page) AddRow(b *block.Block, row int, project string) (ok bool, err error) {
	if p.Len() == p.limit {
		p.More = true
		return false, nil
	}
	var e *audit.Entry
	switch p.form {
	case Lines:
		l, err := b.KeptLine(row, project)
		return err == nil && p.addLine(l.JSON, l.Position), err
	case Kept:
		e, err = b.Kept(row, project)
	default:
		e, err = b.Entry(row, project)
	}
	return err == nil && p.Add(e), err
}

// Add adds an entry. It returns false when the page has no room for it, or must not
// have it, which Err says.
func (p *Page) Add(e *audit.Entry) bool {
	if p.form == Lines {
		return p.addLine(p.line(e), e.Position())
	}
	size := block.SizeOf(e)
	if len(p.Entries) == p.limit || !p.fits(e, size) {
		p.More = true
		return false
	}
	if !p.weigh(entryWeight + size) {
		return false
	}
	if p.Entries == nil {
		p.Entries = make([]*audit.Entry, 0, min(p.limit, audit.DefaultLimit))
	}
	p.Entries, p.Last = append(p.Entries, e), e.Position()
	return true
}

// line returns the JSON of an entry.
func (p *Page) line(e *audit.Entry) []byte {
	line := e.AppendJSON(p.room)
	if n := len(line); n <= cap(p.room) {
		p.room = p.room[n:n]
	} else { // there was not enough, and it lies elsewhere
		p.room = make([]byte, 0, lineRoom)
	}
	return line[:len(line):len(line)]
}

// addLine is Add of an entry's JSON.
func (p *Page) addLine(line []byte, at audit.Position) bool {
	if len(p.JSON) == p.limit || p.bytes > 0 && len(p.JSON) > 0 && p.exact+len(line)+1 > p.bytes {
		p.More = true
		return false
	}
	if !p.weigh(lineWeight + len(line)) {
		return false
	}
	if p.JSON == nil {
		p.JSON = make([][]byte, 0, min(p.limit, audit.DefaultLimit))
	}
	p.JSON, p.Last, p.exact = append(p.JSON, line), at, p.exact+len(line)+1
	return true
}

// weigh has the call hold so many bytes more.
func (p *Page) weigh(n int) bool {
	if p.weighed += n; p.weighed < weighEvery {
		return true
	}
	if p.Err = admit.Take(p.ctx, p.weighed); p.Err != nil {
		return false
	}
	p.taken, p.weighed = p.taken+p.weighed, 0
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
