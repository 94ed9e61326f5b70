package found

import (
	"auditlog/admit"
	"auditlog/fulltext"
)

// Condition is a condition that looks, at each value that it is asked about, whether
// somebody still waits for the answer. If nobody does it finds nothing any more. It is for
// one goroutine.
type Condition struct {
	fulltext.Condition
	// Err is why it is no use to go on.
	Err error

	turn *admit.Turn
}

// NewCondition returns c in a turn.
func NewCondition(c fulltext.Condition, turn *admit.Turn) *Condition {
	return &Condition{Condition: c, turn: turn}
}

// Terms implements fulltext.Condition.
func (c *Condition) Terms(value string) uint64 {
	if c.Err == nil {
		c.Err = c.turn.Step()
	}
	if c.Err != nil {
		return 0
	}
	return c.Condition.Terms(value)
}
