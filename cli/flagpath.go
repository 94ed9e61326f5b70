package cli

import (
	"errors"
	"strings"

	"auditlog/audit"
)

// flagPath returns err, when it is a Fault of the field of an entry or a query,
// as wrong usage of the flag that the field comes from.
func flagPath(err error) error {
	var f *audit.Fault
	if !errors.As(err, &f) || f.Path == "" || f.Kind != audit.Invalid {
		return err
	}
	flag := flagOf(f.Path)
	if flag == "" {
		return err
	}
	return usagef("--%s: %s", flag, f.Message)
}

// flagOf returns the name of the flag for a field, or "".
func flagOf(path string) string {
	switch path {
	case "project", "action", "outcome", "detail", "channel", "key", "actor", "from", "to", "after", "before", "interval":
		return path
	case "actor.email":
		return "actor"
	case "actor.type", "actorType":
		return "actor-type"
	case "actor.label":
		return "label"
	case "resource.type", "resourceType":
		return "resource-type"
	case "resource.id", "resourceId":
		return "resource-id"
	case "resource.name":
		return "resource-name"
	case "resource.locationId":
		return "location"
	case "request.ip":
		return "ip"
	case "request.userAgent":
		return "user-agent"
	case "request.id":
		return "request-id"
	case "createdAt":
		return "at"
	case "recordedBy":
		return "recorded-by"
	case "q":
		return "query"
	}
	switch {
	case strings.HasPrefix(path, "changes"):
		return "change"
	case strings.HasPrefix(path, "metadata"):
		return "metadata"
	}
	return ""
}
