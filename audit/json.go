package audit

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"
)

// AppendJSON appends the canonical JSON of e: members in the order of the Entry
// type, optional ones left out when empty, metadata sorted by the bytes of its
// names, no white space, strings escaped as RFC 8785 has it, times in UTC with
// six digits of a second. It is fixed byte for byte: proofs hash it.
func (e *Entry) AppendJSON(b []byte) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, e.ID, 10)
	b = append(b, `,"seq":`...)
	b = strconv.AppendInt(b, e.Seq, 10)
	b = append(b, ',')
	b = e.appendContent(b)
	b = append(b, `,"createdAt":`...)
	b = AppendTime(b, e.CreatedAt)
	b = append(b, `,"recordedAt":`...)
	b = AppendTime(b, e.RecordedAt)
	b = appendMember(b, `,"recordedBy":`, e.RecordedBy)
	return append(b, '}')
}

// AppendInput appends the JSON of e as a caller sends it to be recorded: the
// canonical JSON without what the log itself gives, and without a zero CreatedAt.
func (e *Entry) AppendInput(b []byte) []byte {
	b = e.appendContent(append(b, '{'))
	if !e.CreatedAt.IsZero() {
		b = append(b, `,"createdAt":`...)
		b = AppendTime(b, e.CreatedAt)
	}
	return append(b, '}')
}

// appendContent appends the members of e that both the caller knows and the log.
func (e *Entry) appendContent(b []byte) []byte {
	b = appendMember(b, `"project":`, e.Project)
	b = appendMember(b, `,"actor":{"email":`, e.Actor.Email)
	b = appendMember(b, `,"type":`, string(e.Actor.Type))
	b = appendOptional(b, `,"label":`, e.Actor.Label)
	b = appendMember(b, `},"action":`, e.Action)
	b = appendMember(b, `,"resource":{"type":`, e.Resource.Type)
	b = appendMember(b, `,"id":`, e.Resource.ID)
	b = appendMember(b, `,"name":`, e.Resource.Name)
	b = appendMember(b, `,"locationId":`, e.Resource.LocationID)
	b = appendMember(b, `},"outcome":`, string(e.Outcome))
	b = appendMember(b, `,"detail":`, e.Detail)
	b = appendOptional(b, `,"channel":`, string(e.Channel))
	b = e.Request.appendJSON(b)
	if len(e.Changes) > 0 {
		b = AppendChanges(append(b, `,"changes":`...), e.Changes)
	}
	if len(e.Metadata) > 0 {
		b = AppendMetadata(append(b, `,"metadata":`...), e.Metadata)
	}
	return appendOptional(b, `,"key":`, e.Key)
}

// MarshalJSON returns the canonical JSON of e. Beware that json.Marshal escapes
// '<', '>' and '&' in what it gets from here: what is hashed or compared is
// made by AppendJSON.
func (e Entry) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

func (r *Request) appendJSON(b []byte) []byte {
	if *r == (Request{}) {
		return b
	}
	b = append(b, `,"request":{`...)
	n := len(b)
	b = appendOptional(b, `,"ip":`, r.IP)
	b = appendOptional(b, `,"userAgent":`, r.UserAgent)
	b = appendOptional(b, `,"id":`, r.ID)
	b = slices.Delete(b, n, n+1) // the first comma
	return append(b, '}')
}

// AppendChanges appends changes as they are in the canonical JSON of an entry.
func AppendChanges(b []byte, changes []Change) []byte {
	b = append(b, '[')
	for i := range changes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMember(b, `{"field":`, changes[i].Field)
		b = appendMember(b, `,"old":`, changes[i].Old)
		b = appendMember(b, `,"new":`, changes[i].New)
		b = append(b, '}')
	}
	return append(b, ']')
}

// AppendMetadata appends metadata as they are in the canonical JSON of an entry.
func AppendMetadata(b []byte, m map[string]string) []byte {
	b = append(b, '{')
	for i, k := range sortedKeys(m) {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, k)
		b = appendMember(b, `:`, m[k])
	}
	return append(b, '}')
}

// sortedKeys returns m's keys in byte order, without an allocation for a few.
func sortedKeys(m map[string]string) []string {
	var few [8]string
	keys := few[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func appendOptional(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return appendMember(b, name, s)
}

func appendMember(b []byte, name, s string) []byte {
	return AppendString(append(b, name...), s)
}

// timeLayout keeps six digits always, so that times sort as text.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// FormatTime returns t as the log writes times.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// AppendTime appends t in quotes, as the log writes times. It is what AppendFormat does, which takes most
// of the time that an entry's JSON takes.
func AppendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return append(t.AppendFormat(append(b, '"'), timeLayout), '"')
	}
	hour, minute, second := t.Clock()
	micros := t.Nanosecond() / 1000
	b = append(b, `"0000-00-00T00:00:00.000000Z"`...)
	d := b[len(b)-len(`0000-00-00T00:00:00.000000Z"`):]
	twoDigits(d[0:], year/100)
	twoDigits(d[2:], year%100)
	twoDigits(d[5:], int(month))
	twoDigits(d[8:], day)
	twoDigits(d[11:], hour)
	twoDigits(d[14:], minute)
	twoDigits(d[17:], second)
	twoDigits(d[20:], micros/10_000)
	twoDigits(d[22:], micros/100%100)
	twoDigits(d[24:], micros%100)
	return b
}

// twoDigits writes n, which is less than 100.
func twoDigits(b []byte, n int) {
	b[0], b[1] = byte('0'+n/10), byte('0'+n%10)
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string with the escapes of RFC 8785 section 3.2.2.2.
func AppendString(b []byte, s string) []byte {
	if plain(s) {
		b = append(append(b, '"'), s...)
		return append(b, '"')
	}
	return appendEscaped(b, s)
}

// plain reports whether nothing in s needs an escape. It looks at eight bytes at a
// time, at some of them twice where they do not come out even.
func plain(s string) bool {
	b, n := []byte(s), len(s) // which is no copy, as it is only read
	switch {
	case n >= 8:
		special := anySpecial(binary.LittleEndian.Uint64(b[n-8:]))
		for ; len(b) > 8; b = b[8:] {
			special |= anySpecial(binary.LittleEndian.Uint64(b))
		}
		return special == 0
	case n >= 4:
		first, last := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[n-4:])
		return anySpecial(uint64(first)|uint64(last)<<32) == 0
	}
	for _, c := range b {
		if c < 0x20 || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// anySpecial returns 0 unless one of the eight bytes of v needs an escape. Of a byte
// less than n, and not over 0x7f, subtracting n sets the highest bit; what is borrowed
// from the bytes above it is of no matter, as there is one to escape already. With
// the bit 2 the other way round, control characters and the quote are those up to 0x20.
func anySpecial(v uint64) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	return (((v ^ 2*each) - 0x21*each) | ((v ^ '\\'*each) - each)) &^ v & high
}

func appendEscaped(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\t':
			b = append(b, '\\', 't')
		case '\n':
			b = append(b, '\\', 'n')
		case '\f':
			b = append(b, '\\', 'f')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
