// Package bucket is the destination of a bucket of objects: Amazon's S3, and what speaks like
// it. A batch is an object, gzip of an entry a line, in a folder for the day (UTC) on which
// its entries were recorded:
//
//	2026-05-04/5f1c0ffee-0-000000004711-000000005710-siem.ndjson.gz
//	checkpoints/2026-05-04/5f1c0ffee-0-000000000012-siem.ndjson.gz
//
// The name holds the log's identity, its epoch, the ids of the first and the last entry, and the
// sink's name: a batch that is delivered again replaces itself, and nothing else ever replaces
// an object, such as the batch of another sink, or a shorter one that begins alike. A batch
// that ends elsewhere the second time is a further object, whose entries are known again by
// their ids. Checkpoints of the log are in a folder of their own, named by their numbers, where
// a start of the log finds the newest.
package bucket

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/backup/s3"
	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/dial"
	"auditlog/sink/web"
)

// Kind describes it.
func Kind() sink.Kind {
	return sink.Kind{
		Name: "s3", Title: "S3-compatible object storage", Schemes: []string{"s3"}, Example: "s3://bucket/prefix",
		Formats: format.Names(),
		Settings: append([]sink.Setting{
			{Name: "endpoint", Usage: "Where the bucket is, as https://host. Default: Amazon, or what AWS_ENDPOINT_URL_S3 says."},
			{Name: "region", Usage: "The region. Default: what AWS_REGION says."},
			{Name: "access-key", Secret: true, Usage: "The access key. Default: the credentials that Amazon's own tools would take."},
			{Name: "secret-key", Secret: true, Usage: "The secret key that belongs to it."},
			{Name: "lock", Choices: []string{"", "governance", "compliance"},
				Usage: "Keeps objects from being changed or removed (Object Lock, which the bucket must have): `governance` or `compliance`."},
			{Name: "retain-days", Default: "0", Usage: "For how many days they are locked."},
		}, dial.Settings()...),
		Open: open,
	}
}

type bucket struct {
	to     *s3.Bucket
	o      *sink.Options
	seen   *seen
	lock   string
	retain time.Duration
}

// locks are Amazon's words.
var locks = map[string]string{"": "", "governance": "GOVERNANCE", "compliance": "COMPLIANCE"}

func open(o *sink.Options) (sink.Destination, error) {
	lock := locks[o.Settings["lock"]]
	days, err := strconv.Atoi(o.Settings["retain-days"])
	if err != nil || days < 0 || days > 36_500 || (lock != "") != (days > 0) {
		return nil, audit.FieldErrorf("settings.retain-days", "must be a number of days, above 0 beside a lock and only there")
	}
	key, secret := o.Secrets["access-key"], o.Secrets["secret-key"]
	if (key == "") != (secret == "") {
		return nil, audit.FieldErrorf("secrets.secret-key", "and access-key are needed both, or none of them")
	}
	transport, err := transport(o)
	if err != nil {
		return nil, err
	}
	x := &bucket{o: o, seen: &seen{next: transport}, lock: lock, retain: time.Duration(days) * 24 * time.Hour}
	x.to, err = s3.Open(address(o), s3.Options{Transport: x.seen, AccessKey: key, SecretKey: secret, Once: true})
	return x, audit.AtPath(err, "to")
}

// address returns the address of o as package s3 reads it.
func address(o *sink.Options) string {
	u, q := *o.URL, o.URL.Query()
	for _, name := range []string{"endpoint", "region"} {
		if v := o.Settings[name]; v != "" {
			q.Set(name, v)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// transport returns what connects to where the bucket is.
func transport(o *sink.Options) (*http.Transport, error) {
	at := *o
	endpoint, err := url.Parse(cmp.Or(o.Settings["endpoint"], o.URL.Query().Get("endpoint")))
	if err != nil {
		return nil, audit.FieldErrorf("settings.endpoint", "must be like https://host")
	}
	at.URL = endpoint
	return web.Transport(&at)
}

// Deliver stores the entries of each day of a batch.
func (x *bucket) Deliver(ctx context.Context, b *sink.Batch) error {
	for from := 0; from < len(b.Entries); {
		day := dayOf(b.Entries[from])
		to := from + 1
		for to < len(b.Entries) && dayOf(b.Entries[to]) == day {
			to++
		}
		if err := x.store(ctx, day, b.Part(from, to)); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// Close does nothing: connections end by themselves.
func (x *bucket) Close() error { return nil }

func dayOf(e *audit.Entry) string { return e.RecordedAt.UTC().Format(time.DateOnly) }

// name returns the name of the object of a batch.
func (x *bucket) name(day string, b *sink.Batch) string {
	if b.Checkpoint() != nil {
		return x.checkpointName(day, b)
	}
	return x.suffixed(fmt.Sprintf("%s/%s-%d-%012d-%012d", day, b.Log.Log, b.Log.Epoch, b.Entries[0].ID, b.Entries[len(b.Entries)-1].ID), b)
}

// suffixed returns a name with the sink's, and with what the object is.
func (x *bucket) suffixed(name string, b *sink.Batch) string {
	if b.Sink != "" {
		name += "-" + url.PathEscape(b.Sink)
	}
	if x.o.Line.Text {
		return name + ".log.gz"
	}
	return name + ".ndjson.gz"
}

func (x *bucket) store(ctx context.Context, day string, b *sink.Batch) error {
	lines := x.o.AppendLines(x.o.Scratch.Take(), b)
	packed, err := x.o.Scratch.Pack(lines)
	x.o.Scratch.Give(lines)
	if err != nil {
		return err
	}
	first, last := b.Entries[0].ID, b.Entries[len(b.Entries)-1].ID
	o := &s3.Object{
		Name:        x.name(day, b),
		Data:        packed,
		ContentType: "application/gzip",
		Metadata: map[string]string{
			"First-Id": strconv.FormatInt(first, 10), "Last-Id": strconv.FormatInt(last, 10), "Entries": strconv.Itoa(len(b.Entries)), "Format": x.o.Format,
		},
		Lock: x.lock,
	}
	if x.lock != "" {
		o.RetainUntil = x.o.Now().Add(x.retain)
	}
	x.seen.forget()
	return x.seen.judge(x.to.Store(ctx, o), x.o.Now())
}
