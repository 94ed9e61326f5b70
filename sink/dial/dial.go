// Package dial makes the connections of destinations: to which addresses they may lead, and
// whom they trust. Destinations that are on a network connect through it and in no other way.
//
// Whoever may create a sink names an address that the server then connects to, from where the
// server stands. What listens on the machine itself, and what a cloud tells only its machines,
// is not meant to be reached so: loopback and link-local addresses are refused unless
// they are allowed. The address is looked at when the connection is made, after names
// were resolved, so that a name which changes its mind leads nowhere else.
package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"auditlog/audit"
	"auditlog/sink"
)

// patience is how long a connection may take to come about.
const patience = 10 * time.Second

// Func makes connections.
type Func func(ctx context.Context, network, address string) (net.Conn, error)

// New returns what connects within the bounds that o sets. It returns an Invalid Fault with the
// path "to" where the address of o is out of them, as far as can be told without asking.
func New(o *sink.Options) (Func, error) {
	d := &net.Dialer{Timeout: patience, KeepAlive: 15 * time.Second}
	if o.AllowLocal {
		return d.DialContext, nil
	}
	host := o.URL.Hostname()
	if a, err := netip.ParseAddr(host); err == nil && isLocal(a) || isLocalName(host) {
		return nil, audit.FieldErrorf("to", "%s is on this machine or its link, where sinks may not lead unless --allow-local-sinks is set", host)
	}
	d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return check(address)
	}
	return d.DialContext, nil
}

func isLocalName(host string) bool {
	host = strings.TrimSuffix(audit.Fold(host), ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// check refuses an address that a name was resolved to.
func check(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connect to %q: %w", address, err)
	}
	if isLocal(at.Addr()) {
		return fmt.Errorf("%s is on this machine or its link, where sinks may not lead unless --allow-local-sinks is set", at.Addr())
	}
	return nil
}

// translated are the prefixes under which an IPv6 address carries an IPv4 address in its last
// four bytes: NAT64's two, and that of addresses said to be compatible.
var translated = []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("::/96")}

// relayed is 6to4's prefix, under which an IPv6 address carries an IPv4 address right behind it.
var relayed = netip.MustParsePrefix("2002::/16")

// metadata is where clouds tell machines their secrets besides link-local addresses: Amazon's,
// Alibaba's, Azure's, Google's and Oracle's.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("168.63.129.16"),
	netip.MustParseAddr("fd20:ce::254"), netip.MustParseAddr("192.0.0.192"),
}

// isLocal reports whether an address leads to this machine, or to what only its link can reach.
func isLocal(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if isBad(a) {
		return true
	}
	b := a.As16()
	if relayed.Contains(a) {
		return isBad(netip.AddrFrom4([4]byte(b[2:6])))
	}
	for _, p := range translated {
		if p.Contains(a) {
			return isBad(netip.AddrFrom4([4]byte(b[12:])))
		}
	}
	return false
}

// thisNetwork is 0.0.0.0/8, of which systems take every address for their own.
var thisNetwork = netip.MustParsePrefix("0.0.0.0/8")

func isBad(a netip.Addr) bool {
	for _, m := range metadata {
		if a == m {
			return true
		}
	}
	return a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast() || thisNetwork.Contains(a)
}

// Settings are what can be said of how a destination is trusted, and of how it trusts.
func Settings() []sink.Setting {
	return []sink.Setting{
		{Name: "ca", Usage: "Certificates (PEM) of who may have signed its certificate, instead of those that this machine trusts."},
		{Name: "certificate", Usage: "The certificate (PEM) that this log shows, with those that lead to who signed it."},
		{Name: "key", Secret: true, Usage: "The key (PEM) of that certificate."},
	}
}

// TLS returns the settings of TLS that o asks for. It returns Invalid Faults with the paths
// "settings.ca", "settings.certificate" and "secrets.key".
func TLS(o *sink.Options) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if pem := o.Settings["ca"]; pem != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(pem)) {
			return nil, audit.FieldErrorf("settings.ca", "holds no certificate in PEM")
		}
	}
	certificate, key := o.Settings["certificate"], o.Secrets["key"]
	switch {
	case certificate == "" && key == "":
		return c, nil
	case certificate == "":
		return nil, audit.FieldErrorf("settings.certificate", "is required beside a key")
	case key == "":
		return nil, audit.FieldErrorf("secrets.key", "is required beside a certificate")
	}
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		// What the error says of the key is not worth what it might show of it.
		return nil, audit.FieldErrorf("settings.certificate", "and its key do not belong together, or are not PEM")
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}
