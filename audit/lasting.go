package audit

import (
	"strconv"
	"strings"
)

// What the metadata of a copy in SystemProject have of the entry that it is a copy of.
const (
	MetaEntryID = "entryId"
	MetaProject = "project"
)

// Lasting returns the copy of one of the log's own entries that a log keeps in
// SystemProject beside it, from the same commit on and whatever becomes of the entry's
// project; or nil for an entry that is there itself, and for those that tell of calls
// which only recorded or read. What was done to rights and projects must outlive the
// project in which it was done: who has a project purged would erase his own traces.
//
// The entry has its ID already. The copy has none: the log gives it one.
func Lasting(e *Entry) *Entry {
	if e.Project == SystemProject || strings.HasPrefix(e.Action, "auditLog.") {
		return nil
	}
	c := e.Clone()
	c.ID, c.Seq, c.Key = 0, 0, ""
	c.Project = SystemProject
	c.AddMetadata(map[string]string{MetaEntryID: strconv.FormatInt(e.ID, 10), MetaProject: e.Project})
	return c
}
