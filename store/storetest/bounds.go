package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// largeEntry is an entry of some ten kilobytes, and of six times as much in JSON where its
// bytes are escaped.
func largeEntry(project string, i int, escaped bool) *audit.Entry {
	e := plainEntry(project)
	e.Detail = strings.Repeat("x", 9<<10+i)
	if escaped {
		e.Detail = strings.Repeat("\x01", 9<<10+i)
	}
	return e
}

// A page ends at a number of bytes, and then says where to go on; nothing is left out.
func testPagesEndAtBytes(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	const n = 60
	for i := range n {
		if _, err := log.Record(t.Context(), []*audit.Entry{largeEntry("acme", i, i%3 == 0)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, bytes := range []int{1, 20 << 10, 100 << 10, 1 << 20, 0} {
		var ids []int64
		pages, p := 0, audit.Paging{Limit: audit.MaxLimit, Bytes: bytes}
		for {
			page, err := audittest.List(t.Context(), log, audit.Query{Project: "acme"}, p)
			if err != nil {
				t.Fatal(err)
			}
			p.JSON = true
			lines, err := audittest.List(t.Context(), log, audit.Query{Project: "acme"}, p)
			if err != nil {
				t.Fatal(err)
			}
			p.JSON = false
			for i, e := range page.Entries {
				if len(lines.Entries) != len(page.Entries) || lines.Next != page.Next {
					t.Fatalf("a page of at most %d bytes has %d entries, and as JSON %d", bytes, len(page.Entries), len(lines.Entries))
				}
				var line []byte
				if e := lines.Entries[i]; e != nil {
					line = e.AppendJSON(nil)
				} else {
					line = lines.JSON[i]
				}
				if string(line) != string(e.AppendJSON(nil)) {
					t.Fatalf("entry %d as JSON is %.100s", e.ID, line)
				}
			}
			size := 0
			for _, e := range page.Entries {
				size += len(e.AppendJSON(nil)) + 1
				ids = append(ids, e.ID)
			}
			if bytes > 0 && size > bytes && len(page.Entries) > 1 || len(page.Entries) == 0 {
				t.Errorf("a page of at most %d bytes has %d entries of %d bytes", bytes, len(page.Entries), size)
			}
			pages++
			if p.Cursor = page.Next; p.Cursor == "" {
				break
			}
		}
		if found := len(ids); found != n || len(slices.Compact(ids)) != n {
			t.Errorf("%d pages of at most %d bytes have %d entries, want each of %d once", pages, bytes, found, n)
		}
		if bytes == 1 && pages != n || bytes == 0 && pages != 1 {
			t.Errorf("there are %d pages of at most %d bytes", pages, bytes)
		}
	}
}

// Who follows is given what is large in several parts, and all of it.
func testFollowingEndsAtBytes(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	const n = 300
	var entries []*audit.Entry
	for i := range n {
		entries = append(entries, largeEntry("acme", i, false))
	}
	if _, err := log.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	for name, next := range map[string]func(after int64) ([]*audit.Entry, error){
		"since":    func(after int64) ([]*audit.Entry, error) { return log.Since(t.Context(), "acme", after, 1000) },
		"afterSeq": func(after int64) ([]*audit.Entry, error) { return log.AfterSeq(t.Context(), "acme", after, 1000) },
		"after": func(after int64) ([]*audit.Entry, error) {
			entries, _, err := log.After(t.Context(), after, 1000)
			return entries, err
		},
	} {
		at := int64(0)
		for {
			entries, err := next(at)
			if err != nil {
				t.Fatal(err)
			}
			if len(entries) == 0 {
				break
			}
			for _, e := range entries {
				if at++; e.ID != at {
					t.Fatalf("%s: entry %d comes behind %d", name, e.ID, at-1)
				}
			}
		}
		if at != n {
			t.Errorf("%s ends at %d of %d", name, at, n)
		}
	}
}

// However many values there are, the most frequent ones are told with their true counts, and
// how many entries have others.
func testManyValues(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	const distinct = 12_000
	var entries []*audit.Entry
	flush := func() {
		if _, err := log.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		entries = nil
	}
	total := 0
	add := func(actor string) {
		e := plainEntry("acme")
		e.Actor.Email = actor
		entries = append(entries, e)
		if total++; len(entries) == 4000 {
			flush()
		}
	}
	for i := range distinct {
		add(fmt.Sprintf("once-%d@example.com", i))
		if i%10 == 0 {
			add("often@example.com")
		}
		if i%30 == 0 {
			add("sometimes@example.com")
		}
	}
	flush()
	st, err := audittest.Stats(t.Context(), log, audit.Query{Project: "acme"}, audit.Counting{Top: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := []audit.ValueCount{{Value: "often@example.com", Count: distinct / 10}, {Value: "sometimes@example.com", Count: distinct / 30}}
	if got := st.Actors; !slices.Equal(got.Top, want) || got.OtherEntries != distinct || !got.Estimated ||
		got.Others < distinct*9/10 || got.Others > distinct*11/10 {
		t.Errorf("of %d entries the actors are %+v", total, got)
	}
	if got := st.Actions; len(got.Top) != 1 || got.Top[0].Count != int64(total) || got.Others != 0 || got.OtherEntries != 0 || got.Estimated {
		t.Errorf("the actions are %+v", got)
	}
	if st.Total != int64(total) {
		t.Errorf("%d entries are counted, want %d", st.Total, total)
	}
}
