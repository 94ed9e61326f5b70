package rpc

import (
	"time"

	"auditlog/audit"
)

// ProjectRequest names the project that project.get, project.delete and
// project.restore are about. Each answers with the Project as it is then.
type ProjectRequest struct {
	Project string `json:"project"`
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
}
