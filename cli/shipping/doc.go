// Package shipping is the commands about entries on their way out: to the sinks of a server, and from
// outside of it, where the command itself delivers.
package shipping
