// Package secrets makes and reads the secrets of tokens and sessions: "al_" or "als_", a public
// id, "_", 256 random bits in base 62 and a checksum.
//
// The prefix lets secret scanners find them where they do not belong, the checksum tells a
// mistyped one from an unknown one. What is kept of a secret is its hash. A secret that was set
// from outside has another shape: it must be hard to guess, and its id is a keyed hash of it.
//
// It keeps nothing, does no I/O, and quotes no secret in an error. Package auth alone uses it.
package secrets
