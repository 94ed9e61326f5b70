package viewer

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/calendar"
	"auditlog/rpc"
	"auditlog/searches"
)

// Storage is the log, which knows of a query whether it can be meant, and keeps the entry about a link.
type Storage interface {
	Prepare(q audit.Query) (audit.Selection, error)
	RecordOwn(ctx context.Context, entry *audit.Entry) error
}

// Options configure a Desk. Storage and Auth are required.
type Options struct {
	Storage Storage
	Auth    *auth.Keeper
	// Base is the path of the host below which the log is. Default "", the root.
	Base string
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Desk makes links and opens them. Its methods may be called by several goroutines at once.
type Desk struct{ opts Options }

// New returns a Desk.
func New(opts Options) *Desk {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Desk{opts}
}

// Where links lead to, and their parameter there.
const (
	Page  = "/embed"
	Param = "link"
)

// Limits of links.
const (
	defaultLife = time.Hour
	maxLife     = 12 * time.Hour
	maxQuery    = 3 << 10 // bytes of JSON: addresses have no room for more
)

// claims are what a link says, within it.
type claims struct {
	ID     string         `json:"id"`
	Signer string         `json:"by"`
	Until  int64          `json:"until"` // seconds since the epoch
	Query  rpc.SavedQuery `json:"query"`
}

// Create makes a link. It returns *rights.Denied to who may not, and Invalid for what cannot be meant.
func (d *Desk) Create(ctx context.Context, call *rights.Call, req *rpc.ViewerLinkCreateRequest) (*rpc.ViewerLink, error) {
	if req.Project == "" {
		return nil, audit.FieldErrorf("project", "is required")
	}
	if err := call.Principal.Check(rights.ViewerLinkCreate, req.Project); err != nil {
		return nil, err
	}
	now := audit.Truncate(d.opts.Now())
	life, err := lifeOf(req.TTL)
	if err != nil {
		return nil, err
	}
	c := claims{ID: rand.Text()[:10], Until: now.Add(life).Unix()}
	if c.Query, err = d.fixed(req, now); err != nil {
		return nil, err
	}
	link, err := d.sign(&call.Principal, &c)
	if err == nil {
		err = d.opts.Auth.SpareGrant(&call.Principal, req.Project)
	}
	if err != nil {
		return nil, err
	}
	made := &rpc.ViewerLink{ID: c.ID, ExpiresAt: time.Unix(c.Until, 0).UTC()}
	if err := d.opts.Storage.RecordOwn(ctx, entry(call, &c, made)); err != nil {
		return nil, err
	}
	made.Path = d.opts.Base + Page + "?" + Param + "=" + url.QueryEscape(link)
	return made, nil
}

func lifeOf(ttl string) (time.Duration, error) {
	if ttl == "" {
		return defaultLife, nil
	}
	life, err := time.ParseDuration(ttl)
	if err != nil || life < time.Second || life > maxLife {
		return 0, audit.FieldErrorf("ttl", "must be a time from 1s to 12h, such as 30m")
	}
	return life, nil
}

// fixed returns the query of a link, with the times that it means now: whoever has the link
// does not choose of which days it is.
func (d *Desk) fixed(req *rpc.ViewerLinkCreateRequest, now time.Time) (rpc.SavedQuery, error) {
	saved := req.Query
	if cmp.Or(saved.Project, req.Project) != req.Project {
		return saved, audit.FieldErrorf("query.project", "must be that of the link, or left out")
	}
	saved.Project = req.Project
	q, err := searches.QueryOf(&saved, now)
	if err == nil {
		_, err = d.opts.Storage.Prepare(q)
	}
	if err != nil {
		return saved, audit.AtPath(err, "query")
	}
	fixed := rpc.SavedQueryOf(q, written(q.From), written(q.To))
	fixed.Zone = saved.Zone
	text, err := json.Marshal(&fixed)
	if err == nil && len(text) > maxQuery {
		err = audit.FieldErrorf("query", "must be at most %d bytes, because it is in the link", maxQuery)
	}
	return fixed, err
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// sign returns the link of claims, whose signer it fills in.
func (d *Desk) sign(who *rights.Principal, c *claims) (string, error) {
	var text string
	var failed error
	signature, err := d.opts.Auth.SignLink(who, func(signer string) string {
		c.Signer = signer
		var b []byte
		b, failed = json.Marshal(c)
		text = base64.RawURLEncoding.EncodeToString(b)
		return text
	})
	if err = cmp.Or(err, failed); err != nil {
		return "", fmt.Errorf("sign the link: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString([]byte(signature)), nil
}

// entry returns the entry that tells of a link. It holds nothing that opens it.
func entry(call *rights.Call, c *claims, made *rpc.ViewerLink) *audit.Entry {
	e := call.Entry(rights.ViewerLinkCreate, c.Query.Project, audit.Resource{Type: "ViewerLink", ID: c.ID})
	e.Detail = "Made a link by which entries of the project are seen until " + made.ExpiresAt.Format(time.RFC3339)
	shown := c.Query
	shown.Project = ""
	if text, err := json.Marshal(&shown); err == nil && string(text) != "{}" {
		e.AddMetadata(map[string]string{"query": string(text)})
	}
	e.AddMetadata(map[string]string{"expiresAt": made.ExpiresAt.Format(time.RFC3339)})
	e.Clean()
	return e
}

// View is what a link lets its bearer see.
type View struct {
	// ID names the link.
	ID string
	// Query selects the entries, all of one project.
	Query audit.Query
	// Zone is that of the times which the bearer sees.
	Zone *time.Location
	// Who is by whose rights: it may read that project, and nothing else.
	Who rights.Principal
}

// Open returns what a link lets its bearer see. It returns Unauthenticated for a link that does not
// count, or does no longer: whoever made it must still be an admin of the project.
func (d *Desk) Open(link string) (*View, error) {
	text, signature, _ := strings.Cut(link, ".")
	var c claims
	if !decode(text, func(b []byte) error { return json.Unmarshal(b, &c) }) {
		return nil, errOver
	}
	var who rights.Principal
	var err error
	if !decode(signature, func(b []byte) error {
		who, err = d.opts.Auth.VerifyLink(c.Signer, text, string(b))
		return err
	}) {
		if audit.KindOf(err) == audit.Unavailable {
			return nil, err
		}
		return nil, errOver
	}
	now := d.opts.Now()
	if now.Unix() >= c.Until || !who.May(rights.ViewerLinkCreate, c.Query.Project) {
		return nil, errOver
	}
	v := &View{ID: c.ID, Who: who}
	v.Who.Grants = []rights.Grant{{Role: rights.Viewer, Projects: []string{c.Query.Project}}}
	if v.Query, err = searches.QueryOf(&c.Query, now); err != nil {
		return nil, err
	}
	v.Zone, err = calendar.Zone(c.Query.Zone)
	return v, err
}

var errOver = audit.Errorf(audit.Unauthenticated, "this link is over, or incomplete: load the page again that it came with")

// decode calls fn with what base64 stands for, and reports whether either went well.
func decode(s string, fn func([]byte) error) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) > 0 && fn(b) == nil
}
