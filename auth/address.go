package auth

import (
	"net/netip"
	"strings"

	"auditlog/audit"
)

// ParseRange reads an address, which is a range of one, or a range such as 10.0.0.0/8.
func ParseRange(s string) (netip.Prefix, error) {
	s = strings.TrimSpace(s)
	p, err := netip.ParsePrefix(s)
	if a, isOne := netip.ParseAddr(s); isOne == nil {
		p, err = a.WithZone("").Prefix(a.BitLen())
	}
	if err != nil {
		return p, audit.Errorf(audit.Invalid, "must be an address or a range such as 10.0.0.0/8")
	}
	return unmapped(p).Masked(), nil
}

// FormatRange writes what ParseRange reads.
func FormatRange(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
