package format

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"auditlog/audit"
)

// The flag bits of a row.
const (
	rowServiceAccount = 1 << iota
	rowOwnTime        // createdAt follows; else it is the commit's time
	rowLabel
	rowRequest
	rowChanges
	rowMetadata
	rowKey
	rowFlags = 1<<iota - 1
)

// The codes of outcomes and channels in a row. They are stored: a code is never given
// to another value, and new values get new codes behind the last.
var (
	outcomeCodes = [...]audit.Outcome{1: audit.Success, 2: audit.Forbidden, 3: audit.Error}
	channelCodes = [...]audit.Channel{0: "", 1: audit.ChannelAPI, 2: audit.ChannelConsole, 3: audit.ChannelCLI, 4: audit.ChannelMCP}
)

// outcomeCode returns the code of a validated entry's outcome.
func outcomeCode(o audit.Outcome) byte { return byte(slices.Index(outcomeCodes[:], o)) }

// channelCode returns the code of a validated entry's channel.
func channelCode(c audit.Channel) byte { return byte(slices.Index(channelCodes[:], c)) }

// AppendRow appends the row of e: everything but its id, seq, project and recordedAt.
func AppendRow(b []byte, e *audit.Entry) []byte { return appendString(AppendInput(b, e), e.RecordedBy) }

// Input returns what AppendInput appended of the row of e.
func Input(row []byte, e *audit.Entry) []byte {
	n := uint64(len(e.RecordedBy))
	return row[:len(row)-len(e.RecordedBy)-(bits.Len64(n|1)+6)/7]
}

// AppendInput appends what the caller sent of e, which is its row but for the end: the same
// bytes for the same entry, and others for any other. createdAt is in there only where the
// caller gave it.
func AppendInput(b []byte, e *audit.Entry) []byte {
	flags := rowFlagsOf(e)
	b = append(b, flags, outcomeCode(e.Outcome), channelCode(e.Channel))
	if flags&rowOwnTime != 0 {
		b = binary.AppendVarint(b, e.CreatedAt.UnixMicro())
	}
	b = appendString(b, e.Actor.Email)
	b = appendString(b, e.Action)
	b = appendString(b, e.Resource.Type)
	b = appendString(b, e.Resource.ID)
	b = appendString(b, e.Resource.Name)
	b = appendString(b, e.Resource.LocationID)
	b = appendString(b, e.Detail)
	if flags&rowLabel != 0 {
		b = appendString(b, e.Actor.Label)
	}
	if flags&rowRequest != 0 {
		b = appendString(b, e.Request.IP)
		b = appendString(b, e.Request.UserAgent)
		b = appendString(b, e.Request.ID)
	}
	if flags&rowChanges != 0 {
		b = binary.AppendUvarint(b, uint64(len(e.Changes)))
		for i := range e.Changes {
			b = appendString(b, e.Changes[i].Field)
			b = appendString(b, e.Changes[i].Old)
			b = appendString(b, e.Changes[i].New)
		}
	}
	if flags&rowMetadata != 0 {
		b = binary.AppendUvarint(b, uint64(len(e.Metadata)))
		b = appendMetadata(b, e.Metadata)
	}
	if flags&rowKey != 0 {
		b = appendString(b, e.Key)
	}
	return b
}

// appendMetadata appends names and values in the order of the names.
func appendMetadata(b []byte, m map[string]string) []byte {
	var few [16]string
	names := few[:0]
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		b = appendString(b, k)
		b = appendString(b, m[k])
	}
	return b
}

// HasOwnTime reports whether a row holds the time of its entry, which else is that of the
// commit.
func HasOwnTime(row []byte) bool { return row[0]&rowOwnTime != 0 }

func rowFlagsOf(e *audit.Entry) byte {
	var flags byte
	set := func(on bool, bit byte) {
		if on {
			flags |= bit
		}
	}
	set(e.Actor.Type == audit.ServiceAccount, rowServiceAccount)
	set(!e.CreatedAt.IsZero(), rowOwnTime)
	set(e.Actor.Label != "", rowLabel)
	set(e.Request != audit.Request{}, rowRequest)
	set(len(e.Changes) > 0, rowChanges)
	set(len(e.Metadata) > 0, rowMetadata)
	set(e.Key != "", rowKey)
	return flags
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// reader takes values off the front of a string; the first failure sticks.
type reader struct {
	s   string
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrCorrupt, what)
	}
	r.s = ""
}

func (r *reader) byte() byte {
	if len(r.s) == 0 {
		r.fail("cut short")
		return 0
	}
	c := r.s[0]
	r.s = r.s[1:]
	return c
}

func (r *reader) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	r.fail("number too long")
	return 0
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count reads how many elements of at least size bytes follow.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.s)/size) {
		r.fail("count beyond the end")
		return 0
	}
	return int(n)
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.s)) {
		r.fail("string beyond the end")
		return ""
	}
	s := r.s[:n]
	r.s = r.s[n:]
	return s
}

// decodeRow reads what AppendRow wrote, and returns what of it AppendInput did. createdAt is the commit's time, for rows
// without one of their own. The entry's strings share row's memory.
func decodeRow(row string, createdAt time.Time) (e *audit.Entry, input string, err error) {
	r := &reader{s: row}
	flags, outcome, channel := r.byte(), r.byte(), r.byte()
	if flags&^rowFlags != 0 || outcome == 0 || int(outcome) >= len(outcomeCodes) || int(channel) >= len(channelCodes) {
		r.fail("unknown flag, outcome or channel")
	}
	if r.err != nil {
		return nil, "", r.err
	}
	e = &audit.Entry{CreatedAt: createdAt, Outcome: outcomeCodes[outcome], Channel: channelCodes[channel]}
	e.Actor.Type = audit.User
	if flags&rowServiceAccount != 0 {
		e.Actor.Type = audit.ServiceAccount
	}
	if flags&rowOwnTime != 0 {
		e.CreatedAt = time.UnixMicro(r.varint()).UTC()
	}
	e.Actor.Email, e.Action = r.string(), r.string()
	e.Resource = audit.Resource{Type: r.string(), ID: r.string(), Name: r.string(), LocationID: r.string()}
	e.Detail = r.string()
	r.optional(e, flags)
	input = row[:len(row)-len(r.s)]
	e.RecordedBy = r.string()
	if r.err == nil && r.s != "" {
		r.fail("bytes left over")
	}
	return e, input, r.err
}

// optional reads the parts of a row that its flags announce.
func (r *reader) optional(e *audit.Entry, flags byte) {
	if flags&rowLabel != 0 {
		e.Actor.Label = r.string()
	}
	if flags&rowRequest != 0 {
		e.Request = audit.Request{IP: r.string(), UserAgent: r.string(), ID: r.string()}
	}
	if flags&rowChanges != 0 {
		e.Changes = make([]audit.Change, r.count(3))
		for i := range e.Changes {
			e.Changes[i] = audit.Change{Field: r.string(), Old: r.string(), New: r.string()}
		}
	}
	if flags&rowMetadata != 0 {
		n := r.count(2)
		e.Metadata = make(map[string]string, n)
		for range n {
			k := r.string()
			e.Metadata[k] = r.string()
		}
	}
	if flags&rowKey != 0 {
		e.Key = r.string()
	}
}
