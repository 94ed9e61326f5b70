// Package webhook is the destination of whoever takes an HTTP request: signed as Standard
// Webhooks has it (https://www.standardwebhooks.com), with a message for each batch; or, in
// the formats of chats, a message for people to read.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/web"
)

// Kind describes it.
func Kind() sink.Kind {
	return sink.Kind{
		Name: "webhook", Title: "HTTP webhook", Schemes: []string{"https", "http"}, Example: "https://siem.example.com/hooks/auditlog",
		Formats: slices.Concat(format.Objects(), chatNames()),
		Settings: append([]sink.Setting{
			{Name: "body", Default: "message", Choices: []string{"message", "lines"},
				Usage: "What a request holds: `message`, an object with what Standard Webhooks wants and the entries in it, or `lines`, an entry a line (NDJSON)."},
			{Name: "secret", Secret: true,
				Usage: "Signs each request: `whsec_` and 24 to 64 random bytes in base64. Two with a space between them both sign, so that the receiver can change from one to the other."},
		}, web.Settings(false)...),
		Open: open,
	}
}

type webhook struct {
	client *web.Client
	o      *sink.Options
	keys   [][]byte
	encode func(b []byte, batch *sink.Batch) []byte
	kind   string // of the body
	narrow sink.Narrower
}

func open(o *sink.Options) (sink.Destination, error) {
	client, err := web.Open(o)
	if err != nil {
		return nil, err
	}
	keys, err := parseSecret(o.Secrets["secret"])
	if err != nil {
		return nil, err
	}
	h := &webhook{client: client, o: o, keys: keys, kind: "application/json"}
	if c := chatNamed(o.Format); c != nil {
		h.encode = c.append
		return h, nil
	}
	if o.Settings["body"] == "lines" {
		h.kind = "application/x-ndjson"
		h.encode = func(b []byte, batch *sink.Batch) []byte { return o.AppendLines(b, batch) }
	} else {
		h.encode = h.message(o.Line)
	}
	return h, nil
}

// secretPrefix begins a secret as Standard Webhooks writes it.
const secretPrefix = "whsec_"

// parseSecret returns the keys of a secret, of which there may be several.
func parseSecret(secret string) ([][]byte, error) {
	var keys [][]byte
	for s := range strings.FieldsSeq(secret) {
		encoded, ok := strings.CutPrefix(s, secretPrefix)
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(key) < 24 || len(key) > 64 {
			return nil, audit.FieldErrorf("secrets.secret", "must be %s and 24 to 64 bytes in base64", secretPrefix)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Deliver posts a batch. Where it is refused as a whole, it is posted in parts.
func (h *webhook) Deliver(ctx context.Context, b *sink.Batch) error {
	return h.narrow.Deliver(ctx, b, h.post)
}

func (h *webhook) post(ctx context.Context, b *sink.Batch) error {
	body := h.encode(h.o.Scratch.Take(), b)
	defer h.o.Scratch.Give(body)
	id, at := messageID(b), strconv.FormatInt(h.o.Now().Unix(), 10)
	header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {at}}
	if len(h.keys) > 0 {
		header["Webhook-Signature"] = []string{h.sign(id, at, body)}
	}
	answer, err := h.client.Post(ctx, &web.Request{Header: header, ContentType: h.kind, Body: body})
	if err != nil {
		return err
	}
	return answer.Err()
}

func (h *webhook) Close() error { return h.client.Close() }

// sign returns the signatures by every key.
func (h *webhook) sign(id, at string, body []byte) string {
	var list []string
	for _, key := range h.keys {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(id + "." + at + "."))
		m.Write(body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)))
	}
	return strings.Join(list, " ")
}

// messageID returns what is the same whenever the same entries, and no others, are sent to the
// same sink: a receiver may drop a message whose id it knows.
func messageID(b *sink.Batch) string {
	h := sha256.New()
	h.Write([]byte(b.Log.String() + "\n" + b.Project + "\n" + b.Sink + "\n"))
	var id [8]byte
	for _, e := range b.Entries {
		binary.BigEndian.PutUint64(id[:], uint64(e.ID))
		h.Write(id[:])
	}
	return "msg_" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// message returns what writes a batch as one object. One that carries a checkpoint has a type of its
// own and no entries, so that who takes entries alone finds none.
func (h *webhook) message(f *format.Format) func([]byte, *sink.Batch) []byte {
	return func(b []byte, batch *sink.Batch) []byte {
		origin, last := h.o.Origin(batch), batch.Entries[len(batch.Entries)-1]
		kind, entries, checkpoint := "auditlog.entries", batch.Entries, batch.Checkpoint()
		if checkpoint != nil {
			kind, entries = "auditlog.checkpoint", nil
		}
		b = audit.AppendString(append(b, `{"type":`...), kind)
		b = append(b, `,"timestamp":`...)
		b = audit.AppendString(b, last.RecordedAt.UTC().Format(time.RFC3339Nano))
		b = audit.AppendString(append(b, `,"data":{"log":`...), batch.Log.Log)
		b = strconv.AppendUint(append(b, `,"epoch":`...), uint64(batch.Log.Epoch), 10)
		if batch.Project != "" {
			b = audit.AppendString(append(b, `,"project":`...), batch.Project)
		}
		b = audit.AppendString(append(b, `,"sink":`...), batch.Sink)
		if checkpoint != nil {
			b = f.Append(append(b, `,"checkpoint":`...), origin, checkpoint)
		}
		b = append(b, `,"entries":[`...)
		for i, e := range entries {
			if i > 0 {
				b = append(b, ',')
			}
			b = f.Append(b, origin, e)
		}
		return append(b, `]}}`...)
	}
}
