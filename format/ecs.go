package format

import "auditlog/audit"

// ECS is the Elastic Common Schema (https://www.elastic.co/docs/reference/ecs). What it has no
// field for is under auditlog.
var ECS = &Format{
	Name: "ecs", Title: "ECS " + ecsVersion, Rows: ecsRows,
	append: func() func([]byte, *Origin, *audit.Entry) []byte {
		members := object(ecsRows)
		return func(b []byte, o *Origin, e *audit.Entry) []byte {
			return appendObject(b, members, &scene{e, o, deedOf(e)})
		}
	}(),
}

// ecsVersion is that of the schema.
const ecsVersion = "9.4.0"

// ecsRows say what goes where in ECS.
var ecsRows = []Row{
	moment("@timestamp", "`createdAt`", created),
	fixed("ecs.version", ecsVersion),
	field("message", "detail"),
	fixed("event.kind", "event"),
	words("event.category", "api, or where `action` and `resource.type` say so iam or authentication", func(s *scene) []string { return []string{s.deed.ecs} }),
	words("event.type", "creation, access, change or deletion (start or end of a session), else info; of accounts also user, of groups group, of privileges admin; denied when forbidden",
		func(s *scene) []string {
			types := []string{s.deed.activity(s.Entry).ecs}
			if s.deed.of != "" {
				types = append(types, s.deed.of)
			}
			if s.Outcome == audit.Forbidden && s.deed.class == apiActivity {
				types = append(types, "denied")
			}
			return types
		}),
	field("event.action", "action"),
	text("event.outcome", "success or failure", func(s *scene) string {
		if s.Outcome == audit.Success {
			return string(audit.Success)
		}
		return audit.Failure
	}),
	number("event.severity", "as syslog has it: 6 for success, 4 for forbidden, 3 for error", func(s *scene) int64 { return int64(severityOf(s.Entry).syslog) }),
	text("event.id", "the log's identity, its epoch and `id`: no other entry of any log has it", func(s *scene) string { return s.from.Log.Key(s.ID) }),
	number("event.sequence", "`seq`", func(s *scene) int64 { return s.Seq }),
	moment("event.created", "`recordedAt`", recorded),
	fixed("event.module", "auditlog"),
	fixed("event.dataset", "auditlog.entries"),
	field("user.name", "actor.email"),
	text("user.email", "`actor.email` if it holds an @", mail),
	text("user.target.name", "who is changed, of accounts and privileges", func(s *scene) string {
		if s.deed.class == authentication {
			return ""
		}
		return s.deed.user
	}),
	text("user.target.id", "their id", func(s *scene) string { return s.deed.userID }),
	of(field("group.name", "resource.name"), groupManagement),
	of(field("group.id", "resource.id"), groupManagement),
	field("source.address", "request.ip"),
	text("source.ip", "`request.ip`, if it is an address of IP", addressText),
	field("user_agent.original", "request.userAgent"),
	field("http.request.id", "request.id"),
	field("organization.id", "project"),
	fixed("service.type", "auditlog"),
	alone("related.user", field("", "actor.email")),
	alone("related.ip", text("", "`request.ip`, if it is an address of IP", addressText)),
	number("auditlog.id", "`id`", func(s *scene) int64 { return s.ID }),
	field("auditlog.outcome", "outcome"),
	field("auditlog.actor.type", "actor.type"),
	field("auditlog.actor.label", "actor.label"),
	field("auditlog.resource.type", "resource.type"),
	field("auditlog.resource.id", "resource.id"),
	field("auditlog.resource.name", "resource.name"),
	field("auditlog.resource.location_id", "resource.locationId"),
	field("auditlog.channel", "channel"),
	changes("auditlog.changes"),
	metadata("auditlog.metadata"),
	field("auditlog.key", "key"),
	field("auditlog.recorded_by", "recordedBy"),
}
