package audit

import "time"

// State is where a project is in its life.
type State string

const (
	// Active projects are recorded to and listed.
	Active State = "active"
	// Deleting projects are listed, refuse recording, and can be restored until
	// their purge begins.
	Deleting State = "deleting"
	// Purging projects are being emptied and neither listed nor recorded to.
	Purging State = "purging"
	// Purged projects hold what tells of their deletion and purge; recording makes them
	// active.
	Purged State = "purged"
)

// States lists every state in the order of a project's life.
func States() []State { return []State{Active, Deleting, Purging, Purged} }

// Project is what a log tells of a project.
type Project struct {
	Name  string
	State State
	// Entries counts the entries that a listing shows.
	Entries int64
	// First and Last bound their CreatedAt; zero when there are none.
	First, Last time.Time
	// Deletion is set from project.delete to its purge or restore.
	Deletion *Deletion
}

// Deletion is an order to purge a project.
type Deletion struct {
	// EntryID is the id of the project.delete entry, which outlives the purge.
	EntryID int64 `json:"entryId"`
	// By is the e-mail of who ordered it.
	By string    `json:"by"`
	At time.Time `json:"at"`
	// PurgeAt is when the grace period ends.
	PurgeAt time.Time `json:"purgeAt"`
}
