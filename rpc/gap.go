package rpc

import (
	"encoding/json"
	"fmt"
	"slices"

	"auditlog/audit"
)

// HeaderGaps is the trailer of an export from which entries are missing, and the header of a page
// of lines: see TellGaps.
const HeaderGaps = "Auditlog-Gaps"

// maxToldGaps is how many gaps a trailer names.
const maxToldGaps = 10

// TellGaps returns gaps as the trailer of an export tells of them: the JSON of the first,
// without their seqs. The file tells of all, behind the entries.
func TellGaps(gaps []audit.Gap) string {
	told := slices.Clone(gaps[:min(len(gaps), maxToldGaps)])
	for i := range told {
		told[i].Seqs = nil
	}
	b, err := json.Marshal(told)
	if err != nil {
		panic(err) // texts, numbers and times of years that JSON has: there is nothing to fail
	}
	return string(b)
}

// ToldGaps returns what TellGaps has told, or nil of an empty trailer: as an
// *audit.Incomplete.
func ToldGaps(trailer string) error {
	if trailer == "" {
		return nil
	}
	part := &audit.Incomplete{}
	if err := json.Unmarshal([]byte(trailer), &part.Gaps); err != nil {
		return fmt.Errorf("read what the export lacks: %w", err)
	}
	return part
}
