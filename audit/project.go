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
	// Hold is set from project.hold to project.release.
	Hold *Hold
	// Damaged says that the log is damaged where it matters to the project: it may have more
	// entries, or its new ones cannot be moved to where they belong.
	Damaged bool
}

// Hold keeps a project from being deleted, or purged if it is deleted already, as long
// as a court, an investigation or a contract wants it kept.
type Hold struct {
	// EntryID is the id of the project.hold entry.
	EntryID int64 `json:"entryId"`
	// By is the e-mail of who placed it, Reason what for.
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// DeletionOrder says how a project is to be deleted.
type DeletionOrder struct {
	// Grace is how long the project can be restored.
	Grace time.Duration
	// Pending has the order wait until somebody else approves it. Until then the
	// project is recorded to as before.
	Pending bool
	// Chain names the token of who orders it, and those by way of which it was made.
	Chain []string
}

// Deletion is an order to purge a project.
type Deletion struct {
	// EntryID is the id of the project.delete entry, which outlives the purge.
	EntryID int64 `json:"entryId"`
	// By is the e-mail of who ordered it.
	By string    `json:"by"`
	At time.Time `json:"at"`
	// PurgeAt is when the grace period ends if the log goes on running until then; zero while the
	// order is pending.
	PurgeAt time.Time `json:"purgeAt,omitzero"`
	// Pending is set until somebody else approves the order, ApprovedBy from then on.
	Pending    bool   `json:"pending,omitempty"`
	ApprovedBy string `json:"approvedBy,omitempty"`
	// Chain is that of the DeletionOrder.
	Chain []string `json:"chain,omitempty"`
}
