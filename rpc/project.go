package rpc

import (
	"time"

	"auditlog/audit"
)

// ProjectRequest names the project that project.get, project.create, project.delete,
// project.approve and project.restore are about. Each answers with the Project as it is
// then.
type ProjectRequest struct {
	Project string `json:"project"`
}

// HoldRequest is of project.hold, whose reason is required, and project.release. Both
// answer with the Project as it is then.
type HoldRequest struct {
	Project string `json:"project"`
	Reason  string `json:"reason,omitempty"`
}

// ProjectListRequest asks for every project that the caller may see.
type ProjectListRequest struct{}

// ProjectListResult lists projects by name.
type ProjectListResult struct {
	Items []Project `json:"items"`
}

// Project says what the log holds of one project.
type Project struct {
	Project string      `json:"project"`
	State   audit.State `json:"state"`
	Entries int64       `json:"entries"`
	// First and Last bound the CreatedAt of the project's entries.
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	DeletedAt time.Time `json:"deletedAt,omitzero"`
	DeletedBy string    `json:"deletedBy,omitempty"`
	// PurgeAt is when the purge of a deleted project begins.
	PurgeAt time.Time `json:"purgeAt,omitzero"`
	// AwaitsApproval is set while the deletion waits for a second person, ApprovedBy
	// once one has approved it.
	AwaitsApproval bool   `json:"awaitsApproval,omitempty"`
	ApprovedBy     string `json:"approvedBy,omitempty"`
	// Hold is set while the project cannot be deleted or purged.
	Hold *Hold `json:"hold,omitempty"`
	// Damaged says that the log is damaged where it matters to the project: it may have more
	// entries than are counted, and there may be other projects.
	Damaged bool `json:"damaged,omitempty"`
}

// Hold says who keeps a project from being deleted, and what for.
type Hold struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}
