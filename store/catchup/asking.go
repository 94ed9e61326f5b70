package catchup

import "sync"

// Asking has those who ask the same at once share a question: one whose call comes while a question
// is out waits for the next, which all do who come until then. The zero value is usable.
type Asking struct {
	mu   sync.Mutex // guards next
	next *question
	out  sync.Mutex // held by whose question is out
}

type question struct {
	done chan struct{} // closed once err says how it ended
	err  error
}

// Ask returns the answer to a question that was asked after the call.
func (a *Asking) Ask(ask func() error) error {
	a.mu.Lock()
	q := a.next
	if q == nil {
		q = &question{done: make(chan struct{})}
		a.next = q
	}
	a.mu.Unlock()
	a.out.Lock()
	defer a.out.Unlock()
	select {
	case <-q.done:
		return q.err
	default:
	}
	a.mu.Lock()
	a.next = nil
	a.mu.Unlock()
	q.err = ask()
	close(q.done)
	return q.err
}
