package intake

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"auditlog/api/strict"
	"auditlog/audit"
	"auditlog/rpc"
)

// MaxEntryJSON bounds the JSON of one entry before it is read: an entry of
// audit.MaxStored is shorter, even with every character escaped.
const MaxEntryJSON = 1 << 20

const entryTooLarge = "must be at most 65535 bytes as stored"

// plainEntry is an entry without its methods, which would hide its members.
type plainEntry audit.Entry

// entryInput is an entry as a caller sends it.
type entryInput struct {
	plainEntry
	ID         strict.Given `json:"id"`
	Seq        strict.Given `json:"seq"`
	RecordedAt strict.Given `json:"recordedAt"`
	RecordedBy strict.Given `json:"recordedBy"`
}

// entry reads one entry, fast where it can.
func (r *Reader) entry(b []byte) (*audit.Entry, error) {
	sc := r.scanner()
	defer r.scanners.Put(sc)
	if e, ok := sc.One(b); ok {
		return e, nil
	}
	return decodeEntry(b)
}

// batch reads the body of auditLog.record, fast where it can.
func (r *Reader) batch(b []byte) (entries []*audit.Entry, single bool, err error) {
	sc := r.scanner()
	defer r.scanners.Put(sc)
	if entries, ok := sc.Batch(b); ok {
		return entries, false, nil
	}
	if e, ok := sc.One(b); ok {
		return []*audit.Entry{e}, true, nil
	}
	return decodeBatch(b)
}

func (r *Reader) scanner() *rpc.Scanner {
	if sc, ok := r.scanners.Get().(*rpc.Scanner); ok {
		return sc
	}
	return new(rpc.Scanner)
}

// decodeEntry reads one entry from JSON.
func decodeEntry(b []byte) (*audit.Entry, error) {
	if len(b) > MaxEntryJSON {
		return nil, &audit.Fault{Kind: audit.TooLarge, Message: entryTooLarge}
	}
	var in entryInput
	if err := strict.Decode(b, &in); err != nil {
		return nil, err
	}
	return (*audit.Entry)(&in.plainEntry), nil
}

// entryError is strict.Error for what was met on the way through the entry i.
func entryError(err error, at jsontext.Pointer, i int) error {
	var syntactic *jsontext.SyntacticError
	entry := at.AppendToken(strconv.Itoa(i))
	if !errors.As(err, &syntactic) || !entry.Contains(syntactic.JSONPointer) {
		return strict.Error(err)
	}
	inside := *syntactic
	inside.JSONPointer = syntactic.JSONPointer[len(entry):]
	return audit.AtItem(strict.SyntaxFault(&inside), audit.EntryAt(i))
}

func errBatch() error {
	return &audit.Fault{Kind: audit.TooLarge, Path: "entries", Message: fmt.Sprintf("must be at most %d at once", audit.MaxBatch)}
}
