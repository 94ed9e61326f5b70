// Package export writes entries as files: NDJSON, which is the canonical JSON of
// each entry on a line, CSV for spreadsheets, and the formats of package format. The API, the console and the
// command line all write with it, so that one view exports to the same bytes
// wherever it is exported from.
//
// It stands on audit and format, keeps no more than one entry in
// memory, and never decides which entries are written.
package export
