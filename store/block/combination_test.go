package block

import (
	"slices"
	"testing"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// TestCombinations keeps the hashes of combinations, which are stored, and wants
// those of each row.
func TestCombinations(t *testing.T) {
	entries := realistic(2, 2)
	for i, e := range entries {
		e.Actor.Email, e.Resource.Type, e.Outcome = "ada@example.com", "Deployment", audit.Success
		if i == 1 {
			e.Resource.Type, e.Outcome = "DOMAIN", audit.Forbidden
		}
	}
	got, err := open(t, Append(nil, 1, entries)).Hashes(Combination)
	if err != nil {
		t.Fatal(err)
	}
	kind, actor, outcome := hashOf(ResourceType, "domain"), hashOf(Actor, "ada@example.com"), hashOf(Outcome, "forbidden")
	want := []uint32{
		combine(ofTypeActor, hashOf(ResourceType, "deployment"), actor), combine(ofTypeActor, kind, actor),
		combine(ofFailedType, kind, outcome), combine(ofFailedActor, actor, outcome),
		combine(ofFailedTypeActor, kind, actor, outcome),
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	stored := []uint32{0x0590680b, 0x29b9c051, 0x6e9f1b77, 0x822770bc, 0xe35285bd}
	if !slices.Equal(got, stored) {
		t.Errorf("%#x, but what is stored is %#x", got, stored)
	}
}

func TestValuesAsksForTheMostTelling(t *testing.T) {
	failures := []string{"error", "forbidden"}
	some := []string{"error", "success"}
	for name, c := range map[string]struct {
		q    audit.Query
		want []Field
	}{
		"type":                  {audit.Query{Is: audit.Terms{"resourceType": {"Domain"}}}, []Field{ResourceType}},
		"type, actor":           {audit.Query{Is: audit.Terms{"resourceType": {"Domain"}, "actor": {"ada"}}}, []Field{Combination}},
		"type, failures":        {audit.Query{Is: audit.Terms{"resourceType": {"Domain"}, "outcome": failures}}, []Field{Combination}},
		"actor, failures":       {audit.Query{Is: audit.Terms{"actor": {"ada"}, "outcome": failures}}, []Field{Combination}},
		"type, actor, failures": {audit.Query{Is: audit.Terms{"resourceType": {"Domain"}, "actor": {"ada"}, "outcome": failures}}, []Field{Combination}},
		"type, actor, some":     {audit.Query{Is: audit.Terms{"resourceType": {"Domain"}, "actor": {"ada"}, "outcome": some}}, []Field{Combination, Outcome}},
		"actor, some":           {audit.Query{Is: audit.Terms{"actor": {"ada"}, "outcome": some}}, []Field{Actor, Outcome}},
		"actor, failures, more": {audit.Query{Is: audit.Terms{"actor": {"ada"}, "outcome": failures, "channel": {string(audit.ChannelCLI)}, "action": {"domain.*"}}},
			[]Field{Combination, ActionPrefix, Channel}},
	} {
		var got []Field
		for _, v := range filterOf(&c.q).Values() {
			got = append(got, v.Field)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: fields %v, want %v", name, got, c.want)
		}
	}
}

func BenchmarkCombinations(b *testing.B) {
	x := open(b, Append(nil, 1, realistic(1, bits.MaxRows)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.Hashes(Combination); err != nil {
			b.Fatal(err)
		}
	}
}
