package auth

import (
	"io"
	"net"
	"net/http"

	"auditlog/audit"
	"auditlog/auth/address"
)

// OpenDev returns a Keeper in development mode: it needs no tokens, every call is
// Dev's. It knows and answers nobody but this machine's own programs and pages,
// whatever it is asked through; see Admit and MayListen.
func OpenDev(storage Storage, opts Options) (*Keeper, error) {
	k, err := Open(storage, opts)
	if err != nil {
		return nil, err
	}
	k.local = http.NewCrossOriginProtection()
	_, err = io.ReadFull(k.opts.Rand, k.links[:])
	return k, err
}

// Dev reports whether this is development mode.
func (k *Keeper) Dev() bool { return k.local != nil }

// MayListen returns nil unless this is development mode and an address to listen at
// can be reached from other machines.
func (k *Keeper) MayListen(at net.Addr) error {
	if !k.Dev() || at.Network() == "unix" || address.Local(at.String()) {
		return nil
	}
	return audit.Errorf(audit.Invalid, "development mode asks nobody who they are: it cannot listen at %s, "+
		"which other machines reach", at)
}

// Admit returns nil unless this is development mode and a request does not come
// from this machine's own programs and pages. Whoever answers requests asks it
// first; what knows a caller asks it again.
//
// A browser on this machine must not record or read for a page from elsewhere: one
// that calls across sites is told apart by its Origin, one whose own name was made
// to resolve to this machine by the Host.
func (k *Keeper) Admit(r *http.Request) error {
	switch {
	case !k.Dev():
		return nil
	case address.Proxied(r):
		return audit.Errorf(audit.PermissionDenied, "in development mode no proxy is answered: it would let in whomever it serves")
	case !address.FromHere(r):
		return audit.Errorf(audit.PermissionDenied, "in development mode only this machine is answered")
	case !address.Local(r.Host):
		return audit.Errorf(audit.PermissionDenied, "in development mode only localhost is answered, not %.128q", r.Host)
	case k.local.Check(r) != nil:
		return audit.Errorf(audit.PermissionDenied, "in development mode no page from elsewhere is answered")
	}
	return nil
}
