// Package admin is the commands about who may what and about which projects there are: tokens, and
// projects with their holds, deletions and approvals. All ask a server.
package admin
