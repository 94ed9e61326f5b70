package storetest

import (
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// exported is how many entries an export has to read at least, so that it cannot do so
// in one go.
const exported = 2 * audit.MaxLimit

// An export of any length has every entry that was there when it began, once and in
// order, also where many happened at one moment and while others are recorded.
func testLongExport(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	var entries []*audit.Entry
	for i := range exported + 500 {
		e := plainEntry("acme")
		e.CreatedAt = start.Add(time.Duration(i/700) * time.Second) // 700 at a time
		entries = append(entries, e)
	}
	if _, err := log.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if s, ok := log.(Settler); ok {
		if err := s.Settle(); err != nil {
			t.Fatal(err)
		}
	}
	last := log.LastID()
	var seen int64
	var before *audit.Entry
	err := audittest.Export(t.Context(), log, audit.Query{Project: "acme"}, func(e *audit.Entry) error {
		if before != nil && before.Position().Compare(e.Position()) <= 0 {
			t.Fatalf("entry %d is exported behind %d", e.ID, before.ID)
		}
		before = e
		if e.ID <= last {
			seen++
		}
		if seen%400 == 0 {
			late := plainEntry("acme")
			late.CreatedAt = start.Add(time.Duration(seen%3) * time.Second)
			_, err := log.Record(t.Context(), []*audit.Entry{late})
			return err
		}
		return nil
	})
	if err != nil || seen != last {
		t.Errorf("exported %d entries of %d: %v", seen, last, err)
	}
}
