package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"auditlog/audit"
)

// CloudTrail reads events of AWS CloudTrail and emits the entries of those that
// are not read-only. It returns how many were, also when it fails. Its errors
// name the event by its place in the stream, counted from 1.
func CloudTrail(r io.Reader, project string, emit func(audit.Entry) error) (skipped int64, err error) {
	if err := audit.ValidateProject(project); err != nil {
		return 0, err
	}
	b, err := plain(r)
	if err != nil {
		return 0, err
	}
	t := trail{in: bounded{r: b, limit: maxItem}, project: project, emit: emit}
	t.dec = json.NewDecoder(&t.in)
	if beginsWithRecords(b) {
		err = t.objects()
	} else {
		err = t.events()
	}
	return t.skipped, err
}

// beginsWithRecords looks whether what follows is an object whose first member
// is Records.
func beginsWithRecords(b *bufio.Reader) bool {
	head, _ := b.Peek(b.Size())
	const space = " \t\r\n"
	head, ok := bytes.CutPrefix(bytes.TrimLeft(head, space), []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(head, space), []byte(`"Records"`))
}

// trail reads one stream.
type trail struct {
	in      bounded
	dec     *json.Decoder
	project string
	emit    func(audit.Entry) error
	count   int64
	skipped int64
}

// objects reads objects {"Records":[…]} to the end.
func (t *trail) objects() error {
	for {
		tok, err := t.token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if tok != json.Delim('{') {
			return t.errorf("an object with Records is wanted, not %v", tok)
		}
		for t.dec.More() {
			if err := t.member(); err != nil {
				return err
			}
		}
		if _, err := t.next(); err != nil { // the closing brace
			return err
		}
	}
}

// member reads one member of an object: events if it is Records.
func (t *trail) member() error {
	name, err := t.next()
	if err != nil {
		return err
	}
	if name != "Records" {
		var other json.RawMessage
		return t.decode(&other)
	}
	tok, err := t.next()
	if err != nil {
		return err
	}
	if tok != json.Delim('[') {
		return t.errorf("Records must be a list, not %v", tok)
	}
	for t.dec.More() {
		if err := t.event(); err != nil {
			return err
		}
	}
	_, err = t.next() // the closing bracket
	return err
}

// events reads events, one after the other, to the end.
func (t *trail) events() error {
	for t.dec.More() {
		if err := t.event(); err != nil {
			return err
		}
	}
	// No more may also mean that the stream cannot be read.
	tok, err := t.token()
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	}
	return t.errorf("an event is wanted, not %v", tok)
}

// event reads one event, and emits its entry unless it is read-only.
func (t *trail) event() error {
	var e event
	if err := t.decode(&e); err != nil {
		return err
	}
	t.count++
	if e.ReadOnly {
		t.skipped++
		return nil
	}
	entry, err := e.entry(t.project)
	if err != nil {
		return at(fmt.Sprintf("event %d", t.count), err)
	}
	return t.emit(entry)
}

// decode reads the next value, which must be there.
func (t *trail) decode(v any) error {
	t.in.limit = t.dec.InputOffset() + maxItem
	if err := t.dec.Decode(v); err != nil {
		return at(fmt.Sprintf("event %d", t.count+1), present(err))
	}
	return nil
}

// next reads the next token, which must be there.
func (t *trail) next() (json.Token, error) {
	tok, err := t.token()
	if err == io.EOF {
		err = t.errorf("%v", present(err))
	}
	return tok, err
}

// token reads the next token. At the end of the stream its error is io.EOF.
func (t *trail) token() (json.Token, error) {
	t.in.limit = t.dec.InputOffset() + maxItem
	tok, err := t.dec.Token()
	if err != nil && err != io.EOF {
		err = at(fmt.Sprintf("after event %d", t.count), err)
	}
	return tok, err
}

func (t *trail) errorf(format string, args ...any) error {
	return at(fmt.Sprintf("after event %d", t.count), audit.Errorf(audit.Invalid, format, args...))
}

// present turns the end of the stream into an error of where more was to come.
func present(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
