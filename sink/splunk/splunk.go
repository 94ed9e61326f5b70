// Package splunk is the destination of Splunk's HTTP Event Collector, and of what speaks like
// it (Cribl, Vector, the OpenTelemetry Collector, Fluent Bit).
//
// Without acknowledgement Splunk answers once it has received a batch, and can lose it still.
// With it, a batch is delivered once the indexers have it on disk. Splunk knows no ids: what is
// delivered twice is there twice, with the same field auditlog_key.
package splunk

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/backoff"
	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/web"
)

// Kind describes it.
func Kind() sink.Kind {
	return sink.Kind{
		Name: "splunk", Title: "Splunk HEC", Schemes: []string{"splunk+https", "splunk+http"}, Example: "splunk+https://splunk.example.com:8088",
		Formats: format.Names(),
		Settings: append([]sink.Setting{
			{Name: "token", Secret: true, Required: true, Usage: "The token of the HTTP Event Collector."},
			{Name: "index", Usage: "The index. Without it the token's own is taken."},
			{Name: "source", Default: "auditlog", Usage: "The source of the events."},
			{Name: "sourcetype", Default: "auditlog:entry", Usage: "Their source type."},
			{Name: "ack", Default: "no", Choices: []string{"yes", "no"},
				Usage: "Whether to wait until the indexers have a batch, which the token must have been set to (indexer acknowledgement)."},
		}, web.Settings(true)...),
		Open: open,
	}
}

const (
	eventPath = "/services/collector/event"
	ackPath   = "/services/collector/ack"
)

type splunk struct {
	client *web.Client
	o      *sink.Options
	header http.Header
	ack    bool
	// around is what stands behind the time of every event, and in front of its fields.
	around []byte
	narrow sink.Narrower
}

func open(o *sink.Options) (sink.Destination, error) {
	client, err := web.Open(o)
	if err != nil {
		return nil, err
	}
	s := &splunk{client: client, o: o, ack: o.Settings["ack"] == "yes"}
	s.header = http.Header{"Authorization": {"Splunk " + o.Secrets["token"]}}
	s.around = audit.AppendString([]byte(`,"host":`), o.Host)
	for _, name := range []string{"source", "sourcetype", "index"} {
		if v := o.Settings[name]; v != "" {
			s.around = audit.AppendString(append(s.around, `,"`+name+`":`...), v)
		}
	}
	return s, nil
}

// Deliver posts a batch and, if that is set, waits until it is acknowledged.
func (s *splunk) Deliver(ctx context.Context, b *sink.Batch) error {
	return s.narrow.Deliver(ctx, b, s.post)
}

func (s *splunk) Close() error { return s.client.Close() }

// reply is what Splunk answers.
type reply struct {
	Text  string
	Code  int
	AckID *int64 `json:"ackId"`
	// Invalid is the place of the event at fault, if one is.
	Invalid *int `json:"invalid-event-number"`
}

// faulty are the codes of answers that an event is at fault for: no data, invalid data, no
// event, an empty event, wrong fields. Others, such as a wrong index, are the settings'.
var faulty = []int{5, 6, 12, 13, 15}

func (s *splunk) post(ctx context.Context, b *sink.Batch) error {
	body := s.o.Scratch.Take()
	defer func() { s.o.Scratch.Give(body) }()
	origin := s.o.Origin(b)
	for _, e := range b.Entries {
		body = s.append(body, origin, e)
	}
	header, query := s.header, ""
	if s.ack {
		channel := channelOf(b)
		header = s.header.Clone()
		header.Set("X-Splunk-Request-Channel", channel)
		query = "channel=" + url.QueryEscape(channel)
	}
	answer, err := s.client.Post(ctx, &web.Request{Path: eventPath, Header: header, ContentType: "application/json", Body: body})
	if err != nil {
		return err
	}
	var r reply
	malformed := json.Unmarshal(answer.Body, &r)
	if err := answer.Err(); err != nil {
		return judge(err, &r, len(b.Entries))
	}
	if !s.ack {
		return nil
	}
	if malformed != nil || r.AckID == nil {
		return errors.New("the answer holds no ackId: is indexer acknowledgement on for this token?")
	}
	return s.wait(ctx, *r.AckID, header, query)
}

// judge returns what an answer that is not 2xx asks for, with what Splunk's code tells of it.
func judge(err error, r *reply, entries int) error {
	unfit := new(sink.Unfit)
	if !errors.As(err, &unfit) || r.Code == 0 {
		return err
	}
	if !slices.Contains(faulty, r.Code) {
		return errors.New(unfit.Reason)
	}
	if r.Invalid != nil && *r.Invalid >= 0 && *r.Invalid < entries {
		unfit.Known, unfit.At = true, *r.Invalid
	}
	return unfit
}

// append appends the event of an entry.
func (s *splunk) append(b []byte, origin *format.Origin, e *audit.Entry) []byte {
	micros := e.CreatedAt.UnixMicro()
	b = append(b, `{"time":`...)
	b = strconv.AppendFloat(b, float64(micros)/1e6, 'f', 6, 64)
	b = append(append(b, s.around...), `,"event":`...)
	if s.o.Line.Text {
		b = audit.AppendString(b, string(s.o.Line.Append(nil, origin, e)))
	} else {
		b = s.o.Line.Append(b, origin, e)
	}
	b = audit.AppendString(append(b, `,"fields":{"auditlog_key":`...), origin.Log.Key(e.ID))
	return append(b, `}}`...)
}

// channelOf returns the channel on which batches like b are acknowledged: a GUID that is the
// sink's.
func channelOf(b *sink.Batch) string {
	h := sha256.Sum256([]byte(b.Log.String() + "\n" + b.Project + "\n" + b.Sink))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80 // version 8, which is for one's own
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// patience is how long an acknowledgement is waited for.
const patience = 2 * time.Minute

// wait returns once a batch is acknowledged.
func (s *splunk) wait(ctx context.Context, id int64, header http.Header, query string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pause := backoff.Policy{First: 50 * time.Millisecond, Most: 5 * time.Second}
	body := fmt.Appendf(nil, `{"acks":[%d]}`, id)
	for n := 1; ; n++ {
		answer, err := s.client.Post(ctx, &web.Request{Path: ackPath, Query: query, Header: header, ContentType: "application/json", Body: body})
		if err != nil {
			return err
		}
		if err := answer.Err(); err != nil {
			if unfit := new(sink.Unfit); errors.As(err, &unfit) {
				err = errors.New(unfit.Reason) // it is the question that is unfit
			}
			return err
		}
		var r struct{ Acks map[string]bool }
		if err := json.Unmarshal(answer.Body, &r); err != nil {
			return fmt.Errorf("read whether the batch is acknowledged: %w", err)
		}
		if r.Acks[strconv.FormatInt(id, 10)] {
			return nil
		}
		if err := backoff.Sleep(ctx, pause.Pause(n)); err != nil {
			return fmt.Errorf("the indexers did not acknowledge a batch in time: %w", err)
		}
	}
}
