package cloudtrail

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"auditlog/audit"
	"auditlog/importer"
)

// knownShapes is what a refusal says of the shapes that are taken.
const knownShapes = `those are a trail's file {"Records":[…]}, events one a line or in an array, ` +
	`what "aws cloudtrail lookup-events" prints, and messages of EventBridge, SNS, SQS and CloudWatch Logs`

// notEvent is what it says of an item, before knownShapes.
const notEvent = "is no event of CloudTrail in a shape that is known"

// maxWrapped bounds how many envelopes an event may be in: a message of SQS that holds
// one of SNS that holds one of EventBridge is in three.
const maxWrapped = 8

// A shape is an object that is no event itself. Its names match exactly.
type shape struct {
	// has are the members that tell it.
	has []string
	// inside is the member that holds the event, as JSON or as a string of JSON. Empty
	// where there is none.
	inside string
	// holds reports whether there is an event inside after all. Nil is yes.
	holds func(object) bool
	// called is what it is, where there is no event inside.
	called string
}

// shapes are tried in this order.
var shapes = []shape{
	// aws cloudtrail lookup-events: the event is a string, and beside it is what it
	// can be looked up by.
	{has: []string{"CloudTrailEvent"}, inside: "CloudTrailEvent"},
	// EventBridge. Its detail is an event of CloudTrail's if its type says so; the
	// others are what services tell about themselves.
	{has: []string{"detail-type", "detail"}, inside: "detail", holds: viaCloudTrail, called: "event of another service"},
	// SNS: what it posts to a queue or over HTTP, and what it hands a function.
	{has: []string{"Type", "TopicArn", "Message"}, inside: "Message"},
	{has: []string{"Sns"}, inside: "Sns"},
	{has: []string{"Type", "SubscribeURL"}, called: "notice"},
	// SQS: what it hands a function, and what aws sqs receive-message prints.
	{has: []string{"messageId", "body"}, inside: "body"},
	{has: []string{"MessageId", "Body"}, inside: "Body"},
	// CloudWatch Logs, in subscriptions and in what aws logs prints.
	{has: []string{"timestamp", "message"}, inside: "message"},
	// What else is in a trail's bucket and its topic.
	{has: []string{"insightDetails"}, called: "insight event"},
	{has: []string{"digestS3Bucket"}, called: "digest"},
	{has: []string{"digestS3Object"}, called: "digest"},
	{has: []string{"digestStartTime", "logFiles"}, called: "digest"},
	{has: []string{"s3Bucket", "s3ObjectKey"}, called: "notice"},
}

func viaCloudTrail(o object) bool {
	return strings.HasSuffix(o.name("detail-type"), "via CloudTrail") || o.object("detail").has("eventID")
}

// isEvent reports whether o is meant as an event, whole or not.
func isEvent(o object) bool {
	return o.has("eventID") || o.has("eventVersion") || o.has("eventName") && o.has("eventSource")
}

// item takes an item of a list, a document, or what an envelope holds.
func (t *trail) item(raw jsontext.Value, wrapped int) error {
	if wrapped > maxWrapped {
		return t.unknown()
	}
	switch raw.Kind() {
	case '{':
		if o, ok := objectOf(raw); ok {
			return t.itemOf(o, wrapped)
		}
	case '[':
		return t.itemsOf(raw, wrapped)
	case '"':
		inner, ok := jsonIn(raw)
		if ok {
			return t.item(inner, wrapped+1)
		}
		if slices.Contains(testMessages, textOf(raw)) {
			return t.pass("notice")
		}
	}
	return t.unknown()
}

// testMessages are what CloudTrail posts to a topic to see whether it may.
var testMessages = []string{"CloudTrail validation message."}

// itemOf takes an object.
func (t *trail) itemOf(o object, wrapped int) error {
	if wrapped > maxWrapped {
		return t.unknown()
	}
	if strings.HasPrefix(o.name("eventSource"), "aws:") && !o.hasAll([]string{"messageId", "body"}) {
		return t.pass("event of another service") // what services hand a function
	}
	if o.name("eventCategory") == "Insight" || o.name("eventType") == "AwsCloudTrailInsight" {
		return t.pass("insight event")
	}
	for _, s := range shapes {
		if !o.hasAll(s.has) {
			continue
		}
		if s.inside == "" || s.holds != nil && !s.holds(o) {
			return t.pass(s.called)
		}
		return t.item(o.value(s.inside), wrapped+1)
	}
	for name := range lists {
		if raw := o.value(name); wrapped > 0 && raw.Kind() == '[' {
			return t.itemsOf(raw, wrapped)
		}
	}
	if !isEvent(o) {
		return t.unknown()
	}
	t.count++
	return t.event(o)
}

// itemsOf takes each item of a list that is in memory.
func (t *trail) itemsOf(raw jsontext.Value, wrapped int) error {
	items, ok := valuesOf(raw)
	if !ok {
		return t.unknown()
	}
	for _, item := range items {
		if err := t.item(item, wrapped+1); err != nil {
			return err
		}
	}
	return nil
}

// pass counts what is no call.
func (t *trail) pass(called string) error {
	t.count++
	t.passed.Count(called, 1)
	return nil
}

// unknown refuses what is in no shape that is known, once with all of them.
func (t *trail) unknown() error {
	t.count++
	why := notEvent
	if !t.told {
		t.told = true
		why += ": " + knownShapes
	}
	return t.sink.Refused(importer.Place{Kind: "event", Number: t.count}, audit.Errorf(audit.Invalid, "%s", why))
}
