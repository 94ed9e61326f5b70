// Package contexts keeps how a user reaches logs, by name: address, project, certificates, token. It is
// one file in the folder of the user's settings, which the user alone can read.
//
// It calls no log and shows no token. The commands that ask a server use it.
package contexts
