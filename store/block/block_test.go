package block

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// open fails the test if data is not a block.
func open(t testing.TB, data []byte) *Block {
	t.Helper()
	b, err := Open(data)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return b
}

// checkRoundTrip compares everything that a block of entries gives back with them.
func checkRoundTrip(t testing.TB, entries []*audit.Entry) {
	t.Helper()
	data := Append(nil, 7, entries)
	b := open(t, data)
	if b.Rows() != len(entries) || b.Seq() != 7 || b.Size() != len(data) {
		t.Fatalf("%d rows, sequence %d, size %d; want %d, 7, %d", b.Rows(), b.Seq(), b.Size(), len(entries), len(data))
	}
	project := entries[0].Project
	all, err := b.Entries(project)
	if err != nil {
		t.Fatalf("entries: %v", err)
	}
	finder := b.Finder()
	for row, want := range entries {
		got, err := b.Entry(row, project)
		if err != nil {
			t.Fatalf("entry %d: %v", row, err)
		}
		compareJSON(t, row, got, want)
		compareJSON(t, row, all[row], want)
		if p := b.Position(row); p != want.Position() {
			t.Fatalf("row %d: position %v, want %v", row, p, want.Position())
		}
		if i := b.Search(want.Position()); i != row {
			t.Fatalf("row %d: search gives %d", row, i)
		}
		if i, ok := b.FindID(want.ID); !ok || i != row {
			t.Fatalf("row %d: id %d is found in row %d, %v", row, want.ID, i, ok)
		}
		if i, ok := finder.Find(want.ID); !ok || i != row {
			t.Fatalf("row %d: a finder has id %d in row %d, %v", row, want.ID, i, ok)
		}
	}
	for _, id := range []int64{b.MinID() - 1, b.MaxID() + 1} {
		if row, ok := finder.Find(id); ok {
			t.Errorf("a finder has id %d in row %d", id, row)
		}
	}
	if again := Append(nil, 7, all); !bytes.Equal(again, data) {
		t.Error("the block of a block's entries is another")
	}
}

func compareJSON(t testing.TB, row int, got, want *audit.Entry) {
	t.Helper()
	g, w := got.AppendJSON(nil), want.AppendJSON(nil)
	if !bytes.Equal(g, w) {
		t.Fatalf("row %d:\n got %s\nwant %s", row, g, w)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{1, 2, 7, 8, 9, 63, 64, 65, 127, 500, 1023, 1024} {
		checkRoundTrip(t, realistic(uint64(n), n))
	}
}

// TestEveryByteCounts changes each byte of a block.
// Values with the letters and digits of numbers, but more than those, stay as they are.
func TestAddressesAreNoNumbers(t *testing.T) {
	for _, format := range []string{
		"%d@10.0.0.5", "%04d@10.0.0.5", "%03x@cbc.ca", "2024112308150%d.4711@10.2.3.4", "%02X-AB@CD.EF",
		"f81d4f%02x-7dec-11d0-a765-00a0c91e6bf6@192.168.1.10", "call %03x@abc.de of f81d4f%[1]02x-7dec-11d0-a765-00a0c91e6bf6 ended",
	} {
		entries := realistic(1, 300)
		for i, e := range entries {
			v := fmt.Sprintf(format, 100+i)
			e.Detail, e.Request.ID, e.Resource.ID, e.Key = v, v, v, v
			e.Metadata = map[string]string{"call": v}
			e.Changes = []audit.Change{{Field: "call", Old: v, New: v}}
		}
		checkRoundTrip(t, entries)
	}
}

// A detail with more numbers than a block can have columns for is stored as a text.
func TestTooManyNumbers(t *testing.T) {
	for _, numbers := range []int{500, 1000, 1100, 3000} {
		entries := realistic(1, 10)
		for i, e := range entries {
			e.Detail = fmt.Sprintf("step %d", i)
		}
		var long strings.Builder
		long.WriteString("deleted")
		for i := range numbers {
			fmt.Fprintf(&long, " %d", 1700000001+i*i)
		}
		entries[9].Detail = long.String()
		checkRoundTrip(t, entries)
	}
}

func TestEveryByteCounts(t *testing.T) {
	data := Append(nil, 1, realistic(1, 100))
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x40
		if _, err := Open(bad); !errors.Is(err, bits.ErrCorrupt) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := Open(data[:i]); !errors.Is(err, bits.ErrCorrupt) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
}

// TestConcurrentReads reads a fresh block from several goroutines, which all want
// the same text frames at once.
func TestConcurrentReads(t *testing.T) {
	entries := append(realistic(1, 600), strange(1, 400)...)
	sortEntries(entries)
	b := open(t, Append(nil, 1, entries))
	var readers sync.WaitGroup
	for k := range 4 {
		readers.Go(func() {
			for row := k; row < len(entries); row += 4 {
				got, err := b.Entry(row, "acme")
				if err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(got.AppendJSON(nil), entries[row].AppendJSON(nil)) {
					t.Errorf("row %d is another", row)
				}
			}
		})
	}
	readers.Wait()
}

// TestOn reads from other copies of a block's data, and refuses what is none.
func TestOn(t *testing.T) {
	entries := realistic(4, 100)
	data := Append(nil, 1, entries)
	b := open(t, data).Without()
	if b.HasData() {
		t.Error("there is data without data")
	}
	again, err := b.On(bytes.Clone(data))
	if err != nil || !again.HasData() {
		t.Fatal(err)
	}
	for row, e := range entries {
		if got, err := again.Kept(row, "acme"); err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("row %d: %v, %v", row, got, err)
		}
	}
	if again.Memory() != b.Memory() {
		t.Errorf("%d bytes on one copy, %d on another", again.Memory(), b.Memory())
	}
	other := Append(nil, 2, entries)
	for name, wrong := range map[string][]byte{"another": other, "short": data[:len(data)-1], "empty": nil} {
		if _, err := b.On(wrong); !errors.Is(err, bits.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range data {
		data[i] ^= 4
		if _, err := b.On(data); !errors.Is(err, bits.ErrCorrupt) {
			t.Fatalf("byte %d is wrong: %v", i, err)
		}
		data[i] ^= 4
	}
}
