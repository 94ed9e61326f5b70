package admit

import (
	"sync"

	"auditlog/audit"
)

// maxWatchers bounds those who watch, maxTokenWatchers those of one token.
const (
	maxWatchers      = 500
	maxTokenWatchers = 20
)

// Watchers counts those who stay until something comes: live views, and calls that wait. Its zero
// value is ready. Its methods may be called by several goroutines at once.
type Watchers struct {
	mu     sync.Mutex // guards what follows
	all    int
	tokens map[string]int
}

// Enter counts somebody of a token in, or returns a RateLimited Fault where there are too many.
func (w *Watchers) Enter(token string) (leave func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all >= maxWatchers || w.tokens[token] >= maxTokenWatchers {
		return nil, audit.Errorf(audit.RateLimited, "too many live views and calls that wait are open: close some of them")
	}
	if w.tokens == nil {
		w.tokens = make(map[string]int)
	}
	w.all++
	w.tokens[token]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all--
		if w.tokens[token]--; w.tokens[token] == 0 {
			delete(w.tokens, token)
		}
	}, nil
}
