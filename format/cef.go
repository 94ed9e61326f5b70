package format

import (
	"strconv"
	"strings"

	"auditlog/audit"
)

// CEF is the Common Event Format of ArcSight, which many others read: a line of text.
var CEF = &Format{Name: "cef", Title: "CEF", Text: true, Rows: append(cefHeader, cefRows...), append: appendCEF}

// cefHeader says what stands between the first bars of a line.
var cefHeader = []Row{
	fixed("version", "CEF:0"),
	fixed("vendor", "auditlog"),
	fixed("product", "auditlog"),
	text("product version", "this program's version", func(s *scene) string { return s.from.Version }),
	field("event class", "action"),
	text("name", "`action` and `resource.type`", func(s *scene) string { return s.Action + " " + s.Resource.Type }),
	text("severity", "3 for success, 5 for error, 6 for forbidden", func(s *scene) string { return strconv.Itoa(severityOf(s.Entry).cef) }),
}

// cefRows say what goes where behind the header. What CEF has no key for has one that begins
// with the product's name, as CEF wants it.
var cefRows = []Row{
	text("externalId", "the log's identity, its epoch and `id`: no other entry of any log has it", func(s *scene) string { return s.from.Log.Key(s.ID) }),
	millis("start", "`createdAt`", created),
	millis("end", "`createdAt`", created),
	millis("rt", "`recordedAt`", recorded),
	field("act", "action"),
	field("outcome", "outcome"),
	field("suser", "actor.email"),
	field("spriv", "actor.type"),
	text("src", "`request.ip`, if it is an address of IPv4", func(s *scene) string {
		if a := address(s); a.Is4() {
			return a.String()
		}
		return ""
	}),
	labelled("Source IPv6 Address", text("c6a2", "`request.ip`, if it is an address of IPv6", func(s *scene) string {
		if a := address(s); a.Is6() {
			return a.String()
		}
		return ""
	})),
	text("shost", "`request.ip`, if it is no address of IP", noAddress),
	text("duser", "who is changed, of accounts and privileges", func(s *scene) string { return s.deed.user }),
	field("requestClientApplication", "request.userAgent"),
	field("msg", "detail"),
	labelled("project", field("cs1", "project")),
	labelled("resourceType", field("cs2", "resource.type")),
	labelled("resourceId", field("cs3", "resource.id")),
	labelled("resourceName", field("cs4", "resource.name")),
	labelled("locationId", field("cs5", "resource.locationId")),
	labelled("metadata", metadata("cs6")),
	labelled("seq", number("cn1", "`seq`", func(s *scene) int64 { return s.Seq })),
	labelled("id", number("cn2", "`id`", func(s *scene) int64 { return s.ID })),
	labelled("actorLabel", field("flexString1", "actor.label")),
	labelled("channel", field("flexString2", "channel")),
	field("auditlogRequestId", "request.id"),
	changes("auditlogChanges"),
	field("auditlogKey", "key"),
	field("auditlogRecordedBy", "recordedBy"),
}

// labelled has what a row is be told beside it, under the row's name and Label.
func labelled(label string, r Row) Row {
	r.From += "; `" + r.To + "Label` is " + label
	r.label = label
	return r
}

var (
	cefHeaderEscapes    = strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\r\n", " ", "\n", " ", "\r", " ")
	cefExtensionEscapes = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\n", `\n`, "\r", `\r`)
)

func appendCEF(b []byte, o *Origin, e *audit.Entry) []byte {
	s := &scene{e, o, deedOf(e)}
	for i := range cefHeader {
		b = append(append(b, cefHeaderEscapes.Replace(cefHeader[i].plain(s))...), '|')
	}
	first := true
	for i := range cefRows {
		r := &cefRows[i]
		v := r.plain(s)
		if v == "" {
			continue
		}
		if !first {
			b = append(b, ' ')
		}
		first = false
		b = append(append(append(b, r.To...), '='), cefExtensionEscapes.Replace(v)...)
		if r.label != "" {
			b = append(append(append(append(b, ' '), r.To...), "Label="...), r.label...)
		}
	}
	return b
}

// appendCEFGap appends an event that tells of entries which are missing.
func appendCEFGap(b []byte, o *Origin, gap string) []byte {
	b = append(append(b, "CEF:0|auditlog|auditlog|"...), cefHeaderEscapes.Replace(o.Version)...)
	b = append(b, "|auditlog.gap|entries are missing|10|msg="...)
	return append(b, cefExtensionEscapes.Replace(gap)...)
}
