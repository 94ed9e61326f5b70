// Package s3 holds the place of a repository of backups in a bucket of objects: Amazon's S3,
// and what speaks like it (MinIO, Ceph, R2, B2, GCS). What ships entries to a bucket stores
// with it, too.
//
// An object is there wholly or not at all, and once a Put has returned, everybody sees it.
// Nobody can be kept away: whoever prunes leaves young parts alone, see backup.Prune.
package s3

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"auditlog/audit"
	"auditlog/backup"
)

// Scheme begins the names of places in buckets.
const Scheme = "s3://"

// amazon is where buckets are unless something else is said.
const amazon = "https://s3.amazonaws.com"

// Bucket is the part of a bucket whose names begin alike.
type Bucket struct {
	client       *minio.Client
	name, prefix string
}

var _ backup.Place = (*Bucket)(nil)

// Options say how a bucket is reached. The zero Options are usable.
type Options struct {
	// Transport makes the requests. Default: the library's own.
	Transport http.RoundTripper
	// AccessKey and SecretKey are the credentials. Default: see Open.
	AccessKey, SecretKey string
	// Once says that what fails is not tried again here.
	Once bool
}

// credentials returns those of o, or those that Amazon's own tools would take. A machine's role
// is asked for at an address that nothing else is sent to, and so without Transport.
func (o *Options) credentials() *credentials.Credentials {
	if o.AccessKey != "" {
		return credentials.NewStaticV4(o.AccessKey, o.SecretKey, "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: new(http.Client)},
	})
}

// Open returns the place that an address stands for: s3://BUCKET/PREFIX, where
// ?endpoint=https://HOST and &region=NAME say what AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL and
// AWS_REGION else do. The credentials, unless o has them, are those that Amazon's own tools take: from the
// environment, the file ~/.aws/credentials, or the machine's role. It returns Invalid.
func Open(address string, o Options) (*Bucket, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "s3" || u.Host == "":
		return nil, audit.Errorf(audit.Invalid, "must be like s3://bucket/prefix")
	case u.User != nil:
		return nil, audit.Errorf(audit.Invalid, "must not hold credentials: put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	for key := range u.Query() {
		if key != "endpoint" && key != "region" {
			return nil, audit.Errorf(audit.Invalid, "knows endpoint and region behind the question mark, not %q", key)
		}
	}
	endpoint := cmp.Or(u.Query().Get("endpoint"), os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"), amazon)
	at, err := url.Parse(endpoint)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || strings.Trim(at.Path, "/") != "" {
		return nil, audit.Errorf(audit.Invalid, "has the endpoint %q, which must be like https://host", endpoint)
	}
	settings := &minio.Options{
		Secure:    at.Scheme == "https",
		Region:    cmp.Or(u.Query().Get("region"), os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
		Creds:     o.credentials(),
		Transport: o.Transport,
	}
	if o.Once {
		settings.MaxRetries = 1
	}
	client, err := minio.New(at.Host, settings)
	if err != nil {
		return nil, audit.Errorf(audit.Invalid, "cannot be meant: %v", err)
	}
	b := &Bucket{client: client, name: u.Host, prefix: strings.Trim(u.Path, "/")}
	if b.prefix != "" {
		b.prefix += "/"
	}
	return b, nil
}

// String returns the address, without endpoint and region.
func (b *Bucket) String() string { return Scheme + b.name + "/" + b.prefix }

// List returns the objects whose names begin with prefix.
func (b *Bucket) List(ctx context.Context, prefix string) ([]backup.File, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // or the listing goes on behind an error
	var files []backup.File
	for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, fmt.Errorf("list %s: %w", b, o.Err)
		}
		files = append(files, backup.File{Name: strings.TrimPrefix(o.Key, b.prefix), Size: o.Size, Modified: o.LastModified})
	}
	return files, ctx.Err()
}

// Folders returns what stands before the next slash in the names of objects that begin with
// prefix, in order.
func (b *Bucket) Folders(ctx context.Context, prefix string) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // or the listing goes on behind an error
	var names []string
	for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix + prefix}) {
		if o.Err != nil {
			return nil, fmt.Errorf("list %s: %w", b, o.Err)
		}
		if name, folder := strings.CutSuffix(strings.TrimPrefix(o.Key, b.prefix+prefix), "/"); folder {
			names = append(names, name)
		}
	}
	return names, ctx.Err()
}

// Get returns what an object holds.
func (b *Bucket) Get(ctx context.Context, name string) ([]byte, error) {
	o, err := b.client.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", name, b, err)
	}
	defer o.Close()
	data, err := backup.ReadFile(o)
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return nil, fmt.Errorf("%s of %s: %w", name, b, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", name, b, err)
	}
	return data, nil
}

// Put writes an object. The bucket compares its checksum.
func (b *Bucket) Put(ctx context.Context, name string, data []byte) error {
	return b.Store(ctx, &Object{Name: name, Data: data, ContentType: "application/octet-stream"})
}

// Object is what is stored, with what is said of it.
type Object struct {
	Name string
	Data []byte
	// ContentType is its media type.
	ContentType string
	// Metadata are words about it, by name.
	Metadata map[string]string
	// Lock is how it is kept from being changed until RetainUntil: GOVERNANCE, COMPLIANCE, or
	// empty for not at all.
	Lock        string
	RetainUntil time.Time
}

// Store writes an object. The bucket compares its checksum.
func (b *Bucket) Store(ctx context.Context, o *Object) error {
	_, err := b.client.PutObject(ctx, b.name, b.prefix+o.Name, bytes.NewReader(o.Data), int64(len(o.Data)), minio.PutObjectOptions{
		ContentType: o.ContentType, UserMetadata: o.Metadata,
		Mode: minio.RetentionMode(o.Lock), RetainUntilDate: o.RetainUntil,
		SendContentMd5: true, DisableMultipart: true,
	})
	if err != nil {
		return fmt.Errorf("write %s of %s: %w", o.Name, b, err)
	}
	return nil
}

// Delete removes an object.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	if err := b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("remove %s of %s: %w", name, b, err)
	}
	return nil
}

// Lock keeps nobody away.
func (b *Bucket) Lock() (release func(), alone bool, err error) { return func() {}, false, nil }

// Close does nothing.
func (b *Bucket) Close() error { return nil }
