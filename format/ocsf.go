package format

import "auditlog/audit"

// OCSF is the Open Cybersecurity Schema Framework (https://schema.ocsf.io): a call is an event
// of API Activity, or of a class for accounts, access, groups and sessions.
var OCSF = &Format{
	Name: "ocsf", Title: "OCSF " + ocsfVersion, Rows: ocsfRows,
	append: func() func([]byte, *Origin, *audit.Entry) []byte {
		members := object(ocsfRows)
		return func(b []byte, o *Origin, e *audit.Entry) []byte {
			return appendObject(b, members, &scene{e, o, deedOf(e)})
		}
	}(),
}

// ocsfVersion is that of the schema.
const ocsfVersion = "1.8.0"

// ocsfRows say what goes where in OCSF.
var ocsfRows = []Row{
	number("class_uid", "the class: 6003 API Activity, 3001 Account Change, 3002 Authentication, 3005 User Access Management, 3006 Group Management",
		func(s *scene) int64 { return int64(s.deed.uid) }),
	text("class_name", "its name", func(s *scene) string { return s.deed.name }),
	number("category_uid", "6, or 3 where the class begins with 3", func(s *scene) int64 { return int64(s.deed.category) }),
	text("category_name", "its name", func(s *scene) string { return s.deed.categoryName }),
	number("activity_id", "what the last part of `action` says, 99 where the class has no number for it",
		func(s *scene) int64 { return int64(s.deed.number) }),
	text("activity_name", "its name, or `action` beside 99", func(s *scene) string { return s.deed.activity(s.Entry).name }),
	number("type_uid", "class_uid × 100 + activity_id", func(s *scene) int64 { return int64(s.deed.uid*100 + s.deed.number) }),
	text("type_name", "both names", func(s *scene) string {
		if s.deed.number == other {
			return s.deed.name + ": Other"
		}
		return s.deed.name + ": " + s.deed.activity(s.Entry).name
	}),
	number("severity_id", "1 for success, 2 for error, 3 for forbidden", func(s *scene) int64 { return int64(severityOf(s.Entry).ocsf) }),
	text("severity", "its name", func(s *scene) string { return severityOf(s.Entry).name }),
	millis("time", "`createdAt`", created),
	number("status_id", "1 for success, else 2", func(s *scene) int64 {
		if s.Outcome == audit.Success {
			return 1
		}
		return 2
	}),
	text("status", "Success or Failure", func(s *scene) string {
		if s.Outcome == audit.Success {
			return "Success"
		}
		return "Failure"
	}),
	field("status_code", "outcome"),
	field("message", "detail"),
	fixed("metadata.version", ocsfVersion),
	text("metadata.uid", "the log's identity, its epoch and `id`: no other entry of any log has it", func(s *scene) string { return s.from.Log.Key(s.ID) }),
	number("metadata.sequence", "`seq`", func(s *scene) int64 { return s.Seq }),
	field("metadata.tenant_uid", "project"),
	field("metadata.event_code", "action"),
	field("metadata.correlation_uid", "request.id"),
	field("metadata.original_event_uid", "key"),
	moment("metadata.original_time", "`createdAt`", created),
	millis("metadata.logged_time", "`recordedAt`", recorded),
	text("metadata.log_name", "the log's identity and epoch", func(s *scene) string { return s.from.Log.String() }),
	fixed("metadata.product.name", "auditlog"),
	fixed("metadata.product.vendor_name", "auditlog"),
	text("metadata.product.version", "this program's version", func(s *scene) string { return s.from.Version }),
	field("actor.user.name", "actor.email"),
	text("actor.user.email_addr", "`actor.email` if it holds an @", mail),
	number("actor.user.type_id", "1 for User, 4 for ServiceAccount", func(s *scene) int64 {
		if s.Actor.Type == audit.ServiceAccount {
			return 4
		}
		return 1
	}),
	text("actor.user.type", "User or Service", func(s *scene) string {
		if s.Actor.Type == audit.ServiceAccount {
			return "Service"
		}
		return "User"
	}),
	field("actor.session.uid", "actor.label"),
	of(field("api.operation", "action"), apiActivity),
	of(field("api.request.uid", "request.id"), apiActivity),
	text("src_endpoint.ip", "`request.ip`, if it is an address of IP", addressText),
	text("src_endpoint.name", "`request.ip` if it is none; without any, `channel`, or unknown", func(s *scene) string {
		switch {
		case s.Request.IP != "":
			return noAddress(s)
		case s.Channel != "":
			return string(s.Channel)
		}
		return "unknown"
	}),
	field("http_request.user_agent", "request.userAgent"),
	of(field("resources[].uid", "resource.id"), apiActivity, userAccess),
	of(text("resources[].name", "`resource.name`, or `resource.type` where there is neither name nor id", func(s *scene) string {
		if s.Resource.Name == "" && s.Resource.ID == "" {
			return s.Resource.Type
		}
		return s.Resource.Name
	}), apiActivity, userAccess),
	of(field("resources[].type", "resource.type"), apiActivity, userAccess),
	of(text("user.name", "who is changed: `resource.name`, or in `metadata` user, email, member, principal, grantee or subject; of a session `actor.email`",
		func(s *scene) string { return s.deed.user }), accountChange, userAccess, authentication, groupManagement),
	of(text("user.uid", "`resource.id`", func(s *scene) string { return s.deed.userID }), accountChange, userAccess),
	of(alone("privileges", text("", "`resource.name` of a role, or in `metadata` role, permission or privilege",
		func(s *scene) string { return s.deed.privilege })), userAccess),
	of(field("group.name", "resource.name"), groupManagement),
	of(field("group.uid", "resource.id"), groupManagement),
	of(text("service.name", "`resource.name`, or `resource.type`", func(s *scene) string {
		if s.Resource.Name == "" {
			return s.Resource.Type
		}
		return s.Resource.Name
	}), authentication),
	of(field("service.uid", "resource.id"), authentication),
	number("unmapped.id", "`id`", func(s *scene) int64 { return s.ID }),
	field("unmapped.actorType", "actor.type"),
	field("unmapped.resourceType", "resource.type"),
	field("unmapped.locationId", "resource.locationId"),
	field("unmapped.channel", "channel"),
	changes("unmapped.changes"),
	metadata("unmapped.metadata"),
	moment("unmapped.recordedAt", "`recordedAt`", recorded),
	field("unmapped.recordedBy", "recordedBy"),
}

// of has a row be written of events of some classes alone.
func of(r Row, classes ...*class) Row {
	r.Only = make([]string, len(classes))
	for i, c := range classes {
		r.Only[i] = c.name
	}
	value := r.value()
	r.text, r.json = nil, func(b []byte, s *scene) []byte {
		for _, c := range classes {
			if s.deed.class == c {
				return value(b, s)
			}
		}
		return b
	}
	return r
}
