// Package wire is how a request comes in and its answer goes out, whatever they are about: the
// exchange of both with its id and its line in the log, bodies that are read with patience and
// within bounds, and answers that are sent whole, in pieces or as a file, compressed where that
// is asked for. A Listener sends a long answer in one piece.
//
// What trickles ends and what keeps coming does not; an answer that has begun and cannot be
// finished is cut off, so that it does not pass for whole. Only a Fault's own message leaves the
// process: of every other error the log line says more.
//
// It knows no method, no caller and no entry, and keeps nothing but buffers. Package api and its
// rooms use it, and the server for its Listener.
package wire
