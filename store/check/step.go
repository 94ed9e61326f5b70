package check

import (
	"bytes"
	"errors"
	"time"

	"auditlog/store/format"
	"auditlog/store/kv"
)

// view runs parts of the check on one state of the database, up to what is damaged there. whole is false where
// something is.
func (c *checker) view(parts ...func() error) (whole bool, err error) {
	err = c.db.View(func(tx kv.Tx) error {
		c.tx, c.begun, c.sequence, c.newestBlock, c.all = tx, time.Now(), nil, nil, nil
		clear(c.now)
		clear(c.orders)
		for _, part := range parts {
			if err := part(); err != nil || tx.Err() != nil {
				return err
			}
		}
		return nil
	})
	c.tx = nil
	if errors.Is(err, kv.ErrDamaged) || errors.Is(err, format.ErrCorrupt) {
		c.problem("%v", err)
		return false, nil
	}
	return err == nil, err
}

// steps calls a step as long as it has more, each time on the newest state of the database, up to what is
// damaged.
func (c *checker) steps(step func() (more bool, err error)) error {
	for more := true; more; {
		whole, err := c.view(func() (err error) {
			more, err = step()
			return err
		})
		if err != nil || !whole {
			return err
		}
	}
	return nil
}

// spent reports whether a step is to end.
func (c *checker) spent() bool { return time.Since(c.begun) >= c.opts.Step }

// rows calls fn with each row of a bucket before a key, or all if that is nil, by steps. Each step begins
// with the row that the one before ended with, again, if that is still there.
func (c *checker) rows(bucket string, to []byte, fn func(k, v []byte, again bool)) error {
	var last []byte
	return c.steps(func() (more bool, err error) {
		for k, v := range kv.From(c.tx.Bucket(bucket), last) {
			if to != nil && bytes.Compare(k, to) >= 0 {
				break
			}
			again := last != nil && bytes.Equal(k, last)
			if fn(k, v, again); !again && c.spent() {
				last = bytes.Clone(k)
				return true, c.ctx.Err()
			}
		}
		return false, c.ctx.Err()
	})
}

// perProject calls fn with each project, and its record in the state that the step sees, again as long as
// there is more to do for it.
func (c *checker) perProject(fn func(p, now *project) (more bool, err error)) error {
	i := 0
	return c.steps(func() (bool, error) {
		for i < len(c.projects) && c.tx.Err() == nil {
			more := false
			if now := c.current(c.projects[i]); now != nil {
				var err error
				if more, err = fn(c.projects[i], now); err != nil {
					return false, err
				}
			}
			if !more {
				i++
			}
			if err := c.ctx.Err(); err != nil {
				return false, err
			}
			if c.spent() {
				break
			}
		}
		return i < len(c.projects), nil
	})
}

// current returns a project as its record in the state that the step sees has it: nil where it has
// begun anew since the check did, which then is no matter of it.
func (c *checker) current(p *project) *project {
	now, known := c.now[p.ID]
	if known {
		return now
	}
	v := c.tx.Bucket(format.Projects).Get([]byte(p.name))
	if rec, err := format.ParseProject([]byte(p.name), v); err != nil {
		c.problem("%v", err)
	} else if rec.ID == p.ID && rec.Incarnation == p.Incarnation {
		now = &project{name: p.name, Project: rec}
	}
	c.now[p.ID] = now
	return now
}

// here returns all projects that the state which the step sees has. What is wrong with their records was
// reported.
func (c *checker) here() map[format.ProjectID]*project {
	if c.all != nil {
		return c.all
	}
	c.all = make(map[format.ProjectID]*project, len(c.projects))
	for k, v := range kv.All(c.tx.Bucket(format.Projects)) {
		if rec, err := format.ParseProject(k, v); err == nil {
			c.all[rec.ID] = &project{name: string(k), Project: rec}
		}
	}
	return c.all
}
