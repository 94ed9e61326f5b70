package cloudtrail

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
)

// event is what is read of an event of CloudTrail's.
type event struct {
	Identity  object
	Time      time.Time
	Source    string
	Name      string
	Region    string
	IP        string
	UserAgent string
	RequestID string
	ID        string
	Type      string
	Account   string // the one that the event was delivered to
	ReadOnly  bool

	ErrorCode, ErrorMessage string

	Resources  []object
	Request    []leaf
	Response   []leaf
	Service    []leaf
	Additional []leaf

	members object
}

// parse reads an event, or returns a Fault with the path of the field at fault.
func parse(o object) (*event, error) {
	e := &event{members: o}
	texts := []struct {
		name     string
		to       *string
		required bool
	}{
		{"eventID", &e.ID, true},
		{"eventName", &e.Name, true},
		{"eventSource", &e.Source, true},
		{"awsRegion", &e.Region, false},
		{"sourceIPAddress", &e.IP, false},
		{"userAgent", &e.UserAgent, false},
		{"errorCode", &e.ErrorCode, false},
		{"errorMessage", &e.ErrorMessage, false},
		{"requestID", &e.RequestID, false},
		{"eventType", &e.Type, false},
		{"recipientAccountId", &e.Account, false},
	}
	for _, t := range texts {
		raw := o.value(t.name)
		if raw != nil && !isText(raw) {
			return nil, audit.FieldErrorf(t.name, "must be text")
		}
		if *t.to = textOf(raw); *t.to == "" && t.required {
			return nil, audit.FieldErrorf(t.name, "is required")
		}
	}
	e.Account = account(e.Account)
	if len(e.ID) > audit.MaxKey { // cut, it would be the key of others too
		return nil, audit.FieldErrorf("eventID", "must be at most %d bytes", audit.MaxKey)
	}
	return e, e.parseOthers()
}

// parseOthers reads what is no text.
func (e *event) parseOthers() error {
	o := e.members
	var ok bool
	if e.ReadOnly, ok = truth(o.value("readOnly")); !ok && o.has("readOnly") {
		return audit.FieldErrorf("readOnly", "must be true or false")
	}
	if textOf(o.value("eventTime")) == "" {
		return audit.FieldErrorf("eventTime", "is required")
	}
	if e.Time, ok = parseTime(textOf(o.value("eventTime"))); !ok {
		return audit.FieldErrorf("eventTime", "must be a time such as 2026-05-04T08:15:30Z")
	}
	if raw := unquoted(o.value("userIdentity")); raw != nil && raw.Kind() != 'n' {
		if e.Identity, ok = objectOf(raw); !ok && textOf(raw) != "" {
			return audit.FieldErrorf("userIdentity", "must be an object")
		}
	}
	raw := unquoted(o.value("resources"))
	list, ok := valuesOf(raw)
	if !ok {
		list = append(list, raw)
	}
	for _, raw := range list[:min(len(list), maxResources)] {
		if r, ok := objectOf(raw); ok {
			e.Resources = append(e.Resources, r)
		}
	}
	e.Request = leaves(unquoted(o.value("requestParameters")))
	e.Response = leaves(unquoted(o.value("responseElements")))
	e.Service = leaves(unquoted(o.value("serviceEventDetails")))
	e.Additional = leaves(unquoted(o.value("additionalEventData")))
	return nil
}

// maxResources bounds how many of the resources that an event lists are looked at.
const maxResources = 500

// layouts are the forms in which times occur. One without a zone is in UTC.
var layouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05", // CloudTrail Lake and Athena
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 UTC",
	"20060102T150405Z", // creationDate in some
}

// millis is from where on a number counts milliseconds: as seconds it is after the
// year 5000, as milliseconds in 1973.
const millis = 1e11

// parseTime reads a time in one of the layouts, or a number of seconds or
// milliseconds since 1970, which is what the command line of AWS prints at times.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(seconds > 0 && seconds < millis*millis) {
		return time.Time{}, false
	}
	if seconds >= millis {
		seconds /= 1000
	}
	whole, part := math.Modf(seconds)
	if whole >= millis {
		return time.Time{}, false
	}
	return time.Unix(int64(whole), int64(part*1e9)).Round(time.Microsecond), true
}

// account restores the leading zeros that an account's id loses as a number.
func account(id string) string {
	const digits = 12
	if _, err := strconv.ParseUint(id, 10, 64); err != nil || len(id) >= digits {
		return id
	}
	return strings.Repeat("0", digits-len(id)) + id
}

// entry returns the entry of the event, or a Fault that says what is wrong with it.
func (e *event) entry(project string) (audit.Entry, error) {
	res, verdict := e.resource(), e.outcome()
	who := e.actor()
	entry := audit.Entry{
		Project:   project,
		Actor:     who.Actor,
		Action:    e.service() + "." + e.Name,
		Resource:  audit.Resource{Type: res.kind, ID: res.id, Name: res.name, LocationID: e.Region},
		Outcome:   verdict.Outcome,
		Detail:    e.detail(verdict, res),
		Channel:   e.channel(),
		Request:   audit.Request{IP: e.IP, UserAgent: e.UserAgent, ID: e.RequestID},
		Metadata:  e.metadata(who, verdict, res),
		Key:       e.ID,
		CreatedAt: e.Time,
	}
	entry.Normalize()
	entry.Clean()
	return entry, entry.Validate(entry.CreatedAt) // whether it is too far ahead is the log's to say
}

// service returns the name of the service that the call was made to.
func (e *event) service() string {
	service, _, _ := strings.Cut(e.Source, ".amazonaws.com")
	return service
}

func (e *event) channel() audit.Channel {
	fromConsole, _ := truth(e.members.value("sessionCredentialFromConsole"))
	switch {
	case fromConsole, e.Type == "AwsConsoleSignIn", e.Type == "AwsConsoleAction":
		return audit.ChannelConsole
	case strings.Contains(e.UserAgent, "aws-cli"):
		return audit.ChannelCLI
	}
	return audit.ChannelAPI
}

// detail says in a line what was done, or why it failed.
func (e *event) detail(v verdict, res resource) string {
	what := strings.TrimSuffix(res.kind+" "+res.short(), " ")
	switch v.Outcome {
	case audit.Success:
		if v.DryRun {
			return e.Name + ": a dry run, which would have succeeded: " + what
		}
		return e.Name + ": " + what
	case audit.Forbidden:
		return e.Name + " denied" + v.reason()
	}
	return e.Name + " failed" + v.reason()
}

// fieldNames are the fields of events that those of entries come from.
var fieldNames = map[string]string{
	"createdAt":           "eventTime",
	"key":                 "eventID",
	"action":              "eventName",
	"actor.email":         "userIdentity",
	"resource.type":       "eventName",
	"resource.locationId": "awsRegion",
	"request.ip":          "sourceIPAddress",
	"request.userAgent":   "userAgent",
	"request.id":          "requestID",
}

// InEvent returns err with the field of the event where it is a Fault about the field
// of an entry that comes from one.
func InEvent(err error) error {
	var f *audit.Fault
	if !errors.As(err, &f) {
		return err
	}
	name, ok := fieldNames[f.Path]
	if !ok {
		return err
	}
	return fmt.Errorf("%s: %s", name, f.Message)
}
