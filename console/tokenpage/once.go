package tokenpage

import (
	"sync"
	"time"
)

// ShownOnce holds the secrets of new tokens until the page that shows them is loaded.
type ShownOnce struct {
	mu      sync.Mutex         // guards created
	created map[string]Created // by the id of the session
}

// secretKept is how long a new token's secret waits to be shown.
const secretKept = 5 * time.Minute

// Keep holds a new token's secret for the next visit of the tokens page.
func (o *ShownOnce) Keep(session string, t Created) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, old := range o.created {
		if t.At.Sub(old.At) > secretKept {
			delete(o.created, id)
		}
	}
	if o.created == nil {
		o.created = make(map[string]Created)
	}
	o.created[session] = t
}

// Take returns what Keep held, once and not for long.
func (o *ShownOnce) Take(session string, now time.Time) Created {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.created[session]
	delete(o.created, session)
	if now.Sub(t.At) > secretKept {
		return Created{}
	}
	return t
}
