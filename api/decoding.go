package api

import (
	"context"
	"io"
	"runtime"
	"sync"
)

// decoding has those take turns who bring many entries: to read these is what recording
// costs the processors most, and the committer needs one of them for everybody. Half of them
// may be used by one token, however many its connections, and all of them by all. What
// waits is nowhere but in the client and in the buffers of its connection.
type decoding struct {
	all     chan struct{} // has room for those who decode
	oneMost int

	mu     sync.Mutex // guards what follows
	tokens map[string]*decodingToken
}

// decodingToken is the turns of one token.
type decodingToken struct {
	turns chan struct{}
	users int // calls that have it
}

func newDecoding() *decoding {
	n := runtime.GOMAXPROCS(0)
	return &decoding{all: make(chan struct{}, n), oneMost: max(1, n/2), tokens: make(map[string]*decodingToken)}
}

// turn is one call's part in decoding. It is one goroutine's.
type turn struct {
	of    *decoding
	name  string
	token *decodingToken
	has   bool
}

// begin returns the part of a call of a token's, which ends it with end.
func (d *decoding) begin(token string) *turn {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tokens[token]
	if t == nil {
		t = &decodingToken{turns: make(chan struct{}, d.oneMost)}
		d.tokens[token] = t
	}
	t.users++
	return &turn{of: d, name: token, token: t}
}

// take waits for the call's turn, unless it has it.
func (t *turn) take(ctx context.Context) error {
	if t.has {
		return nil
	}
	select {
	case t.token.turns <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case t.of.all <- struct{}{}:
	case <-ctx.Done():
		<-t.token.turns
		return ctx.Err()
	}
	t.has = true
	return nil
}

// give lets others have their turn.
func (t *turn) give() {
	if t.has {
		<-t.of.all
		<-t.token.turns
		t.has = false
	}
}

func (t *turn) end() {
	t.give()
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	if t.token.users--; t.token.users == 0 {
		delete(t.of.tokens, t.name)
	}
}

// yielding is a body that lets others have their turn while it is waited for.
type yielding struct {
	io.Reader
	turn *turn
	ctx  context.Context
}

func (y *yielding) Read(b []byte) (int, error) {
	y.turn.give()
	n, err := y.Reader.Read(b)
	if err != nil && err != io.EOF {
		return n, err // and nothing is decoded any more
	}
	if failed := y.turn.take(y.ctx); failed != nil {
		return n, failed
	}
	return n, err
}
