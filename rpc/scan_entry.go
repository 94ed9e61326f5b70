package rpc

import (
	"time"

	"auditlog/audit"
)

// One reads an entry as it is sent to be recorded, and nothing else.
func (s *Scanner) One(b []byte) (*audit.Entry, bool) {
	s.reset(b)
	e := s.alloc()
	ok := s.entry(e, false) && s.atEnd()
	s.b = nil // it can be large, and s be kept
	return e, ok
}

// Batch reads {"entries":[…]} and nothing else, up to audit.MaxBatch.
func (s *Scanner) Batch(b []byte) ([]*audit.Entry, bool) {
	s.reset(b)
	var entries []*audit.Entry
	ok := s.object(func(name []byte) bool {
		return string(name) == "entries" && entries == nil && s.list(func() bool {
			e := s.alloc()
			entries = append(entries, e)
			return len(entries) <= audit.MaxBatch && s.entry(e, false)
		})
	})
	ok = ok && entries != nil && s.atEnd()
	s.b = nil
	return entries, ok
}

// entry reads an entry. A recorded one has what the log itself gives.
func (s *Scanner) entry(e *audit.Entry, recorded bool) bool {
	start := s.i
	if s.canonical(e, recorded) {
		return true
	}
	s.i, *e = start, audit.Entry{}
	return s.anyEntry(e, recorded)
}

// canonical reads an entry whose members stand in the order that Entry.AppendJSON
// and AppendInput give them, without white space: as package client sends entries,
// and as the log answers with them.
func (s *Scanner) canonical(e *audit.Entry, recorded bool) bool {
	if recorded {
		if !s.literal(`{"id":`) || !s.number(&e.ID) ||
			!s.literal(`,"seq":`) || !s.number(&e.Seq) || !s.member(`,"project":"`, &e.Project) {
			return false
		}
	} else if !s.member(`{"project":"`, &e.Project) {
		return false
	}
	return s.canonicalActor(&e.Actor) && s.member(`},"action":"`, &e.Action) &&
		s.canonicalResource(&e.Resource) && s.member(`},"outcome":"`, (*string)(&e.Outcome)) &&
		s.literal(`,"detail":`) && s.text(&e.Detail) &&
		(!s.ahead(`,"channel":"`) || s.member(`,"channel":"`, (*string)(&e.Channel))) &&
		s.canonicalRequest(&e.Request) &&
		(!s.literal(`,"changes":`) || s.changes(&e.Changes)) &&
		(!s.literal(`,"metadata":`) || s.metadata(&e.Metadata)) &&
		(!s.literal(`,"key":`) || s.text(&e.Key)) &&
		(!s.literal(`,"createdAt":`) || s.time(&e.CreatedAt)) &&
		(!recorded || s.literal(`,"recordedAt":`) && s.time(&e.RecordedAt) &&
			s.member(`,"recordedBy":"`, &e.RecordedBy)) &&
		s.literal(`}`)
}

func (s *Scanner) canonicalActor(a *audit.Actor) bool {
	return s.member(`,"actor":{"email":"`, &a.Email) && s.member(`,"type":"`, (*string)(&a.Type)) &&
		(!s.ahead(`,"label":"`) || s.member(`,"label":"`, &a.Label))
}

func (s *Scanner) canonicalResource(r *audit.Resource) bool {
	return s.member(`,"resource":{"type":"`, &r.Type) && s.member(`,"id":"`, &r.ID) &&
		s.member(`,"name":"`, &r.Name) && s.member(`,"locationId":"`, &r.LocationID)
}

// canonicalRequest reads the request of an entry if there is one.
func (s *Scanner) canonicalRequest(r *audit.Request) bool {
	if !s.ahead(`,"request":{"ip":"`) {
		return !s.literal(`,"request":`) || s.request(r)
	}
	return s.member(`,"request":{"ip":"`, &r.IP) &&
		(!s.ahead(`,"userAgent":"`) || s.member(`,"userAgent":"`, &r.UserAgent)) &&
		(!s.literal(`,"id":`) || s.text(&r.ID)) && s.literal(`}`)
}

// member reads l, which ends with the quote that begins a string of which there are
// few different ones, and the string. It is literal and name in half the time.
func (s *Scanner) member(l string, v *string) bool {
	if !s.ahead(l) {
		return false
	}
	start := s.i + len(l)
	end := start + usual(s.b[start:])
	if end == len(s.b) || s.b[end] != '"' {
		s.i = start - 1
		return s.name(v)
	}
	s.i = end + 1
	if s.whole != "" {
		*v = s.whole[start:end]
	} else {
		*v = s.names.get(s.b[start:end])
	}
	return true
}

// ahead reports whether l is what comes next.
func (s *Scanner) ahead(l string) bool {
	return len(s.b)-s.i >= len(l) && string(s.b[s.i:s.i+len(l)]) == l
}

// literal passes l, or nothing when l is not what comes next.
func (s *Scanner) literal(l string) bool {
	if !s.ahead(l) {
		return false
	}
	s.i += len(l)
	return true
}

// anyEntry reads an entry whose members stand in any order.
func (s *Scanner) anyEntry(e *audit.Entry, recorded bool) bool {
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
		case "id":
			return recorded && seen.first(1<<12) && s.number(&e.ID)
		case "recordedAt":
			return recorded && seen.first(1<<13) && s.time(&e.RecordedAt)
		case "seq":
			return recorded && seen.first(1<<14) && s.number(&e.Seq)
		case "recordedBy":
			return recorded && seen.first(1<<15) && s.name(&e.RecordedBy)
		}
		return false
	})
}

func (s *Scanner) actor(a *audit.Actor) bool {
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

func (s *Scanner) resource(r *audit.Resource) bool {
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

func (s *Scanner) request(r *audit.Request) bool {
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

func (s *Scanner) changes(list *[]audit.Change) bool {
	*list = []audit.Change{} // also when there are none, as a JSON package has it
	return s.list(func() bool {
		*list = append(*list, audit.Change{})
		return len(*list) <= manyParts && s.change(&(*list)[len(*list)-1])
	})
}

func (s *Scanner) change(c *audit.Change) bool {
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

func (s *Scanner) metadata(m *map[string]string) bool {
	*m = make(map[string]string)
	return s.object(func(name []byte) bool {
		if _, twice := (*m)[string(name)]; twice || len(*m) == manyParts {
			return false
		}
		k, v := s.names.get(name), ""
		ok := s.text(&v)
		(*m)[k] = v
		return ok
	})
}

// time reads a time of RFC 3339 in UTC.
func (s *Scanner) time(t *time.Time) bool {
	b, ok := s.str()
	if !ok || s.unescaped { // which package time does not take
		return false
	}
	if at, ok := microTime(b); ok {
		*t = at
		return true
	}
	return isUTC(b) && t.UnmarshalText(b) == nil
}

// microTime reads a time as the log writes it, 2026-05-04T08:15:30.123456Z, in a
// fraction of the time that package time takes.
func microTime(b []byte) (time.Time, bool) {
	if len(b) != len("0000-00-00T00:00:00.000000Z") || b[4] != '-' || b[7] != '-' || b[10] != 'T' ||
		b[13] != ':' || b[16] != ':' || b[19] != '.' || b[26] != 'Z' {
		return time.Time{}, false
	}
	century, year := twoDigits(b[0:]), twoDigits(b[2:])
	month, day := twoDigits(b[5:]), twoDigits(b[8:])
	hour, minute, second := twoDigits(b[11:]), twoDigits(b[14:]), twoDigits(b[17:])
	micros, m2, m3 := twoDigits(b[20:]), twoDigits(b[22:]), twoDigits(b[24:])
	if century > 99 || year > 99 || month-1 > 11 || day-1 > 30 || hour > 23 || minute > 59 || second > 59 ||
		micros > 99 || m2 > 99 || m3 > 99 {
		return time.Time{}, false
	}
	micros = (micros*100+m2)*100 + m3
	t := time.Date(int(century*100+year), time.Month(month), int(day), int(hour), int(minute), int(second), int(micros)*1000, time.UTC)
	return t, day <= 28 || t.Day() == int(day) // or else the month has no such day
}

// twoDigits returns the number that b begins with, or more than 99 where it begins
// with anything but two digits.
func twoDigits(b []byte) uint {
	_ = b[1]
	tens, ones := uint(b[0])-'0', uint(b[1])-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return tens*10 + ones
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
