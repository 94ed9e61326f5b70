//go:build linux

package pgtest

import (
	"bytes"
	"sync"
)

// Trips counts round trips that somebody waits for: what is sent up to where the server answers
// but the ends of readers, whose answers come along with the next. The zero value is usable.
type Trips struct {
	mu   sync.Mutex
	n    int
	told string // the statements of each
	end  bool   // what is sent ends a transaction alone
}

// See is told of each message, as Proxy.CloseAt tells it, and closes no connection.
func (c *Trips) See(m Message) bool {
	if !m.ToServer {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m.Type {
	case 'B':
		name := string(bytes.SplitN(m.Body, []byte{0}, 3)[1])
		c.end = name == "rollback"
		c.told += name + "; "
	case 'S':
		if !c.end {
			c.n++
		}
		c.told += "\n"
	}
	return false
}

// Taken returns how many there were since it was asked last, and what was in them.
func (c *Trips) Taken() (n int, told string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, told = c.n, c.told
	c.n, c.told = 0, ""
	return n, told
}
