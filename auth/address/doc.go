// Package address says where calls come from: the address behind the proxies that one trusts,
// whether it is this machine, the ranges that a token may be bound to, the addresses of admins
// that were seen lately, and how often a network may try.
//
// It decides nothing about who calls, and keeps what it counts in memory alone. Package auth,
// and whoever shows or checks an address, may use it.
package address
