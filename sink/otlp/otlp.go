// Package otlp is the destination of whatever takes OpenTelemetry's logs over HTTP, in
// Protocol Buffers: the OpenTelemetry Collector above all, and through it nearly everything.
//
// An entry is a log record whose body is the entry in one of the formats, and whose attributes
// hold what one looks for. The protocol knows no ids of its own: what is delivered twice is
// there twice, with the same log.record.uid.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"

	"auditlog/audit"
	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/web"
)

// Kind describes it.
func Kind() sink.Kind {
	return sink.Kind{
		Name: "otlp", Title: "OpenTelemetry (OTLP logs over HTTP)", Schemes: []string{"otlp+https", "otlp+http"}, Example: "otlp+https://collector.example.com:4318",
		Formats: format.Names(), Settings: web.Settings(true), Open: open,
	}
}

const logsPath = "/v1/logs"

type otlp struct {
	client *web.Client
	o      *sink.Options
	line   []byte
	narrow sink.Narrower
}

func open(o *sink.Options) (sink.Destination, error) {
	client, err := web.Open(o)
	if err != nil {
		return nil, err
	}
	return &otlp{client: client, o: o}, nil
}

// Deliver exports a batch.
//
// A receiver may take a part of a request, and says how many records it has refused, but not
// which. The protocol asks senders to leave it at that. A log that is kept to be complete has to
// know, so the batch is exported again in halves: what was taken is there twice then, and
// what was not is named.
func (x *otlp) Deliver(ctx context.Context, b *sink.Batch) error {
	return x.narrow.Deliver(ctx, b, x.export)
}

func (x *otlp) Close() error { return x.client.Close() }

func (x *otlp) export(ctx context.Context, b *sink.Batch) error {
	// LogsData has the same bytes as the request of the export, whose package needs gRPC.
	body, err := (proto.MarshalOptions{}).MarshalAppend(x.o.Scratch.Take(), x.data(b))
	if err != nil {
		return fmt.Errorf("encode a batch: %w", err)
	}
	defer x.o.Scratch.Give(body)
	answer, err := x.client.Post(ctx, &web.Request{Path: logsPath, ContentType: "application/x-protobuf", Body: body})
	if err != nil {
		return err
	}
	if err := answer.Err(); err != nil {
		return judge(err, answer)
	}
	refused, why, err := partialSuccess(answer.Body)
	switch {
	case err != nil:
		return fmt.Errorf("read the answer: %w", err)
	case refused > 0:
		return x.refuse(b, refused, why)
	}
	return nil
}

// judge has a refusal say what the protocol's own message of it says.
func judge(err error, answer *web.Answer) error {
	if unfit := new(sink.Unfit); errors.As(err, &unfit) && answer.Header.Get("Content-Type") == "application/x-protobuf" {
		if message := readText(answer.Body, 2); message != "" {
			unfit.Reason = fmt.Sprintf("answered %d: %s", answer.Status, web.Clean(message))
		}
		return unfit
	}
	return err
}

// refuse returns that some of a batch were refused, or all.
func (x *otlp) refuse(b *sink.Batch, n int64, why string) error {
	reason := web.Clean(fmt.Sprintf("rejected %d of %d log records: %s", n, len(b.Entries), why))
	if n < int64(len(b.Entries)) {
		return &sink.Unfit{Reason: reason}
	}
	all := new(sink.Refused)
	for i := range b.Entries {
		all.Entries = append(all.Entries, sink.Refusal{Index: i, Reason: reason})
	}
	return all
}

// data returns the records of a batch.
func (x *otlp) data(b *sink.Batch) *logs.LogsData {
	origin := x.o.Origin(b)
	records := make([]*logs.LogRecord, len(b.Entries))
	for i, e := range b.Entries {
		records[i] = x.record(origin, e)
	}
	return &logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{
		Resource: &resource.Resource{Attributes: attributes(
			"service.name", "auditlog", "service.version", x.o.Version, "service.instance.id", b.Log.String(), "host.name", x.o.Host)},
		ScopeLogs: []*logs.ScopeLogs{{Scope: &common.InstrumentationScope{Name: "auditlog", Version: x.o.Version}, LogRecords: records}},
	}}}
}

// severities are those of log records by syslog's.
var severities = map[int]logs.SeverityNumber{
	6: logs.SeverityNumber_SEVERITY_NUMBER_INFO, 4: logs.SeverityNumber_SEVERITY_NUMBER_WARN, 3: logs.SeverityNumber_SEVERITY_NUMBER_ERROR,
}

func (x *otlp) record(origin *format.Origin, e *audit.Entry) *logs.LogRecord {
	x.line = x.o.Line.Append(x.line[:0], origin, e)
	return &logs.LogRecord{
		TimeUnixNano:         nanos(e.CreatedAt),
		ObservedTimeUnixNano: nanos(e.RecordedAt),
		SeverityNumber:       severities[format.SyslogSeverity(e)],
		SeverityText:         string(e.Outcome),
		EventName:            "auditlog.entry",
		Body:                 value(string(x.line)),
		Attributes: append(attributes(
			"log.record.uid", origin.Log.Key(e.ID), "auditlog.project", e.Project, "auditlog.action", e.Action, "auditlog.outcome", string(e.Outcome),
			"auditlog.resource.type", e.Resource.Type, "auditlog.resource.id", e.Resource.ID, "auditlog.resource.name", e.Resource.Name,
			"auditlog.actor.type", string(e.Actor.Type), "auditlog.channel", string(e.Channel),
			"user.name", e.Actor.Email, "client.address", e.Request.IP, "user_agent.original", e.Request.UserAgent),
			number("auditlog.id", e.ID), number("auditlog.seq", e.Seq)),
	}
}

// nanos returns a time in nanoseconds since 1970, or 0, which says that it is not known, for one
// that there is no room for.
func nanos(t time.Time) uint64 {
	if y := t.Year(); y < 1970 || y > 2261 {
		return 0
	}
	return uint64(t.UnixNano())
}

// attributes returns those of names and texts by turns, without those that are empty.
func attributes(pairs ...string) []*common.KeyValue {
	list := make([]*common.KeyValue, 0, len(pairs)/2+2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, &common.KeyValue{Key: pairs[i], Value: value(pairs[i+1])})
		}
	}
	return list
}

// value returns a text. What is not UTF-8 would make the whole batch one that cannot be encoded.
func value(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: strings.ToValidUTF8(s, "\ufffd")}}
}

func number(name string, n int64) *common.KeyValue {
	return &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}}
}
