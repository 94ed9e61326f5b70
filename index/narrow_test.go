package index

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/fulltext"
)

// drawAddress draws an address as somebody writes one.
func drawAddress(t *rapid.T) string {
	b := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 9, 113, 203, 255}), 4, 4).Draw(t, "bytes")
	v4 := netip.AddrFrom4([4]byte(b))
	v6 := netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, b[0], 0, b[1], 0, 0, 0, 0, 0, b[2], 0, 0, b[3]})
	return rapid.SampledFrom([]string{v4.String(), "::ffff:" + v4.String(), netip.AddrFrom16(v4.As16()).StringExpanded(),
		v6.String(), v6.StringExpanded(), v6.String() + "%eth0", "host-" + v4.String()}).Draw(t, "address")
}

// Whatever address is in a range that filters ask for has the hash that the index looks for.
func TestRangesAreNarrowedExactly(t *testing.T) {
	inside := 0
	rapid.Check(t, func(t *rapid.T) {
		value, asked := drawAddress(t), drawAddress(t)
		if a, err := netip.ParseAddr(value); err == nil && rapid.Bool().Draw(t, "same") {
			asked = a.Unmap().WithZone("").String()
		}
		if ip, err := netip.ParseAddr(asked); err == nil && ip.Zone() == "" {
			asked = fmt.Sprintf("%s/%d", asked, rapid.IntRange(0, ip.BitLen()).Draw(t, "bits"))
		}
		a, err := audit.ParseAddresses(asked)
		if err != nil {
			t.Fatal(err)
		}
		in, ok := a.Range()
		hash, known := rangeHash(in)
		if !ok || !known || !a.Contain(value) {
			return
		}
		inside++
		found := false
		eachRange(value, func(h uint32) { found = found || h == hash })
		if !found {
			t.Errorf("%s is in %s, but lacks its hash", value, asked)
		}
	})
	if inside == 0 && !testing.Short() { // short runs draw few
		t.Error("no address was in a range")
	}
}

// The index names the blocks that have an id, a key or an address, and few others.
func TestNarrow(t *testing.T) {
	l := newMemoryLog()
	for i := range 200 {
		l.put(key(1, int64(i+1)), fmt.Sprintf("198.51.%d.%d", i/100, i%100), fmt.Sprintf("2001:db8:%x::1", i), "::ffff:203.0.113.7")
	}
	r := start(t, testConfig(t.TempDir()+"/index", wholes{l}))
	r.caughtUp()
	for _, test := range []struct {
		exact fulltext.Exact
		want  int
	}{
		{fulltext.Exact{Whole: []string{"id-7"}}, 1},
		{fulltext.Exact{Whole: []string{"id-7", "key-7"}}, 1},
		{fulltext.Exact{Whole: []string{"id-7", "key-8"}}, 0},
		{fulltext.Exact{Whole: []string{"id"}}, 0},
		{fulltext.Exact{Addresses: netip.MustParsePrefix("198.51.1.7/32")}, 1},
		{fulltext.Exact{Addresses: netip.MustParsePrefix("198.51.1.0/24")}, 100},
		{fulltext.Exact{Addresses: netip.MustParsePrefix("198.51.0.0/16")}, 200},
		{fulltext.Exact{Addresses: netip.MustParsePrefix("203.0.113.7/32")}, 200},
		{fulltext.Exact{Addresses: netip.MustParsePrefix("192.0.2.0/24")}, 0},
		{fulltext.Exact{Addresses: netip.MustParsePrefix("2001:db8:9::/48")}, 1},
		{fulltext.Exact{Addresses: netip.MustParsePrefix("2001:db8::/32")}, 200},
		{fulltext.Exact{Whole: []string{"id-7"}, Addresses: netip.MustParsePrefix("198.51.0.7/32")}, 1},
	} {
		keys, _, ok, err := inProject(context.Background(), r.Narrow(test.exact), 1, everything, 0)
		if !ok || err != nil || len(keys) < test.want || len(keys) > test.want+5 {
			t.Errorf("%+v: %d blocks, %t, %v; want %d", test.exact, len(keys), ok, err, test.want)
		}
		if test.want == 1 && !slices.ContainsFunc(keys, func(k fulltext.BlockKey) bool { return k.ID == 8 || k.ID == 108 || k.ID == 10 }) {
			t.Errorf("%+v: %v", test.exact, keys)
		}
	}
	for _, wide := range []string{"0.0.0.0/0", "128.0.0.0/7", "2000::/16"} {
		if _, _, ok, err := inProject(context.Background(), r.Narrow(fulltext.Exact{Addresses: netip.MustParsePrefix(wide)}), 1, everything, 0); ok || err != nil {
			t.Errorf("%s: narrowed, %t, %v", wide, ok, err)
		}
	}
}

// wholes is a log whose block i has id-i and key-i as values that are found whole.
type wholes struct{ *memoryLog }

func (l wholes) BlockTexts(key fulltext.BlockKey, fn, whole func(string)) (bool, error) {
	whole(fmt.Sprintf("id-%d", key.ID-1))
	whole(fmt.Sprintf("key-%d", key.ID-1))
	return l.memoryLog.BlockTexts(key, fn, whole)
}

// An address that stands in a text is found by a hash of its own, and so are few other blocks.
func TestAddressesInTexts(t *testing.T) {
	l := newMemoryLog()
	for i := range 300 {
		l.put(key(1, int64(i+1)), fmt.Sprintf("refused 10.0.%d.9:443 and 10.1.2.%d, [10.1.2.3.%d]", i%250, i%200, i), "10.1.0.9 10.0.2.3 2.3.9")
	}
	r := start(t, testConfig(t.TempDir()+"/index", l))
	r.caughtUp()
	for query, want := range map[string]int{
		"10.0.7.9": 2, "10.0.7.9:443": 2, "10.1.2.3": 300, "10.1.2.150": 1, "1.2.3.299": 1, "10.1.2.3.299": 1, "10.1.0.9": 300,
		"10.0.2.9": 2, "10.0.0.3": 0, "10.2.0.9": 0,
	} {
		if got := len(r.find(1, query)); got < want || got > want+6 {
			t.Errorf("%s: %d blocks, want %d", query, got, want)
		}
	}
}
