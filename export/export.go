package export

import (
	"encoding/json"
	"errors"
	"io"

	"auditlog/audit"
)

// Format is how entries are written.
type Format string

const (
	NDJSON Format = "ndjson"
	CSV    Format = "csv"
)

// ParseFormat reads a format's name; empty means NDJSON. It returns an Invalid
// Fault with the path "format" for any other name.
func ParseFormat(s string) (Format, error) {
	switch f := Format(audit.Fold(s)); f {
	case "":
		return NDJSON, nil
	case NDJSON, CSV:
		return f, nil
	}
	return "", audit.FieldErrorf("format", "must be ndjson or csv")
}

// ContentType returns the media type of f.
func (f Format) ContentType() string {
	if f == CSV {
		return "text/csv; charset=utf-8"
	}
	return "application/x-ndjson"
}

// Writer writes entries in one format, each with one call of the writer beneath,
// which should be buffered.
type Writer struct {
	w      io.Writer
	format Format
	buf    []byte
}

// NewWriter returns a Writer onto w. CSV begins with its header line, which is
// there even when no entry follows.
func NewWriter(w io.Writer, f Format) (*Writer, error) {
	x := &Writer{w: w, format: f}
	if f != CSV {
		return x, nil
	}
	_, err := w.Write(appendHeader(nil))
	return x, err
}

// Rest writes what tells of the entries that are missing, behind all others, if err is that
// there are some, and returns other errors. It returns the gaps: a line of NDJSON for each, with gap as
// its only member, and in CSV a row without an id that tells of it in its detail.
func (x *Writer) Rest(err error) ([]audit.Gap, error) {
	var part *audit.Incomplete
	if !errors.As(err, &part) {
		return nil, err
	}
	for i := range part.Gaps {
		if err := x.writeGap(&part.Gaps[i]); err != nil {
			return nil, err
		}
	}
	return part.Gaps, nil
}

func (x *Writer) writeGap(g *audit.Gap) error {
	if x.format == CSV {
		x.buf = appendGap(x.buf[:0], g)
	} else {
		line, err := json.Marshal(map[string]*audit.Gap{"gap": g})
		if err != nil {
			return err
		}
		x.buf = append(append(x.buf[:0], line...), '\n')
	}
	_, err := x.w.Write(x.buf)
	return err
}

// Write writes one entry.
func (x *Writer) Write(e *audit.Entry) error {
	if x.format == CSV {
		x.buf = appendRow(x.buf[:0], e)
	} else {
		x.buf = append(e.AppendJSON(x.buf[:0]), '\n')
	}
	_, err := x.w.Write(x.buf)
	return err
}
