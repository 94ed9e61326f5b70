// Package store is the log itself: entries in a bbolt database, acknowledged only
// once they are on disk, listed newest first.
//
// It never looks into full text (package index supplies a Text), never decides
// who may do what, and never deletes an entry but with its whole project.
package store
