package notary

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store"
	"auditlog/store/nodestest"
)

// Two nodes hash and make heads at once: there is one tree of each project and one master log,
// and what one signs the other proves by.
func TestNodes(t *testing.T) {
	nodes := nodestest.Open(t, 2, store.Options{SealAfter: time.Hour})
	key := testKey(t)
	var notaries []*Notary
	for _, s := range nodes {
		n, err := New(s, key, Options{})
		if err != nil {
			t.Fatal(err)
		}
		notaries = append(notaries, n)
	}
	var group sync.WaitGroup
	for i := range nodes {
		group.Go(func() {
			for range 6 {
				var entries []*audit.Entry
				for j := range 300 {
					entries = append(entries, &audit.Entry{
						Project: fmt.Sprint("p", (i+j)%3), Actor: audit.Actor{Email: "ada@example.com"}, Action: "a.b",
						Resource: audit.Resource{Type: "T"}, Outcome: audit.Success,
					})
				}
				if _, err := nodes[i].Record(t.Context(), entries); err != nil {
					t.Error(err)
				}
				if err := notaries[i].Head(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := notaries[1].Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, s := range nodes {
		for _, h := range s.Histories() {
			if h.Head.Size != h.Size() {
				t.Errorf("node %d: the head has %d entries of %s, want %d", i, h.Head.Size, h.Name, h.Size())
			}
		}
		if _, err := s.Check(t.Context(), func(p string) { t.Errorf("node %d: check: %s", i, p) }); err != nil {
			t.Error(err)
		}
	}
	a, err := notaries[0].Checkpoint()
	b, other := notaries[1].Checkpoint()
	if err != nil || other != nil || string(a) != string(b) {
		t.Errorf("the checkpoints of the nodes differ: %v, %v", err, other)
	}
}

// A node with another key signs nothing, be it that the first head is made after its start.
func TestNodeOfAnotherKey(t *testing.T) {
	nodes := nodestest.Open(t, 2, store.Options{})
	one, err := New(nodes[0], testKey(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := proof.GenerateKey(strings.NewReader(strings.Repeat("x", 32)))
	if err != nil {
		t.Fatal(err)
	}
	other, err := New(nodes[1], wrong, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []*Notary{one, other} {
		entries := []*audit.Entry{{
			Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "a.b", Resource: audit.Resource{Type: "T"}, Outcome: audit.Success,
		}}
		if _, err := nodes[i].Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		if err := n.Head(t.Context()); i == 0 && err != nil || i == 1 && audit.KindOf(err) != audit.Conflict {
			t.Errorf("the head of node %d: %v", i, err)
		}
	}
	if _, err := New(nodes[1], wrong, Options{}); audit.KindOf(err) != audit.Conflict {
		t.Errorf("a node starts with another key: %v", err)
	}
}
