package store

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// What turns in the database after a block was opened is noticed, too.
func TestDamageBehindTheCache(t *testing.T) {
	s, keys := sealedBlocks(t, Options{})
	list := func() audit.Page {
		page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme", To: timeOf(keys[1])}, audit.Paging{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	whole := list()
	err := s.db.Update(func(tx kv.Tx) error {
		b := tx.Bucket(format.Blocks)
		k := keys[0].Append(nil)
		v := bytes.Clone(b.Get(k))
		v[len(v)/2] ^= 1
		return b.Put(k, v)
	})
	if err != nil {
		t.Fatal(err)
	}
	page := list()
	if len(page.Gaps) != 1 || len(page.Entries) != 0 {
		t.Fatalf("%d entries of a damaged block, gaps %v", len(page.Entries), page.Gaps)
	}
	g, newest, oldest := page.Gaps[0], whole.Entries[0], whole.Entries[len(whole.Entries)-1]
	if g.AtLeast || g.AtMost || g.Entries != 1024 || g.FirstID != 1 || g.LastID != 1024 ||
		!reflect.DeepEqual(g.Seqs, []audit.SeqRange{{First: 1, Last: 1024}}) ||
		g.From.After(oldest.CreatedAt) || !g.To.After(newest.CreatedAt) {
		t.Errorf("missing is %s", &g)
	}
}

func timeOf(k format.BlockKey) time.Time { return time.UnixMicro(k.At).UTC() }

// sealedBlocks returns a store with some blocks of the project acme, oldest first.
func sealedBlocks(t *testing.T, opts Options) (*Store, []format.BlockKey) {
	t.Helper()
	s := open(t, t.TempDir(), opts)
	entries := audittest.New(1, time.Minute).Entries(6000)
	for _, e := range entries {
		e.Project = "acme"
	}
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	var keys []format.BlockKey
	err := s.read(func(tx kv.Tx) error {
		c := blocks.NewCursor(tx, s.mem.Projects["acme"].ID)
		ok, err := c.First()
		for ; ok && err == nil; ok, err = c.Next() {
			keys = append(keys, c.Key)
		}
		return err
	})
	if err != nil || len(keys) < 3 {
		t.Fatalf("%d blocks, %v", len(keys), err)
	}
	return s, keys
}
