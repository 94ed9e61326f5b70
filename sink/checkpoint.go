package sink

import (
	"encoding/json"
	"strconv"
	"time"

	"auditlog/audit"
)

// Checkpoint is a checkpoint of the log. As JSON it is what destinations keep of one for the log's next
// start.
type Checkpoint struct {
	// Number counts them, and Signed is the note.
	Number int64  `json:"-"`
	Signed string `json:"checkpoint"`
	// LastID is the newest id that it covers, Seqs the newest seq of each project.
	LastID int64            `json:"lastId"`
	Seqs   map[string]int64 `json:"seqs,omitempty"`
}

// maxMark bounds the bytes of a mark, which is a word of an index at some destinations: where
// the seqs of all projects have no room in it, it has none.
const maxMark = 8 << 10

// What the entry of a checkpoint has as metadata: the signed note, and what a start on an
// older state of the log finds again.
const (
	MetadataCheckpoint = "checkpoint"
	metadataMark       = "mark"
)

// Entry returns the entry that carries c, of a log, now.
func (c *Checkpoint) Entry(log string, now time.Time) *audit.Entry {
	now = audit.Truncate(now)
	return &audit.Entry{
		ID: -c.Number, Project: audit.SystemProject, CreatedAt: now, RecordedAt: now, RecordedBy: audit.RecordedByLog,
		Actor:    audit.Actor{Email: "auditlog", Type: audit.ServiceAccount},
		Action:   ActionCheckpoint,
		Resource: audit.Resource{Type: "Log", ID: log},
		Outcome:  audit.Success,
		Detail:   "The checkpoint " + strconv.FormatInt(c.Number, 10) + " of the log covers every entry up to id " + strconv.FormatInt(c.LastID, 10),
		Metadata: map[string]string{MetadataCheckpoint: c.Signed, metadataMark: Mark(c.mark())},
	}
}

// mark returns c as JSON.
func (c *Checkpoint) mark() []byte {
	text, err := json.Marshal(c)
	if err == nil && len(text) > maxMark {
		short := *c
		short.Seqs = nil
		text, err = json.Marshal(&short)
	}
	if err != nil {
		panic("sink: " + err.Error()) // texts and numbers
	}
	return text
}
