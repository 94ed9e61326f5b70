package cloudtrail

import (
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"auditlog/audit"
	"auditlog/importer"
)

// Reads says what becomes of read-only calls.
type Reads string

const (
	// SkipReads leaves them out. It is the default, also of "".
	SkipReads Reads = "skip"
	// DeniedReads records those that were refused, and leaves the others out.
	DeniedReads Reads = "denied"
	// AllReads records them as any other call.
	AllReads Reads = "all"
)

// Options say how events become entries.
type Options struct {
	// Project is the project of the entries. Required.
	Project string
	// Reads says what becomes of read-only calls. Default SkipReads.
	Reads Reads
}

// Read reads events of AWS CloudTrail in any of the shapes that doc.go names, and
// hands sink their entries. It returns what it left out, also when it fails: with an
// Invalid Fault of the options, with an error of r, or with one of the sink.
func Read(r io.Reader, opts Options, sink importer.Sink) (importer.Passed, error) {
	if err := audit.ValidateProject(opts.Project); err != nil {
		return importer.Passed{}, err
	}
	plain, err := importer.Plain(r)
	if err != nil {
		return importer.Passed{}, err
	}
	t := trail{src: newSource(plain), opts: opts, sink: sink}
	if err := t.documents(); err != nil {
		return t.passed, err
	}
	if t.count == 0 {
		t.passed.Count(importer.EmptyFile, 1)
	}
	return t.passed, nil
}

// trail reads one stream.
type trail struct {
	src    *source
	opts   Options
	sink   importer.Sink
	passed importer.Passed
	count  int64 // of items
	// told is whether the known shapes were named once.
	told bool
}

// errSink wraps an error of the sink, to tell it from one of the stream.
type errSink struct{ error }

// documents reads JSON documents to the end of the stream.
func (t *trail) documents() error {
	for {
		err := t.document()
		var own errSink
		switch {
		case err == io.EOF && t.src.failed == nil:
			return nil
		case errors.As(err, &own):
			return own.error
		case t.src.failed != nil:
			return t.src.failed
		case err == nil:
			continue
		}
		if !t.src.isRemains() {
			if err := t.broken(err); err != nil {
				return err
			}
		}
		if !t.src.resume() {
			return t.src.failed
		}
	}
}

// broken reports an item that is no JSON.
func (t *trail) broken(err error) error {
	t.count++
	why := importer.ErrTooLong
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntactic):
		why = audit.Errorf(audit.Invalid, "line %d: is not valid JSON: %s", t.src.line(err), importer.Words(syntactic))
	case errors.Is(err, io.ErrUnexpectedEOF):
		why = audit.Errorf(audit.Invalid, "line %d: is not valid JSON: it ends too early", t.src.line(err))
	}
	return t.sink.Refused(importer.Place{Kind: "event", Number: t.count}, why)
}

// document reads one JSON document. Its error is io.EOF where there is none.
func (t *trail) document() error {
	switch kind := t.src.dec.PeekKind(); kind {
	case '{':
		return t.object()
	case '[':
		return t.list()
	}
	raw, err := t.src.dec.ReadValue()
	if err != nil {
		return err
	}
	return t.settled(raw)
}

// lists are the names of the members that hold events one by one, in the documents
// that AWS and its tools write. See shapes in shape.go for what may be in them.
var lists = map[string]bool{
	"Records":   true, // the files of a trail, and what AWS hands a function
	"Events":    true, // aws cloudtrail lookup-events
	"Messages":  true, // aws sqs receive-message
	"logEvents": true, // a subscription to CloudWatch Logs
	"events":    true, // aws logs filter-log-events and get-log-events
}

// object reads an object: each item of its lists, or itself if it has none.
func (t *trail) object() error {
	dec := t.src.dec
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	var members object
	isList := false
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		if kind := dec.PeekKind(); lists[key] && (kind == '[' || kind == 'n') {
			isList = true
			if err := t.list(); err != nil {
				return err
			}
			continue
		}
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		members = append(members, member{key, raw.Clone()})
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	t.src.settle()
	if isList {
		return nil
	}
	return own(t.itemOf(members, 0))
}

// list reads each item of a list. null is a list without any.
func (t *trail) list() error {
	dec := t.src.dec
	if dec.PeekKind() == 'n' {
		_, err := dec.ReadToken()
		return err
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if err := t.settled(raw); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// settled takes an item that was read whole.
func (t *trail) settled(raw jsontext.Value) error {
	raw = raw.Clone()
	t.src.settle()
	return own(t.item(raw, 0))
}

// own marks an error of the sink.
func own(err error) error {
	if err == nil {
		return nil
	}
	return errSink{err}
}

// event takes an event: it becomes an entry, unless it is one of the reads that are
// left out.
func (t *trail) event(members object) error {
	place := importer.Place{Kind: "event", Number: t.count, ID: members.name("eventID")}
	e, err := parse(members)
	if err != nil {
		return t.sink.Refused(place, err)
	}
	if e.ReadOnly && t.opts.Reads != AllReads {
		denied := e.outcome().Outcome == audit.Forbidden
		if !denied || t.opts.Reads != DeniedReads {
			t.passed.Reads++
			if denied {
				t.passed.DeniedReads++
			}
			return nil
		}
	}
	entry, err := e.entry(t.opts.Project)
	if err != nil {
		return t.sink.Refused(place, InEvent(err))
	}
	return t.sink.Entry(place, entry)
}
