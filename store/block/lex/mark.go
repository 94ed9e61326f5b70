package lex

import "strings"

// A template is a text with marks where its elements differ. The marks tell
// kinds of values apart while templates are found; reading, they are the same.
const (
	markCode   = 1 // digits, or hexadecimal digits
	markUUID   = 2
	markWord   = 3 // letters and digits mixed
	markEscape = 4 // the next byte stands for itself
)

const (
	// MaxHex is how many digits a hexadecimal number has at most.
	MaxHex = 512
	// UUIDBytes is how many bytes a UUID has.
	UUIDBytes = 36
)

// UUIDTemplate is the template of a UUID.
const UUIDTemplate = string(rune(markUUID))

// IsMark reports whether c is a mark of a template, or escapes one.
func IsMark(c byte) bool { return c-1 < markEscape }

// IsEscape reports whether c escapes a mark: the next byte stands for itself.
func IsEscape(c byte) bool { return c == markEscape }

// HasEscape reports whether a text with marks escapes any.
func HasEscape(text string) bool { return strings.IndexByte(text, markEscape) >= 0 }
