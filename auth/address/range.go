package address

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
	return Canonical(p), nil
}

// FormatRange writes what ParseRange reads.
func FormatRange(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// Canonical returns a range as callers' addresses are compared to it: one of IPv4 addresses
// that is written as one of IPv6 as what it is.
func Canonical(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}
