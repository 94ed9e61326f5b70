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

// decodeBatch reads the body of auditLog.record: one entry, or a list of them as
// the member "entries". It reports which of the two it was.
func decodeBatch(b []byte) (entries []*audit.Entry, single bool, err error) {
	if !hasEntries(b) {
		e, err := decodeEntry(b)
		if err != nil && severalValues(b) {
			err = audit.Errorf(audit.Invalid, `must be one entry, or several as {"entries":[…]}, or one a line as `+rpc.TypeNDJSON)
		}
		return []*audit.Entry{e}, true, err
	}
	dec := jsontext.NewDecoder(bytes.NewReader(b))
	if _, err := dec.ReadToken(); err != nil { // {
		return nil, false, decodeError(err)
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, false, decodeError(err)
		}
		if name.String() != "entries" {
			return nil, false, audit.FieldErrorf(shown(name.String()), "unknown field beside entries")
		}
		if entries, err = decodeEntries(dec); err != nil {
			return nil, false, err
		}
	}
	if _, err := dec.ReadToken(); err != nil { // }
		return nil, false, decodeError(err)
	}
	return entries, false, decodeEnd(dec)
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

// severalValues reports whether b is a list, or holds more than one object.
func severalValues(b []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(b))
	if dec.PeekKind() == '[' {
		return true
	}
	return dec.SkipValue() == nil && dec.PeekKind() == '{'
}

func decodeEntries(dec *jsontext.Decoder) ([]*audit.Entry, error) {
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
			return nil, entryError(err, len(entries))
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
func entryError(err error, i int) error {
	var syntactic *jsontext.SyntacticError
	entry := jsontext.Pointer("/entries").AppendToken(strconv.Itoa(i))
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
