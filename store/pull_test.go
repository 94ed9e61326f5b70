package store

import (
	"bytes"
	"reflect"
	"testing"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// flip turns a bit of a value.
func flip(t *testing.T, s *Store, bucket string, key []byte) {
	t.Helper()
	err := s.db.Update(func(tx kv.Tx) error {
		b := tx.Bucket(bucket)
		v := bytes.Clone(b.Get(key))
		v[len(v)/2] ^= 1
		return b.Put(key, v)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pullAll adds up the parts of a query.
func pullAll(t *testing.T, s *Store, q audit.Query) (sum audit.Part, given int64) {
	t.Helper()
	sel, err := s.Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	for {
		part, err := sel.Pull(t.Context(), audit.Pulling{After: sum.Covered.To, Limit: 700})
		if err != nil {
			t.Fatal(err)
		}
		if part.Covered.Len() == 0 {
			return sum, given
		}
		total := int64(len(part.Entries))
		for _, list := range []struct{ of, to *[]audit.Range }{
			{&part.Skipped, &sum.Skipped}, {&part.Purged, &sum.Purged}, {&part.Damaged, &sum.Damaged}, {&part.Lost, &sum.Lost},
		} {
			for _, r := range *list.of {
				*list.to = audit.AppendRange(*list.to, r)
				total += r.Len()
			}
		}
		if part.Covered.From != sum.Covered.To+1 || total != part.Covered.Len() {
			t.Fatalf("behind %d comes a part that does not add up: %+v", sum.Covered.To, part)
		}
		sum.Covered.To, given = part.Covered.To, given+int64(len(part.Entries))
	}
}

// What is damaged is told of by its numbers, and what comes behind it is given; so is what is lost.
func TestPullPastDamage(t *testing.T) {
	alone(t)
	s, keys := sealedBlocks(t, Options{})
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("globex", 1), entry("acme", 1)}); err != nil {
		t.Fatal(err)
	}
	flip(t, s, format.Blocks, keys[1].Append(nil))
	queries := map[string]audit.Query{
		"acme": {Project: "acme"}, "all": {Within: audit.AllProjects()}, "some": {Within: audit.TheseProjects("acme")},
	}
	damaged := []audit.Range{{From: 1025, To: 2048}}
	look := func(damaged, lost []audit.Range) {
		t.Helper()
		for name, q := range queries {
			sum, given := pullAll(t, s, q)
			want := map[string]int64{"acme": 6001, "all": 6002, "some": 6001}[name]
			for _, r := range append(damaged[:len(damaged):len(damaged)], lost...) {
				want -= r.Len()
			}
			if !reflect.DeepEqual(sum.Damaged, damaged) || !reflect.DeepEqual(sum.Lost, lost) || sum.Purged != nil || given != want {
				t.Errorf("%s: %d given, want %d; %+v", name, given, want, sum)
			}
		}
	}
	look(damaged, nil)
	if _, _, err := s.After(t.Context(), 1020, 10); err == nil {
		t.Error("who asks for all that there is gets something else")
	}
	if _, err := s.AfterSeq(t.Context(), "acme", 1020, 10); err == nil {
		t.Error("who asks for all of a project gets something else")
	}
	s.mem.Mu.Lock()
	rec := &s.mem.Projects["acme"].Rec
	rec.Lost = []audit.Gap{{Project: "acme", Lost: true, Entries: 24, Seqs: []audit.SeqRange{{First: 2025, Last: 2048}}}}
	s.mem.Mu.Unlock()
	look([]audit.Range{{From: 1025, To: 2024}}, []audit.Range{{From: 2025, To: 2048}})
}

// Of ids of which it is damaged whose they are nobody is given, and nobody misses it in silence.
func TestPullPastDamagedOrder(t *testing.T) {
	s, _ := sealedBlocks(t, Options{})
	key, _ := format.OrderKey(2100)
	flip(t, s, format.Order, key)
	sum, given := pullAll(t, s, audit.Query{Within: audit.AllProjects()})
	if want := []audit.Range{{From: 2048, To: 3071}}; !reflect.DeepEqual(sum.Damaged, want) || given != 6000-1024 {
		t.Errorf("%d given, damaged is %v", given, sum.Damaged)
	}
	if sum, given = pullAll(t, s, audit.Query{Project: "acme"}); sum.Damaged != nil || given != 6000 {
		t.Errorf("of the project %d are given, damaged is %v", given, sum.Damaged)
	}
}
