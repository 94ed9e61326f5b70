package sink

import (
	"bytes"
	"context"
	"encoding/base64"
)

// ActionCheckpoint is the action of what carries a checkpoint of the log: it is written as an entry
// of the log itself, so that every format has it, and is none. Its id is the checkpoint's number
// below zero, and its seq 0.
const ActionCheckpoint = "log.checkpoint"

// Asker is a Destination that can be asked for what it holds.
type Asker interface {
	// Newest returns the newest mark of those in what was delivered lately that are wanted, or nil.
	// It changes nothing, and what is not there yet is no error. The mark that it returns is the last
	// that it asks wanted about.
	Newest(ctx context.Context, wanted func(mark []byte) bool) ([]byte, error)
}

// markBegins is what a mark is found by, behind which it is base64.
const markBegins = "auditlog-mark-v1."

// markEncoding has no character that any format would write otherwise.
var markEncoding = base64.RawURLEncoding.Strict()

// Mark returns a text that an entry can have in any format, in which Marks finds it again.
func Mark(mark []byte) string { return markBegins + markEncoding.EncodeToString(mark) }

// LastMark returns the last mark in a text of those that are wanted, or nil.
func LastMark(text []byte, wanted func(mark []byte) bool) []byte {
	for {
		i := bytes.LastIndex(text, []byte(markBegins))
		if i < 0 {
			return nil
		}
		rest := text[i+len(markBegins):]
		end := bytes.IndexFunc(rest, func(r rune) bool { return !markRune(r) })
		if end < 0 {
			end = len(rest)
		}
		if mark, err := markEncoding.DecodeString(string(rest[:end])); err == nil && wanted(mark) {
			return mark
		}
		text = text[:i]
	}
}

func markRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}
