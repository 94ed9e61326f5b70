// Package proofs is the commands about what can be proven of a log: they fetch evidence and
// checkpoints, verify them without the log, and witness that a log only ever grows.
package proofs
