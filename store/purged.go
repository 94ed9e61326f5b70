package store

import (
	"fmt"
	"strconv"
	"time"

	"auditlog/audit"
)

// actionPurge is the action of the entry that a purge ends with.
const actionPurge = "project.purge"

// purged says what a purge has removed.
type purged struct {
	Entries int64 `json:"entries"`
	// The bounds of what was removed, both inclusive; From and To are of CreatedAt.
	FirstSeq int64     `json:"firstSeq"`
	LastSeq  int64     `json:"lastSeq"`
	FirstID  int64     `json:"firstId"`
	LastID   int64     `json:"lastId"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
}

// add counts an entry, created at a time in microseconds.
func (g *purged) add(id, seq, createdAt int64) {
	at := time.UnixMicro(createdAt).UTC()
	if g.Entries == 0 {
		*g = purged{FirstSeq: seq, LastSeq: seq, FirstID: id, LastID: id, From: at, To: at}
	}
	g.Entries++
	g.FirstSeq, g.LastSeq = min(g.FirstSeq, seq), max(g.LastSeq, seq)
	g.FirstID, g.LastID = min(g.FirstID, id), max(g.LastID, id)
	if at.Before(g.From) {
		g.From = at
	}
	if at.After(g.To) {
		g.To = at
	}
}

// purgeEntry returns the entry that ends the purge of a project: done by whoever
// ordered the deletion, with the token that he had then.
func purgeEntry(rec *projectRecord) *audit.Entry {
	deletion, gone := rec.Purge.deletion(), &rec.Purge.Gone
	e := &audit.Entry{
		Project:    deletion.Project,
		Actor:      deletion.Actor,
		Action:     actionPurge,
		Resource:   deletion.Resource,
		Outcome:    audit.Success,
		Detail:     gone.String() + fmt.Sprintf(", as ordered by %s with entry %d", deletion.Actor.Email, deletion.ID),
		Metadata:   gone.metadata(),
		RecordedBy: audit.RecordedByLog,
	}
	e.Metadata["by"] = deletion.Actor.Email
	e.Metadata["deleteId"] = strconv.FormatInt(deletion.ID, 10)
	e.Metadata["deleteSeq"] = strconv.FormatInt(deletion.Seq, 10)
	e.Metadata["deletedAt"] = audit.FormatTime(deletion.RecordedAt)
	e.Metadata["incarnation"] = strconv.Itoa(rec.Incarnation)
	if by := rec.Deletion.ApprovedBy; by != "" {
		e.Metadata["approvedBy"] = by
	}
	for _, name := range []string{"token", "tokenCreatedBy", "tokenMakers"} {
		if v := deletion.Metadata[name]; v != "" {
			e.Metadata[name] = v
		}
	}
	return e
}

// metadata returns g as the metadata of an entry.
func (g *purged) metadata() map[string]string {
	m := map[string]string{"entries": strconv.FormatInt(g.Entries, 10)}
	if g.Entries == 0 {
		return m
	}
	m["firstSeq"], m["lastSeq"] = strconv.FormatInt(g.FirstSeq, 10), strconv.FormatInt(g.LastSeq, 10)
	m["firstId"], m["lastId"] = strconv.FormatInt(g.FirstID, 10), strconv.FormatInt(g.LastID, 10)
	m["from"], m["to"] = audit.FormatTime(g.From), audit.FormatTime(g.To)
	return m
}

// String returns g for the detail of an entry.
func (g *purged) String() string {
	switch g.Entries {
	case 0:
		return "Purged no entries"
	case 1:
		return fmt.Sprintf("Purged 1 entry: seq %d, id %d, of %s", g.FirstSeq, g.FirstID, g.From.Format(time.RFC3339))
	}
	return fmt.Sprintf("Purged %d entries: seqs %d to %d, ids %d to %d, of %s to %s", g.Entries,
		g.FirstSeq, g.LastSeq, g.FirstID, g.LastID, g.From.Format(time.RFC3339), g.To.Format(time.RFC3339))
}
