package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// call returns an item that a token brings for a project.
func call(token, project string, entries, bytes int) *Item[string] {
	l := Load{entries, bytes}
	return &Item[string]{Value: token + " " + project, Parts: []Part{
		{Party{Token, token}, l}, {Party{Project, project}, l},
	}}
}

// wide is a room that nothing fills.
func wide() Room {
	all := Load{1 << 40, 1 << 50}
	return Room{Total: all, Project: all, Token: all, Reserve: all}
}

func values(items []*Item[string]) (v []string) {
	for _, it := range items {
		v = append(v, it.Value)
	}
	return v
}

// count returns how many of values there are.
func count(values []string, of string) (n int) {
	for _, v := range values {
		if v == of {
			n++
		}
	}
	return n
}

// Whoever brings little goes before what another brings much of, and of a project with many
// tokens, or a token with many projects, no more is taken than of another.
func TestTurns(t *testing.T) {
	for name, flood := range map[string]func(i int) *Item[string]{
		"one token":                    func(int) *Item[string] { return call("mallory", "evil", 100, 10_000) },
		"many tokens of one project":   func(i int) *Item[string] { return call(fmt.Sprint("mallory", i%50), "evil", 100, 10_000) },
		"many projects of one token":   func(i int) *Item[string] { return call("mallory", fmt.Sprint("evil", i), 100, 10_000) },
		"a few of each":                func(i int) *Item[string] { return call(fmt.Sprint("m", i%3), fmt.Sprint("e", i%2), 100, 10_000) },
		"the token of the other calls": func(int) *Item[string] { return call("ada", "evil", 100, 10_000) },
	} {
		q := New[string](wide())
		for i := range 1000 {
			q.Push(flood(i))
		}
		q.Take(Load{1000, 100_000}) // it has had something
		for range 10 {
			q.Push(call("ada", "web", 1, 300))
		}
		items, more := q.Take(Load{1000, 100_000})
		if n := count(values(items), "ada web"); n != 10 || !more {
			t.Errorf("%s: of 10 that bring little %d are taken at once", name, n)
		}
		if len(items) < 15 {
			t.Errorf("%s: only %d are taken", name, len(items))
		}
	}
}

// Two that bring much get the same, whatever the size and number of what they bring.
func TestTurnsAreOfWork(t *testing.T) {
	q := New[string](wide())
	for range 4000 {
		q.Push(call("ada", "web", 1, 300))
	}
	for range 40 {
		q.Push(call("bob", "shop", 100, 30_000))
	}
	work := make(map[string]int64)
	for range 20 {
		items, _ := q.Take(Load{100, 1 << 20})
		for _, it := range items {
			work[it.Value] += it.load.work()
		}
	}
	if a, b := work["ada web"], work["bob shop"]; a < b*8/10 || b < a*8/10 {
		t.Errorf("%v of work were taken", work)
	}
}

// Who was away has saved nothing up.
func TestNothingIsSavedUp(t *testing.T) {
	q := New[string](wide())
	for range 1000 {
		q.Push(call("ada", "web", 10, 1000))
		q.Take(Load{10, 1000})
	}
	for range 100 {
		q.Push(call("ada", "web", 10, 1000))
		q.Push(call("bob", "shop", 10, 1000))
	}
	items, _ := q.Take(Load{400, 1 << 20})
	if n := count(values(items), "bob shop"); n < 15 || n > 25 {
		t.Errorf("%d of %d are of who came later", n, len(items))
	}
}

func TestFirst(t *testing.T) {
	room := wide()
	room.Total = Load{100, 1 << 20}
	q := New[string](room)
	q.Hold(Part{Party{Project, "evil"}, Load{1000, 1 << 21}}) // it is as full as can be
	for range 10 {
		q.Push(call("mallory", "evil", 100, 1000))
	}
	own := call("log", "_auditlog", 1, 300)
	own.First = true
	q.Push(own)
	items, more := q.Take(Load{1, 1})
	if !slices.Equal(values(items), []string{"log _auditlog"}) || more {
		t.Errorf("taken are %v, more may go: %t", values(items), more)
	}
	if s := q.State(); s.Items != 10 || s.Held != 10 || s.Waiting.Entries != 1000 {
		t.Errorf("left is %+v", s)
	}
}

// A party at its bound waits, and the others do not; one who has next to nothing gets in
// although the whole is full, until that is twice as full.
func TestRoom(t *testing.T) {
	room := Room{Total: Load{100, 10_000}, Project: Load{50, 5000}, Token: Load{75, 7500}, Reserve: Load{5, 500}}
	evil, other := Party{Project, "evil"}, Party{Project, "other"}
	mallory := Party{Token, "mallory"}
	for name, tt := range map[string]struct {
		held []Part
		it   *Item[string]
		goes bool
	}{
		"nothing is held":                 {nil, call("mallory", "evil", 500, 50_000), true},
		"below":                           {[]Part{{evil, Load{49, 100}}}, call("mallory", "evil", 5, 100), true},
		"a project has its entries":       {[]Part{{evil, Load{50, 100}}}, call("mallory", "evil", 1, 10), false},
		"a project has its bytes":         {[]Part{{evil, Load{1, 5000}}}, call("mallory", "evil", 1, 10), false},
		"another project has its entries": {[]Part{{evil, Load{50, 100}}}, call("mallory", "other", 1, 10), true},
		"a token has its entries":         {[]Part{{mallory, Load{75, 100}}}, call("mallory", "other", 1, 10), false},
		"another token has them":          {[]Part{{mallory, Load{75, 100}}}, call("ada", "other", 1, 10), true},
		"full, and it has a bit":          {[]Part{{evil, Load{95, 100}}, {other, Load{5, 100}}}, call("ada", "other", 1, 10), false},
		"full, and it has next to none":   {[]Part{{evil, Load{100, 100}}, {other, Load{4, 100}}}, call("ada", "other", 1, 10), true},
		"twice as full":                   {[]Part{{evil, Load{200, 100}}}, call("ada", "other", 1, 10), false},
	} {
		q := New[string](room)
		q.Hold(tt.held...)
		q.Push(tt.it)
		if items, _ := q.Take(Load{1, 1}); len(items) == 1 != tt.goes {
			t.Errorf("%s: goes: %t", name, !tt.goes)
		}
		if held := q.TakeHeld(); len(held) == 0 != tt.goes {
			t.Errorf("%s: is held: %t", name, tt.goes)
		}
	}
}

// What goes along in one take counts as well.
func TestOneTakeStaysWithinTheRoom(t *testing.T) {
	q := New[string](Room{Total: Load{100, 1 << 20}, Project: Load{50, 1 << 20}, Token: Load{50, 1 << 20}, Reserve: Load{1, 1}})
	for range 100 {
		q.Push(call("mallory", "evil", 10, 100))
	}
	if items, more := q.Take(Load{1000, 1 << 20}); len(items) != 5 || more {
		t.Errorf("%d are taken, more may go: %t", len(items), more)
	}
	<-q.Wake()
	if items, _ := q.Take(Load{1000, 1 << 20}); len(items) != 0 {
		t.Errorf("%d more are taken before the first are settled", len(items))
	}
	q.Hold(Part{Party{Project, "evil"}, Load{50, 500}}, Part{Party{Token, "mallory"}, Load{50, 500}})
	q.Settle()
	q.Free(Part{Party{Project, "evil"}, Load{20, 200}}, Part{Party{Token, "mallory"}, Load{20, 200}})
	<-q.Wake()
	if items, _ := q.Take(Load{1000, 1 << 20}); len(items) != 2 {
		t.Errorf("%d are taken once two have room", len(items))
	}
}

func TestRemove(t *testing.T) {
	q := New[string](wide())
	a, b := call("ada", "web", 1, 1), call("ada", "web", 1, 1)
	q.Push(a)
	q.Push(b)
	if !q.Remove(a) || q.Remove(a) {
		t.Error("an item is removed other than once")
	}
	if items, _ := q.Take(Load{10, 10}); len(items) != 1 || items[0] != b || q.Remove(b) {
		t.Error("what is left is not the other one")
	}
	if s := q.State(); s != (State{}) || len(q.lanes) != 0 {
		t.Errorf("left is %+v", s)
	}
}

// Whatever comes and goes, each item is taken or removed once, those of a lane in their
// order, and the books are even in the end.
func TestBooks(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	q := New[string](Room{Total: Load{300, 1 << 20}, Project: Load{100, 1 << 20}, Token: Load{150, 1 << 20}, Reserve: Load{10, 1000}})
	waiting := make(map[*Item[string]]int)
	last := make(map[laneKey]int)
	var tail []*Item[string]
	for n := range 20_000 {
		switch draw.IntN(4) {
		case 0, 1:
			it := call(fmt.Sprint("t", draw.IntN(4)), fmt.Sprint("p", draw.IntN(6)), 1+draw.IntN(20), draw.IntN(1000))
			if draw.IntN(5) == 0 {
				more := Load{1, 10}
				it.Parts = append(it.Parts, Part{Party{Project, "also"}, more})
				it.Parts[0].Add(more)
			}
			q.Push(it)
			waiting[it] = n
		case 2:
			for it := range waiting {
				if !q.Remove(it) {
					t.Fatal("what waits cannot be removed")
				}
				delete(waiting, it)
				break
			}
		case 3:
			items, _ := q.Take(Load{50, 5000})
			for _, it := range items {
				at, ok := waiting[it]
				if !ok || at < last[it.lane] {
					t.Fatal("an item is taken twice, or out of order")
				}
				last[it.lane] = at
				delete(waiting, it)
				q.Hold(it.Parts...)
				tail = append(tail, it)
			}
			q.Settle()
			for len(tail) > 0 && draw.IntN(3) > 0 {
				q.Free(tail[0].Parts...)
				tail = tail[1:]
			}
		}
	}
	for it := range waiting {
		q.Remove(it)
	}
	for _, it := range tail {
		q.Free(it.Parts...)
	}
	if s := q.State(); s != (State{}) || len(q.held) != 0 || len(q.lanes) != 0 {
		t.Errorf("left is %+v, %d held, %d lanes", s, len(q.held), len(q.lanes))
	}
}
