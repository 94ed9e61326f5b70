// Package rights says who calls the log and what they may do: the permissions, the roles that
// are sets of them, the grants of a role on some projects, and the Principal that has those.
//
// A permission is named like the API's method that it lets one call. A principal
// has those of its roles, on the projects of each:
//
//	viewer    auditLog.list get stats export prove pull follow, project.list get certificate,
//	          log.checkpoint, search.save list delete
//	recorder  auditLog.record
//	admin     all of them; on some projects only, not project.delete approve release,
//	          log.backup status check cosign, nor those of sinks
//
// The answer to a call on a project outside the principal's scope is the same whether
// there is such a project or not: Check knows of none. The reserved project
// audit.SystemProject can be read by admins of all projects, and is recorded to, deleted and
// restored by nobody.
//
// A Call is made by a principal, through some channel, and makes the entry that tells of it.
//
// It keeps nothing and knows no secret: who somebody is, package auth finds out. Whoever
// answers callers may use it.
package rights
