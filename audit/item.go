package audit

import (
	"errors"
	"strconv"
	"strings"
)

// Item is the place of an entry among several: in a batch, counted from 0, or in a
// stream of lines, counted from 1. The zero Item is none.
type Item struct {
	entry, line int // of which one at most is set; entry counts from 1
}

// EntryAt returns the place of the entry i of a batch, from 0.
func EntryAt(i int) Item { return Item{entry: i + 1} }

// LineAt returns the place of the entry on the line n of a stream, from 1.
func LineAt(n int) Item { return Item{line: n} }

// Entry returns where in its batch the entry is, from 0, and whether it is in one.
func (i Item) Entry() (int, bool) { return i.entry - 1, i.entry > 0 }

// Line returns the line that the entry is on, from 1, and whether it is on one.
func (i Item) Line() (int, bool) { return i.line, i.line > 0 }

// String returns "entries[3]", "line 7", or nothing for the zero Item.
func (i Item) String() string {
	switch {
	case i.entry > 0:
		return "entries[" + strconv.Itoa(i.entry-1) + "]"
	case i.line > 0:
		return "line " + strconv.Itoa(i.line)
	}
	return ""
}

// with names a field of the entry, or the entry itself where path is empty.
func (i Item) with(path string) string {
	if path == "" {
		return i.String()
	}
	return i.String() + i.separator() + path
}

// separator stands between an item and the path of a field.
func (i Item) separator() string {
	switch {
	case i.entry > 0:
		return "."
	case i.line > 0:
		return ": "
	}
	return ""
}

// Field returns the path of a field of the entry, of what Fault.Where made of both.
func (i Item) Field(where string) string {
	if where == i.String() {
		return ""
	}
	return strings.TrimPrefix(where, i.String()+i.separator())
}

// AtItem says of err, when it is a Fault, which entry of several it is about. Other
// errors are returned as they are.
func AtItem(err error, item Item) error {
	var f *Fault
	if !errors.As(err, &f) {
		return err
	}
	g := *f
	g.Item = item
	return &g
}

// MoveItem gives err another item, when it is a Fault of the entry i of a batch: for
// those who sent the entries on from elsewhere. Other errors are returned as they are.
func MoveItem(err error, to func(i int) Item) error {
	var f *Fault
	if !errors.As(err, &f) {
		return err
	}
	i, ok := f.Item.Entry()
	if !ok {
		return err
	}
	return AtItem(err, to(i))
}
