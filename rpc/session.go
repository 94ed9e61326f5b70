package rpc

import "time"

// SessionStartRequest begins a log-in of a person from a command line.
type SessionStartRequest struct{}

// SessionStartResult says what the person has to do, in a browser anywhere.
type SessionStartResult struct {
	// DeviceCode is a secret: session.begin asks by it whether the person is done.
	DeviceCode string `json:"deviceCode"`
	// UserCode is what the person types at VerificationURI. The complete one, where the
	// provider has it, is the address with the code in it.
	UserCode                string `json:"userCode"`
	VerificationURI         string `json:"verificationUri"`
	VerificationURIComplete string `json:"verificationUriComplete,omitempty"`
	// ExpiresIn is how many seconds the person has, Interval how many lie between
	// two calls of session.begin at least.
	ExpiresIn int64 `json:"expiresIn"`
	Interval  int64 `json:"interval"`
}

// SessionBeginRequest asks whether the person is done, and if so for the session.
type SessionBeginRequest struct {
	DeviceCode string `json:"deviceCode"`
}

// SessionBeginResult is the only place where a session's token is ever shown.
type SessionBeginResult struct {
	// Pending is set while the person is not done: then there is nothing else but
	// SlowDown, which asks for five seconds more between calls.
	Pending  bool   `json:"pending,omitempty"`
	SlowDown bool   `json:"slowDown,omitempty"`
	Secret   string `json:"token,omitempty"`
	// Session is the one that began.
	Session *Session `json:"session,omitempty"`
}

// SessionGetRequest asks who the caller is.
type SessionGetRequest struct{}

// Caller says who calls, and what they may.
type Caller struct {
	Owner     string  `json:"owner"`
	OwnerType string  `json:"ownerType"`
	Grants    []Grant `json:"grants"`
	// RecordedBy is what the entries bear that the caller records.
	RecordedBy string `json:"recordedBy"`
	// Session is the one that the caller acts in, if any.
	Session string `json:"session,omitempty"`
}

// Grant is a role on some projects.
type Grant struct {
	Role string `json:"role"`
	// Projects are those that the role is for; all when empty.
	Projects []string `json:"projects,omitempty"`
}

// Session is somebody who is logged in.
type Session struct {
	ID string `json:"id"`
	// Owner is who: the person, or the owner of Token.
	Owner string `json:"owner"`
	// Identity and Issuer are of a person who logged in at an identity provider.
	Identity string  `json:"identity,omitempty"`
	Issuer   string  `json:"issuer,omitempty"`
	Grants   []Grant `json:"grants,omitempty"`
	// Token is the id of the token that the session began with.
	Token string `json:"token,omitempty"`
	// Channel is console or cli.
	Channel   string    `json:"channel"`
	IP        string    `json:"ip,omitempty"`
	UserAgent string    `json:"userAgent,omitempty"`
	BeganAt   time.Time `json:"beganAt"`
	SeenAt    time.Time `json:"seenAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	// Own is set on the caller's.
	Own bool `json:"own,omitempty"`
}

// SessionListRequest asks for every session that the caller may know of.
type SessionListRequest struct{}

// SessionListResult lists sessions, the latest first.
type SessionListResult struct {
	Items []Session `json:"items"`
}

// SessionEndRequest asks to end a session, the caller's own when ID is empty. The
// answer is the Session.
type SessionEndRequest struct {
	ID string `json:"id,omitempty"`
}
