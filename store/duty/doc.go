// Package duty tells the nodes that have one database which of them are there, and which is on duty:
// does what one does for all, as shipping, purging and signing.
//
// That is a hint, so that work is not done twice. Nothing is wrong where two nodes think that they
// are on duty: each of their writes is refused whose basis the other has changed. So no clock is
// compared, and none has to be right. Each node writes a beat; it is gone for another which has
// not seen that rise for some time by its own stopwatch, and takes over.
//
// It never decides what is done on duty, and reads and writes one row of the meta bucket. Package
// store alone uses it.
package duty
