// Package ship takes what a log records to a destination from outside of its server: it pulls
// the next part (auditLog.pull), delivers it (package sink), and then keeps how far that went in
// a file of its own. The command "auditlog ship" is what calls it.
//
// Delivery is at least once and in commit order. A crash leaves the file as it was or as it is
// to be, so that at most the part that was being delivered is delivered again. The file has the
// cursor, counts of what was delivered, skipped and purged, the last error, and marks: the
// numbers of some entries that were delivered and sums of what they said, the closer together the
// newer they are. A log that was restored from a backup gives numbers again; by its marks a
// shipper that is told to go on finds the newest entry that the log still has as it was, and
// goes on behind that.
//
// Entries that a destination refuses for good are named, by their ids and not by what they say,
// in a file beside the state, before the state is behind them; Resend delivers them again.
//
// It delivers the log's newest checkpoint behind entries where it is told to, and keeps how far that
// covers them. What fails there holds up nothing.
//
// It never decides what is worth another try of a call (package client does, and the destination
// says so of its own), holds one part in memory, and has one goroutine.
package ship
