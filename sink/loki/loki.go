// Package loki is the destination of Grafana Loki: an entry is a line of the stream of its
// project.
//
// Loki wants the times of a stream to grow, and refuses what is old: so a line's time is when
// the entry was recorded. When it happened is in the line. What is delivered twice has the
// same time and the same text, and Loki keeps it once.
package loki

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"auditlog/audit"
	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/web"
)

// Kind describes it.
func Kind() sink.Kind {
	return sink.Kind{
		Name: "loki", Title: "Grafana Loki", Schemes: []string{"loki+https", "loki+http"}, Example: "loki+https://loki.example.com:3100",
		Formats: format.Names(),
		Settings: append([]sink.Setting{
			{Name: "labels", Default: "job=auditlog", Usage: "Labels of all streams, as in job=auditlog,env=prod."},
			{Name: "by-project", Default: "yes", Choices: []string{"yes", "no"}, Usage: "Whether each project has a stream of its own, with the label project."},
			{Name: "tenant", Usage: "The tenant, where Loki has several (X-Scope-OrgID)."},
		}, web.Settings(true)...),
		Open: open,
	}
}

const pushPath = "/loki/api/v1/push"

type loki struct {
	client    *web.Client
	o         *sink.Options
	header    http.Header
	labels    []byte // the members of the object that names a stream
	byProject bool
	line      []byte
	narrow    sink.Narrower
}

func open(o *sink.Options) (sink.Destination, error) {
	labels, err := parseLabels(o.Settings["labels"])
	if err != nil {
		return nil, err
	}
	l := &loki{o: o, header: http.Header{}, labels: labels, byProject: o.Settings["by-project"] == "yes"}
	if tenant := o.Settings["tenant"]; strings.ContainsFunc(tenant, unicode.IsControl) {
		return nil, audit.FieldErrorf("settings.tenant", "must be one line of text")
	} else if tenant != "" {
		l.header.Set("X-Scope-OrgID", tenant)
	}
	l.client, err = web.Open(o)
	return l, err
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// parseLabels returns the members of an object of labels.
func parseLabels(s string) ([]byte, error) {
	var b []byte
	for label := range strings.SplitSeq(s, ",") {
		name, v, ok := strings.Cut(strings.TrimSpace(label), "=")
		if !ok || !labelName.MatchString(name) || v == "" || name == "project" {
			return nil, audit.FieldErrorf("settings.labels", "must be like job=auditlog,env=prod; project is given by itself")
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = audit.AppendString(append(b, `"`+name+`":`...), v)
	}
	return b, nil
}

// Deliver pushes a batch. Where it is refused as a whole, it is pushed in parts.
func (l *loki) Deliver(ctx context.Context, b *sink.Batch) error {
	return l.narrow.Deliver(ctx, b, l.push)
}

func (l *loki) Close() error { return l.client.Close() }

func (l *loki) push(ctx context.Context, b *sink.Batch) error {
	body := append(l.o.Scratch.Take(), `{"streams":[`...)
	defer func() { l.o.Scratch.Give(body) }()
	for i, stream := range l.streams(b.Entries) {
		if i > 0 {
			body = append(body, ',')
		}
		body = l.append(body, stream, l.o.Origin(b))
	}
	body = append(body, `]}`...)
	answer, err := l.client.Post(ctx, &web.Request{Path: pushPath, Header: l.header, ContentType: "application/json", Body: body})
	if err != nil {
		return err
	}
	return answer.Err()
}

// streams parts entries by their streams, in order.
func (l *loki) streams(entries []*audit.Entry) [][]*audit.Entry {
	if !l.byProject {
		return [][]*audit.Entry{entries}
	}
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b *audit.Entry) int { return strings.Compare(a.Project, b.Project) })
	var streams [][]*audit.Entry
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && sorted[n].Project == sorted[0].Project {
			n++
		}
		streams, sorted = append(streams, sorted[:n]), sorted[n:]
	}
	return streams
}

// append appends a stream to a body.
func (l *loki) append(b []byte, entries []*audit.Entry, origin *format.Origin) []byte {
	b = append(append(b, `{"stream":{`...), l.labels...)
	if l.byProject {
		b = audit.AppendString(append(b, `,"project":`...), entries[0].Project)
	}
	b = append(b, `},"values":[`...)
	for i, e := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendInt(append(b, `["`...), e.RecordedAt.UnixNano(), 10), `",`...)
		l.line = l.o.Line.Append(l.line[:0], origin, e)
		b = append(audit.AppendString(b, string(l.line)), ']')
	}
	return append(b, `]}`...)
}
