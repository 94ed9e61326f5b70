package block

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/block/column"
)

var update = flag.Bool("update", false, "write the pinned blocks anew; what was released must not change")

// A pin is a block as it lies on disk, and beside it the JSON of its entries. A round
// trip is content with any codec that undoes what it did; a pin knows what the bytes mean.
const (
	pins      = "testdata/*.block"
	pinnedSeq = 42
)

// pinned makes the entries of each pin. It runs with -update only: afterwards the files
// are what counts.
var pinned = map[string]func() []*audit.Entry{
	"usual":     func() []*audit.Entry { return realistic(1, 70) },
	"one":       func() []*audit.Entry { return realistic(2, 1) },
	"strange":   func() []*audit.Entry { return strange(3, 40) },
	"uniform":   func() []*audit.Entry { return uniform(4, 40) },
	"templated": func() []*audit.Entry { return slices.Concat(templated(4, 40), templated(107, 40)) },
	"lists":     listed,
	"numbers":   numbered,
	"late":      late,
	"long":      long,
}

// listed returns entries of which each has changes of names that no other has.
func listed() []*audit.Entry {
	g := newGenerator(21, time.Minute)
	entries := make([]*audit.Entry, 40)
	for i := range entries {
		e := g.next()
		e.Metadata = map[string]string{"commit": g.hex(7)}
		e.Changes = nil
		for k := range i % 4 {
			e.Changes = append(e.Changes, audit.Change{Field: fmt.Sprintf("f%d.%s", k, g.hex(3)), Old: g.hex(2), New: g.hex(2)})
		}
		entries[i] = e
	}
	return entries
}

// numbered returns entries of little but numbers: in all forms, and lists of them in all modes.
func numbered() []*audit.Entry {
	g := newGenerator(22, time.Second)
	entries := make([]*audit.Entry, 150)
	at := int64(1_780_000_000_000_000)
	for i := range entries {
		at += int64(g.r.ExpFloat64() * 5e6)
		number := i * 1000 // of frames that differ
		if i >= 128 {
			number = g.r.IntN(50)
		}
		e := &audit.Entry{
			ID: int64(i)*8 + int64(g.r.IntN(3)), Seq: int64(i + 7), RecordedBy: "dev", Project: "acme", Actor: audit.Actor{Email: "ada@example.com"},
			Action: "job.run", Resource: audit.Resource{ID: fmt.Sprintf("%05d", i*i)}, Outcome: audit.Success,
			Detail:  fmt.Sprintf("run %d %s", number, strings.ToUpper(g.hex(9))),
			Request: audit.Request{ID: strings.ToUpper(g.uuid())}, Key: g.hex(8),
		}
		e.CreatedAt = time.UnixMicro(at).UTC()
		e.RecordedAt = time.UnixMicro(at + int64(g.r.IntN(4000))).UTC()
		entries[i] = e
	}
	return entries
}

// late returns entries in the order of their times and not of their ids, recorded at a few
// times, some in another's name.
func late() []*audit.Entry {
	g := newGenerator(23, 50*time.Millisecond)
	entries := make([]*audit.Entry, 96)
	for i := range entries {
		e := g.next()
		e.CreatedAt = e.CreatedAt.Truncate(100 * time.Millisecond)
		e.ID, e.Seq = int64(i/32*1000+(i*29)%32), int64(i/32*35+(i*29)%32)
		e.RecordedAt = time.UnixMicro(1_790_000_000_000_000 + int64(i/32)*300_001).UTC()
		entries[i] = e
	}
	sortEntries(entries)
	return entries
}

// long returns entries of texts for several frames, and of record times that tell nothing.
func long() []*audit.Entry {
	g := newGenerator(24, time.Hour)
	entries := make([]*audit.Entry, 4)
	for i := range entries {
		e := g.next()
		e.Detail = strings.Repeat("a long story of "+g.hex(4)+", ", 400+100*i)
		e.RecordedAt = time.UnixMicro(1_790_000_000_000_000 + int64(i)).UTC()
		entries[i] = e
	}
	return entries
}

// pinnedEntries reads the entries that a pin's JSON has.
func pinnedEntries(t testing.TB, file string) (entries []*audit.Entry, lines [][]byte) {
	t.Helper()
	data, err := os.ReadFile(strings.TrimSuffix(file, ".block") + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		e := &audit.Entry{}
		if err := json.Unmarshal(line, e); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		entries, lines = append(entries, e), append(lines, bytes.TrimSuffix(line, []byte("\n")))
	}
	return entries, lines
}

func pinnedFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(pins)
	if err != nil || len(files) < len(pinned) {
		t.Fatalf("%d pins, of %d: %v", len(files), len(pinned), err)
	}
	return files
}

// TestPins reads every pinned block, whatever encoder it is from, and wants its entries.
func TestPins(t *testing.T) {
	if *update {
		writePins(t)
	}
	for _, file := range pinnedFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		entries, lines := pinnedEntries(t, file)
		b := open(t, data)
		all, err := b.Entries("acme")
		if err != nil || len(all) != len(lines) {
			t.Fatalf("%s: %d entries, want %d: %v", file, len(all), len(lines), err)
		}
		for row, want := range lines {
			one, err := b.Entry(row, "acme")
			if err != nil {
				t.Fatalf("%s: row %d: %v", file, row, err)
			}
			for how, got := range map[string]*audit.Entry{"alone": one, "with all": all[row]} {
				if got := got.AppendJSON(nil); !bytes.Equal(got, want) {
					t.Fatalf("%s: row %d, read %s:\n got %s\nwant %s", file, row, how, got, want)
				}
			}
		}
		if err := b.Verify(entries); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestPinnedEncoding wants the very bytes that are pinned: another encoding is a decision, not
// an accident. (Another version of zstd is one too: then pin its blocks beside these.)
func TestPinnedEncoding(t *testing.T) {
	for _, file := range pinnedFiles(t) {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		entries, _ := pinnedEntries(t, file)
		if got := Append(nil, pinnedSeq, entries); !bytes.Equal(got, want) {
			at := 0
			for at < min(len(got), len(want)) && got[at] == want[at] {
				at++
			}
			t.Errorf("%s: %d bytes, want %d; they differ from byte %d on", file, len(got), len(want), at)
		}
	}
}

// writePins makes the pins.
func writePins(t *testing.T) {
	t.Helper()
	for name, make := range pinned {
		entries := make()
		var lines []byte
		for _, e := range entries {
			lines = append(e.AppendJSON(lines), '\n')
		}
		file := filepath.Join("testdata", name)
		err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file+".jsonl", lines, 0o644),
			os.WriteFile(file+".block", Append(nil, pinnedSeq, entries), 0o644))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPinsHaveEveryForm wants each way in which a block can store something in a pin.
func TestPinsHaveEveryForm(t *testing.T) {
	have := map[string]bool{}
	for _, file := range pinnedFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		open(t, data).Forms(func(form string) { have[form] = true })
	}
	for _, kind := range column.Kinds() {
		if !have["column of kind "+kind] {
			t.Errorf("no pin has a column of kind %s", kind)
		}
	}
	for _, form := range []string{
		"index by itself", "index that follows", "index by choice",
		"numbers of mode 0", "numbers of mode 1", "recorded of mode 0", "recorded of mode 1", "recorded of mode 2",
		"hex in lower case", "hex in upper case", "UUID in lower case", "UUID in upper case", "hex of odd length",
		"strings of class 0", "strings of class 1", "strings of class 2",
		"packed chunk", "chunk as it is", "chunk that continues a class", "fingerprints",
	} {
		if !have[form] {
			t.Errorf("no pin has %s", form)
		}
	}
}

// TestPinnedHashes keeps what indexes hold: the fields' numbers and the hashes of values.
func TestPinnedHashes(t *testing.T) {
	for _, c := range []struct {
		field  Field
		number uint8
		value  string
		hash   uint32
	}{
		{ResourceType, 0, "Deployment", 0x9754abb4},
		{ResourceType, 0, "deployment", 0x9754abb4},
		{Action, 1, "deployment.deploy", 0x1e4e5236},
		{Outcome, 2, "forbidden", 0x3bde7ef5},
		{Actor, 3, "ada@example.com", 0xf0ac3bfd},
		{ActorType, 4, "ServiceAccount", 0xac4ecd05},
		{Channel, 5, "cli", 0x896987c0},
		{ResourceID, 6, "4711", 0x11e0ac1f},
		{RecordedBy, 7, "0f3KxQ9Z", 0xb149c195},
		{ActionPrefix, 16, "deployment.", 0xde34f5bb},
		{Combination, 17, "", 0},
	} {
		if uint8(c.field) != c.number {
			t.Errorf("field %d was %d", c.field, c.number)
		}
		if got := hashOf(c.field, c.value); c.value != "" && got != c.hash {
			t.Errorf("the hash of %q in field %d is %#08x, it was %#08x", c.value, c.field, got, c.hash)
		}
	}
}
