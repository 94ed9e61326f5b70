package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

func TestList(t *testing.T) {
	log, c := newFakeLog(t)
	if _, err := c.Record(t.Context(), entries(25)...); err != nil {
		t.Fatal(err)
	}
	req := rpc.ListRequest{Query: rpc.Query{Project: "acme"}, Limit: 10}

	log.calls = 0
	want := int64(25)
	for e, err := range c.List(t.Context(), req) {
		if err != nil || e.ID != want {
			t.Fatalf("got %+v, %v; want the entry %d", e, err, want)
		}
		want--
	}
	if want != 0 || log.calls != 3 {
		t.Errorf("%d entries left, %d calls", want, log.calls)
	}

	log.calls = 0
	for range c.List(t.Context(), req) {
		break
	}
	if log.calls != 1 {
		t.Errorf("%d calls for one entry", log.calls)
	}

	log.calls = 0
	log.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 2 {
			refuse(w, audit.PermissionDenied, "", "auditLog.list is not allowed")
		}
		return n == 2
	}
	seen, failed := 0, false
	for e, err := range c.List(t.Context(), req) {
		if seen++; err != nil {
			failed = e == nil && audit.KindOf(err) == audit.PermissionDenied && seen == 11
		}
	}
	if !failed || log.calls != 2 {
		t.Errorf("saw %d, failed %v, %d calls", seen, failed, log.calls)
	}
}

func TestGet(t *testing.T) {
	_, c := newFakeLog(t)
	if _, err := c.Record(t.Context(), entry("ada@example.com")); err != nil {
		t.Fatal(err)
	}
	if e, err := c.Get(t.Context(), "acme", 1); err != nil || e.ID != 1 || e.Actor.Email != "ada@example.com" {
		t.Errorf("got %+v, %v", e, err)
	}
	if e, err := c.Get(t.Context(), "acme", 2); e != nil || audit.KindOf(err) != audit.NotFound {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestExport(t *testing.T) {
	log, c := newFakeLog(t)
	if _, err := c.Record(t.Context(), entries(3)...); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	req := rpc.ExportRequest{Query: rpc.Query{Project: "acme"}}
	if err := c.Export(t.Context(), req, &out); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 3 {
		t.Errorf("got %v: %s", err, &out)
	}
	c.Tries = 1
	log.before = down
	out.Reset()
	if err := c.Export(t.Context(), req, &out); audit.KindOf(err) != audit.Unavailable || out.Len() != 0 {
		t.Errorf("got %v: %s", err, &out)
	}
}

// TestExportCutShort: half an export must not pass for a whole one.
func TestExportCutShort(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "{}\n")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer srv.Close()
	c := &Client{URL: srv.URL}
	var out bytes.Buffer
	err := c.Export(t.Context(), rpc.ExportRequest{}, &out)
	if !errors.Is(err, io.ErrUnexpectedEOF) || out.String() != "{}\n" {
		t.Errorf("got %v: %q", err, out.String())
	}
}

// TestCalls checks for each of the simple calls what it sends and what it makes
// of the answer.
func TestCalls(t *testing.T) {
	at := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	const project = `{"project":"acme","state":"deleting","entries":7,"first":"2026-05-04T00:00:00Z","last":"2026-05-04T00:00:00Z","purgeAt":"2026-05-04T00:00:00Z","deletedBy":"ada"}`
	wantProject := rpc.Project{Project: "acme", State: audit.Deleting, Entries: 7, First: at, Last: at, PurgeAt: at, DeletedBy: "ada"}
	const token = `{"id":"t1","owner":"ada","ownerType":"User","role":"viewer","createdAt":"2026-05-04T00:00:00Z"}`
	wantToken := rpc.Token{ID: "t1", Owner: "ada", OwnerType: "User", Role: "viewer", CreatedAt: at}
	tests := map[string]struct {
		path, body, result string
		call               func(*Client) (any, error)
		want               any
	}{
		"stats": {
			"/auditLog.stats", `{"project":"acme","outcome":["failure"],"buckets":2}`,
			`{"total":3,"outcomes":{"success":1,"forbidden":2,"error":0},"buckets":[{"from":"2026-05-04T00:00:00Z","to":"2026-05-04T00:00:00Z","success":1,"forbidden":2,"error":0}],"resourceTypes":{"top":[{"value":"Deployment","count":3}],"others":2,"otherEntries":1}}`,
			func(c *Client) (any, error) {
				return c.Stats(t.Context(), rpc.StatsRequest{Query: rpc.Query{Project: "acme", Terms: rpc.Terms{Outcome: rpc.Values{"failure"}}}, Buckets: 2})
			},
			rpc.StatsResult{
				Total: 3, Outcomes: rpc.Counts{Success: 1, Forbidden: 2},
				Buckets: []rpc.Bucket{{From: at, To: at, Counts: rpc.Counts{Success: 1, Forbidden: 2}}},
				Types:   rpc.TopValues{Top: []rpc.ValueCount{{Value: "Deployment", Count: 3}}, Others: 2, OtherEntries: 1},
			},
		},
		"projects": {
			"/project.list", `{}`, `{"items":[` + project + `]}`,
			func(c *Client) (any, error) { return c.Projects(t.Context()) }, []rpc.Project{wantProject},
		},
		"project": {
			"/project.get", `{"project":"acme"}`, project,
			func(c *Client) (any, error) { return c.Project(t.Context(), "acme") }, wantProject,
		},
		"delete": {
			"/project.delete", `{"project":"acme"}`, project,
			func(c *Client) (any, error) { return c.DeleteProject(t.Context(), "acme") }, wantProject,
		},
		"restore": {
			"/project.restore", `{"project":"acme"}`, project,
			func(c *Client) (any, error) { return c.RestoreProject(t.Context(), "acme") }, wantProject,
		},
		"create a token": {
			"/token.create", `{"owner":"ada","role":"viewer","projects":["acme"]}`, `{"token":"s3cret",` + token[1:],
			func(c *Client) (any, error) {
				return c.CreateToken(t.Context(), rpc.TokenCreateRequest{Owner: "ada", Role: "viewer", Projects: []string{"acme"}})
			},
			rpc.TokenCreateResult{Secret: "s3cret", Token: wantToken},
		},
		"tokens": {
			"/token.list", `{}`, `{"items":[` + token + `]}`,
			func(c *Client) (any, error) { return c.Tokens(t.Context()) }, []rpc.Token{wantToken},
		},
		"revoke a token": {
			"/token.revoke", `{"id":"t1"}`, token,
			func(c *Client) (any, error) { return c.RevokeToken(t.Context(), "t1") }, wantToken,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log, c := newFakeLog(t)
			log.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
				body, _ := io.ReadAll(r.Body)
				if r.URL.Path != tt.path || string(body) != tt.body {
					t.Errorf("sent %s %s", r.URL.Path, body)
				}
				answer(w, json.RawMessage(tt.result))
				return true
			}
			if got, err := tt.call(c); err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}
