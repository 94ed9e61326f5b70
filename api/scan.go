package api

import (
	"bytes"
	"hash/maphash"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"auditlog/audit"
)

// scanner reads entries as well-behaved clients write them, several times faster
// than a JSON package can. It knows no errors: whatever it does not expect, be it
// wrong or only unusual, it leaves to decodeEntry and decodeBatch, which read the
// same bytes again and word what is wrong. A fuzz target holds that it never
// reads anything that they do not read alike.
type scanner struct {
	b       []byte
	i       int // of the next byte
	strings internTable
	scratch []byte
	slab    []audit.Entry // not given out yet
}

// slabSize is how many entries are allocated at once.
const slabSize = 16

// reset begins with other bytes.
func (s *scanner) reset(b []byte) { s.b, s.i = b, 0 }

// one reads a single entry and nothing else.
func (s *scanner) one(b []byte) (*audit.Entry, bool) {
	s.reset(b)
	e := s.alloc()
	return e, s.entry(e) && s.atEnd()
}

// batch reads {"entries":[…]} and nothing else, up to audit.MaxBatch.
func (s *scanner) batch(b []byte) ([]*audit.Entry, bool) {
	s.reset(b)
	var entries []*audit.Entry
	ok := s.object(func(name []byte) bool {
		return string(name) == "entries" && entries == nil && s.list(func() bool {
			e := s.alloc()
			entries = append(entries, e)
			return len(entries) <= audit.MaxBatch && s.entry(e)
		})
	})
	return entries, ok && entries != nil && s.atEnd()
}

// alloc returns a zero entry.
func (s *scanner) alloc() *audit.Entry {
	if len(s.slab) == 0 {
		s.slab = make([]audit.Entry, slabSize)
	}
	e := &s.slab[0]
	s.slab = s.slab[1:]
	return e
}

// fields are the members that an object had already, a bit each.
type fields uint16

// first reports whether a member comes for the first time.
func (f *fields) first(bit fields) bool {
	if *f&bit != 0 {
		return false
	}
	*f |= bit
	return true
}

func (s *scanner) entry(e *audit.Entry) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "project":
			return seen.first(1<<0) && s.name(&e.Project)
		case "actor":
			return seen.first(1<<1) && s.actor(&e.Actor)
		case "action":
			return seen.first(1<<2) && s.name(&e.Action)
		case "resource":
			return seen.first(1<<3) && s.resource(&e.Resource)
		case "outcome":
			return seen.first(1<<4) && s.name((*string)(&e.Outcome))
		case "detail":
			return seen.first(1<<5) && s.text(&e.Detail)
		case "channel":
			return seen.first(1<<6) && s.name((*string)(&e.Channel))
		case "request":
			return seen.first(1<<7) && s.request(&e.Request)
		case "changes":
			return seen.first(1<<8) && s.changes(&e.Changes)
		case "metadata":
			return seen.first(1<<9) && s.metadata(&e.Metadata)
		case "key":
			return seen.first(1<<10) && s.text(&e.Key)
		case "createdAt":
			return seen.first(1<<11) && s.time(&e.CreatedAt)
		}
		return false
	})
}

func (s *scanner) actor(a *audit.Actor) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "email":
			return seen.first(1<<0) && s.name(&a.Email)
		case "type":
			return seen.first(1<<1) && s.name((*string)(&a.Type))
		case "label":
			return seen.first(1<<2) && s.name(&a.Label)
		}
		return false
	})
}

func (s *scanner) resource(r *audit.Resource) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "type":
			return seen.first(1<<0) && s.name(&r.Type)
		case "id":
			return seen.first(1<<1) && s.name(&r.ID)
		case "name":
			return seen.first(1<<2) && s.name(&r.Name)
		case "locationId":
			return seen.first(1<<3) && s.name(&r.LocationID)
		}
		return false
	})
}

func (s *scanner) request(r *audit.Request) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "ip":
			return seen.first(1<<0) && s.name(&r.IP)
		case "userAgent":
			return seen.first(1<<1) && s.name(&r.UserAgent)
		case "id":
			return seen.first(1<<2) && s.text(&r.ID)
		}
		return false
	})
}

// manyParts is from how many changes or metadata on an entry is unusual.
const manyParts = 1000

func (s *scanner) changes(list *[]audit.Change) bool {
	return s.list(func() bool {
		*list = append(*list, audit.Change{})
		return len(*list) <= manyParts && s.change(&(*list)[len(*list)-1])
	})
}

func (s *scanner) change(c *audit.Change) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "field":
			return seen.first(1<<0) && s.name(&c.Field)
		case "old":
			return seen.first(1<<1) && s.text(&c.Old)
		case "new":
			return seen.first(1<<2) && s.text(&c.New)
		}
		return false
	})
}

func (s *scanner) metadata(m *map[string]string) bool {
	*m = make(map[string]string)
	return s.object(func(name []byte) bool {
		if _, twice := (*m)[string(name)]; twice || len(*m) == manyParts {
			return false
		}
		k, v := s.strings.get(name), ""
		ok := s.text(&v)
		(*m)[k] = v
		return ok
	})
}

// time reads a time of RFC 3339 in UTC.
func (s *scanner) time(t *time.Time) bool {
	b, ok := s.str()
	return ok && isUTC(b) && t.UnmarshalText(b) == nil
}

// isUTC reports whether b has the form 2026-05-04T08:15:30Z, with or without a
// fraction. UnmarshalText takes more than RFC 3339 does, but not in this form.
func isUTC(b []byte) bool {
	const form = "0000-00-00T00:00:00"
	if len(b) < len(form)+1 || len(b) > len(form)+len(".000000000Z") || b[len(b)-1] != 'Z' {
		return false
	}
	for i := range len(form) {
		if form[i] == '0' && (b[i] < '0' || b[i] > '9') || form[i] != '0' && b[i] != form[i] {
			return false
		}
	}
	fraction := b[len(form) : len(b)-1]
	return len(fraction) == 0 || len(fraction) > 1 && fraction[0] == '.'
}

// name reads a string of which there are few different ones.
func (s *scanner) name(v *string) bool {
	b, ok := s.str()
	if ok {
		*v = s.strings.get(b)
	}
	return ok
}

// text reads a string of which no two are alike.
func (s *scanner) text(v *string) bool {
	b, ok := s.str()
	if ok {
		*v = string(b)
	}
	return ok
}

// object reads an object, calling member after each name for its value.
func (s *scanner) object(member func(name []byte) bool) bool {
	if !s.skip('{') {
		return false
	}
	if s.skip('}') {
		return true
	}
	for {
		name, ok := s.str()
		if !ok || !s.skip(':') || !member(name) {
			return false
		}
		if !s.skip(',') {
			return s.skip('}')
		}
	}
}

// list reads a list, calling item for each value.
func (s *scanner) list(item func() bool) bool {
	if !s.skip('[') {
		return false
	}
	if s.skip(']') {
		return true
	}
	for {
		if !item() {
			return false
		}
		if !s.skip(',') {
			return s.skip(']')
		}
	}
}

// skip passes white space and then c, or only the white space when c is not next.
func (s *scanner) skip(c byte) bool {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case c:
			s.i++
			return true
		case ' ', '\n', '\t', '\r':
			s.i++
		default:
			return false
		}
	}
	return false
}

// atEnd reports whether only white space is left.
func (s *scanner) atEnd() bool { return len(bytes.TrimLeft(s.b[s.i:], " \n\t\r")) == 0 }

// str reads a string and returns its bytes until the next call.
func (s *scanner) str() ([]byte, bool) {
	if !s.skip('"') {
		return nil, false
	}
	start, ascii := s.i, true
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			v := s.b[start:s.i]
			s.i++
			return v, ascii || utf8.Valid(v)
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
		s.i++
	}
	return nil, false
}

// escaped reads the string that begins at start and has an escape at s.i.
func (s *scanner) escaped(start int) ([]byte, bool) {
	for s.i < len(s.b) && s.b[s.i] != '"' {
		if s.b[s.i] == '\\' {
			s.i++
		}
		s.i++
	}
	if s.i >= len(s.b) {
		return nil, false
	}
	s.i++
	var err error
	s.scratch, err = jsontext.AppendUnquote(s.scratch[:0], s.b[start-1:s.i])
	return s.scratch, err == nil
}

// internTable remembers strings, so that a value which many entries share is in
// memory once. Its zero value is ready.
type internTable struct {
	seed maphash.Seed
	set  bool
	t    [1024]string
}

// maxInterned bounds what the table can hold on to.
const maxInterned = 64

func (t *internTable) get(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > maxInterned {
		return string(b)
	}
	if !t.set {
		t.seed, t.set = maphash.MakeSeed(), true
	}
	slot := &t.t[maphash.Bytes(t.seed, b)%uint64(len(t.t))]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}
