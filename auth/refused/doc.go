// Package refused keeps the calls that were refused, as entries of the log about itself: those
// that a caller may not make, those with a secret that is nobody's, log-ins of people who may
// not be here, entries whose keys others have, and what is over a limit.
//
// It counts floods instead of telling of each; see package fold. A crash loses such counts of up
// to an hour, never the first refusal by more than a moment.
//
// It refuses nobody itself, and begins no goroutine: package auth, which alone holds one, calls
// Record as the time comes.
package refused
