package intake

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"auditlog/admit"
	"auditlog/api/strict"
	"auditlog/api/wire"
	"auditlog/audit"
)

const (
	// wholeBody is up to where a body is read as a whole, which is fastest. What is longer
	// is decoded as it arrives, so that it is in memory once.
	wholeBody = 1 << 20
	// entryFactor is how many times the JSON of an entry is in memory until it is
	// committed: as the entry, as its row, in the pages that are written.
	entryFactor = 4
	// entryWeight is what an entry takes beside its texts.
	entryWeight = 512
	// takeEvery is how much is taken of the call's memory at once.
	takeEvery = 64 << 10
)

// Read reads the entries of a body, of which buf gets a part, and reports whether it was a
// single one.
func (r *Reader) Read(c *Call, buf *wire.Buffer) (entries []*audit.Entry, single bool, err error) {
	if c.Exchange.Request.ContentLength > audit.MaxBatchSize {
		return nil, false, wire.ErrTooLarge(audit.MaxBatchSize)
	}
	body, err := c.Exchange.Body(audit.MaxBatchSize)
	if err != nil {
		return nil, false, err
	}
	whole, err := c.Exchange.Fill(buf, body, wholeBody, c.Admitted)
	if err != nil {
		return nil, false, err
	}
	if whole {
		if len(buf.B) > takeEvery/entryFactor { // or the call's own weight has it
			if err := c.take(entryFactor * len(buf.B)); err != nil {
				return nil, false, err
			}
		}
		entries, single, err = r.batch(buf.B)
		return entries, single, strict.OfBody(err)
	}
	// Nobody who may not record to any project is to be read on for.
	if err := c.Authorized(); err != nil {
		return nil, false, err
	}
	if !beginsBatch(buf.B) {
		return nil, true, strict.OfBody(&audit.Fault{Kind: audit.TooLarge, Message: entryTooLarge})
	}
	in := &arriving{Call: c, start: buf.B, r: body}
	in.dec = jsontext.NewDecoder(in)
	d := batchDecoder{dec: in.dec, read: func(value []byte) (*audit.Entry, error) {
		if err := in.weigh(entryFactor*len(value) + entryWeight); err != nil {
			return nil, err
		}
		return r.entry(value)
	}}
	err = admit.Work(c.context(), func(ctx context.Context) (err error) {
		in.turn = admit.TurnOf(ctx)
		entries, err = d.large(buf.B)
		return err
	})
	switch {
	case in.err != nil: // before what it is for a decoder that more does not come
		return nil, false, in.err
	case err != nil:
		return nil, false, strict.OfBody(err)
	}
	return entries, false, nil
}

// arriving is a large body as it is decoded. It ends with an error where an entry cannot end
// well any more.
type arriving struct {
	*Call
	dec   *jsontext.Decoder
	start []byte // of it, which was read before
	r     io.Reader
	n     int64 // bytes that were read
	err   error // why there is no more
	turn  *admit.Turn
	// weighed is what was not taken yet.
	weighed int
}

func (a *arriving) Read(b []byte) (n int, err error) {
	if a.err != nil {
		return 0, a.err
	}
	if len(a.start) > 0 {
		n = copy(b, a.start)
		a.start = a.start[n:]
	} else {
		var failed error
		a.err = a.turn.Pause(func() error {
			if n, err = a.r.Read(b); err != nil && err != io.EOF {
				failed = a.Exchange.BodyError(err)
			}
			return failed
		})
		if a.err != nil {
			return n, a.err
		}
	}
	a.n += int64(n)
	switch {
	case a.n > audit.MaxBatchSize:
		a.err = wire.ErrTooLarge(audit.MaxBatchSize)
	case a.n-a.dec.InputOffset() > 2*MaxEntryJSON:
		a.err = audit.Errorf(audit.TooLarge, "the body has %d MiB in which no entry ends", 2*MaxEntryJSON>>20)
	}
	if a.err != nil {
		return n, a.err
	}
	return n, err
}

// weigh takes n bytes of memory, some of them at once.
func (a *arriving) weigh(n int) error {
	if a.err = a.turn.Step(); a.err != nil {
		return a.err
	}
	if a.weighed += n; a.weighed < takeEvery {
		return nil
	}
	n, a.weighed = a.weighed, 0
	a.err = a.turn.Pause(func() error { return a.take(n) })
	return a.err
}

// batchDecoder reads the entries of a body one by one.
type batchDecoder struct {
	dec  *jsontext.Decoder
	read func(value []byte) (*audit.Entry, error)
}

// large reads a body that begins with start: a list, an object with the member "entries",
// or entries one behind the other. It is too large to be one entry.
func (d *batchDecoder) large(start []byte) (entries []*audit.Entry, err error) {
	switch {
	case d.dec.PeekKind() == '[':
		entries, err = d.entries("")
	case hasEntries(start):
		entries, err = d.object()
	default:
		return d.sequence()
	}
	if err != nil {
		return nil, err
	}
	return entries, decodeEnd(d.dec)
}

// decodeBatch reads the body of auditLog.record: one entry, or several as a list, as the
// member "entries" of an object, or one behind the other. It reports whether it was one.
func decodeBatch(b []byte) (entries []*audit.Entry, single bool, err error) {
	d := batchDecoder{dec: jsontext.NewDecoder(bytes.NewReader(b)), read: decodeEntry}
	if d.dec.PeekKind() != '[' && !hasEntries(b) && !severalValues(b) {
		e, err := decodeEntry(b)
		return []*audit.Entry{e}, true, err
	}
	entries, err = d.large(b)
	return entries, false, err
}

// hasEntries reports whether b is, or begins, an object with a member "entries", as far
// as it can be read.
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

// beginsBatch reports whether b, longer than an entry can be, begins several of them.
func beginsBatch(b []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(b))
	return dec.PeekKind() != '{' || hasEntries(b) || dec.SkipValue() == nil
}

// severalValues reports whether b holds more than one object.
func severalValues(b []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(b))
	return dec.SkipValue() == nil && dec.PeekKind() == '{'
}

// object reads an object whose one member is "entries".
func (d *batchDecoder) object() (entries []*audit.Entry, err error) {
	if _, err := d.dec.ReadToken(); err != nil { // {
		return nil, strict.Error(err)
	}
	for d.dec.PeekKind() == '"' {
		name, err := d.dec.ReadToken()
		if err != nil {
			return nil, strict.Error(err)
		}
		if name.String() != "entries" {
			return nil, audit.FieldErrorf(strict.Shown(name.String()), "unknown field beside entries")
		}
		if entries, err = d.entries("/entries"); err != nil {
			return nil, err
		}
	}
	if _, err := d.dec.ReadToken(); err != nil { // }
		return nil, strict.Error(err)
	}
	return entries, nil
}

// sequence reads entries that stand one behind the other, as those who write a
// line each send them without the content type for it.
func (d *batchDecoder) sequence() (entries []*audit.Entry, err error) {
	for {
		value, err := d.dec.ReadValue()
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, audit.AtItem(strict.Error(err), audit.EntryAt(len(entries)))
		}
		if entries, err = d.add(entries, value); err != nil {
			return nil, err
		}
	}
}

// entries reads the list of entries at a path of the body.
func (d *batchDecoder) entries(at jsontext.Pointer) (entries []*audit.Entry, err error) {
	if d.dec.PeekKind() != '[' {
		return nil, audit.FieldErrorf("entries", "must be a list")
	}
	if _, err := d.dec.ReadToken(); err != nil { // [
		return nil, strict.Error(err)
	}
	for d.dec.PeekKind() != ']' {
		value, err := d.dec.ReadValue()
		if err != nil {
			return nil, entryError(err, at, len(entries))
		}
		if entries, err = d.add(entries, value); err != nil {
			return nil, err
		}
	}
	if _, err := d.dec.ReadToken(); err != nil { // ]
		return nil, strict.Error(err)
	}
	return entries, nil
}

// add reads the entry that value is and appends it.
func (d *batchDecoder) add(entries []*audit.Entry, value []byte) ([]*audit.Entry, error) {
	if len(entries) == audit.MaxBatch {
		return nil, errBatch()
	}
	e, err := d.read(value)
	if err != nil {
		return nil, audit.AtItem(err, audit.EntryAt(len(entries)))
	}
	return append(entries, e), nil
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
	return strict.Error(err)
}
