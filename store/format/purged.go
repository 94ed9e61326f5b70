package format

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
)

// ActionPurge is the action of the entry that a purge ends with.
const ActionPurge = "project.purge"

// PurgeEntry returns the entry that ends the purge of a project, as all that is left to tell of
// it: done by whoever
// ordered the deletion, with the token that he had then.
func (p *Project) PurgeEntry() *audit.Entry {
	deletion, gone := p.Purge.Ordered(), &p.Purge.Gone
	e := &audit.Entry{
		Project:    deletion.Project,
		Actor:      deletion.Actor,
		Action:     ActionPurge,
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
	e.Metadata["incarnation"] = strconv.Itoa(p.Incarnation)
	if by := p.Deletion.ApprovedBy; by != "" {
		e.Metadata["approvedBy"] = by
	}
	p.Purge.tellBehind(e)
	if tree := p.Purge.Tree; tree.Size > 0 {
		e.Metadata["treeSize"], e.Metadata["treeRoot"] = strconv.FormatInt(tree.Size, 10), tree.Root.String()
	}
	for _, name := range []string{"token", "tokenCreatedBy", "tokenMakers"} {
		if v := deletion.Metadata[name]; v != "" {
			e.Metadata[name] = v
		}
	}
	return e
}

// maxBehind is how many sinks the entry of a purge names.
const maxBehind = 20

// tellBehind adds to the entry of a purge what sinks had not delivered.
func (p *Purge) tellBehind(e *audit.Entry) {
	var told []string
	more := 0
	for _, b := range p.Behind {
		switch {
		case b.Entries == 0:
		case len(told) == maxBehind:
			more++
		default:
			told = append(told, b.Sink+" "+strconv.FormatInt(b.Entries, 10))
		}
	}
	if more > 0 {
		told = append(told, fmt.Sprintf("and %d other sinks", more))
	}
	if len(told) > 0 {
		e.Metadata["undelivered"] = strings.Join(told, ", ")
		e.Detail += "; not shipped to sinks before that: " + e.Metadata["undelivered"]
	}
}

// metadata returns g as the metadata of an entry.
func (g *Purged) metadata() map[string]string {
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
func (g *Purged) String() string {
	switch g.Entries {
	case 0:
		return "Purged no entries"
	case 1:
		return fmt.Sprintf("Purged 1 entry: seq %d, id %d, of %s", g.FirstSeq, g.FirstID, g.From.Format(time.RFC3339))
	}
	return fmt.Sprintf("Purged %d entries: seqs %d to %d, ids %d to %d, of %s to %s", g.Entries,
		g.FirstSeq, g.LastSeq, g.FirstID, g.LastID, g.From.Format(time.RFC3339), g.To.Format(time.RFC3339))
}
