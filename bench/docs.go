package main

import (
	"bytes"
	"fmt"
	"os"
)

// The tables stand in the documentation between these, which name the number of
// entries so that figures of several sizes have their places.
const (
	beginMarker = "<!-- bench %d begin -->\n"
	endMarker   = "<!-- bench %d end -->\n"
)

// writeDocs puts the report between its markers.
func (r *report) writeDocs(path string) error {
	if path == "" {
		return nil
	}
	old, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("write documentation: %w", err)
	}
	begin, end := fmt.Sprintf(beginMarker, r.Entries), fmt.Sprintf(endMarker, r.Entries)
	before, rest, ok := bytes.Cut(old, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return fmt.Errorf("write documentation: %s has no lines %q and %q", path, begin, end)
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(begin)
	r.writeHead(&b)
	r.write(&b)
	r.writeTargets(&b)
	r.writeLosses(&b)
	b.WriteString(end)
	b.Write(after)
	return os.WriteFile(path, b.Bytes(), 0o644)
}
