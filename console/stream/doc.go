// Package stream sends what takes long, to clients that may be slow but must not stand still: files
// of any length, and entries as they are committed.
//
// It begins no answer before it has to, so that an error can still have a page, and makes no HTML.
// Package console alone uses it.
package stream
