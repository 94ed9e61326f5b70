package viewer_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/rpc"
	"auditlog/store"
	"auditlog/viewer"
)

// scene is a log with an admin of one of its projects.
type scene struct {
	*testing.T
	store *store.Store
	auth  *auth.Keeper
	desk  *viewer.Desk
	now   time.Time
	admin *rights.Call
}

func newScene(t *testing.T) *scene {
	s := &scene{T: t, now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return s.now }
	var err error
	if s.store, err = store.Open(t.TempDir(), store.Options{Now: now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.store.Close() })
	e := &audit.Entry{Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "a.b", Resource: audit.Resource{Type: "T"}, Outcome: audit.Success}
	if _, err := s.store.Record(t.Context(), []*audit.Entry{e}); err != nil {
		t.Fatal(err)
	}
	if s.auth, err = auth.Open(s.store, auth.Options{Now: now}); err != nil {
		t.Fatal(err)
	}
	s.desk = viewer.New(viewer.Options{Storage: s.store, Auth: s.auth, Base: "/audit", Now: now})
	s.admin = s.call(rights.Admin, "acme")
	return s
}

// call returns a call with a new token.
func (s *scene) call(role rights.Role, projects ...string) *rights.Call {
	s.Helper()
	secret, _, err := s.auth.Create(s.Context(), &rights.Call{Principal: rights.Dev()},
		auth.Token{Owner: "platform@acme", OwnerType: audit.ServiceAccount, Role: role, Projects: projects})
	if err != nil {
		s.Fatal(err)
	}
	who, err := s.auth.Verify(s.Context(), secret)
	if err != nil {
		s.Fatal(err)
	}
	return &rights.Call{Principal: who, Channel: audit.ChannelAPI}
}

func (s *scene) create(req *rpc.ViewerLinkCreateRequest) (link string) {
	s.Helper()
	made, err := s.desk.Create(s.Context(), s.admin, req)
	if err != nil {
		s.Fatal(err)
	}
	u, err := url.Parse(made.Path)
	if err != nil || u.Path != "/audit/embed" || len(made.Path) > 8000 {
		s.Fatalf("the link is %s, %v", made.Path, err)
	}
	return u.Query().Get(viewer.Param)
}

func (s *scene) mustBeOver(link, why string) {
	s.Helper()
	if v, err := s.desk.Open(link); audit.KindOf(err) != audit.Unauthenticated {
		s.Errorf("%s: it opens as %+v, %v", why, v, err)
	}
}

// A link lets its bearer see what its filters select of one project, as of the times that they
// meant when it was made, and nothing else.
func TestLink(t *testing.T) {
	s := newScene(t)
	link := s.create(&rpc.ViewerLinkCreateRequest{Project: "acme", TTL: "30m", Query: rpc.SavedQuery{
		Terms: rpc.Terms{Outcome: rpc.Values{"failure"}}, From: "7d", Zone: "Europe/Berlin",
	}})
	made := s.now
	s.now = s.now.Add(29 * time.Minute)
	v, err := s.desk.Open(link)
	if err != nil {
		t.Fatal(err)
	}
	if q := v.Query; q.Project != "acme" || !q.From.Equal(made.Add(-7*24*time.Hour)) || len(q.Is["outcome"]) == 0 || v.Zone.String() != "Europe/Berlin" {
		t.Errorf("the view is %+v", v)
	}
	for _, p := range rights.Permissions() {
		for _, project := range []string{"acme", "beta", audit.SystemProject} {
			reads := strings.HasPrefix(string(p), "auditLog.") && p != rights.AuditLogRecord || p == rights.ProjectList || p == rights.ProjectGet ||
				p == rights.ProjectCertificate || p == rights.LogCheckpoint || strings.HasPrefix(string(p), "search.") && p != rights.SearchShare
			if v.Who.May(p, project) != (reads && project == "acme") {
				t.Errorf("by it one may %s on %s: %t", p, project, v.Who.May(p, project))
			}
		}
	}
	s.now = s.now.Add(time.Minute)
	s.mustBeOver(link, "after its time")

	entries, _, err := s.store.After(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	last := entries[len(entries)-1]
	for _, e := range entries {
		if e.Project == "acme" {
			last = e
		}
	}
	if text := string(last.AppendJSON(nil)); last.Action != "viewerLink.create" || last.Project != "acme" || last.RecordedBy != audit.RecordedByLog ||
		!strings.Contains(last.Metadata["query"], "failure") || strings.Contains(text, link[len(link)-20:]) {
		t.Errorf("it is told of as %s", text)
	}
}

// Nobody changes a link, or makes one.
func TestForgedLinks(t *testing.T) {
	s := newScene(t)
	link := s.create(&rpc.ViewerLinkCreateRequest{Project: "acme"})
	text, signature, _ := strings.Cut(link, ".")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{`"acme"`: `"beta"`, `"until":1`: `"until":2`, `"by":"token.`: `"by":"session.`} {
		if !strings.Contains(string(b), from) {
			t.Fatalf("%s holds no %s", b, from)
		}
		s.mustBeOver(base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(b), from, to, 1)))+"."+signature, to)
	}
	other := s.create(&rpc.ViewerLinkCreateRequest{Project: "acme", TTL: "2h"})
	_, others, _ := strings.Cut(other, ".")
	for _, forged := range []string{"", ".", text, text + ".", text + "." + others, "." + signature, link[:len(link)-1], link + "A", "dev." + signature, link + "." + signature} {
		s.mustBeOver(forged, forged)
	}
	for i := range link {
		turned := []byte(link)
		turned[i] ^= 1
		s.mustBeOver(string(turned), "a bit is another")
	}
}

// A link ends with the token that made it, at once.
func TestLinkEndsWithItsToken(t *testing.T) {
	s := newScene(t)
	root := &rights.Call{Principal: rights.Dev()}
	link := s.create(&rpc.ViewerLinkCreateRequest{Project: "acme"})
	if _, err := s.desk.Open(link); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.auth.Rotate(t.Context(), root, s.admin.Principal.TokenID, time.Hour, time.Time{}); err != nil {
		t.Fatal(err)
	}
	s.mustBeOver(link, "the token is rotated")
	link = s.create(&rpc.ViewerLinkCreateRequest{Project: "acme"})
	if _, err := s.auth.Revoke(t.Context(), root, s.admin.Principal.TokenID); err != nil {
		t.Fatal(err)
	}
	s.mustBeOver(link, "the token is revoked")
	if _, err := s.desk.Create(t.Context(), s.admin, &rpc.ViewerLinkCreateRequest{Project: "acme"}); err == nil {
		t.Error("a revoked token makes links")
	}
}

// What cannot be meant is refused, and so is who may not.
func TestRefusedLinks(t *testing.T) {
	s := newScene(t)
	long := rpc.SavedQuery{Terms: rpc.Terms{Actor: rpc.Values{strings.Repeat("a", 900), strings.Repeat("b", 900), strings.Repeat("c", 900), strings.Repeat("d", 900)}}}
	for path, req := range map[string]*rpc.ViewerLinkCreateRequest{
		"project":       {},
		"ttl":           {Project: "acme", TTL: "13h"},
		"query.project": {Project: "acme", Query: rpc.SavedQuery{Project: "beta"}},
		"query.from":    {Project: "acme", Query: rpc.SavedQuery{From: "someday"}},
		"query.zone":    {Project: "acme", Query: rpc.SavedQuery{Zone: "Nowhere"}},
		"query.outcome": {Project: "acme", Query: rpc.SavedQuery{Terms: rpc.Terms{Outcome: rpc.Values{"odd"}}}},
		"query":         {Project: "acme", Query: long},
	} {
		_, err := s.desk.Create(t.Context(), s.admin, req)
		if audit.KindOf(err) != audit.Invalid || !strings.HasPrefix(err.Error(), path+":") && !strings.HasPrefix(err.Error(), path+"[") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, call := range []*rights.Call{s.call(rights.Viewer, "acme"), s.call(rights.Recorder, "acme"), s.call(rights.Admin, "beta"), s.call(rights.Viewer)} {
		if _, err := s.desk.Create(t.Context(), call, &rpc.ViewerLinkCreateRequest{Project: "acme"}); audit.KindOf(err) != audit.PermissionDenied {
			t.Errorf("%v makes a link: %v", call.Principal.Grants, err)
		}
	}
	if _, err := s.desk.Create(t.Context(), s.call(rights.Admin), &rpc.ViewerLinkCreateRequest{Project: audit.SystemProject}); audit.KindOf(err) != audit.PermissionDenied {
		t.Errorf("a link to the log's own project: %v", err)
	}
}
