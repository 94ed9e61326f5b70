// Package rpc holds the words that the log's API is spoken in: the names of its
// methods, the JSON of its requests and answers, and what stands for each kind
// of error. Package api answers with them and package client asks with them, so
// that neither can drift from the other.
//
// Every call is POST /<method> with a JSON body, and every answer an [Answer];
// only auditLog.export answers with the entries themselves, as auditLog.list does to
// who accepts NDJSON alone, auditLog.follow with events, and log.backup with an archive.
// What only reads is answered to GET as well, with the members of the body as
// parameters. Entries have the
// canonical JSON of package audit, here as there.
//
// It stands on audit and the standard library, and does no I/O.
package rpc

// The methods. The server matches them without regard to case.
const (
	Record = "auditLog.record"
	List   = "auditLog.list"
	Get    = "auditLog.get"
	Stats  = "auditLog.stats"
	Export = "auditLog.export"
	Prove  = "auditLog.prove"
	Pull   = "auditLog.pull"
	Follow = "auditLog.follow"

	ProjectList    = "project.list"
	ProjectGet     = "project.get"
	ProjectDelete  = "project.delete"
	ProjectRestore = "project.restore"
	ProjectCreate  = "project.create"
	ProjectApprove = "project.approve"
	ProjectHold    = "project.hold"
	ProjectRelease = "project.release"

	ProjectCertificate = "project.certificate"

	TokenCreate = "token.create"
	TokenList   = "token.list"
	TokenRevoke = "token.revoke"
	TokenRotate = "token.rotate"

	ViewerLinkCreate = "viewerLink.create"

	SearchSave   = "search.save"
	SearchList   = "search.list"
	SearchDelete = "search.delete"

	Backup = "log.backup"

	SessionStart = "session.start"
	SessionBegin = "session.begin"
	SessionGet   = "session.get"
	SessionList  = "session.list"
	SessionEnd   = "session.end"

	LogStatus     = "log.status"
	LogCheck      = "log.check"
	LogCheckpoint = "log.checkpoint"
	LogCosign     = "log.cosign"

	SinkCreate = "sink.create"
	SinkList   = "sink.list"
	SinkGet    = "sink.get"
	SinkUpdate = "sink.update"
	SinkPause  = "sink.pause"
	SinkResume = "sink.resume"
	SinkReplay = "sink.replay"
	SinkDelete = "sink.delete"
	SinkTest   = "sink.test"
)

// Content types. A body of any other type is read as JSON.
const (
	TypeJSON   = "application/json"
	TypeNDJSON = "application/x-ndjson" // and under the other names that IsNDJSON knows
)

// HeaderRequestID names the call in the server's log and in its answer.
const HeaderRequestID = "X-Request-Id"

// HeaderChannel names the surface that a call comes through, one of the channels of
// package audit: the entries that the log keeps about itself have it as a claim.
const HeaderChannel = "X-Auditlog-Channel"

// HeaderNextCursor has the cursor of the next page, where there is one: an answer of NDJSON has
// no other place for it.
const HeaderNextCursor = "X-Auditlog-Next-Cursor"

// IsNDJSON reports whether a media type, in lower case and without parameters, is one by
// which JSON values a line are known. None of these names is registered.
func IsNDJSON(mediaType string) bool {
	switch mediaType {
	case TypeNDJSON, "application/ndjson", "application/jsonl", "application/x-jsonl", "application/jsonlines",
		"application/x-jsonlines", "application/json-lines", "application/x-json-lines", "application/stream+json",
		"text/ndjson", "text/x-ndjson", "text/jsonl":
		return true
	}
	return false
}
