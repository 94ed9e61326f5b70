package rights

import (
	"strings"
)

// Permission lets one call the API's method of that name, where there is one.
type Permission string

// The permissions.
const (
	AuditLogRecord Permission = "auditLog.record"
	AuditLogList   Permission = "auditLog.list"
	AuditLogGet    Permission = "auditLog.get"
	AuditLogStats  Permission = "auditLog.stats"
	AuditLogExport Permission = "auditLog.export"
	// AuditLogProve lets one have evidence of entries, and read the tree of a project.
	AuditLogProve Permission = "auditLog.prove"
	AuditLogPull  Permission = "auditLog.pull"
	// AuditLogFollow lets one see what is recorded as it happens, on the page as well.
	AuditLogFollow Permission = "auditLog.follow"

	ProjectList    Permission = "project.list"
	ProjectGet     Permission = "project.get"
	ProjectDelete  Permission = "project.delete"
	ProjectRestore Permission = "project.restore"
	ProjectCreate  Permission = "project.create"
	ProjectApprove Permission = "project.approve"
	ProjectHold    Permission = "project.hold"
	ProjectRelease Permission = "project.release"
	// ProjectCertificate lets one have what proves that a project was purged.
	ProjectCertificate Permission = "project.certificate"

	TokenCreate Permission = "token.create"
	TokenList   Permission = "token.list"
	TokenRevoke Permission = "token.revoke"
	TokenRotate Permission = "token.rotate"
	// TokenUse is no method of the API's: it lets one call with a token at all, and is
	// missing where a token is used from an address that it is not for.
	TokenUse Permission = "token.use"

	// SessionList and SessionEnd are about the sessions of others. Everybody sees and
	// ends their own.
	SessionList Permission = "session.list"
	SessionEnd  Permission = "session.end"
	// SessionBegin and SessionUpdate are only the actions of entries: nobody needs a permission
	// to log in.
	SessionBegin  Permission = "session.begin"
	SessionUpdate Permission = "session.update"

	// LogStatus tells how the log is.
	LogStatus Permission = "log.status"
	// LogCheck has the whole log read, and tells what is damaged.
	LogCheck Permission = "log.check"
	// LogCheckpoint lets one have the newest checkpoint, LogCosign add what witnesses signed.
	LogCheckpoint Permission = "log.checkpoint"
	LogCosign     Permission = "log.cosign"
	// LogBackup lets one have a copy of everything that the log holds.
	LogBackup Permission = "log.backup"

	// What a sink ships leaves the log, and the server connects to where it says.
	SinkCreate Permission = "sink.create"
	SinkList   Permission = "sink.list"
	SinkGet    Permission = "sink.get"
	SinkUpdate Permission = "sink.update"
	SinkPause  Permission = "sink.pause"
	SinkResume Permission = "sink.resume"
	SinkReplay Permission = "sink.replay"
	SinkDelete Permission = "sink.delete"
	SinkTest   Permission = "sink.test"

	// Whoever may read entries may save searches for themselves. SearchShare is no method of
	// the API's: it lets one save and delete those for a project.
	SearchSave   Permission = "search.save"
	SearchList   Permission = "search.list"
	SearchDelete Permission = "search.delete"
	SearchShare  Permission = "search.share"

	// ViewerLinkCreate lets one make links by which others see entries of a project.
	ViewerLinkCreate Permission = "viewerLink.create"

	// DebugProfile is no method of the API's: it lets one read profiles of the process.
	DebugProfile Permission = "debug.profile"
)

// Permissions lists every permission.
func Permissions() []Permission {
	return []Permission{
		AuditLogRecord, AuditLogList, AuditLogGet, AuditLogStats, AuditLogExport, AuditLogProve, AuditLogPull, AuditLogFollow,
		ProjectCertificate, ProjectList, ProjectGet, ProjectCreate, ProjectDelete, ProjectApprove, ProjectRestore, ProjectHold, ProjectRelease,
		TokenCreate, TokenList, TokenRevoke, TokenRotate, SessionList, SessionEnd, LogBackup, LogStatus, LogCheck, LogCheckpoint, LogCosign,
		SinkCreate, SinkList, SinkGet, SinkUpdate, SinkPause, SinkResume, SinkReplay, SinkDelete, SinkTest,
		SearchSave, SearchList, SearchDelete, SearchShare, ViewerLinkCreate, DebugProfile,
	}
}

// reads reports whether p lets one see and change nothing.
func (p Permission) reads() bool {
	switch p {
	case AuditLogList, AuditLogGet, AuditLogStats, AuditLogExport, AuditLogProve, AuditLogPull, AuditLogFollow, ProjectList, ProjectGet,
		ProjectCertificate, LogCheckpoint:
		return true
	}
	return false
}

// ownSearches reports whether p is about the searches that one saves.
func (p Permission) ownSearches() bool {
	return p == SearchSave || p == SearchList || p == SearchDelete
}

// wholeLog reports whether p is for admins of all projects alone, be it about one of
// them: what cannot be taken back is not for those who answer for what a project holds, and
// what concerns all projects is not for those of some.
func (p Permission) wholeLog() bool {
	return p.deletes() || p == ProjectRelease || p == LogBackup || p == LogStatus || p == LogCheck || p == LogCosign || p.ships()
}

// ships reports whether p is about sinks.
func (p Permission) ships() bool { return strings.HasPrefix(string(p), "sink.") }

// deletes reports whether p is of those that the log may be configured to let a
// project's own admins have.
func (p Permission) deletes() bool { return p == ProjectDelete || p == ProjectApprove }
