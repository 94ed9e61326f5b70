// Package connection is how a command reaches a server: by its flags, the environment, the context
// that is in use, or the session of a login; with the commands that keep these, and the hints where
// there is no server, or another one than was meant.
//
// A token is never an argument, and is sent to the server that it is of and to no other.
package connection
