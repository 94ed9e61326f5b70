package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/fulltext"
)

// hangUp is a search that finds nothing, and whose caller hangs up while its first values are
// looked at.
type hangUp struct {
	meddler
	cancel context.CancelFunc
	asked  int
}

func (h *hangUp) Terms(string) uint64 {
	h.asked++
	h.cancel()
	return 0
}

// What nobody waits for any more ends within some values, in the tail and in blocks.
func TestReadsEndWithTheirCaller(t *testing.T) {
	h := &hangUp{meddler: meddler{do: func() {}}}
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour, Search: func(string) (fulltext.Query, error) { return h, nil }})
	for where, seal := range map[string]bool{"the tail": false, "blocks": true} {
		project := fmt.Sprint("sealed-", seal)
		var entries []*audit.Entry
		for i := range 3000 {
			entries = append(entries, entry(project, i))
		}
		if _, err := s.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		if seal {
			if err := s.Seal(); err != nil {
				t.Fatal(err)
			}
		}
		for name, read := range map[string]func(ctx context.Context) error{
			"list": func(ctx context.Context) error {
				_, err := audittest.List(ctx, s, audit.Query{Project: project, Text: "x"}, audit.Paging{})
				return err
			},
			"stats": func(ctx context.Context) error {
				_, err := audittest.Stats(ctx, s, audit.Query{Project: project, Text: "x"}, audit.Counting{})
				return err
			},
			"export": func(ctx context.Context) error {
				return audittest.Export(ctx, s, audit.Query{Project: project, Text: "x"}, func(*audit.Entry) error { return nil })
			},
		} {
			var ctx context.Context
			ctx, h.cancel = context.WithCancel(t.Context())
			h.asked = 0
			if err := read(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s of %s: %v", name, where, err)
			}
			// In the tail an entry is a step; its values are some.
			if h.asked > 200 {
				t.Errorf("%s of %s: %d values are looked at after the caller hung up", name, where, h.asked)
			}
		}
	}
}
