package block

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

func sortEntries(entries []*audit.Entry) {
	slices.SortFunc(entries, func(a, b *audit.Entry) int { return a.Position().Compare(b.Position()) })
}

// oddities are values that a coder of strings may trip over.
var oddities = []string{
	"", "0", "007", "+1", "-1", "1.50", "00", "12345678901234567890123", "18446744073709551616",
	"deadbeef", "DEADBEEF", "DeadBeef", "deadbee", "0xdeadbeef", "6f1d0c2", "6F1D0C2", "abc", "cafe12",
	"0b7c1234-5678-4abc-9def-0123456789ab", "0B7C1234-5678-4ABC-9DEF-0123456789AB", "0b7c1234-5678-4abc-9def-0123456789aB",
	"\x00", "\x01", "\x02\x01", "a\x01b\x02c\x03", "\x7f\u0080", "日本語 12", "١٢٣", "é1", "k8s", "x2x7k", "v1beta2",
	"101@10.0.0.5", "4411@10.0.0.7", "ada@cbc.ca", "bad@fed.ca", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6@192.168.1.10",
	"2026-05-04T08:15:30Z", "10.0.0.1", "::1", "fe80::1ff:fe23:4567:890a", "512Mi", "1h30m", "i-0abcd1234ef567890",
	"arn:aws:sts::218007301253:assumed-role/a/b", strings.Repeat("9", 300), strings.Repeat("ab1", 200), "ſtraße", "STRASSE", "İ",
}

// strange returns entries of odd values in every field.
func strange(seed uint64, n int) []*audit.Entry {
	r := rand.New(rand.NewPCG(seed, 2))
	odd := func() string {
		s := oddities[r.IntN(len(oddities))]
		if r.IntN(4) == 0 {
			s += oddities[r.IntN(len(oddities))]
		}
		if r.IntN(6) == 0 {
			s += fmt.Sprint(r.Uint64())
		}
		return s
	}
	entries := make([]*audit.Entry, n)
	for i := range entries {
		e := &audit.Entry{
			ID: int64(i + 1), Project: "acme",
			Actor:     audit.Actor{Email: odd(), Type: audit.ActorType(odd()), Label: odd()},
			Action:    odd(),
			Resource:  audit.Resource{Type: odd(), ID: odd(), Name: odd(), LocationID: odd()},
			Outcome:   audit.Outcome(odd()),
			Detail:    odd() + " " + odd(),
			Channel:   audit.Channel(odd()),
			Request:   audit.Request{IP: odd(), UserAgent: odd(), ID: odd()},
			Key:       odd(),
			CreatedAt: time.UnixMicro(r.Int64N(10) * r.Int64N(math.MaxInt64/1000)).UTC(),
		}
		e.RecordedAt = e.CreatedAt.Add(time.Duration(r.IntN(3)) * time.Second)
		if r.IntN(8) == 0 {
			e.CreatedAt = time.Date(1+r.IntN(9998), 1, 2, 3, 4, 5, 678000, time.UTC)
		}
		for range r.IntN(4) {
			e.Changes = append(e.Changes, audit.Change{Field: odd(), Old: odd(), New: odd()})
		}
		for range r.IntN(3) {
			if e.Metadata == nil {
				e.Metadata = map[string]string{}
			}
			e.Metadata[odd()] = odd()
		}
		if r.IntN(20) == 0 {
			e.Seq, e.RecordedBy = r.Int64(), odd()
		}
		entries[i] = e
	}
	sortEntries(entries)
	return entries
}

// uniform returns entries whose values all differ, so that no dictionary helps.
func uniform(seed uint64, n int) []*audit.Entry {
	g := newGenerator(seed, time.Second)
	entries := make([]*audit.Entry, n)
	for i := range entries {
		e := g.next()
		e.Actor.Email = g.hex(8) + "-person-with-a-long-name@example.org"
		e.Action = "a" + g.hex(20) + ".do"
		e.Resource = audit.Resource{Type: "T" + g.hex(9), ID: g.hex(30), Name: "name " + g.hex(5), LocationID: g.hex(2)}
		e.Detail = fmt.Sprintf("%s did %d to %s", g.hex(3), g.r.IntN(1e9), g.hex(17))
		e.Request = audit.Request{IP: fmt.Sprintf("%d.%d.%d.%d", g.r.IntN(256), g.r.IntN(256), g.r.IntN(256), g.r.IntN(256)), ID: g.uuid()}
		e.Key = g.uuid()
		e.Metadata = map[string]string{g.hex(4): g.hex(6), "commit": g.hex(40)}
		entries[i] = e
	}
	return entries
}

func TestRoundTripStrange(t *testing.T) {
	for _, n := range []int{1, 5, 64, 200, 1024} {
		checkRoundTrip(t, strange(uint64(n), n))
		checkRoundTrip(t, uniform(uint64(n), n))
	}
}

// TestRoundTripHuge has entries at the limit of 64 KiB, of text that does not
// compress and of names by the thousand.
func TestRoundTripHuge(t *testing.T) {
	entries := realistic(1, 40)
	g := newGenerator(2, time.Second)
	for i, e := range entries {
		switch i % 4 {
		case 0:
			e.Detail = g.hex(64 << 10)
		case 1:
			e.Metadata = map[string]string{}
			for k := range 1500 {
				e.Metadata[fmt.Sprintf("key %d %s", k, g.hex(4))] = g.hex(10)
			}
		case 2:
			for range 1500 {
				e.Changes = append(e.Changes, audit.Change{Field: g.hex(6), Old: "", New: g.hex(10)})
			}
		}
	}
	checkRoundTrip(t, entries)
}

// TestRoundTripLate has ids in no order, record times of batches, and times that repeat.
func TestRoundTripLate(t *testing.T) {
	g := newGenerator(9, 50*time.Millisecond)
	entries := make([]*audit.Entry, 1000)
	for i := range entries {
		e := g.next()
		e.CreatedAt = e.CreatedAt.Truncate(100 * time.Millisecond)
		e.ID = int64(i/200*1000 + (i*7919)%200)
		e.RecordedAt = time.UnixMicro(1_790_000_000_000_000 + int64(i/200)*300_001).UTC()
		entries[i] = e
	}
	sortEntries(entries)
	checkRoundTrip(t, entries)
}
