package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"auditlog/audit"
)

// Decode reads one JSON value into v. Unknown and repeated members, wrong
// types, invalid UTF-8 and anything behind the value are Invalid Faults with the
// path of the field, which is empty where the value as a whole is at fault.
func Decode(b []byte, v any) error {
	if len(bytes.TrimSpace(b)) == 0 {
		return audit.Errorf(audit.Invalid, "is empty: send a JSON object")
	}
	if err := json.Unmarshal(b, v, json.RejectUnknownMembers(true)); err != nil {
		return Error(err)
	}
	return nil
}

// Error words an error of the JSON packages for the caller.
func Error(err error) error {
	var fault *audit.Fault
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntactic):
		return SyntaxFault(syntactic)
	case errors.As(err, &semantic):
		path := fieldPath(semantic.JSONPointer)
		switch {
		case errors.As(err, &fault):
			return &audit.Fault{Kind: fault.Kind, Path: path, Message: fault.Message}
		case errors.Is(err, json.ErrUnknownName):
			return unknownField(semantic, path)
		case errors.Is(err, strconv.ErrRange):
			return audit.FieldErrorf(path, "is out of range")
		}
		return audit.FieldErrorf(path, "must be %s", wanted(semantic.GoType))
	}
	return fmt.Errorf("%w: %w", audit.Errorf(audit.Invalid, "is not valid JSON"), err)
}

// OfBody names what a Fault is about that has no path, if it is about the body:
// a *rights.Denied, for one, must stay what it is.
func OfBody(err error) error {
	if err == nil {
		return nil
	}
	var f *audit.Fault
	if !errors.As(err, &f) || f.Where() != "" || f.Kind != audit.Invalid && f.Kind != audit.TooLarge {
		return err
	}
	g := *f
	g.Message = "the body " + f.Message
	return &g
}

// SyntaxFault words what is no JSON for the caller.
func SyntaxFault(err *jsontext.SyntacticError) error {
	path := fieldPath(err.JSONPointer)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return audit.FieldErrorf(path, "is there twice")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return audit.FieldErrorf(path, "ends before the JSON is complete")
	case err.Err != nil && err.Err.Error() == "invalid UTF-8":
		return audit.FieldErrorf(path, "must be valid UTF-8")
	}
	return audit.FieldErrorf(path, "is not valid JSON: %v at byte %d", err.Err, err.ByteOffset)
}

// wanted names what a Go type reads, in the words of JSON.
func wanted(t reflect.Type) string {
	if t == nil {
		return "something else"
	}
	if t == reflect.TypeFor[time.Time]() {
		return "a time in RFC 3339 of the years 1 to 9999, as 2026-05-01T14:30:00Z"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// maxPath is where the path of a field is cut, about.
const maxPath = 256

// fieldPath writes a JSON pointer as the log writes paths: changes[3].field.
// The members of metadata are named by callers, and may be numbers; one that leads
// too deep to be a field of anything is cut.
func fieldPath(p jsontext.Pointer) string {
	var b strings.Builder
	last := ""
	for token := range p.Tokens() {
		if b.Len() >= maxPath {
			b.WriteString("…")
			break
		}
		if _, err := strconv.ParseUint(token, 10, 64); err == nil && last != "metadata" {
			b.WriteString("[" + token + "]")
		} else {
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(Shown(token))
		}
		last = token
	}
	return b.String()
}

// Shown returns a name that a caller chose in a form that fits into a message.
func Shown(name string) string {
	const most = 64
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) || name == "" {
		return strconv.Quote(name)
	}
	return name
}

func unknownField(err *json.SemanticError, path string) error {
	name := err.JSONPointer.LastToken()
	if best := audit.Closest(name, MemberNames(err.GoType)); best != "" {
		return audit.FieldErrorf(path, "unknown field: did you mean %q?", best)
	}
	return audit.FieldErrorf(path, "unknown field")
}

// MemberNames returns the JSON names of a struct's fields, of those that can be sent.
func MemberNames(t reflect.Type) []string {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" && f.Type != reflect.TypeFor[Given]() {
			names = append(names, name)
		}
	}
	return names
}

// Given is what the log gives, and a caller must not send.
type Given struct{}

// UnmarshalJSON refuses whatever it is given.
func (Given) UnmarshalJSON([]byte) error {
	return audit.Errorf(audit.Invalid, "is given by the log and cannot be sent")
}
