// Package sinks holds the acts on sinks in the words of the API: who may, what is changed, and
// the entry that tells of it. The API, the page and the configuration are doors to this one room,
// so that a sink is the same whichever it came through.
//
// It decides nothing about how entries are shipped: package shipping does. It never reads a
// request and never sends an answer.
package sinks
