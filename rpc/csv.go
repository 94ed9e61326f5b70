package rpc

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"auditlog/audit"
)

// csvColumns is the one table of what a CSV of entries holds.
var csvColumns = [...]struct {
	name string
	cell func(*audit.Entry) string
}{
	{"id", func(e *audit.Entry) string { return strconv.FormatInt(e.ID, 10) }},
	{"createdAt", func(e *audit.Entry) string { return csvTime(e.CreatedAt) }},
	{"recordedAt", func(e *audit.Entry) string { return csvTime(e.RecordedAt) }},
	{"project", func(e *audit.Entry) string { return e.Project }},
	{"outcome", func(e *audit.Entry) string { return string(e.Outcome) }},
	{"actor", func(e *audit.Entry) string { return e.Actor.Email }},
	{"actorType", func(e *audit.Entry) string { return string(e.Actor.Type) }},
	{"actorLabel", func(e *audit.Entry) string { return e.Actor.Label }},
	{"action", func(e *audit.Entry) string { return e.Action }},
	{"resourceType", func(e *audit.Entry) string { return e.Resource.Type }},
	{"resourceId", func(e *audit.Entry) string { return e.Resource.ID }},
	{"resourceName", func(e *audit.Entry) string { return e.Resource.Name }},
	{"locationId", func(e *audit.Entry) string { return e.Resource.LocationID }},
	{"detail", func(e *audit.Entry) string { return e.Detail }},
	{"channel", func(e *audit.Entry) string { return string(e.Channel) }},
	{"ip", func(e *audit.Entry) string { return e.Request.IP }},
	{"userAgent", func(e *audit.Entry) string { return e.Request.UserAgent }},
	{"requestId", func(e *audit.Entry) string { return e.Request.ID }},
	{"changes", csvChanges},
	{"metadata", csvMetadata},
	{"key", func(e *audit.Entry) string { return e.Key }},
}

// CSVHeader returns the first line of a CSV of entries.
func CSVHeader() []byte {
	names := make([]string, len(csvColumns))
	for i := range csvColumns {
		names[i] = csvColumns[i].name
	}
	return appendCSV(nil, names)
}

// AppendCSV appends the line of e. Times have six digits and end in Z; changes
// and metadata are JSON in a cell of their own. A cell that a spreadsheet would
// run as a formula begins with an apostrophe.
func AppendCSV(b []byte, e *audit.Entry) []byte {
	var cells [len(csvColumns)]string
	for i := range csvColumns {
		cells[i] = defuse(csvColumns[i].cell(e))
	}
	return appendCSV(b, cells[:])
}

func appendCSV(b []byte, cells []string) []byte {
	buf := bytes.NewBuffer(b)
	w := csv.NewWriter(buf)
	w.UseCRLF = false
	_ = w.Write(cells) // a bytes.Buffer takes everything
	w.Flush()
	return buf.Bytes()
}

// defuse puts an apostrophe before what a spreadsheet would take for a formula:
// the first character that is not a space is one of = + - @ in their ASCII or
// full-width form. A tab or a line break in front is what some of them cut off.
func defuse(s string) string {
	rest := strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\ufeff' })
	for _, mark := range [...]string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(rest, mark) {
			return "'" + s
		}
	}
	if s != "" && (s[0] == '\t' || s[0] == '\r' || s[0] == '\n') {
		return "'" + s
	}
	return s
}

func csvTime(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// csvChanges and csvMetadata take their JSON out of the canonical form, which is
// the one place that says how it is written.
func csvChanges(e *audit.Entry) string {
	if len(e.Changes) == 0 {
		return ""
	}
	return csvJSON(&audit.Entry{Changes: e.Changes}, "changes")
}

func csvMetadata(e *audit.Entry) string {
	if len(e.Metadata) == 0 {
		return ""
	}
	return csvJSON(&audit.Entry{Metadata: e.Metadata}, "metadata")
}

// csvJSON returns the last member of e's canonical input form, which is called name.
func csvJSON(e *audit.Entry, name string) string {
	text := string(e.AppendInput(nil))
	_, value, ok := strings.Cut(text, fmt.Sprintf(`,%q:`, name))
	if !ok {
		return ""
	}
	return strings.TrimSuffix(value, "}")
}
