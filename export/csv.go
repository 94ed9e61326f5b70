package export

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"auditlog/audit"
)

// column is a CSV column.
type column struct {
	name  string
	value func(*audit.Entry) string
}

// columns are the CSV columns in their order: what the log gives, the texts, and what is a
// list or an object in an entry as JSON in its cell.
var columns = func() []column {
	list := []column{
		{"id", func(e *audit.Entry) string { return strconv.FormatInt(e.ID, 10) }},
		{"seq", func(e *audit.Entry) string { return strconv.FormatInt(e.Seq, 10) }},
		{"createdAt", func(e *audit.Entry) string { return audit.FormatTime(e.CreatedAt) }},
		{"recordedAt", func(e *audit.Entry) string { return audit.FormatTime(e.RecordedAt) }},
	}
	for _, f := range audit.Fields() {
		list = append(list, column{f.Column, func(e *audit.Entry) string { return *f.Of(e) }})
	}
	return append(list,
		column{"changes", func(e *audit.Entry) string { return jsonCell(e.Changes, len(e.Changes) == 0) }},
		column{"metadata", func(e *audit.Entry) string { return jsonCell(e.Metadata, len(e.Metadata) == 0) }},
	)
}()

// ByteOrderMark tells programs that would guess otherwise, such as Excel, that the CSV
// behind it is UTF-8.
const ByteOrderMark = "\ufeff"

// Columns returns the names of the CSV columns in their order.
func Columns() []string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].name
	}
	return names
}

// jsonCell returns v as JSON, sorted where it is a map, or "" when it is empty.
func jsonCell(v any, empty bool) string {
	if empty {
		return ""
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Strings and numbers alone: there is nothing to fail.
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func appendHeader(b []byte) []byte {
	for i := range columns {
		b = appendCell(b, i, columns[i].name)
	}
	return append(b, "\r\n"...)
}

func appendRow(b []byte, e *audit.Entry) []byte {
	for i := range columns {
		b = appendCell(b, i, Defuse(columns[i].value(e)))
	}
	return append(b, "\r\n"...)
}

// appendGap appends the row that tells of a gap.
func appendGap(b []byte, g *audit.Gap) []byte {
	cells := map[string]string{"project": Defuse(g.Project), "detail": "gap: " + g.String()}
	if !g.From.IsZero() {
		cells["createdAt"] = audit.FormatTime(g.From)
	}
	for i := range columns {
		b = appendCell(b, i, cells[columns[i].name])
	}
	return append(b, "\r\n"...)
}

// appendCell appends one cell, always in quotes: what a separator of another
// locale would part stays in one cell.
func appendCell(b []byte, column int, s string) []byte {
	if column > 0 {
		b = append(b, ',')
	}
	if s == "" {
		return b
	}
	b = append(b, '"')
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			break
		}
		b = append(b, s[:i]...)
		b = append(b, '"', '"')
		s = s[i+1:]
	}
	b = append(b, s...)
	return append(b, '"')
}

// Defuse returns s as a spreadsheet shows it without running it: a value that
// would begin a formula gets an apostrophe in front, and so does one that looks
// like a defused one, so that taking one apostrophe off gives every value back.
func Defuse(s string) string {
	if isFormula(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

// isUnseen reports whether r is white space, a control character or one of those
// that only steer how others are shown.
func isUnseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// isFormula reports whether a spreadsheet may take s for a formula. What is not
// seen before it does not protect, for some leave it out, and East Asian forms of
// the signs count as well.
func isFormula(s string) bool {
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r != '\t' && r != '\r' && r != '\n' && isUnseen(r) })
	for _, r := range s {
		return strings.ContainsRune("=+-@\t\r\n＝＋－＠", r)
	}
	return false
}
