// Package importer holds what the importers of other systems' logs have in common,
// and one of them. An importer is a function that takes a stream of any length,
// plain or compressed by gzip, and hands a Sink one entry after the other, in the
// order of the stream and in constant memory. Each entry has a key that is the same
// whenever the same stream is read again, so that importing twice records once.
//
// An item that cannot be taken does not stop the reading: the Sink is told where it
// stands and why, and decides. What cannot be read at all, such as a torn archive,
// ends it with an error.
//
// The importers are NDJSON, entries as this log exports them, and package
// importer/cloudtrail, the events of AWS CloudTrail.
//
// The package does no network and no file I/O, and knows nothing of the client
// that sends what it emits.
package importer
