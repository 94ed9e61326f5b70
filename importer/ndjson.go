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
// emits them without what the log that they come from gave them: id, seq, recordedAt,
// recordedBy and, in exports of former versions, purge. An entry that names no project
// gets the one given.
//
// An entry that another log exported and that has no key gets one, made of what
// that log says of it, so that an export can be imported again. One that was never
// in a log, and has no key, is a new one every time.
//
// Empty lines are left out.
func NDJSON(r io.Reader, project string, sink Sink) (Passed, error) {
	b, err := Plain(r)
	if err != nil {
		return Passed{}, err
	}
	var passed Passed
	var line []byte
	entries := false
	for place := (Place{Kind: "line", Number: 1}); ; place.Number++ {
		line, err = readLine(b, line[:0])
		if err == io.EOF {
			break
		}
		switch {
		case err == ErrTooLong:
			err = sink.Refused(place, err)
		case err != nil:
			return passed, err
		case len(bytes.TrimSpace(line)) == 0:
			continue
		default:
			err = takeLine(place, line, project, sink)
		}
		entries = true
		if err != nil {
			return passed, err
		}
	}
	if !entries {
		passed.Count(EmptyFile, 1)
	}
	return passed, nil
}

func takeLine(place Place, line []byte, project string, sink Sink) error {
	e, err := entryOf(line, project)
	if !strings.HasPrefix(e.Key, keyPrefix) {
		place.ID = e.Key
	}
	if err != nil {
		return sink.Refused(place, err)
	}
	return sink.Entry(place, e)
}

// readLine appends the next line to buf. At the end of the stream its error is
// io.EOF. A line that is too long is read to its end.
func readLine(b *bufio.Reader, buf []byte) ([]byte, error) {
	tooLong := false
	for {
		part, err := b.ReadSlice('\n')
		if tooLong = tooLong || len(buf)+len(part) > MaxItem; !tooLong {
			buf = append(buf, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case tooLong && (err == nil || err == io.EOF):
			return buf[:0], ErrTooLong
		case err == io.EOF && len(buf) > 0:
			return buf, nil
		}
		return buf, err
	}
}

// entryOf reads the entry in line. Of one that cannot be taken it returns what could
// be read.
func entryOf(line []byte, project string) (audit.Entry, error) {
	var x exportedEntry
	if err := json.Unmarshal(line, &x, json.RejectUnknownMembers(true)); err != nil {
		return audit.Entry(x.plainEntry), lineFault(err)
	}
	e := audit.Entry(x.plainEntry)
	if e.Key == "" && e.ID > 0 && !e.RecordedAt.IsZero() {
		e.Key = keyOf(&e, x.Purge)
	}
	e.ID, e.Seq, e.RecordedAt, e.RecordedBy = 0, 0, time.Time{}, ""
	if e.Project == "" {
		e.Project = project
	}
	e.Normalize()
	return e, e.Validate(e.CreatedAt) // whether it is too far ahead is the log's to say
}

// plainEntry is an entry without its methods, which would hide its members.
type plainEntry audit.Entry

// exportedEntry is an entry as this version exports it, or a former one.
type exportedEntry struct {
	plainEntry
	// Purge is what former versions added to a project.delete entry.
	Purge *purge `json:"purge"`
}

type purge struct {
	Entries int64     `json:"entries"`
	FirstID int64     `json:"firstId"`
	LastID  int64     `json:"lastId"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
}

// keyPrefix begins the keys made here.
const keyPrefix = "import-"

// keyOf makes a key of an entry that another log gave an id: of the id, so that
// keys keep the order of the entries, and of the hash of what it holds. What is hashed
// is pinned: it is the JSON of an entry as the first version wrote it, whatever a later
// one adds, so that an export that was imported once has the same keys for ever.
func keyOf(e *audit.Entry, p *purge) string {
	hash := sha256.Sum256(appendKeyed(nil, e, p))
	id := binary.BigEndian.AppendUint64(nil, uint64(e.ID))
	return keyPrefix + base32.HexEncoding.EncodeToString(append(id, hash[:12]...))
}

// appendKeyed appends what a key is made of.
func appendKeyed(b []byte, e *audit.Entry, p *purge) []byte {
	input := e.AppendInput(nil)
	b = fmt.Appendf(b, `{"id":%d,%s`, e.ID, input[1:len(input)-1])
	if e.CreatedAt.IsZero() {
		b = fmt.Appendf(b, `,"createdAt":"%s"`, audit.FormatTime(e.CreatedAt))
	}
	b = fmt.Appendf(b, `,"recordedAt":"%s"`, audit.FormatTime(e.RecordedAt))
	if p != nil {
		b = fmt.Appendf(b, `,"purge":{"entries":%d,"firstId":%d,"lastId":%d,"from":"%s","to":"%s","at":"%s"`, p.Entries,
			p.FirstID, p.LastID, audit.FormatTime(p.From), audit.FormatTime(p.To), audit.FormatTime(p.At))
		b, _ = jsontext.AppendQuote(append(b, `,"by":`...), p.By) // of valid UTF-8: cannot fail
		b = append(b, '}')
	}
	return append(b, '}')
}

// lineFault words an error of the JSON package for whoever has the line.
func lineFault(err error) error {
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntactic):
		return audit.FieldErrorf(path(syntactic.JSONPointer), "is not valid JSON: %s", Words(syntactic))
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return audit.FieldErrorf(path(semantic.JSONPointer), "unknown field")
	case errors.As(err, &semantic) && semantic.JSONPointer == "":
		return audit.Errorf(audit.Invalid, "must be an entry, a JSON object")
	case errors.As(err, &semantic):
		return audit.FieldErrorf(path(semantic.JSONPointer), "has the wrong type")
	}
	return audit.Errorf(audit.Invalid, "is not valid JSON")
}

// Words says what is wrong with JSON, without the name of the package that found it.
func Words(err *jsontext.SyntacticError) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return strings.TrimPrefix(err.Err.Error(), "jsontext: ")
}

// path writes a JSON pointer with dots.
func path(p jsontext.Pointer) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
}
