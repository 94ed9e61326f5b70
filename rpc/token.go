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
	Projects  []string  `json:"projects,omitempty"`
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
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy string    `json:"createdBy,omitempty"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	LastUsed  time.Time `json:"lastUsedAt,omitzero"`
	RevokedAt time.Time `json:"revokedAt,omitzero"`
}

// TokenListRequest asks for every token.
type TokenListRequest struct{}

// TokenListResult lists tokens, the newest first.
type TokenListResult struct {
	Items []Token `json:"items"`
}

// TokenRevokeRequest asks to end a token. The answer is the Token.
type TokenRevokeRequest struct {
	ID string `json:"id"`
}
