package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/auth/secrets"
)

// condemn has a token count no longer from now on, answers under way included, before
// anything is written: whoever floods the log with a stolen token must not put off that it
// is revoked. Its errors are those of Revoke, and leave the token as it was.
//
// When the commit that follows fails, the token stays as it is in memory, and Run tries to
// write until it can. Only a start of the log before that lets the token in again, and
// the caller is told so: a revocation that nobody can write is still better than none.
func (k *Keeper) condemn(call *rights.Call, id string) error {
	if err := call.Principal.Check(rights.TokenRevoke, ""); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.tokens[id]
	if h != nil && h.doomed() && call.Principal.Covers(rights.TokenRevoke, h.Projects) {
		return nil // and is to be written
	}
	h, err := k.changeableOf(h, call, rights.TokenRevoke, id)
	if err != nil {
		return err
	}
	if h.administers() && !k.administeredBy(map[string]bool{id: true}) {
		return errLastAdmin
	}
	k.doom(h)
	return nil
}

// condemnAll is condemn for a token and all that was made with it, and returns their ids.
func (k *Keeper) condemnAll(call *rights.Call, id string) (ids []string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.family(call, id)
	if len(list) == 0 {
		_, err := k.changeableOf(k.tokens[id], call, rights.TokenRevoke, id)
		return nil, err
	}
	gone, admins := make(map[string]bool), false
	for _, h := range list {
		if secrets.IsOutside(h.ID) {
			return nil, errOutside()
		}
		gone[h.ID] = true
		admins = admins || h.administers()
	}
	if admins && !k.administeredBy(gone) {
		return nil, errLastAdmin
	}
	for _, h := range list {
		k.doom(h)
		ids = append(ids, h.ID)
	}
	return ids, nil
}

// doom makes a token one that counts no longer. The caller holds k.mu.
func (k *Keeper) doom(h *held) {
	now := k.opts.Now()
	h.condemned.CompareAndSwap(0, now.UnixMicro())
	h.end(h.live(now))
}

// unwritten is a revocation that counts and is to be written.
type unwritten struct {
	call  *rights.Call
	cause string
}

// revokeLater keeps a revocation that could not be written, and returns what its caller is
// told. The caller holds changing.
func (k *Keeper) revokeLater(call *rights.Call, h *held, cause string, err error) error {
	if !h.doomed() {
		return err // the log's own, at its start
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unwritten[h.ID] = unwritten{call, cause}
	var f *audit.Fault
	if !errors.As(err, &f) {
		return fmt.Errorf("revoke token %s, which counts no longer all the same: %w", h.ID, err)
	}
	return fmt.Errorf("%w: %w", audit.Errorf(f.Kind, "token %s counts no longer, but that could not be written, which is tried again: "+
		"until it is, a start of the log would let it in once more (%s)", h.ID, f.Message), err)
}

// writeRevocations writes those that could not be written before.
func (k *Keeper) writeRevocations(ctx context.Context) error {
	k.begin()
	defer k.changing.Unlock()
	k.mu.RLock()
	list := maps.Clone(k.unwritten)
	k.mu.RUnlock()
	var failed error
	for id, u := range list {
		if h := k.find(id); h != nil && h.doomed() {
			if _, err := k.revoke(ctx, u.call, h, u.cause); err != nil {
				failed = errors.Join(failed, err)
				continue
			}
		}
		k.mu.Lock()
		delete(k.unwritten, id)
		k.mu.Unlock()
	}
	return failed
}
