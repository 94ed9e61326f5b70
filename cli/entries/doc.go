// Package entries is the commands about what is recorded: they record entries and import them, list,
// follow, count and export them, and keep searches by name. All ask a server.
package entries
