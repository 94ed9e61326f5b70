package block

import (
	"errors"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// TestVerify wants every difference between a block and entries to be noticed.
func TestVerify(t *testing.T) {
	entries := append(realistic(1, 100), strange(1, 100)...)
	sortEntries(entries)
	entries[5].Changes = []audit.Change{{Field: "replicas", Old: "1", New: "2"}, {Field: "image"}}
	entries[6].Metadata = map[string]string{"a": "1", "b": ""}
	entries[7].Seq, entries[7].RecordedBy = 1<<40, "0f3KxQ9Z"
	for name, plain := range map[string]bool{"usual": false, "plain": true} {
		data := gather(entries).append(nil, 1, plain)
		b := open(t, data)
		if err := b.Verify(entries); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := b.Verify(entries[:len(entries)-1]); !errors.Is(err, bits.ErrCorrupt) {
			t.Errorf("%s: an entry less: %v", name, err)
		}
	}
	b := open(t, Append(nil, 1, entries))
	for name, change := range map[string]func(e *audit.Entry){
		"id":         func(e *audit.Entry) { e.ID++ },
		"createdAt":  func(e *audit.Entry) { e.CreatedAt = e.CreatedAt.Add(time.Microsecond) },
		"recordedAt": func(e *audit.Entry) { e.RecordedAt = e.RecordedAt.Add(time.Microsecond) },
		"actor":      func(e *audit.Entry) { e.Actor.Email += "x" },
		"detail":     func(e *audit.Entry) { e.Detail += " " },
		"key":        func(e *audit.Entry) { e.Key += "0" },
		"seq":        func(e *audit.Entry) { e.Seq++ },
		"recordedBy": func(e *audit.Entry) { e.RecordedBy += "x" },
		"no change":  func(e *audit.Entry) { e.Changes = append(e.Changes, audit.Change{Field: "x"}) },
		"a change":   func(e *audit.Entry) { e.Changes = nil },
		"value":      func(e *audit.Entry) { e.Changes[1].New = "y" },
		"metadata":   func(e *audit.Entry) { e.Metadata = map[string]string{"a": "1", "c": ""} },
		"more":       func(e *audit.Entry) { e.Metadata["z"] = "" },
	} {
		row := 5
		if name == "metadata" || name == "more" {
			row = 6
		}
		before := entries[row]
		entries[row] = before.Clone()
		change(entries[row])
		if err := b.Verify(entries); !errors.Is(err, bits.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		entries[row] = before
	}
}
