package notary

import (
	"bytes"
	"sync"
	"testing"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/proof/evidence"
)

// TestProofsTakeTurns: proofs and evidence compute in the turns of their calls, of which there is one at a
// time here, and wait for none within another.
func TestProofsTakeTurns(t *testing.T) {
	b := open(t)
	b.record("acme", 700)
	b.head()
	door := admit.New(admit.Options{Processors: 1})
	some := audit.Query{Project: "acme", Is: audit.Terms{"actor": {"u1@example.com"}}}
	sel, err := b.Prepare(some)
	b.must(err)
	var seqs []int64
	for seq := range int64(700) {
		seqs = append(seqs, seq+1)
	}
	var group sync.WaitGroup
	for _, who := range []string{"a", "a", "b", "c"} {
		group.Go(func() {
			call, err := door.Enter(t.Context(), admit.Read, who)
			if err != nil {
				t.Error(err)
				return
			}
			defer call.Leave()
			ctx := admit.In(t.Context(), call)
			proofs, err := b.n.Proofs(ctx, "acme", seqs)
			if err != nil || len(proofs) != len(seqs) || proofs[699].Index != 699 {
				t.Errorf("%d proofs, %v", len(proofs), err)
			}
			var out bytes.Buffer
			if err := b.n.Evidence(ctx, &out, sel, Request{}); err != nil {
				t.Error(err)
			}
			if _, _, err := verify(out.Bytes(), evidence.Policy{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if state := door.State(); state.Waiting != 0 {
		t.Errorf("afterwards %+v", state)
	}
}
