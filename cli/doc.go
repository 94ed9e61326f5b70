// Package cli is the command line. serve runs the server, which package server in here puts
// together. The other commands are clients of the API, through package client, or work on a data
// folder that no server has open.
//
// There is a room for each kind of task, with a file a command: what is recorded (entries), ways out
// of the log (shipping), what proves it (proofs), who may what (admin), the log where it lies (folder),
// how a server is reached (connection), and the program itself (help). Other rooms have what several
// share: the run that a command is of (command), flags that filter (filters), what is written where
// (output, terminal), and how a command ends (exit). A command writes its
// data to standard output and everything else to standard error, and never ends the process:
// [Main] returns the exit code. Only main.go may call this package, and packaging,
// which makes manual pages of its commands.
package cli
