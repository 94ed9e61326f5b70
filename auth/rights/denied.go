package rights

import (
	"fmt"
	"net/netip"
	"strings"

	"auditlog/audit"
)

// Denied is the error of a call that a known principal may not make. It is a
// PermissionDenied Fault; whoever answers with it hands it to auth.Keeper.Refuse.
type Denied struct {
	Permission Permission
	// Project is the one that the call concerned, empty when none or several.
	Project string
	// All is set when it concerned all projects.
	All bool
	// Unknown is set for calls with a secret that is nobody's, or no longer counts.
	Unknown bool
	// From is where a call came from whose token is not for that address.
	From netip.Addr
}

// Error names the permission that was missing.
func (d *Denied) Error() string {
	switch {
	case d.Unknown:
		return "calls with a token that is not known or no longer counts"
	case d.Permission == TokenUse && !d.From.IsValid():
		return "this token is for calls from certain addresses, and where this one came from is not known"
	case d.Permission == TokenUse:
		return fmt.Sprintf("this token is not for calls from %s", d.From)
	case d.All:
		return fmt.Sprintf("missing permission %s on all projects", d.Permission)
	case d.Project == "":
		return fmt.Sprintf("missing permission %s", d.Permission)
	case d.Project == audit.SystemProject:
		return fmt.Sprintf("missing permission %s on project %q, which is kept for the log itself", d.Permission, d.Project)
	}
	return fmt.Sprintf("missing permission %s on project %q", d.Permission, d.Project)
}

// Unwrap returns the Fault that the caller is answered with.
func (d *Denied) Unwrap() error {
	return &audit.Fault{Kind: audit.PermissionDenied, Message: d.Error()}
}

// Resource returns what the refused call concerned, as far as the log knows.
func (d *Denied) Resource() audit.Resource {
	if d.Project != "" {
		return audit.Resource{Type: "Project", ID: d.Project, Name: d.Project}
	}
	if strings.HasPrefix(string(d.Permission), "token.") {
		return audit.Resource{Type: "Token"}
	}
	if d.Permission.ships() {
		return audit.Resource{Type: "Sink"}
	}
	if d.Permission == LogBackup {
		return audit.Resource{Type: "Log"}
	}
	return audit.Resource{Type: "Project"}
}
