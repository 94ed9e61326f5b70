// Package elastic is the destination of Elasticsearch, OpenSearch and what has their _bulk: an
// entry is a document whose id is the entry's key, so that what is delivered twice is there
// once. An answer is read entry by entry.
package elastic

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"auditlog/audit"
	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/web"
)

// Kind describes it.
func Kind() sink.Kind {
	return sink.Kind{
		Name: "elastic", Title: "Elasticsearch or OpenSearch",
		Schemes: []string{"elastic+https", "elastic+http", "opensearch+https", "opensearch+http"},
		Example: "elastic+https://es.example.com:9200/logs-auditlog-default",
		Formats: objects(), Settings: web.Settings(true), Open: open,
	}
}

// objects returns the formats of documents, ECS first: data streams want its @timestamp.
func objects() []string {
	names := []string{format.ECS.Name}
	for _, name := range format.Objects() {
		if name != format.ECS.Name {
			names = append(names, name)
		}
	}
	return names
}

type elastic struct {
	client *web.Client
	index  string
	o      *sink.Options
	narrow sink.Narrower
}

func open(o *sink.Options) (sink.Destination, error) {
	index := o.URL.Path[strings.LastIndexByte(o.URL.Path, '/')+1:]
	if index == "" || strings.ContainsAny(index, `*,?"<>| \#`) || strings.HasPrefix(index, "_") {
		return nil, audit.FieldErrorf("to", "must end in the name of an index or data stream, as in /logs-auditlog-default")
	}
	// Each document names its index: what only resembles Elasticsearch has no _bulk below one.
	above := *o
	above.URL = o.URL.JoinPath("..")
	client, err := web.Open(&above)
	if err != nil {
		return nil, err
	}
	return &elastic{client: client, index: index, o: o}, nil
}

// Deliver has every entry of a batch be there.
func (x *elastic) Deliver(ctx context.Context, b *sink.Batch) error {
	return x.narrow.Deliver(ctx, b, x.post)
}

func (x *elastic) Close() error { return x.client.Close() }

func (x *elastic) post(ctx context.Context, b *sink.Batch) error {
	body := x.o.Scratch.Take()
	defer func() { x.o.Scratch.Give(body) }()
	origin := x.o.Origin(b)
	for _, e := range b.Entries {
		body = audit.AppendString(append(body, `{"create":{"_index":`...), x.index)
		body = audit.AppendString(append(body, `,"_id":`...), origin.Log.Key(e.ID))
		body = append(body, "}}\n"...)
		body = append(x.o.Line.Append(body, origin, e), '\n')
	}
	answer, err := x.client.Post(ctx, &web.Request{
		Path: "_bulk", Query: "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason",
		ContentType: "application/x-ndjson", Body: body,
	})
	if err != nil {
		return err
	}
	if err := answer.Err(); err != nil {
		return err
	}
	return judge(answer, len(b.Entries))
}

// reply is what _bulk answers: an item for each entry, in order.
type reply struct {
	Errors *bool
	Items  []struct {
		Create struct {
			Status int
			Error  struct{ Type, Reason string }
		}
	}
}

// judge reads what became of each entry. An entry that is there already is delivered. Where one
// waits for better times the batch is delivered again, which does no harm to the others.
func judge(answer *web.Answer, entries int) error {
	var r reply
	if err := json.Unmarshal(answer.Body, &r); err != nil {
		return fmt.Errorf("read the answer to _bulk: %w", err)
	}
	if r.Errors == nil || len(r.Items) != entries {
		return fmt.Errorf("the answer to _bulk tells of %d entries, not of %d", len(r.Items), entries)
	}
	refused := new(sink.Refused)
	var busy, other error
	for i := range r.Items {
		item := &r.Items[i].Create
		said := errors.New(web.Clean(fmt.Sprintf("answered %d: %s: %s", item.Status, item.Error.Type, item.Error.Reason)))
		switch {
		case item.Status >= 200 && item.Status < 300, item.Status == http.StatusConflict:
		case item.Status == http.StatusBadRequest, item.Status == http.StatusRequestEntityTooLarge:
			refused.Entries = append(refused.Entries, sink.Refusal{Index: i, Reason: said.Error()})
		case item.Status == http.StatusTooManyRequests, item.Status == http.StatusServiceUnavailable:
			busy = cmp.Or(busy, error(answer.Later(said)))
		default:
			other = cmp.Or(other, said)
		}
	}
	if err := cmp.Or(other, busy); err != nil {
		return err
	}
	if len(refused.Entries) > 0 {
		return refused
	}
	return nil
}
