package export

import (
	"errors"
	"io"
	"slices"
	"strings"

	"auditlog/audit"
	"auditlog/format"
)

// Format is how entries are written: NDJSON, CSV, or the name of another format of package
// format, an entry a line.
type Format string

const (
	NDJSON Format = "ndjson"
	CSV    Format = "csv"
)

// Formats returns every format.
func Formats() []Format {
	list := []Format{NDJSON, CSV}
	for _, f := range format.All() {
		if f != format.JSON {
			list = append(list, Format(f.Name))
		}
	}
	return list
}

// ParseFormat reads a format's name; empty means NDJSON. It returns an Invalid
// Fault with the path "format" for any other name.
func ParseFormat(s string) (Format, error) {
	f := Format(audit.Fold(s))
	if f == "" {
		return NDJSON, nil
	}
	if !slices.Contains(Formats(), f) {
		return "", audit.FieldErrorf("format", "must be %s", Choices())
	}
	return f, nil
}

// Choices names every format, as a message or a usage does.
func Choices() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// line returns how an entry is written on a line, which in CSV it is not.
func (f Format) line() *format.Format {
	for _, line := range format.All() {
		if line.Name == string(f) {
			return line
		}
	}
	return format.JSON
}

// ContentType returns the media type of f.
func (f Format) ContentType() string {
	switch {
	case f == CSV:
		return "text/csv; charset=utf-8"
	case f.line().Text:
		return "text/plain; charset=utf-8"
	}
	return "application/x-ndjson"
}

// Extension returns what the name of a file ends in, without the dot.
func (f Format) Extension() string {
	switch {
	case f == CSV, f == NDJSON:
		return string(f)
	case f.line().Text:
		return string(f) + ".log"
	}
	return string(f) + ".ndjson"
}

// Writer writes entries in one format, each with one call of the writer beneath,
// which should be buffered.
type Writer struct {
	w      io.Writer
	format Format
	line   *format.Format
	origin *format.Origin
	buf    []byte
}

// NewWriter returns a Writer onto w of entries that come from origin, of which neither NDJSON
// nor CSV tells. CSV begins with its header line, which is there even when no entry follows.
func NewWriter(w io.Writer, f Format, origin *format.Origin) (*Writer, error) {
	x := &Writer{w: w, format: f, line: f.line(), origin: origin}
	if f != CSV {
		return x, nil
	}
	_, err := w.Write(appendHeader(nil))
	return x, err
}

// Rest writes what tells of the entries that are missing, behind all others, if err is that
// there are some, and returns other errors. It returns the gaps: in CSV each is a
// row without an id that tells of it in its detail, elsewhere a line as package format has it.
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
		line, err := x.line.AppendGap(x.buf[:0], x.origin, g)
		if err != nil {
			return err
		}
		x.buf = append(line, '\n')
	}
	_, err := x.w.Write(x.buf)
	return err
}

// Write writes one entry.
func (x *Writer) Write(e *audit.Entry) error {
	if x.format == CSV {
		x.buf = appendRow(x.buf[:0], e)
	} else {
		x.buf = append(x.line.Append(x.buf[:0], x.origin, e), '\n')
	}
	_, err := x.w.Write(x.buf)
	return err
}
