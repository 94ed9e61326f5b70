package store

import (
	"testing"
	"time"

	"auditlog/store/queue"
)

// come has so many calls wait.
func come(q *queue.Queue[*submission], n int) {
	for range n {
		q.Push(&queue.Item[*submission]{Value: new(submission)})
	}
}

// The committer waits for all whom it has answered while they come one by one.
func TestCrowdIsWaitedFor(t *testing.T) {
	q := queue.New[*submission](queue.Room{})
	c := crowd{expected: 3, patience: time.Hour, until: time.Now().Add(time.Hour)}
	began := make(chan struct{})
	came := make(chan int)
	go func() {
		close(began)
		c.await(t.Context(), q)
		n, _ := q.Waiting()
		came <- n
	}()
	<-began
	for range 3 {
		come(q, 1)
	}
	if n := <-came; n != 3 {
		t.Errorf("it goes on with %d calls, 3 were to come", n)
	}
}

// It waits neither for those who do not come, nor where nobody is expected.
func TestCrowdIsNotWaitedForInVain(t *testing.T) {
	q := queue.New[*submission](queue.Room{})
	come(q, 1)
	for what, c := range map[string]crowd{
		"nobody comes any more":  {expected: 3, patience: time.Millisecond, until: time.Now().Add(time.Hour)},
		"it has taken too long":  {expected: 3, patience: time.Hour, until: time.Now().Add(time.Millisecond)},
		"the commit is long ago": {expected: 3, patience: time.Hour, until: time.Now().Add(-time.Millisecond)},
		"all are there":          {expected: 1, patience: time.Hour, until: time.Now().Add(time.Hour)},
		"there was no commit":    {},
	} {
		t.Run(what, func(t *testing.T) { c.await(t.Context(), q) }) // the test ends with it
	}
}
