package duty

import (
	"crypto/rand"
	"testing"
	"time"

	"auditlog/store/format"
)

// A node that takes the duty before its first beat is made way for.
func TestTakenBeforeTheFirstBeat(t *testing.T) {
	node := func() *Duty {
		d, err := New("", rand.Reader, nil, func(int) {})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	on, other := node(), node()
	var nodes format.Nodes
	if on.isOvertaken(&nodes) {
		t.Error("a node is overtaken though none is on duty")
	}
	now := time.Now()
	on.count(&nodes, now)
	if nodes.OnDuty != on.id {
		t.Fatalf("the first node is not on duty: %+v", nodes)
	}
	other.ask(&nodes, now)
	if nodes.OnDuty != on.id || nodes.Next != other.id {
		t.Fatalf("asked, and the other has not ended what it does: %+v", nodes)
	}
	on.count(&nodes, now.Add(beatEvery))
	if nodes.OnDuty != other.id || nodes.Next != "" {
		t.Errorf("it does not make way: %+v", nodes)
	}
	if !on.isOvertaken(&nodes) || other.isOvertaken(&nodes) {
		t.Error("who made way is not overtaken, or who took over is")
	}
}
