// Package cli is the command line. serve is where every package meets: it opens
// them, runs them, and closes them. The other commands are clients of the API,
// through package client, or work on a data folder that no server has open.
//
// There is one file a command. A command writes its data to standard output and
// everything else to standard error, and never ends the process: [Main] returns
// the exit code that codes names. Only main.go may call this package.
package cli
