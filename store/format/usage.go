package format

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Usage is how much a project or a token has recorded that is in blocks, in bytes of rows.
type Usage struct {
	Total int64
	// Today is what was recorded on the day Day, which is the last on which something was.
	Day, Today int64
}

// DayOf returns the number of the day of UTC that a time lies in.
func DayOf(t time.Time) int64 { return t.Unix() / daySeconds }

// DayAfter returns when the next day begins.
func DayAfter(t time.Time) time.Time { return time.Unix((DayOf(t)+1)*daySeconds, 0) }

const daySeconds = 24 * 60 * 60

// On returns what was recorded on the day of a time, which is not before Day.
func (u *Usage) On(t time.Time) int64 {
	if DayOf(t) != u.Day {
		return 0
	}
	return u.Today
}

// Add counts bytes that were recorded on a day.
func (u *Usage) Add(bytes, day int64) {
	u.Total += bytes
	if day > u.Day {
		u.Day, u.Today = day, 0
	}
	if day == u.Day {
		u.Today += bytes
	}
}

// What a key of the usage bucket begins with.
const (
	usageProject = 'p'
	usageToken   = 't'
)

// ProjectUsageKey returns the key of a project's usage, TokenUsageKey that of a token's, by what
// its entries have as recordedBy.
func ProjectUsageKey(p ProjectID) []byte { return append([]byte{usageProject}, ProjectPrefix(p)...) }

// TokenUsageKey is the one of tokens.
func TokenUsageKey(recordedBy string) []byte { return append([]byte{usageToken}, recordedBy...) }

// ParseUsageKey reads a key: token is empty where it is a project's.
func ParseUsageKey(key []byte) (p ProjectID, token string, err error) {
	switch {
	case len(key) == 5 && key[0] == usageProject:
		return ProjectID(binary.BigEndian.Uint32(key[1:])), "", nil
	case len(key) > 1 && key[0] == usageToken:
		return 0, string(key[1:]), nil
	}
	return 0, "", fmt.Errorf("usage %x: %w: unknown key", key, ErrCorrupt)
}

const usageVersion = 1

// EncodeUsage returns the value of a key.
func EncodeUsage(key []byte, u Usage) []byte {
	b := []byte{usageVersion}
	for _, n := range []int64{u.Total, u.Day, u.Today} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return appendSum(key, b)
}

// DecodeUsage reads what EncodeUsage wrote under a key; a nil value is none.
func DecodeUsage(key, value []byte) (u Usage, err error) {
	if value == nil {
		return Usage{}, nil
	}
	b, err := cutSum(key, value, 1)
	if err != nil {
		return Usage{}, fmt.Errorf("usage %x: %w", key, err)
	}
	r := &reader{s: string(b[1:])}
	if b[0] != usageVersion {
		r.fail("unknown version")
	}
	for _, n := range []*int64{&u.Total, &u.Day, &u.Today} {
		*n = int64(r.uvarint())
	}
	if r.err == nil && (r.s != "" || u.Total < 0 || u.Day < 0 || u.Today < 0 || u.Today > u.Total) {
		r.fail("no usage")
	}
	if r.err != nil {
		return Usage{}, fmt.Errorf("usage %x: %w", key, r.err)
	}
	return u, nil
}
