// Package server is where every package meets: it opens what makes the log, runs it, and closes
// it, as its settings say. A part is a field of server; what works all the time is a worker with
// a name. Adding a part is a line in open, one in close or among the workers, and its settings.
//
// Only the command line calls it: through [Command], and commands on a folder or on sinks for the
// settings that they have in common with it.
package server
