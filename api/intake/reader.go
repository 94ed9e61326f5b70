package intake

import (
	"context"
	"sync"

	"auditlog/admit"
	"auditlog/api/wire"
)

// Reader reads entries. Its zero value is usable. Its methods may be called by several
// goroutines at once.
type Reader struct {
	scanners sync.Pool // of *rpc.Scanner
}

// Call is a call that brings entries.
type Call struct {
	Exchange *wire.Exchange
	// Admitted has the memory that the call holds, and its turn.
	Admitted *admit.Call
	// Authorized returns why the caller may record nothing at all. It is asked before much of a
	// body is read.
	Authorized func() error
}

// take has the call hold n bytes more, or returns an Unavailable Fault.
func (c *Call) take(n int) error { return c.Admitted.Take(c.Exchange.Request.Context(), n) }

func (c *Call) context() context.Context {
	return admit.In(c.Exchange.Request.Context(), c.Admitted)
}
