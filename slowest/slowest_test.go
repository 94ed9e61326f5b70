package slowest

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestTheSlowestAreKept(t *testing.T) {
	var c Calls
	for i := range 1000 {
		took := time.Duration(i*7919%1000) * time.Millisecond
		c.Note(Call{Method: fmt.Sprint(took), At: noon.Add(time.Duration(i) * time.Second), Took: took})
	}
	list := c.Slowest(noon.Add(time.Hour), 5)
	for i, call := range list {
		if want := time.Duration(999-i) * time.Millisecond; call.Took != want || call.Method != fmt.Sprint(want) {
			t.Errorf("call %d took %v, want %v", i, call.Took, want)
		}
	}
	if len(list) != 5 || len(c.kept) != each {
		t.Errorf("%d calls are told of and %d kept", len(list), len(c.kept))
	}
}

func TestADayIsKept(t *testing.T) {
	var c Calls
	for hour := range 100 {
		for range 50 {
			c.Note(Call{At: noon.Add(time.Duration(hour) * time.Hour), Took: time.Duration(200-hour) * time.Millisecond})
		}
	}
	now := noon.Add(99 * time.Hour)
	list := c.Slowest(now, 1000)
	if len(c.kept) > hours*each || len(list) == 0 {
		t.Fatalf("%d calls are kept, and %d told of", len(c.kept), len(list))
	}
	for _, call := range list {
		if call.At.Before(now.Add(-24 * time.Hour)) {
			t.Errorf("a call of %v is told of at %v", call.At, now)
		}
	}
	if got := c.Slowest(now.Add(48*time.Hour), 10); len(got) != 0 {
		t.Errorf("two days later %d calls are told of", len(got))
	}
}

func TestManyNoteAtOnce(t *testing.T) {
	var c Calls
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 1000 {
				c.Note(Call{At: noon, Took: time.Duration(i*8 + g)})
			}
		})
	}
	all.Wait()
	if list := c.Slowest(noon, each); list[0].Took != 7999 || list[each-1].Took != 7990 {
		t.Errorf("the slowest are %v", list)
	}
}

func BenchmarkNote(b *testing.B) {
	var c Calls
	for i := range 100 {
		c.Note(Call{At: noon, Took: time.Duration(i) * time.Second})
	}
	for b.Loop() {
		c.Note(Call{At: noon, Took: time.Millisecond})
	}
}
