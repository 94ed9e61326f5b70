// Package witness keeps logs honest: it signs a checkpoint of a log only if that continues
// everything that it has signed of it before. A log that shows different histories to
// different people, or rewrites one, cannot have both signed.
//
// It is c2sp.org/tlog-witness, as a server, on files, and as the client of one. It knows
// checkpoints and nothing of what they are over. "auditlog witness" runs it, on a machine that the
// log's owner cannot reach.
package witness
