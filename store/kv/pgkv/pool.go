package pgkv

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// mostReaders is how many connections read at once, and idleReaders how many are kept. lingering is
// for how long the transaction of one may stay open that nobody uses: as much as keeps two that follow
// each other from ending it on its own, and too little to hold up a vacuum.
const (
	mostReaders = 24
	idleReaders = 8
	lingering   = 20 * time.Millisecond
)

// pool is the connections that read. Its methods may be called by several goroutines at once.
type pool struct {
	dial func() (*conn, error)
	// older reports whether a connection leads to a primary of before.
	older func(*conn) bool
	// silent is told of connections on which no answer came.
	silent func()
	room   chan struct{} // has an element for each connection that is out

	mu     sync.Mutex
	idle   []*conn     // the one used last at the end
	ender  *time.Timer // is going to have transactions end that linger; nil while none do
	closed bool
}

func (p *pool) init(dial func() (*conn, error), older func(*conn) bool, silent func()) {
	p.dial, p.older, p.silent, p.room = dial, older, silent, make(chan struct{}, mostReaders)
}

// take returns a connection, which give or drop takes back.
func (p *pool) take(until time.Time) (*conn, error) {
	patience := time.NewTimer(time.Until(until))
	defer patience.Stop()
	select {
	case p.room <- struct{}{}:
	case <-patience.C:
		return nil, fmt.Errorf("%d connections to the database are busy", mostReaders)
	}
	for c := p.pop(); c != nil; c = p.pop() {
		if !p.older(c) {
			return c, nil
		}
		c.retire()
	}
	c, err := p.dial()
	if err != nil {
		<-p.room
	}
	return c, err
}

func (p *pool) pop() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c
}

// give takes a connection back, and has its transaction end with the next one, or soon.
func (p *pool) give(c *conn) {
	if c.broken {
		p.drop(c)
		return
	}
	c.endLater()
	<-p.room
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= idleReaders {
		c.retire()
		return
	}
	p.idle = append(p.idle, c)
	if c.ending && p.ender == nil {
		p.ender = time.AfterFunc(lingering, p.end)
	}
}

// end has the transactions end of the connections that nobody uses.
func (p *pool) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ender = nil
	p.idle = slices.DeleteFunc(p.idle, func(c *conn) bool {
		if c.endNow() == nil {
			return false
		}
		c.close()
		return true
	})
}

// drop closes a connection that cannot be used any more.
func (p *pool) drop(c *conn) {
	<-p.room
	if c.silent {
		p.silent()
	}
	c.close()
	p.release() // those that are idle have lost their server as well, mostly
}

// release closes the connections that nobody uses.
func (p *pool) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.retire()
	}
	p.idle = nil
}

// close has every connection be closed, those that are out when they come back.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	if p.ender != nil {
		p.ender.Stop()
	}
	p.mu.Unlock()
	p.release()
}
