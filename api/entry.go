package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"auditlog/audit"
	"auditlog/rpc"
)

// maxEntryJSON bounds the JSON of one entry before it is read: an entry of
// audit.MaxStored is shorter, even with every character escaped.
const maxEntryJSON = 1 << 20

const entryTooLarge = "must be at most 65535 bytes as stored"

// plainEntry is an entry without its methods, which would hide its members.
type plainEntry audit.Entry

// entryInput is an entry as a caller sends it.
type entryInput struct {
	plainEntry
	ID         givenByLog `json:"id"`
	Seq        givenByLog `json:"seq"`
	RecordedAt givenByLog `json:"recordedAt"`
	RecordedBy givenByLog `json:"recordedBy"`
}

// givenByLog is what a caller must not send.
type givenByLog struct{}

// UnmarshalJSON refuses whatever it is given.
func (givenByLog) UnmarshalJSON([]byte) error {
	return audit.Errorf(audit.Invalid, "is given by the log and cannot be sent")
}

// readEntry reads one entry, fast where it can.
func (s *Server) readEntry(b []byte) (*audit.Entry, error) {
	sc := s.scanner()
	defer s.scanners.Put(sc)
	if e, ok := sc.One(b); ok {
		return e, nil
	}
	return decodeEntry(b)
}

// readBatch reads the body of auditLog.record, fast where it can.
func (s *Server) readBatch(b []byte) (entries []*audit.Entry, single bool, err error) {
	sc := s.scanner()
	defer s.scanners.Put(sc)
	if entries, ok := sc.Batch(b); ok {
		return entries, false, nil
	}
	if e, ok := sc.One(b); ok {
		return []*audit.Entry{e}, true, nil
	}
	return decodeBatch(b)
}

func (s *Server) scanner() *rpc.Scanner {
	if sc, ok := s.scanners.Get().(*rpc.Scanner); ok {
		return sc
	}
	return new(rpc.Scanner)
}

// decodeEntry reads one entry from JSON.
func decodeEntry(b []byte) (*audit.Entry, error) {
	if len(b) > maxEntryJSON {
		return nil, &audit.Fault{Kind: audit.TooLarge, Message: entryTooLarge}
	}
	var in entryInput
	if err := decodeStrict(b, &in); err != nil {
		return nil, err
	}
	return (*audit.Entry)(&in.plainEntry), nil
}

// decodeBatch reads the body of auditLog.record: one entry, or several as a list, as the
// member "entries" of an object, or one behind the other. It reports whether it was one.
func decodeBatch(b []byte) (entries []*audit.Entry, single bool, err error) {
	dec := jsontext.NewDecoder(bytes.NewReader(b))
	switch {
	case dec.PeekKind() == '[':
		entries, err = decodeEntries(dec, "")
	case hasEntries(b):
		entries, err = decodeObject(dec)
	case severalValues(b):
		entries, err = decodeSequence(dec)
		return entries, false, err
	default:
		e, err := decodeEntry(b)
		return []*audit.Entry{e}, true, err
	}
	if err != nil {
		return nil, false, err
	}
	return entries, false, decodeEnd(dec)
}

// decodeObject reads an object whose one member is "entries".
func decodeObject(dec *jsontext.Decoder) (entries []*audit.Entry, err error) {
	if _, err := dec.ReadToken(); err != nil { // {
		return nil, decodeError(err)
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, decodeError(err)
		}
		if name.String() != "entries" {
			return nil, audit.FieldErrorf(shown(name.String()), "unknown field beside entries")
		}
		if entries, err = decodeEntries(dec, "/entries"); err != nil {
			return nil, err
		}
	}
	if _, err := dec.ReadToken(); err != nil { // }
		return nil, decodeError(err)
	}
	return entries, nil
}

// decodeSequence reads entries that stand one behind the other, as those who write a
// line each send them without the content type for it.
func decodeSequence(dec *jsontext.Decoder) (entries []*audit.Entry, err error) {
	for {
		value, err := dec.ReadValue()
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, audit.AtItem(decodeError(err), audit.EntryAt(len(entries)))
		}
		if len(entries) == audit.MaxBatch {
			return nil, errBatch()
		}
		e, err := decodeEntry(value)
		if err != nil {
			return nil, audit.AtItem(err, audit.EntryAt(len(entries)))
		}
		entries = append(entries, e)
	}
}

// hasEntries reports whether b is an object with a member "entries", as far as
// it can be read.
func hasEntries(b []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(b))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return false
		}
		if name.String() == "entries" {
			return true
		}
		if dec.SkipValue() != nil {
			return false
		}
	}
	return false
}

// severalValues reports whether b holds more than one object.
func severalValues(b []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(b))
	return dec.SkipValue() == nil && dec.PeekKind() == '{'
}

// decodeEntries reads the list of entries at a path of the body.
func decodeEntries(dec *jsontext.Decoder, at jsontext.Pointer) ([]*audit.Entry, error) {
	if dec.PeekKind() != '[' {
		return nil, audit.FieldErrorf("entries", "must be a list")
	}
	if _, err := dec.ReadToken(); err != nil { // [
		return nil, decodeError(err)
	}
	var entries []*audit.Entry
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return nil, entryError(err, at, len(entries))
		}
		if len(entries) == audit.MaxBatch {
			return nil, errBatch()
		}
		e, err := decodeEntry(value)
		if err != nil {
			return nil, audit.AtItem(err, audit.EntryAt(len(entries)))
		}
		entries = append(entries, e)
	}
	_, err := dec.ReadToken() // ]
	if err != nil {
		return nil, decodeError(err)
	}
	return entries, nil
}

// entryError is decodeError for what was met on the way through the entry i.
func entryError(err error, at jsontext.Pointer, i int) error {
	var syntactic *jsontext.SyntacticError
	entry := at.AppendToken(strconv.Itoa(i))
	if !errors.As(err, &syntactic) || !entry.Contains(syntactic.JSONPointer) {
		return decodeError(err)
	}
	inside := *syntactic
	inside.JSONPointer = syntactic.JSONPointer[len(entry):]
	return audit.AtItem(syntaxFault(&inside), audit.EntryAt(i))
}

func errBatch() error {
	return &audit.Fault{Kind: audit.TooLarge, Path: "entries", Message: fmt.Sprintf("must be at most %d at once", audit.MaxBatch)}
}

// decodeEnd returns an error unless nothing follows.
func decodeEnd(dec *jsontext.Decoder) error {
	_, err := dec.ReadToken()
	switch {
	case err == nil:
		return audit.Errorf(audit.Invalid, "is not valid JSON: something follows the object")
	case errors.Is(err, io.EOF):
		return nil
	}
	return decodeError(err)
}
