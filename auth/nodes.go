package auth

import (
	"context"
	"reflect"
	"sync"

	"auditlog/audit"
)

// Nodes is a Storage that several nodes share, each with a Keeper of its own: what one of them
// revokes counts on none from then on.
type Nodes interface {
	// Shared reports whether there may be others.
	Shared() bool
	// Fresh returns once this node knows of all that any had changed before the call, of which
	// FollowTokens has told it then.
	Fresh() error
	// FollowTokens calls changed with all records and their revision, at once and whenever
	// another node has changed some.
	FollowTokens(changed func(revision uint64, records map[string][]byte)) error
	// ChangeTokensAt is ChangeTokens of a revision, which is one more afterwards. It returns
	// audit.ErrOvertaken where it is another one by now.
	ChangeTokensAt(ctx context.Context, revision uint64, put map[string][]byte, del []string, entry *audit.Entry) error
}

// load reads tokens and sessions, and has them follow what other nodes do.
func (k *Keeper) load() error {
	if nodes, ok := k.storage.(Nodes); ok && nodes.Shared() {
		k.nodes = nodes
		var first error
		var once sync.Once
		err := nodes.FollowTokens(func(revision uint64, records map[string][]byte) {
			err := k.take(revision, records)
			once.Do(func() { first, err = err, nil }) // of the call that is made at once
			if err != nil {
				k.report(err)
			}
		})
		if err != nil {
			return err
		}
		return first
	}
	records, err := k.storage.Tokens()
	if err != nil {
		return err
	}
	return k.take(0, records)
}

// fresh returns once everything counts that another node has done before.
func (k *Keeper) fresh() error {
	if k.nodes == nil {
		return nil
	}
	return k.nodes.Fresh()
}

// begin takes changing, and has the caller decide by what is known now. Whatever another node does
// from then on has its write fail.
func (k *Keeper) begin() {
	_ = k.fresh() // where it fails, so does the write
	k.changing.Lock()
	k.rebase()
}

// rebase has the caller, who holds changing, decide anew.
func (k *Keeper) rebase() {
	k.mu.RLock()
	defer k.mu.RUnlock()
	k.basis = k.revision
}

// write changes records if no other node has since the caller began. The caller holds changing.
func (k *Keeper) write(ctx context.Context, put map[string][]byte, del []string, entry *audit.Entry) error {
	if k.nodes == nil {
		return k.storage.ChangeTokens(ctx, put, del, entry)
	}
	err := k.nodes.ChangeTokensAt(ctx, k.basis, put, del, entry)
	if err == nil {
		k.basis++
	}
	return err
}

// overtaken reports whether what was written has been taken in already, with what another node
// has done since. The caller holds changing and mu.
func (k *Keeper) overtaken() bool {
	if k.revision > k.basis {
		return true
	}
	k.revision = k.basis
	return false
}

// take has all records be these, as of a revision. What a record says ends what is answered by it.
func (k *Keeper) take(revision uint64, records map[string][]byte) error {
	tokens, sessions := make(map[string]*held), make(map[string]*active)
	for key, v := range records {
		var err error
		if id, is := sessionOf(key); is {
			sessions[id], err = decodeSession(id, v)
		} else {
			tokens[key], err = decodeToken(key, v)
		}
		if err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.opts.Now()
	for id, was := range k.tokens {
		if is := tokens[id]; is != nil {
			tokens[id] = is.continuing(was)
		} else {
			was.end(errUnknown)
		}
	}
	for _, h := range tokens {
		if err := h.live(now); err != nil {
			h.end(err)
		}
	}
	for id, was := range k.sessions {
		switch is := sessions[id]; {
		case is == nil:
			was.end(errSessionOver)
		case is.actsAs(was):
			sessions[id] = is.continuing(was)
		default:
			was.end(errRights)
		}
	}
	k.tokens, k.sessions, k.revision = tokens, sessions, revision
	return nil
}

// actsAs reports whether a session is one of the same rights.
func (a *active) actsAs(was *active) bool {
	return a.TokenID == was.TokenID && (a.Person == nil || was.Person != nil && reflect.DeepEqual(a.Person.Grants, was.Person.Grants))
}

// continuing returns h with what this node knows of the token beside its record.
func (h *held) continuing(was *held) *held {
	next := *h
	next.used, next.from, next.condemned, next.ended, next.end = was.used, was.from, was.condemned, was.ended, was.end
	if at := h.used.Load(); at > next.used.Load() {
		next.used.Store(at)
		next.from.Store(h.from.Load())
	}
	return &next
}

// continuing does so for a session.
func (a *active) continuing(was *active) *active {
	next := *a
	next.seen, next.renewing, next.retryAt, next.ended, next.end = was.seen, was.renewing, was.retryAt, was.ended, was.end
	next.seen.Store(max(a.seen.Load(), was.seen.Load()))
	return &next
}
