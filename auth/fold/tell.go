package fold

import (
	"strconv"
	"time"

	"auditlog/audit"
)

// Tell makes an entry tell of several calls, the last of which it was made of: how many,
// and when the first and the last were.
func Tell(e *audit.Entry, count int64, first, last time.Time) {
	e.CreatedAt = last
	if count > 1 {
		e.AddMetadata(map[string]string{
			"count":   strconv.FormatInt(count, 10),
			"firstAt": audit.Truncate(first).Format(time.RFC3339Nano),
			"lastAt":  audit.Truncate(last).Format(time.RFC3339Nano),
		})
	}
}
