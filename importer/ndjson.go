package importer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"auditlog/audit"
)

// NDJSON reads entries as this log exports them, one JSON object a line, and
// emits them without what the log that they come from gave them: id, recordedAt
// and purge. An entry that names no project gets the one given.
//
// An entry that another log exported and that has no key gets one, made of what
// that log says of it, so that an export can be imported again. One that was never
// in a log, and has no key, is a new one every time.
//
// Empty lines are left out. Errors name the line, counted from 1.
func NDJSON(r io.Reader, project string, emit func(audit.Entry) error) error {
	b, err := plain(r)
	if err != nil {
		return err
	}
	var line []byte
	for n := 1; ; n++ {
		line, err = readLine(b, line[:0])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return atLine(n, err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e, err := entryOf(line, project)
		if err != nil {
			return atLine(n, err)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
}

// atLine says of err which line it is about.
func atLine(n int, err error) error {
	if f := (*audit.Fault)(nil); !errors.As(err, &f) {
		return fmt.Errorf("line %d: %w", n, err)
	}
	return audit.AtItem(err, audit.LineAt(n))
}

// readLine appends the next line to buf. At the end of the stream its error is
// io.EOF.
func readLine(b *bufio.Reader, buf []byte) ([]byte, error) {
	for {
		part, err := b.ReadSlice('\n')
		buf = append(buf, part...)
		switch {
		case len(buf) > maxItem:
			return nil, errTooLong
		case err == io.EOF && len(buf) > 0:
			return buf, nil
		case err != bufio.ErrBufferFull:
			return buf, err
		}
	}
}

// entryOf reads the entry in line.
func entryOf(line []byte, project string) (audit.Entry, error) {
	var e audit.Entry
	if err := json.Unmarshal(line, &e, json.RejectUnknownMembers(true)); err != nil {
		return e, lineFault(err)
	}
	if e.Key == "" && e.ID > 0 && !e.RecordedAt.IsZero() {
		e.Key = keyOf(&e)
	}
	e.ID, e.RecordedAt, e.Purge = 0, time.Time{}, nil
	if e.Project == "" {
		e.Project = project
	}
	e.Normalize()
	return e, e.Validate(e.CreatedAt) // whether it is too far ahead is the log's to say
}

// keyOf makes a key of an entry that another log gave an id: of the id, so that
// keys keep the order of the entries, and of the hash of all that it holds.
func keyOf(e *audit.Entry) string {
	hash := sha256.Sum256(e.AppendJSON(nil))
	id := binary.BigEndian.AppendUint64(nil, uint64(e.ID))
	return "import-" + base32.HexEncoding.EncodeToString(append(id, hash[:12]...))
}

// lineFault words an error of the JSON package for whoever has the line.
func lineFault(err error) error {
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntactic):
		return audit.FieldErrorf(path(syntactic.JSONPointer), "is not valid JSON: %v", syntactic.Err)
	case errors.Is(err, json.ErrUnknownName):
		errors.As(err, &semantic)
		return audit.FieldErrorf(path(semantic.JSONPointer), "unknown field")
	case errors.As(err, &semantic):
		return audit.FieldErrorf(path(semantic.JSONPointer), "has the wrong type")
	}
	return audit.Errorf(audit.Invalid, "is not valid JSON: %v", err)
}

// path writes a JSON pointer with dots.
func path(p jsontext.Pointer) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
}
