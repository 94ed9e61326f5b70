package format

import (
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// What the bytes of a row mean is fixed: a round trip is content with any codec that undoes
// what it did, these are not.

func pin(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if g := hex.EncodeToString(got); g != want {
		t.Errorf("%s is encoded as\n%s\nit was\n%s", what, g, want)
	}
}

func TestPinnedRows(t *testing.T) {
	full := audittest.Full()
	row := AppendRow(nil, full)
	pin(t, "a full row", row, "7f030482809abbd1b9a9060361646103612e6201540134016e01780164016c033a3a3101750172010166016f016e0101"+
		"6b0176036b6579083066334b7851395a")
	got, _, err := decodeRow(string(row), full.RecordedAt)
	if err != nil {
		t.Fatal(err)
	}
	got.ID, got.Seq, got.Project, got.RecordedAt = full.ID, full.Seq, full.Project, full.RecordedAt
	if g, w := string(got.AppendJSON(nil)), string(full.AppendJSON(nil)); g != w {
		t.Errorf("read as\n%s\nwant\n%s", g, w)
	}
	codes := map[audit.Outcome]byte{audit.Success: 1, audit.Forbidden: 2, audit.Error: 3}
	for _, o := range audit.Outcomes() {
		if outcomeCode(o) != codes[o] || codes[o] == 0 {
			t.Errorf("the code of %s is %d, it was %d", o, outcomeCode(o), codes[o])
		}
	}
	channels := map[audit.Channel]byte{audit.ChannelAPI: 1, audit.ChannelConsole: 2, audit.ChannelCLI: 3, audit.ChannelMCP: 4}
	for _, c := range audit.Channels() {
		if channelCode(c) != channels[c] || channels[c] == 0 {
			t.Errorf("the code of %s is %d, it was %d", c, channelCode(c), channels[c])
		}
	}

	tail := &TailRow{}
	tail.Reset(7, full.RecordedAt)
	bare := &audit.Entry{Actor: audit.Actor{Email: "b", Type: audit.User}, Action: "c.d", Outcome: audit.Success}
	for i, p := range []ProjectID{3, 300, 3} {
		tail.Add(p, int64(300+i), AppendRow(nil, []*audit.Entry{full, bare, bare}[i]))
	}
	pin(t, "a tail row", tail.Encode(), "01000652e68bb340090307ac02407f030482809abbd1b9a9060361646103612e6201540134016e01780164016c033a3a"+
		"3101750172010166016f016e01016b0176036b6579083066334b7851395ad904ad020f000100016203632e6400000000"+
		"000007ae020f000100016203632e64000000000000bb901066")
}

// pinnedParts are entries with one optional part each, by the flag that announces it.
func pinnedParts() map[byte]*audit.Entry {
	with := func(change func(*audit.Entry)) *audit.Entry {
		e := &audit.Entry{Project: "acme", Actor: audit.Actor{Email: "b", Type: audit.User}, Action: "c.d",
			Resource: audit.Resource{Type: "T"}, Outcome: audit.Success}
		change(e)
		return e
	}
	return map[byte]*audit.Entry{
		0:    with(func(e *audit.Entry) {}),
		0x01: with(func(e *audit.Entry) { e.Actor.Type = audit.ServiceAccount }),
		0x02: with(func(e *audit.Entry) { e.CreatedAt = time.UnixMicro(1_780_000_000_000_001).UTC() }),
		0x04: with(func(e *audit.Entry) { e.Actor.Label = "l" }),
		0x08: with(func(e *audit.Entry) { e.Request.UserAgent = "u" }),
		0x10: with(func(e *audit.Entry) { e.Changes = []audit.Change{{Field: "f"}} }),
		0x20: with(func(e *audit.Entry) { e.Metadata = map[string]string{"k": "v"} }),
		0x40: with(func(e *audit.Entry) { e.Key = "key" }),
	}
}

func TestPinnedFlags(t *testing.T) {
	for flag, e := range pinnedParts() {
		if row := AppendRow(nil, e); row[0] != flag {
			t.Errorf("%s has flags %#02x, it had %#02x", e.AppendInput(nil), row[0], flag)
		}
	}
}

func TestPinnedOrder(t *testing.T) {
	key, _ := OrderKey(1)
	pin(t, "an order", EncodeOrder(key, []Owner{{}, {1, 5}, {2, 1 << 30}, {}, {}, {1, 6}, {1, 7}, {1, 8}, {3, 1}, {2, 9}, {1, 9}}),
		"010b0401050280808080040301020900030088802463000573009f")
	key = SeqKey(4, 2)
	pin(t, "places", EncodePlaces(key, []Place{{7, 1 << 50, 20}, {8, 1 << 50, 20}, {9, -5 << 20, 20}, {1 << 40, -5 << 20, 20}}), "01041400280e000000000001000000000200000000f9ffffffff001f09050000c0020000200000000000000000aab4dfc2")
}

// TestOrderRoundTrip has projects take turns and leave gaps.
func TestOrderRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		next := map[ProjectID]int64{}
		var owners []Owner
		n := rapid.IntRange(0, OrderRow).Draw(t, "n")
		for len(owners) < n {
			p := ProjectID(rapid.IntRange(0, 3).Draw(t, "project"))
			next[p] += int64(rapid.SampledFrom([]int{0, 0, 0, 1, 1000}).Draw(t, "gap"))
			for range rapid.IntRange(1, 40).Draw(t, "run") {
				next[p]++
				o := Owner{p, next[p]}
				if p == 0 {
					o = Owner{}
				}
				owners = append(owners, o)
			}
		}
		owners = owners[:n]
		key, _ := OrderKey(OrderRow)
		if got, err := DecodeOrder(key, EncodeOrder(key, owners)); err != nil || !slices.Equal(got, owners) {
			t.Fatalf("%v is read as %v, %v", owners, got, err)
		}
		var places []Place
		last := Place{Unit: leastUnit}
		steps := rapid.SampledFrom([]int64{0, 1, 1 << 10, 1 << 30}).Draw(t, "steps")
		falls := rapid.SampledFrom([]int64{0, steps}).Draw(t, "falls")
		for range rapid.SampledFrom([]int{1, 2, 64, 200, SeqRow}).Draw(t, "places") {
			last.ID += rapid.Int64Range(1, 1<<40).Draw(t, "id")
			last.At += rapid.Int64Range(-falls, steps).Draw(t, "at") << leastUnit
			places = append(places, last)
		}
		key = SeqKey(1, 2)
		got, err := DecodePlaces(key, EncodePlaces(key, places))
		if err != nil || len(got) != len(places) {
			t.Fatalf("%d places are read as %d, %v", len(places), len(got), err)
		}
		for i, p := range got {
			if want := places[i]; p.ID != want.ID || p.At != floor(want.At, p.Unit) || p.Unit != got[0].Unit {
				t.Fatalf("place %d, %+v, is read as %+v", i, want, p)
			}
		}
		again, err := DecodePlaces(key, EncodePlaces(key, got))
		if err != nil || again[0].Unit < got[0].Unit {
			t.Fatalf("the unit %d has become %d, %v", got[0].Unit, again[0].Unit, err)
		}
	})
}
