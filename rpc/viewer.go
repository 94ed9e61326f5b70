package rpc

import "time"

// ViewerLinkCreateRequest asks for a link by which whoever has it sees entries of a project, such as
// a customer within the pages of a platform.
type ViewerLinkCreateRequest struct {
	// Project is that of the entries, whose admin the caller must be.
	Project string `json:"project"`
	// Query selects some of them; without it, all. Its times are those of now: "7d" are the seven
	// days before the link is made, and what comes.
	Query SavedQuery `json:"query,omitzero"`
	// TTL is how long the link counts, as 30m or 2h. Default 1h, 12h at most.
	TTL string `json:"ttl,omitempty"`
}

// ViewerLink is a link to a page that a browser shows by itself or in a frame.
type ViewerLink struct {
	// ID names it in the entry that tells of it.
	ID string `json:"id"`
	// Path is where it leads to, from the root of the host that the log is reached at.
	Path      string    `json:"path"`
	ExpiresAt time.Time `json:"expiresAt"`
}
