package audit

import (
	"net/netip"
	"slices"
	"strings"
)

// Addresses is what a query's IP stands for: one address, a range, or the name that
// stands in an address's place where a service and not a machine made the call.
type Addresses struct {
	in   netip.Prefix
	name string
}

// ParseAddresses reads an address, a range in CIDR notation, or a name. It returns an
// Invalid Fault for what looks like one of the former and is not.
func ParseAddresses(s string) (Addresses, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		ip = ip.Unmap()
		if ip.Zone() != "" {
			return Addresses{name: s}, nil
		}
		return Addresses{in: netip.PrefixFrom(ip, ip.BitLen())}, nil
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		if p.Addr().Is4In6() && p.Bits() >= mappedBits {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
		}
		return Addresses{in: p.Masked()}, nil
	}
	if strings.ContainsAny(s, "/: ") || s != "" && strings.Trim(s, "0123456789.") == "" {
		return Addresses{}, Errorf(Invalid, "must be an address, as 203.0.113.9, or a range, as 203.0.113.0/24")
	}
	return Addresses{name: s}, nil
}

// mappedBits is how many bits of a mapped IPv4 address come before it.
const mappedBits = 96

// Contain reports whether ip, as an entry has it, is meant.
func (a Addresses) Contain(ip string) bool {
	if !a.in.IsValid() {
		return a.name == ip
	}
	addr, err := netip.ParseAddr(ip)
	return err == nil && a.in.Contains(addr.Unmap())
}

// Range returns the range, of one address or more, which IPv4 addresses are in as such. ok is
// false for a name.
func (a Addresses) Range() (in netip.Prefix, ok bool) { return a.in, a.in.IsValid() }

// AnyAddress returns the condition that an entry's address is one of those asked for.
func AnyAddress(asked []string) func(ip string) bool {
	var list []Addresses
	for _, s := range asked {
		if a, err := ParseAddresses(s); err == nil { // a valid query has no error
			list = append(list, a)
		}
	}
	return func(ip string) bool {
		return slices.ContainsFunc(list, func(a Addresses) bool { return a.Contain(ip) })
	}
}

// String returns a in one form for all that mean the same.
func (a Addresses) String() string {
	switch {
	case !a.in.IsValid():
		return a.name
	case a.in.IsSingleIP():
		return a.in.Addr().String()
	}
	return a.in.String()
}

// normalAddresses returns s in the form of String, or as it is where it is none.
func normalAddresses(s string) string {
	if a, err := ParseAddresses(s); err == nil {
		return a.String()
	}
	return s
}
