package rpc

import "time"

// TokenCreateRequest asks for a new token.
type TokenCreateRequest struct {
	// Name says what the token is for.
	Name string `json:"name,omitempty"`
	// Owner is the e-mail of who calls with the token.
	Owner string `json:"owner"`
	// OwnerType is User when empty.
	OwnerType string `json:"ownerType,omitempty"`
	// Role is viewer, recorder or admin.
	Role string `json:"role"`
	// Projects are those that the token is for; all when empty.
	Projects []string `json:"projects,omitempty"`
	// Addresses are those that calls may come from, or ranges of them; any when empty.
	Addresses []string `json:"addresses,omitempty"`
	// ExpiresAt is when the token ends. When empty it is as late as the log allows.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// TokenCreateResult is the only place where the token itself is ever shown.
type TokenCreateResult struct {
	Secret string `json:"token"`
	Token
}

// Token is what the log tells of a token.
type Token struct {
	ID        string    `json:"id"`
	Name      string    `json:"name,omitempty"`
	Owner     string    `json:"owner"`
	OwnerType string    `json:"ownerType"`
	Role      string    `json:"role"`
	Projects  []string  `json:"projects,omitempty"`
	Addresses []string  `json:"addresses,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy string    `json:"createdBy,omitempty"`
	// Parent is the id of the token that this one was made with, or what names the
	// person; see Caller.RecordedBy.
	Parent    string    `json:"parent,omitempty"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// RotatedAt is when the token got its present secret, FormerUntil until when the
	// one before counts.
	RotatedAt   time.Time `json:"rotatedAt,omitzero"`
	FormerUntil time.Time `json:"formerUntil,omitzero"`
	LastUsed    time.Time `json:"lastUsedAt,omitzero"`
	// LastUsedFrom is the address that the last call came from.
	LastUsedFrom string    `json:"lastUsedFrom,omitempty"`
	RevokedAt    time.Time `json:"revokedAt,omitzero"`
}

// TokenListRequest asks for every token.
type TokenListRequest struct{}

// TokenListResult lists tokens, the newest first.
type TokenListResult struct {
	Items []Token `json:"items"`
}

// TokenRevokeRequest asks to end a token.
type TokenRevokeRequest struct {
	ID string `json:"id"`
	// Cascade ends what was made with the token too, and with that in turn. ID may then
	// be of a token that ended before, or name a person; see Caller.RecordedBy.
	Cascade bool `json:"cascade,omitempty"`
}

// TokenRevokeResult is the token that was ended or, with Cascade, the first of Ended.
type TokenRevokeResult struct {
	Token
	// Ended are all that were ended, when Cascade was asked for.
	Ended []Token `json:"ended,omitempty"`
}

// DefaultGrace is for how many seconds the secret before counts after token.rotate.
const DefaultGrace = 24 * 60 * 60

// TokenRotateRequest asks for a new secret of a token. The answer is a
// TokenCreateResult.
type TokenRotateRequest struct {
	ID string `json:"id"`
	// GraceSeconds is for how long the secret before counts: DefaultGrace when absent.
	GraceSeconds *int64 `json:"graceSeconds,omitempty"`
	// ExpiresAt is when the token ends from now on; as before when empty.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}
