package seal

import (
	"fmt"
	"testing"

	"auditlog/store/format"
	"auditlog/store/memory"
)

// TestTurns adds many projects, most of them several times: all come once, from behind the last
// one that had its turn on, and then from the beginning.
func TestTurns(t *testing.T) {
	const n = 5*stepProjects + 7
	var all []*memory.Project
	for i := range n {
		all = append(all, &memory.Project{Name: fmt.Sprint(i), ID: format.ProjectID(1 + i*7919%n)})
	}
	last := all[n/3]
	var order []format.ProjectID
	for more := true; more; {
		turns := newTurns(last)
		for _, p := range append(all, all[:n/2]...) {
			turns.add(p)
		}
		var first []*memory.Project
		first, more = turns.next(stepProjects)
		if len(first) != stepProjects || !more {
			t.Fatalf("%d projects, more: %t", len(first), more)
		}
		for _, p := range first {
			order = append(order, p.ID)
		}
		last = first[len(first)-1]
		more = len(order) < 2*n
	}
	for i, id := range order {
		if want := format.ProjectID(1 + (int(all[n/3].ID)+i)%n); id != want {
			t.Fatalf("turn %d is that of %d, want %d", i, id, want)
		}
	}
	few := newTurns(nil)
	few.add(all[0])
	few.add(all[1])
	few.add(all[0])
	if first, more := few.next(stepProjects); len(first) != 2 || more {
		t.Errorf("of two projects %d have their turn, more: %t", len(first), more)
	}
}
