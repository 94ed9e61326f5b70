package audittest

import (
	"time"

	"auditlog/audit"
)

// Full returns an entry with something in every field, with codes that are not the
// first. What is stored is pinned by it, so it stays as it is.
func Full() *audit.Entry {
	return &audit.Entry{
		ID: 7, Seq: 300, Project: "acme",
		Actor:      audit.Actor{Email: "ada", Type: audit.ServiceAccount, Label: "l"},
		Action:     "a.b",
		Resource:   audit.Resource{Type: "T", ID: "4", Name: "n", LocationID: "x"},
		Outcome:    audit.Error,
		Detail:     "d",
		Channel:    audit.ChannelMCP,
		Request:    audit.Request{IP: "::1", UserAgent: "u", ID: "r"},
		Changes:    []audit.Change{{Field: "f", Old: "o", New: "n"}},
		Metadata:   map[string]string{"k": "v"},
		Key:        "key",
		CreatedAt:  time.UnixMicro(1_780_000_000_000_001).UTC(),
		RecordedAt: time.UnixMicro(1_780_000_000_000_009).UTC(),
		RecordedBy: "0f3KxQ9Z",
	}
}
