package audit

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error.
type Kind int

const (
	// Internal is the zero Kind: a fault of this program or its machine.
	Internal Kind = iota
	// Invalid: the request is wrong and will stay so.
	Invalid
	// Unauthenticated: who calls is not known.
	Unauthenticated
	// PermissionDenied: who calls is known and may not.
	PermissionDenied
	// NotFound: what the request names does not exist, or the caller may not know.
	NotFound
	// Conflict: the request does not fit the present state.
	Conflict
	// TooLarge: the request, or an entry of it, is over a limit of size.
	TooLarge
	// RateLimited: the same request may pass later.
	RateLimited
	// Unavailable: the log cannot answer now; the same request may pass later.
	Unavailable
)

// ErrOvertaken says that another node of the log has changed the same meanwhile: nothing was
// written. It is an Unavailable Fault.
var ErrOvertaken error = Errorf(Unavailable, "another node changed the same at this moment: try again")

// String returns the code that the API answers with.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case Unauthenticated:
		return "unauthenticated"
	case PermissionDenied:
		return "forbidden"
	case NotFound:
		return "not_found"
	case Conflict:
		return "conflict"
	case TooLarge:
		return "too_large"
	case RateLimited:
		return "rate_limited"
	case Unavailable:
		return "unavailable"
	}
	return "internal"
}

// ParseKind returns the Kind whose String is code, or Internal.
func ParseKind(code string) Kind {
	for k := Invalid; k <= Unavailable; k++ {
		if k.String() == code {
			return k
		}
	}
	return Internal
}

// Fault is an error whose message is meant for the caller.
type Fault struct {
	Kind Kind
	// Item is the entry at fault, of several; the zero Item where there is one
	// entry alone, or where the fault is no entry's.
	Item Item
	// Path names the field at fault, as in "actor.email" or "changes[2].field". Empty
	// where the entry, or the request, as a whole is.
	Path    string
	Message string
}

// Error returns "where: message", or the message alone.
func (f *Fault) Error() string {
	if where := f.Where(); where != "" {
		return where + ": " + f.Message
	}
	return f.Message
}

// Where names the item and the field at fault, as in "entries[3].outcome" or
// "line 7: outcome". It is empty where the request as a whole is.
func (f *Fault) Where() string { return f.Item.with(f.Path) }

// Errorf returns a Fault of the given kind.
func Errorf(kind Kind, format string, args ...any) error {
	return &Fault{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// FieldErrorf returns an Invalid Fault of the field at path.
func FieldErrorf(path, format string, args ...any) error {
	return &Fault{Kind: Invalid, Path: path, Message: fmt.Sprintf(format, args...)}
}

// ErrKeyTaken returns the Conflict of an entry whose key another one has, the one with the id.
// What that one holds is not told: whoever guesses a key learns an id.
func ErrKeyTaken(id int64) error {
	return &Fault{Kind: Conflict, Path: "key",
		Message: fmt.Sprintf("entry %d has this key already, and differs from this one, which was not recorded", id)}
}

// AtPath puts prefix before the path of err when err is a Fault: "field"
// becomes "changes[3].field". Other errors are returned as they are.
func AtPath(err error, prefix string) error {
	var f *Fault
	if !errors.As(err, &f) || prefix == "" {
		return err
	}
	g := *f
	if g.Path == "" {
		g.Path = prefix
	} else {
		g.Path = prefix + "." + g.Path
	}
	return &g
}

// RenameField gives the field that err is about the name that it has elsewhere, when err is a
// Fault: "" for one that is not among the names. Other errors are returned as they are.
func RenameField(err error, names map[string]string) error {
	var f *Fault
	if !errors.As(err, &f) {
		return err
	}
	return &Fault{Kind: f.Kind, Path: names[f.Path], Message: f.Message}
}

// KindOf returns the kind of the Fault in err's chain, or Internal.
func KindOf(err error) Kind {
	var f *Fault
	if errors.As(err, &f) {
		return f.Kind
	}
	return Internal
}
